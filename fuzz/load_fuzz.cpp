// Any bytes as a file: load() ends in a Value or an Error, and open() and each tensor's load() do. What loads can be
// saved, and what was saved loads.
#include <okibi/checkpoint.h>

#include "must_end_well.h"

using namespace okibi;

namespace {

// Small inputs must stay small: what a fuzzer finds slow or large here is an attack. Fuzzers do not guess checksums.
const LoadOptions options = {.limits = {.max_records = 1000,
                                        .max_pickle_bytes = 1 << 20,
                                        .max_pickle_nodes = 1 << 16,
                                        .max_copied_bytes = 1 << 16},
                             .check_crc = false,
                             .any_class_as_data = true};

void load_each(const std::shared_ptr<const Buffer>& file) {
  const Archive archive = open(file, options);
  for (const TensorEntry& entry : archive.tensors()) must_end_well([&] { archive.tensor(entry).load(); });
}

void save_and_load_again(const Value& value) {
  Buffer saved;
  try {
    save(value, saved);
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
  const auto file = std::make_shared<const Buffer>(std::span(reinterpret_cast<const std::byte*>(data), size));
  must_end_well([&] { load_each(file); });
  must_end_well([&] { save_and_load_again(load(*file, options)); });
  return 0;
}
