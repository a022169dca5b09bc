#include "zip/directory.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <span>

#include "zip/fault.h"
#include "zip/layout.h"
#include "zip/names.h"

namespace okibi::zip {
namespace {

constexpr uint16_t made_on_unix = 3;

// One entry as it lies in the directory; views into its bytes.
struct RawEntry {
  uint64_t offset = 0;  // of the entry itself, for messages
  const std::byte* fixed = nullptr;
  std::string_view name;
  std::span<const std::byte> extra;

  uint16_t u16(size_t at) const { return load_le<uint16_t>(fixed + at); }
  uint32_t u32(size_t at) const { return load_le<uint32_t>(fixed + at); }
};

class DirectoryParser {
 public:
  DirectoryParser(const io::Source& source, const DirectoryBytes& directory, const Limits& limits)
      : source_(source), directory_(directory), limits_(limits), rest_(directory.bytes) {}

  std::vector<Entry> parse() {
    std::vector<Entry> entries;
    entries.reserve(directory_.count);  // was compared with the directory's length
    while (!rest_.empty()) entries.push_back(parse_entry(next()));
    if (entries.size() == directory_.count) return entries;
    throw fault_at(source_, offset(), "the directory holds another number of records than the end record says")
        .expected(directory_.count)
        .found(entries.size());
  }

 private:
  uint64_t offset() const { return directory_.offset + (directory_.bytes.size() - rest_.size()); }

  std::span<const std::byte> take(uint64_t length) {
    if (length > rest_.size()) throw fault_at(source_, offset(), "an entry runs over the end of the directory");
    const auto taken = rest_.first(length);
    rest_ = rest_.subspan(length);
    return taken;
  }

  RawEntry next() {
    RawEntry entry{offset(), take(directory_length).data(), {}, {}};
    if (entry.u32(0) != directory_signature) {
      throw fault_at(source_, entry.offset, "the directory is damaged: no entry begins where one must");
    }
    entry.name = as_text(take(entry.u16(28)));
    entry.extra = take(entry.u16(30));
    take(entry.u16(32));  // the comment
    return entry;
  }

  Entry parse_entry(const RawEntry& raw) const {
    Entry entry;
    entry.is_folder = raw.name.ends_with('/');
    entry.record.name = raw.name.substr(0, raw.name.size() - entry.is_folder);
    check_name(raw, entry.record.name);
    entry.flags = raw.u16(8);
    entry.method = raw.u16(10);
    entry.record.crc32 = raw.u32(16);
    entry.record.deflated = entry.method == method_deflated;
    read_sizes(raw, entry);
    check_kind(raw, entry);
    check_sizes(raw, entry);
    return entry;
  }

  Error fault(const RawEntry& raw, std::string sentence, ErrorKind kind = ErrorKind::bad_file) const {
    return fault_in(source_, raw.name, raw.offset, std::move(sentence), kind);
  }

  // A bad name is not printed: it may be long, or made to garble the terminal.
  void check_name(const RawEntry& raw, std::string_view name) const {
    if (name.size() > limits_.max_record_name) {
      throw Error(ErrorKind::limit, "a record's name is longer than Limits::max_record_name allows")
          .expected(fmt::format("at most {}", limits_.max_record_name))
          .found(name.size())
          .at("offset", raw.offset)
          .at("", source_.name());
    }
    const std::string_view wrong = fault_of(name);
    if (!wrong.empty()) throw fault_at(source_, raw.offset, fmt::format("a record's name {}", wrong));
  }

  void check_kind(const RawEntry& raw, const Entry& entry) const {
    if (entry.flags & flag_encrypted) throw fault(raw, "the record is encrypted", ErrorKind::unsupported);
    if (entry.flags & ~(flag_descriptor | flag_utf8 | flag_deflate_level)) {
      throw fault(raw, "the record has flags that no file of PyTorch's has").found(fmt::format("{:#06x}", entry.flags));
    }
    if (entry.method != method_stored && entry.method != method_deflated) {
      throw fault(raw, "the record is compressed by a method that okibi does not know", ErrorKind::unsupported)
          .expected("0 (stored) or 8 (deflated)")
          .found(entry.method);
    }
    if (raw.u16(34) != 0) throw fault(raw, "the record lies in another part of a spanned archive");
    const bool unix_made = raw.u16(4) >> 8 == made_on_unix;
    const uint32_t file_type = raw.u32(38) >> 16 & S_IFMT;
    if (unix_made && file_type != 0 && file_type != S_IFREG && file_type != S_IFDIR) {
      throw fault(raw, "the record is a symbolic link or a device, not a file");
    }
  }

  void check_sizes(const RawEntry& raw, const Entry& entry) const {
    const Record& record = entry.record;
    if (!record.deflated && record.size != record.stored_size) {
      throw fault(raw, "the record is stored, but its two sizes differ")
          .expected(record.stored_size)
          .found(record.size);
    }
    if (entry.is_folder && record.size != 0) throw fault(raw, "the name is that of a folder, but it has content");
    // Compared by division, because a product of hostile numbers may not fit.
    if (record.size / limits_.max_inflated_ratio <= record.stored_size) return;
    throw fault(raw, "the record would inflate by more than Limits::max_inflated_ratio allows", ErrorKind::limit)
        .expected(fmt::format("at most {}", limits_.max_inflated_ratio))
        .found(fmt::format("{} bytes from {}", record.size, record.stored_size))
        .hint("Such files are made to fill memory.");
  }

  // Sizes and offset: from the fixed part, or from the zip64 field where the fixed part has the marker.
  void read_sizes(const RawEntry& raw, Entry& entry) const {
    auto values = zip64_values(raw);
    const auto value = [&](size_t at) -> uint64_t {
      if (raw.u32(at) != marker32) return raw.u32(at);
      if (values.size() < 8) throw fault(raw, "a size that does not fit 32 bits has no zip64 field");
      const auto wide = load_le<uint64_t>(values.data());
      values = values.subspan(8);
      return wide;
    };
    entry.record.size = value(24);  // the order that the zip64 field has
    entry.record.stored_size = value(20);
    entry.header_offset = value(42);
  }

  std::span<const std::byte> zip64_values(const RawEntry& raw) const {
    std::span<const std::byte> found;
    for (auto rest = raw.extra; !rest.empty();) {
      const uint64_t length = rest.size() < 4 ? rest.size() : load_le<uint16_t>(rest.data() + 2);
      if (rest.size() < 4 || length > rest.size() - 4)
        throw fault(raw, "an extra field runs over the end of its entry");
      if (load_le<uint16_t>(rest.data()) == extra_zip64) {
        if (!found.empty()) throw fault(raw, "the record has two zip64 fields");
        found = rest.subspan(4, length);
      }
      rest = rest.subspan(4 + length);
    }
    return found;
  }

  const io::Source& source_;
  const DirectoryBytes& directory_;
  const Limits& limits_;
  std::span<const std::byte> rest_;
};

}  // namespace

std::vector<Entry> parse_directory(const io::Source& source, const DirectoryBytes& directory, const Limits& limits) {
  return DirectoryParser(source, directory, limits).parse();
}

}  // namespace okibi::zip
