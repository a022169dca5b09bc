// Any bytes as a tar archive of before PyTorch 0.1.10: open() and load() end in a Value or an Error. The checksums of
// the headers are made right first, since no fuzzer guesses them.
#include <okibi/checkpoint.h>

#include <cstdio>

#include "must_end_well.h"

using namespace okibi;

namespace {

const LoadOptions options = {.limits = {.max_records = 1000,
                                        .max_pickle_bytes = 1 << 20,
                                        .max_pickle_nodes = 1 << 16,
                                        .max_copied_bytes = 1 << 16},
                             .any_class_as_data = true};

constexpr size_t block = 512, checksum = 148, checksum_size = 8, magic = 257;

void mend_checksum(std::span<std::byte> header) {
  std::fill_n(header.begin() + checksum, checksum_size, std::byte{' '});
  unsigned sum = 0;
  for (std::byte byte : header) sum += std::to_integer<unsigned>(byte);
  char digits[checksum_size];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  std::memcpy(header.data() + checksum, digits, checksum_size - 1);
}

std::vector<std::byte> mended(const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(begin, begin + size);
  for (size_t at = 0; at + block <= size; at += block) {
    const auto header = std::span(bytes).subspan(at, block);
    if (as_text(header.subspan(magic, 5)) == "ustar") mend_checksum(header);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::make_shared<const Buffer>(mended(data, size));
  must_end_well([&] {
    const Archive archive = open(file, options);
    for (const TensorEntry& entry : archive.tensors()) archive.tensor(entry).load();
  });
  must_end_well([&] { load(file, options); });
  return 0;
}
