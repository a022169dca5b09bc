#include "zip/inflate.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <new>

#include "zip/fault.h"

namespace okibi::zip {
namespace {

constexpr size_t first_attempt = size_t{1} << 20;

struct Outcome {
  libdeflate_result result;
  size_t written;
};

Outcome run(std::span<const std::byte> deflated, std::span<std::byte> into) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!inflater) throw std::bad_alloc();
  size_t taken = 0;
  size_t written = 0;
  const auto result = libdeflate_deflate_decompress_ex(inflater.get(), deflated.data(), deflated.size(), into.data(),
                                                       into.size(), &taken, &written);
  // What follows the end of the stream would be hidden from everybody.
  const bool all_taken = result != LIBDEFLATE_SUCCESS || taken == deflated.size();
  return {all_taken ? result : LIBDEFLATE_BAD_DATA, written};
}

}  // namespace

bool inflate_into(std::span<const std::byte> deflated, std::span<std::byte> into) {
  std::byte nothing{};  // libdeflate wants an address even for no bytes
  const Outcome outcome = run(deflated, into.empty() ? std::span(&nothing, 0) : into);
  return outcome.result == LIBDEFLATE_SUCCESS && outcome.written == into.size();
}

std::optional<std::vector<std::byte>> inflate(std::span<const std::byte> deflated, size_t size) {
  // libdeflate cannot go on where it stopped. Four times more room at each attempt costs a third more work in all.
  for (size_t room = std::min(size, first_attempt);; room = std::min(size, room * 4)) {
    std::vector<std::byte> bytes(std::max<size_t>(room, 1));
    const Outcome outcome = run(deflated, std::span(bytes).first(room));
    if (outcome.result == LIBDEFLATE_INSUFFICIENT_SPACE && room < size) continue;
    if (outcome.result != LIBDEFLATE_SUCCESS || outcome.written != size) return std::nullopt;
    bytes.resize(size);
    return bytes;
  }
}

Error bad_deflate(const io::Source& source, const Record& record) {
  return fault_in(source, record.name, record.offset,
                  fmt::format("the deflated bytes are damaged, or do not give the {} bytes promised", record.size))
      .hint("Copy or download the file again.");
}

}  // namespace okibi::zip
