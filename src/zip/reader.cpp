#include <fmt/format.h>
#include <okibi/zip.h>

#include <algorithm>
#include <array>

#include "base/crc32.h"
#include "zip/directory.h"
#include "zip/end_records.h"
#include "zip/fault.h"
#include "zip/inflate.h"
#include "zip/inflated.h"
#include "zip/layout.h"
#include "zip/local_headers.h"
#include "zip/names.h"

namespace okibi::zip {
namespace {

constexpr uint64_t inflated_per_byte = 16;                     // of the file, as Limits::max_inflated_bytes says
constexpr uint64_t most_inflated_at_once = uint64_t{8} << 20;  // of stored bytes, which lie in memory meanwhile

// PyTorch takes the folder of the first entry, and wants all others in it.
std::string root_of(const io::Source& source, const std::vector<Entry>& entries) {
  if (entries.empty()) throw Error(ErrorKind::bad_file, "the archive has no records").at("", source.name());
  const Entry& first = entries.front();
  const size_t slash = first.record.name.find('/');
  if (slash != std::string::npos || first.is_folder) return first.record.name.substr(0, slash);
  throw fault_in(source, first.record.name, first.header_offset, "the record does not lie in a folder")
      .hint("PyTorch puts all records of a file into one folder; this is another kind of zip archive.");
}

std::string root_of(const io::Source& source, const std::vector<Entry>& entries, Layout layout) {
  return layout == Layout::plain ? "" : root_of(source, entries);
}

std::string without_root(const io::Source& source, const Entry& entry, const std::string& root) {
  const std::string& path = entry.record.name;
  if (root.empty()) return path;
  if (entry.is_folder && path == root) return "";
  if (path.size() > root.size() + 1 && path.starts_with(root) && path[root.size()] == '/') {
    return path.substr(root.size() + 1);
  }
  throw fault_in(source, path, entry.header_offset, "the record does not lie in the folder of the first one")
      .expected(root + "/");
}

std::vector<Record> records_of(const io::Source& source, std::vector<Entry> entries, const std::string& root) {
  std::vector<Record> records;
  records.reserve(entries.size());
  for (Entry& entry : entries) {
    entry.record.name = without_root(source, entry, root);
    if (!entry.is_folder) records.push_back(std::move(entry.record));
  }
  return records;
}

// Everything that `load` could be made to inflate, before the first byte of it.
void check_inflated(const io::Source& source, const std::vector<Entry>& entries, const Limits& limits) {
  const uint64_t share = std::min(source.size(), UINT64_MAX / inflated_per_byte) * inflated_per_byte;
  const uint64_t most = share + std::min(limits.max_inflated_bytes, UINT64_MAX - share);
  uint64_t left = most;
  for (const Entry& entry : entries) {
    const Record& record = entry.record;
    if (!record.deflated) continue;
    if (record.size > left) {
      throw fault_in(source, record.name, entry.header_offset,
                     "the deflated records would inflate to more than Limits::max_inflated_bytes allows",
                     ErrorKind::limit)
          .expected(fmt::format("at most {} bytes in all", most))
          .found(fmt::format("{} bytes in this record alone, {} before it", record.size, most - left))
          .hint(
              "Files are made so to fill memory. If you trust this one, pack it again without compression: unzip it, "
              "then zip -0 -r.");
    }
    left -= record.size;
  }
}

std::vector<std::byte> stored_bytes(const io::Source& source, const Record& record) {
  std::vector<std::byte> bytes(record.stored_size);  // no more than the file has: checked when it was opened
  source.read(record.offset, bytes);
  return bytes;
}

void check_bytes(const io::Source& source, const Record& record, std::span<const std::byte> bytes) {
  if (record.crc32 != 0) check_crc(source, record, extend_crc32(0, bytes));
}

}  // namespace

void check_crc(const io::Source& source, const Record& record, uint32_t crc32) {
  if (record.crc32 == 0 || crc32 == record.crc32) return;
  throw fault_in(source, record.name, record.offset, "the CRC-32 does not match")
      .expected(fmt::format("{:08x}", record.crc32))
      .found(fmt::format("{:08x}", crc32))
      .hint("The file was damaged after it was written: copy or download it again.");
}

bool is_zip(const io::Source& source) {
  std::array<std::byte, 4> start{};
  if (source.size() < start.size()) return false;
  source.read(0, start);
  return load_le<uint32_t>(start.data()) == local_signature;
}

Reader::Reader(std::shared_ptr<const io::Source> source, Limits limits, Layout layout)
    : source_(std::move(source)), limits_(limits) {
  const DirectoryBytes directory = read_directory(*source_, limits_);
  std::vector<Entry> entries = parse_directory(*source_, directory, limits_);
  check_inflated(*source_, entries, limits_);
  root_ = root_of(*source_, entries, layout);
  place_records(*source_, entries, directory.offset);
  records_ = records_of(*source_, std::move(entries), root_);
  order_by_name();
}

// Only a plain archive has no root.
bool Reader::is_before(std::string_view name, std::string_view other) const {
  return root_.empty() ? name < other : less_ignoring_case(name, other);
}

// Sorted by hash, and not in a table: nobody can choose names that make looking them up slow.
void Reader::order_by_name() {
  by_name_.reserve(records_.size());
  for (uint32_t i = 0; i < records_.size(); ++i) by_name_.push_back({hash_ignoring_case(records_[i].name), i});
  const auto less = [&](const Name& a, const Name& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    return is_before(records_[a.record].name, records_[b.record].name);
  };
  std::sort(by_name_.begin(), by_name_.end(), less);
  const auto twin =
      std::adjacent_find(by_name_.begin(), by_name_.end(), [&](const Name& a, const Name& b) { return !less(a, b); });
  if (twin == by_name_.end()) return;
  const auto [first, second] = std::minmax(twin[0].record, twin[1].record);
  throw fault_in(*source_, records_[second].name, records_[second].offset, "the archive has two records of this name")
      .expected(root_.empty() ? "names that differ" : "names that differ, and not by case alone")
      .found(fmt::format("\"{}\" and \"{}\"", records_[first].name, records_[second].name));
}

const Record* Reader::find(std::string_view name) const noexcept {
  const Name wanted{hash_ignoring_case(name), 0};
  auto found = std::lower_bound(by_name_.begin(), by_name_.end(), wanted, [&](const Name& a, const Name& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    return is_before(records_[a.record].name, name);
  });
  return found != by_name_.end() && records_[found->record].name == name ? &records_[found->record] : nullptr;
}

const Record& Reader::at(std::string_view name) const {
  if (const Record* record = find(name)) return *record;
  throw Error(ErrorKind::not_found, fmt::format("the archive has no record \"{}\"", name)).at("", source_->name());
}

std::vector<std::byte> read_record(const io::Source& source, const Record& record) {
  std::vector<std::byte> bytes = stored_bytes(source, record);
  if (record.deflated) {
    auto inflated = inflate(bytes, record.size);
    if (!inflated) throw bad_deflate(source, record);
    bytes = std::move(*inflated);
  }
  check_bytes(source, record, bytes);
  return bytes;
}

// libdeflate is twice as fast as zlib, but wants all that is stored at once.
void read_record_into(const io::Source& source, const Record& record, std::span<std::byte> into) {
  if (!record.deflated) {
    source.read(record.offset, into);
    return check_bytes(source, record, into);
  }
  if (record.stored_size > most_inflated_at_once) return Inflated(source, record).read(into);
  if (!inflate_into(stored_bytes(source, record), into)) throw bad_deflate(source, record);
  check_bytes(source, record, into);
}

void Reader::read_into(const Record& record, std::span<std::byte> into) const {
  if (into.size() != record.size) {
    throw Error(ErrorKind::bad_argument, fmt::format("record {} is read into memory of another size", record.name))
        .expected(record.size)
        .found(into.size());
  }
  read_record_into(*source_, record, into);
}

void Reader::read_part(const Record& record, uint64_t offset, std::span<std::byte> into) const {
  if (record.deflated) {
    throw fault_in(*source_, record.name, record.offset, "a part of a deflated record cannot be read alone",
                   ErrorKind::unsupported)
        .hint("Read the whole record, or save the file anew: PyTorch and okibi store records as they are.");
  }
  if (offset > record.size || into.size() > record.size - offset) {
    throw Error(ErrorKind::out_of_range,
                fmt::format("{} bytes at {} lie beyond the end of the record", into.size(), offset))
        .expected(fmt::format("at most {} bytes in all", record.size))
        .at("record", record.name)
        .at("", source_->name());
  }
  source_->read(record.offset + offset, into);
}

}  // namespace okibi::zip
