#include "inspect/scan/zip_ends.h"

#include <algorithm>

#include "inspect/scan/part.h"
#include "zip/layout.h"

namespace okibi::inspect {
namespace {

// Where the end record stands that closes the bytes before `end`: a comment may follow it.
std::optional<uint64_t> find_end_record(const io::Source& source, uint64_t end) {
  const uint64_t tail = std::min<uint64_t>(end, zip::end_length + 0xffff);
  // Files of PyTorch have no comment: mostly one short read is enough.
  for (const uint64_t length : {std::min(end, zip::end_length), tail}) {
    const auto bytes = read_bytes(source, end - length, end);
    for (uint64_t at = length < zip::end_length ? 0 : length - zip::end_length + 1; at-- > 0;) {
      if (load_le<uint32_t>(&bytes[at]) != zip::end_signature) continue;
      if (load_le<uint16_t>(&bytes[at + 20]) == length - at - zip::end_length) return end - length + at;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> begin_of_archive(const io::Source& source, uint64_t end) {
  const auto at = end < zip::end_length ? std::nullopt : find_end_record(source, end);
  if (!at) return std::nullopt;
  const auto record = read_bytes(source, *at, *at + zip::end_length);
  uint64_t size = load_le<uint32_t>(&record[12]), offset = load_le<uint32_t>(&record[16]), directory_end = *at;
  const uint64_t more = zip::end64_length + zip::locator_length;
  if (*at >= more) {
    const auto wide = read_bytes(source, *at - more, *at);
    if (load_le<uint32_t>(wide.data()) == zip::end64_signature &&
        load_le<uint32_t>(&wide[zip::end64_length]) == zip::locator_signature) {
      directory_end = *at - more;
      size = load_le<uint64_t>(&wide[40]), offset = load_le<uint64_t>(&wide[48]);
    }
  }
  if (size > directory_end || offset > directory_end - size) return std::nullopt;
  const uint64_t begin = directory_end - size - offset;
  const auto start = read_bytes(source, begin, std::min(begin + 4, end));
  const bool is_zip = start.size() == 4 && load_le<uint32_t>(start.data()) == zip::local_signature;
  return is_zip ? std::optional(begin) : std::nullopt;
}

}  // namespace okibi::inspect
