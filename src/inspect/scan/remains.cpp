// What is left of a damaged archive, or is passed off as one: wherever the header of a record stands, its bytes are
// looked at, whatever the directory says. Programs that repair archives, or only stumble over them, read them so.
#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>

#include "inspect/scan/looks.h"
#include "zip/layout.h"

namespace okibi::inspect {
namespace {

constexpr uint64_t block = 1 << 20;
constexpr uint64_t most_of_record = uint64_t{64} << 20;  // of its bytes that are looked at
constexpr size_t most_records = 10'000;

// Where a local header stands, or an end record, behind which other things may lie.
std::vector<uint64_t> find_headers(const Scanner& scanner, const io::Source& source) {
  std::vector<uint64_t> found;
  for (uint64_t at = 0; at < source.size() && found.size() < most_records; at += block) {
    throw_if_stopped(scanner.stop());
    const auto bytes = read_bytes(source, at, std::min(source.size(), at + block + 3));
    const std::string_view text = as_text(bytes);
    for (size_t hit = text.find("PK"); hit < block && hit != text.npos; hit = text.find("PK", hit + 1)) {
      const std::string_view kind = text.substr(hit + 2, 2);
      if (kind == "\x03\x04" || kind == "\x05\x06") found.push_back(at + hit);
    }
  }
  return found;
}

using Decompressor = std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

// Inflates as far as there is something to inflate; empty when there is not.
std::vector<std::byte> inflate_some(Scanner& scanner, std::span<const std::byte> deflated) {
  const Decompressor decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  std::vector<std::byte> bytes;
  size_t size = 0;
  auto result = LIBDEFLATE_INSUFFICIENT_SPACE;
  for (size_t room = 1 << 16; result == LIBDEFLATE_INSUFFICIENT_SPACE && scanner.may_inflate(room); room *= 8) {
    bytes.resize(room);
    size_t used = 0;
    result = libdeflate_deflate_decompress_ex(decompressor.get(), deflated.data(), deflated.size(), bytes.data(), room,
                                              &used, &size);
  }
  bytes.resize(result == LIBDEFLATE_SUCCESS ? size : 0);
  return bytes;
}

bool is_end_record(const io::Source& source, uint64_t at) {
  return load_le<uint32_t>(read_bytes(source, at, at + 4).data()) == zip::end_signature;
}

void look_behind_end_record(Scanner& scanner, const Part& part, uint64_t at, uint64_t next) {
  if (next - at <= zip::end_length) return;
  scanner.add({part_of(part.bytes, at + zip::end_length, next),
               join(part.where, fmt::format("behind the end record at {}", at)), Role::fragment, part.depth + 1});
}

void look_at_record(Scanner& scanner, const Part& part, uint64_t at, uint64_t next) {
  const uint64_t end = std::min(next, at + most_of_record);
  if (end - at < zip::local_length) return;
  const auto header = read_bytes(*part.bytes, at, at + zip::local_length);
  const uint64_t name_size = load_le<uint16_t>(&header[26]), extra_size = load_le<uint16_t>(&header[28]);
  const uint64_t begin = at + zip::local_length + name_size + extra_size;
  const uint64_t name_end = std::min(end, at + zip::local_length + name_size);
  const auto name = read_bytes(*part.bytes, at + zip::local_length, name_end);
  const std::string where = join(part.where, fmt::format("{} (record at {})", printable(as_text(name), 200), at));
  if (begin >= end) return;
  scanner.add({part_of(part.bytes, begin, end), where, Role::fragment, part.depth + 1});
  if (load_le<uint16_t>(&header[8]) != zip::method_deflated) return;
  auto inflated = inflate_some(scanner, read_bytes(*part.bytes, begin, end));
  if (inflated.empty()) return;
  scanner.add(
      {std::make_shared<Buffer>(std::move(inflated), part.bytes->name()), where, Role::fragment, part.depth + 1});
}

}  // namespace

void look_at_remains(Scanner& scanner, const Part& part) {
  std::vector<uint64_t> headers = find_headers(scanner, *part.bytes);
  if (headers.empty()) {
    look_at_pickles(scanner, {part.bytes, part.where, Role::fragment, part.depth});
    return;
  }
  headers.push_back(part.bytes->size());
  if (headers.front() > 0)
    scanner.add(
        {part_of(part.bytes, 0, headers.front()), join(part.where, "bytes in front"), Role::fragment, part.depth + 1});
  for (size_t i = 0; i + 1 < headers.size(); ++i) {
    const bool ends = is_end_record(*part.bytes, headers[i]);
    (ends ? look_behind_end_record : look_at_record)(scanner, part, headers[i], headers[i + 1]);
  }
}

}  // namespace okibi::inspect
