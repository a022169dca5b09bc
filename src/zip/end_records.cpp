#include "zip/end_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "zip/fault.h"
#include "zip/layout.h"

namespace okibi::zip {
namespace {

constexpr uint64_t tail_length = end64_length + locator_length + end_length + marker16;

// The end of the file, read once.
struct Tail {
  uint64_t offset = 0;
  std::vector<std::byte> bytes;

  explicit Tail(const io::Source& source) {
    bytes.resize(std::min(source.size(), tail_length));
    offset = source.size() - bytes.size();
    source.read(offset, bytes);
  }
  const std::byte* at(uint64_t position) const { return bytes.data() + (position - offset); }
  uint64_t end() const { return offset + bytes.size(); }
};

// What an end record says, in either of its two forms.
struct EndRecord {
  uint64_t position = 0;  // where the first of the end records begins, and the directory must end
  uint64_t disk = 0, directory_disk = 0;
  uint64_t count_here = 0, count = 0;
  uint64_t size = 0, offset = 0;
};

Error no_end_record(const io::Source& source) {
  return Error(ErrorKind::bad_file,
               fmt::format("the end record of a zip archive is missing from its {} bytes", source.size()))
      .hint("The file is cut short, as by an interrupted download or copy: fetch it again.")
      .at("", source.name());
}

// The last end signature of the file is its end record, and nothing but its comment may follow. Looking further back,
// for one that fits better, would let two programs find two different directories.
uint64_t find_end(const io::Source& source, const Tail& tail) {
  if (tail.bytes.size() < end_length) throw no_end_record(source);
  for (uint64_t at = tail.end() - end_length;; --at) {
    if (load_le<uint32_t>(tail.at(at)) == end_signature) {
      const uint64_t comment = load_le<uint16_t>(tail.at(at) + 20);
      const uint64_t follows = tail.end() - at - end_length;
      if (comment == follows) return at;
      throw fault_at(source, at, "bytes that do not belong to the archive follow its end record, or some are missing")
          .expected(fmt::format("a comment of {} bytes", comment))
          .found(fmt::format("{} bytes", follows));
    }
    if (at == tail.offset) throw no_end_record(source);
  }
}

EndRecord parse_end(const Tail& tail, uint64_t position) {
  const std::byte* record = tail.at(position);
  const auto u16 = [&](size_t at) { return load_le<uint16_t>(record + at); };
  const auto u32 = [&](size_t at) { return load_le<uint32_t>(record + at); };
  return {position, u16(4), u16(6), u16(8), u16(10), u32(12), u32(16)};
}

EndRecord parse_end64(const io::Source& source, const Tail& tail, uint64_t locator) {
  const std::byte* pointer = tail.at(locator);
  const uint64_t position = load_le<uint64_t>(pointer + 8);
  if (locator < end64_length || position != locator - end64_length) {
    throw fault_at(source, locator, "the zip64 end record is not where its locator says")
        .expected(locator - end64_length)
        .found(position);
  }
  if (load_le<uint32_t>(pointer + 4) != 0 || load_le<uint32_t>(pointer + 16) > 1) {
    throw fault_at(source, locator, "the archive is one of several parts; okibi reads archives of one file");
  }
  const std::byte* record = tail.at(position);
  const auto u32 = [&](size_t at) { return load_le<uint32_t>(record + at); };
  const auto u64 = [&](size_t at) { return load_le<uint64_t>(record + at); };
  if (u32(0) != end64_signature || u64(4) != end64_length - 12) {
    throw fault_at(source, position, "the zip64 end record is damaged");
  }
  return {position, u32(16), u32(20), u64(24), u64(32), u64(40), u64(48)};
}

// Where the short record holds a value and not the marker, it must hold the same one.
void check_agreement(const io::Source& source, const EndRecord& end, const EndRecord& end64) {
  const auto agree = [](uint64_t small, uint64_t large, uint64_t marker) { return small == marker || small == large; };
  if (agree(end.count_here, end64.count_here, marker16) && agree(end.count, end64.count, marker16) &&
      agree(end.size, end64.size, marker32) && agree(end.offset, end64.offset, marker32) &&
      agree(end.disk, end64.disk, marker16) && agree(end.directory_disk, end64.directory_disk, marker16)) {
    return;
  }
  throw fault_at(source, end.position, "the end record and the zip64 end record contradict each other");
}

EndRecord find_end_record(const io::Source& source, const Tail& tail) {
  const uint64_t position = find_end(source, tail);
  const EndRecord end = parse_end(tail, position);
  if (position - tail.offset < locator_length) return end;
  const uint64_t locator = position - locator_length;
  if (load_le<uint32_t>(tail.at(locator)) != locator_signature) return end;
  const EndRecord end64 = parse_end64(source, tail, locator);
  check_agreement(source, end, end64);
  return end64;
}

void check_end(const io::Source& source, const EndRecord& end, const Limits& limits) {
  if (end.disk != 0 || end.directory_disk != 0 || end.count_here != end.count) {
    throw fault_at(source, end.position, "the archive is one of several parts; okibi reads archives of one file");
  }
  if (checked_add(end.offset, end.size, "the end of the zip directory") != end.position) {
    throw fault_at(source, end.position, "the directory does not end where the end records begin")
        .expected(end.position)
        .found(fmt::format("{} + {}", end.offset, end.size))
        .hint("Bytes were put before the archive or taken out of it; copy the file again.");
  }
  if (end.count > limits.max_records) {
    throw Error(ErrorKind::limit, "the archive has more records than Limits::max_records allows")
        .expected(fmt::format("at most {}", limits.max_records))
        .found(end.count)
        .at("", source.name());
  }
  if (end.count > end.size / directory_length) {
    throw fault_at(source, end.position,
                   fmt::format("{} records cannot stand in a directory of {} bytes", end.count, end.size));
  }
}

std::vector<std::byte> bytes_of(const io::Source& source, const Tail& tail, const EndRecord& end) {
  if (end.offset >= tail.offset) return {tail.at(end.offset), tail.at(end.offset) + end.size};
  std::vector<std::byte> bytes(end.size);
  source.read(end.offset, bytes);
  return bytes;
}

}  // namespace

DirectoryBytes read_directory(const io::Source& source, const Limits& limits) {
  const Tail tail(source);
  const EndRecord end = find_end_record(source, tail);
  check_end(source, end, limits);
  return {end.offset, end.count, bytes_of(source, tail, end)};
}

}  // namespace okibi::zip
