// Any bytes as a header of safetensors: reading ends in a Value or an Error. What was read is written so that the same
// is read again, and writing that once more gives the same bytes.
#include <okibi/checkpoint.h>

#include <cstdlib>

using namespace okibi;

namespace {

using Bytes = std::vector<std::byte>;

// The bytes as a header, with its right length in front: of tensors without elements.
Bytes file_of(std::span<const std::byte> header) {
  Bytes file(8);
  store_le<uint64_t>(file.data(), header.size());
  file.insert(file.end(), header.begin(), header.end());
  return file;
}

Bytes saved(const Value& value) {
  Buffer file;
  save(value, file, {.format = Format::safetensors});
  return {file.bytes().begin(), file.bytes().end()};
}

void expect_same_again(const Value& value) {
  try {
    const Bytes once = saved(value);
    if (saved(load(Buffer(once))) != once) std::abort();
  } catch (const Error&) {
    std::abort();
  }
}

void check(const Bytes& file) {
  const auto source = std::make_shared<const Buffer>(file);
  try {
    const LoadOptions options{.limits = {.max_header_bytes = 1 << 20}};
    if (open(source, options).format() != Format::safetensors) return;
    expect_same_again(load(source, options));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  check({bytes.begin(), bytes.end()});  // a whole file, length and all
  check(file_of(bytes));
  return 0;
}
