// Writing: byte for byte what PyTorch 2.15's torch.save writes (checked by tests/zip against its files).
#include <fmt/format.h>
#include <okibi/zip.h>

#include <algorithm>
#include <array>

#include "base/crc32.h"
#include "base/number_map.h"
#include "zip/layout.h"
#include "zip/names.h"

namespace okibi::zip {
namespace {

constexpr uint64_t largest_alignment =
    32768;  // the padding, and a zip64 field, must fit the 65,535 bytes of the extras
constexpr uint64_t usual_alignment = 64;
constexpr size_t block_size = size_t{256} << 10;  // what goes through the CRC and to the sink while it is in the cache
constexpr size_t worth_joining = size_t{64} << 10;  // for less, it costs as much to join two CRCs
constexpr size_t worth_two_threads = size_t{2} << 20;
constexpr std::string_view id_record = ".data/serialization_id";

// Little-endian fields, one after the other.
class Fields {
 public:
  Fields() { bytes_.reserve(usual_length); }
  Fields& u16(uint64_t value) { return put(static_cast<uint16_t>(value)); }
  Fields& u32(uint64_t value) { return put(static_cast<uint32_t>(value)); }
  Fields& u64(uint64_t value) { return put(value); }
  Fields& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  Fields& fill(char with, uint64_t count) {
    bytes_.append(count, with);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  Fields& put(T value) {
    std::array<std::byte, sizeof(T)> raw;
    store_le(raw.data(), value);
    return text(as_text(raw));
  }
  static constexpr size_t usual_length = 192;  // of a header with its name and padding
  std::string bytes_;
};

bool overflows(uint64_t value) { return value >= marker32; }
uint64_t or_marker32(uint64_t value) { return std::min<uint64_t>(value, marker32); }
uint64_t or_marker16(uint64_t value) { return std::min<uint64_t>(value, marker16); }

// The zip64 extra field for the values that do not fit 32 bits, or nothing. PyTorch puts the header's own offset into
// the local header too, though APPNOTE knows it in the directory alone; and there the stored size is not yet known.
std::string zip64_field(uint64_t size, uint64_t stored_size, uint64_t header_offset) {
  Fields values;
  if (overflows(size)) values.u64(size).u64(stored_size);
  if (overflows(header_offset)) values.u64(header_offset);
  if (values.bytes().empty()) return "";
  return Fields().u16(extra_zip64).u16(values.bytes().size()).text(values.bytes()).bytes();
}

// An empty record has nothing to describe.
uint16_t flags_for(uint64_t size) { return size > 0 ? flag_utf8 | flag_descriptor : flag_utf8; }

// FNV-1a, 64 bits. PyTorch's hash here is that of its C++ library; any that tells files apart will do.
uint64_t hash_of(std::string_view text, uint64_t seed) {
  uint64_t hash = seed;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return hash;
}

}  // namespace

// The names that records have, without regard to case where that does not count. Of each its hash, and its place in a
// list of all.
class UsedNames {
 public:
  explicit UsedNames(Layout layout) : case_counts_(layout == Layout::plain) {
    if (layout == Layout::one_folder) add(id_record);
  }

  bool has(std::string_view name) const { return places_.find(key_for(name)) != nullptr; }
  void add(std::string_view name) {
    if (places_.emplace(key_for(name), static_cast<uint32_t>(ends_.size()))) {
      letters_ += name;
      ends_.push_back(letters_.size());
    }
  }

 private:
  std::string_view at(uint32_t place) const {
    const size_t begin = place == 0 ? 0 : ends_[place - 1];
    return std::string_view(letters_).substr(begin, ends_[place] - begin);
  }
  bool is_same(std::string_view name, std::string_view other) const {
    return case_counts_ ? name == other : same_ignoring_case(name, other);
  }
  // The hash, or the first number after it that stands for no other name.
  uint64_t key_for(std::string_view name) const {
    uint64_t key = hash_ignoring_case(name);
    for (const uint32_t* place = places_.find(key); place && !is_same(at(*place), name);) {
      place = places_.find(++key);
    }
    return key;
  }

  bool case_counts_;
  NumberMap places_;
  std::string letters_;  // of all names, one after the other
  std::vector<uint64_t> ends_;
};

Writer::Writer(io::Sink& sink, std::string root, uint64_t alignment, Layout layout)
    : sink_(sink),
      root_(std::move(root)),
      alignment_(alignment),
      start_(sink.position()),
      names_(std::make_unique<UsedNames>(layout)) {}

Writer::Writer(io::Sink& sink) : Writer(sink, "", usual_alignment, Layout::plain) {}

Writer::Writer(io::Sink& sink, std::string root, uint64_t alignment)
    : Writer(sink, std::move(root), alignment, Layout::one_folder) {
  if (alignment_ < 1 || alignment_ > largest_alignment) {
    throw Error(ErrorKind::bad_argument, "the alignment of records must be from 1 to 32768").found(alignment_);
  }
  if (fault_of(root_).empty() && root_.find('/') == std::string::npos) return;
  throw Error(ErrorKind::bad_argument, fmt::format("\"{}\" cannot be the folder of an archive's records", root_))
      .hint("Use a plain name, such as \"archive\".");
}

Writer::~Writer() = default;

uint32_t Writer::add(std::string_view name, std::span<const std::byte> bytes) {
  begin(name, bytes.size());
  write(bytes);
  return end();
}

void Writer::begin(std::string_view name, uint64_t size) {
  check_between_records();
  check_new_name(name);
  start(name, size);
}

// Only a plain archive has no root.
std::string Writer::path_of(std::string_view name) const {
  return root_.empty() ? std::string(name) : fmt::format("{}/{}", root_, name);
}

void Writer::start(std::string_view name, uint64_t size) {
  entries_.push_back({path_of(name), size, 0, cursor()});
  write_local_header(entries_.back());
  is_open_ = true;
  missing_ = size;
}

void Writer::write(std::span<const std::byte> piece) {
  Entry& entry = entry_for(piece);
  entry.crc32 = write_data(entry.crc32, piece, nullptr);
}

void Writer::write_lent(std::span<const std::byte> piece, const std::shared_ptr<const void>& owner) {
  Entry& entry = entry_for(piece);
  entry.crc32 = write_data(entry.crc32, piece, &owner);
}

// The open record, which has a place for this piece.
Writer::Entry& Writer::entry_for(std::span<const std::byte> piece) {
  if (!is_open_) throw Error(ErrorKind::bad_argument, "no record was begun that these bytes could belong to");
  Entry& entry = entries_.back();
  if (piece.size() > missing_) {
    throw Error(ErrorKind::bad_argument, "the record gets more bytes than its size says")
        .expected(entry.size)
        .found(entry.size - missing_ + piece.size())
        .at("record", entry.path);
  }
  missing_ -= piece.size();
  return entry;
}

// Of many bytes, one thread writes all while another computes their CRC: that is done long before, and costs nothing.
// But a sink that needs the CRC itself computes it for both.
uint32_t Writer::write_data(uint32_t crc, std::span<const std::byte> bytes, const std::shared_ptr<const void>* owner) {
  if (bytes.size() >= worth_joining) {
    const auto sum = sink_.write_summed(bytes, owner ? *owner : nullptr);
    if (sum) return join_crc32(crc, *sum, bytes.size());
  }
  if (bytes.size() >= worth_two_threads) {
    parallel_for(0, 2, 1, [&](int64_t first, int64_t last) {
      if (first == 0) owner ? sink_.write_lent(bytes, *owner) : sink_.write(bytes);
      if (last == 2) crc = extend_crc32(crc, bytes);
    });
    return crc;
  }
  while (!bytes.empty()) {
    const auto block = bytes.first(std::min(bytes.size(), block_size));
    crc = extend_crc32(crc, block);
    sink_.write(block);
    bytes = bytes.subspan(block.size());
  }
  return crc;
}

uint32_t Writer::end() {
  if (!is_open_) throw Error(ErrorKind::bad_argument, "no record was begun that could end");
  const Entry& entry = entries_.back();
  if (missing_ > 0) {
    throw Error(ErrorKind::bad_argument, "the record got fewer bytes than its size says")
        .expected(entry.size)
        .found(entry.size - missing_)
        .at("record", entry.path);
  }
  if (entry.size > 0) write_descriptor(entry);
  is_open_ = false;
  return entry.crc32;
}

void Writer::check_between_records() const {
  if (finished_) throw Error(ErrorKind::bad_argument, "the archive is finished");
  if (!is_open_) return;
  throw Error(ErrorKind::bad_argument, "the record before has not ended").at("record", entries_.back().path);
}

void Writer::check_new_name(std::string_view name) {
  const std::string_view fault = fault_of(name);
  if (!fault.empty()) throw Error(ErrorKind::bad_argument, fmt::format("the name {}", fault)).at("record", name);
  if (root_.size() + 1 + name.size() > marker16) {
    throw Error(ErrorKind::bad_argument, "the name is longer than a zip archive can hold").found(name.size());
  }
  if (!names_->has(name)) return names_->add(name);
  throw Error(ErrorKind::bad_argument, "the archive has a record of this name already")
      .hint(root_.empty() ? "Give each record a name of its own."
                          : "Names that differ by case alone count as the same, because PyTorch looks them up so.")
      .at("record", name);
}

void Writer::write_local_header(const Entry& entry) {
  const std::string zip64 = zip64_field(entry.size, 0, entry.header_offset);
  const uint64_t unpadded = entry.header_offset + local_length + entry.path.size() + zip64.size() + 4;
  const uint64_t padding = (alignment_ - unpadded % alignment_) % alignment_;
  Fields header;
  header.u32(local_signature).u16(0).u16(flags_for(entry.size)).u16(method_stored);
  header.u16(0).u16(0).u32(0).u32(0).u32(0);  // time, date; CRC and sizes stand in the descriptor
  header.u16(entry.path.size()).u16(zip64.size() + 4 + padding).text(entry.path).text(zip64);
  header.u16(extra_padding).u16(padding).fill('Z', padding);
  sink_.write(header.bytes());
}

void Writer::write_descriptor(const Entry& entry) {
  Fields descriptor;
  descriptor.u32(descriptor_signature).u32(entry.crc32);
  if (overflows(entry.size) || overflows(entry.header_offset)) {
    descriptor.u64(entry.size).u64(entry.size);
  } else {
    descriptor.u32(entry.size).u32(entry.size);
  }
  sink_.write(descriptor.bytes());
}

void Writer::finish() {
  check_between_records();
  if (!root_.empty()) write_id();
  finished_ = true;
  const uint64_t directory_offset = cursor();
  for (const Entry& entry : entries_) write_directory_entry(entry);
  write_end_records(directory_offset, cursor() - directory_offset);
}

void Writer::write_id() {
  const std::string id = serialization_id();
  start(id_record, id.size());  // its name was taken from the beginning
  write(as_bytes(id));
  end();
}

// 20 digits from the names and 20 from the contents.
std::string Writer::serialization_id() const {
  constexpr uint64_t seed = 0xcbf29ce484222325;
  uint64_t names = seed;
  uint64_t contents = seed;
  for (const Entry& entry : entries_) {
    names = hash_of(entry.path, names);
    contents = hash_of(Fields().u32(entry.crc32).u64(entry.size).bytes(), contents);
  }
  return fmt::format("{:020}{:020}", names, contents);
}

void Writer::write_directory_entry(const Entry& entry) {
  const std::string zip64 = zip64_field(entry.size, entry.size, entry.header_offset);
  const uint64_t size = or_marker32(entry.size);
  Fields fields;
  fields.u32(directory_signature).u16(0).u16(0).u16(flags_for(entry.size)).u16(method_stored).u16(0).u16(0);
  fields.u32(entry.crc32).u32(size).u32(size).u16(entry.path.size()).u16(zip64.size());
  fields.u16(0).u16(0).u16(0).u32(0);  // comment, disk, attributes
  fields.u32(or_marker32(entry.header_offset)).text(entry.path).text(zip64);
  sink_.write(fields.bytes());
}

// PyTorch writes the zip64 end record always. In a plain archive it stands where it is needed, as in others': NumPy
// takes a file that begins with it, as one of no records does, for none.
void Writer::write_end_records(uint64_t directory_offset, uint64_t directory_size) {
  const uint64_t end64_offset = cursor();
  const uint64_t count = entries_.size();
  Fields fields;
  if (!root_.empty() || count >= marker16 || overflows(directory_size) || overflows(directory_offset)) {
    fields.u32(end64_signature).u64(end64_length - 12).u16(0x031e).u16(0x002d).u32(0).u32(0);
    fields.u64(count).u64(count).u64(directory_size).u64(directory_offset);
    fields.u32(locator_signature).u32(0).u64(end64_offset).u32(1);
  }
  fields.u32(end_signature).u16(0).u16(0).u16(or_marker16(count)).u16(or_marker16(count));
  fields.u32(or_marker32(directory_size)).u32(or_marker32(directory_offset)).u16(0);
  sink_.write(fields.bytes());
}

}  // namespace okibi::zip
