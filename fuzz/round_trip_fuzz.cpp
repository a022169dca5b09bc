// Any bytes as the data.pkl of an archive that is right but for them: load() ends in a Value or an Error. What loads
// and can be saved is loaded and saved again as the same bytes.
#include <okibi/checkpoint.h>
#include <okibi/zip.h>

#include <algorithm>
#include <cstdlib>

using namespace okibi;

namespace {

const LoadOptions options = {
    .limits = {.max_pickle_bytes = 1 << 20, .max_pickle_nodes = 1 << 16, .max_copied_bytes = 1 << 16},
    .any_class_as_data = true};

constexpr int storages = 4;
constexpr size_t storage_bytes = 64;

// Storages of 64 bytes: what PyTorch's pickles of small tensors ask for after a mutation or none.
std::shared_ptr<const Buffer> archive_of(std::span<const std::byte> pickle) {
  const auto file = std::make_shared<Buffer>();
  zip::Writer writer(*file, "a");
  writer.add("data.pkl", pickle);
  const std::vector<std::byte> zeros(storage_bytes);
  for (int i = 0; i < storages; ++i) writer.add("data/" + std::to_string(i), zeros);
  writer.add("version", as_bytes("3\n"));
  writer.finish();
  return file;
}

std::shared_ptr<const Buffer> saved(const Value& value) {
  const auto file = std::make_shared<Buffer>();
  save(value, *file, {.root = "a"});
  return file;
}

void expect_same_again(const Value& value) {
  std::shared_ptr<const Buffer> once;
  try {
    once = saved(value);
  } catch (const Error&) {
    return;  // some of what okibi reads cannot be written
  }
  const auto twice = saved(load(once, {.any_class_as_data = true}));
  if (!std::ranges::equal(once->bytes(), twice->bytes())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Value value;
  try {
    value = load(archive_of({reinterpret_cast<const std::byte*>(data), size}), options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
    return 0;
  }
  expect_same_again(value);  // an Error here ends the program
  return 0;
}
