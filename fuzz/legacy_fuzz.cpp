// Any bytes as a stream of before PyTorch 1.6: open(), load() and each tensor's load() end in a Value or an Error, and
// what loads is saved as a stream that loads. The first two pickles are put in front, since no fuzzer guesses them.
#include <okibi/checkpoint.h>

#include "must_end_well.h"

using namespace okibi;

namespace {

const LoadOptions options = {
    .limits = {.max_pickle_bytes = 1 << 20, .max_pickle_nodes = 1 << 16, .max_copied_bytes = 1 << 16},
    .any_class_as_data = true};

constexpr std::string_view beginning{
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.", 25};

std::shared_ptr<const Buffer> file_of(const uint8_t* data, size_t size) {
  auto file = std::make_shared<Buffer>();
  file->write(as_bytes(beginning));
  file->write(std::span(reinterpret_cast<const std::byte*>(data), size));
  return file;
}

void load_each(const std::shared_ptr<const Buffer>& file) {
  const Archive archive = open(file, options);
  for (const TensorEntry& entry : archive.tensors()) archive.tensor(entry).load();
}

void save_and_load_again(const Value& value) {
  Buffer saved;
  try {
    save(value, saved, {.format = Format::torch_legacy});
  } catch (const Error&) {
    return;  // some of what okibi reads cannot be written
  }
  try {
    load(saved, {.any_class_as_data = true});
  } catch (const Error&) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = file_of(data, size);
  must_end_well([&] { load_each(file); });
  must_end_well([&] { save_and_load_again(load(file, options)); });
  return 0;
}
