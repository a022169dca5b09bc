#include "checkpoint/formats/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/keyed_hash.h"

namespace okibi::checkpoint {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t block = TarHeader::block;
constexpr uint64_t longest_pax_header = uint64_t{64} << 10;  // Python writes a time there, in 30 bytes
constexpr char pax = 'x';

uint64_t number_in(std::optional<uint64_t> field, std::string_view what) {
  if (field) return *field;
  throw Error(ErrorKind::bad_file, fmt::format("the {} in a header of the tar archive is no octal number", what));
}

void check(const TarHeader& header) {
  if (!header.has_magic()) throw Error(ErrorKind::bad_file, "a header of the tar archive is missing");
  const uint64_t expected = number_in(header.checksum(), "checksum");
  if (header.sum() == expected) return;
  throw Error(ErrorKind::bad_file, "the checksum of a header of the tar archive does not match")
      .expected(expected)
      .found(header.sum())
      .hint("The file was damaged after it was written; copy it again.");
}

std::string_view word_for(char type) {
  switch (type) {
    case '1':
    case '2':
      return "a link";
    case '3':
    case '4':
      return "a device";
    case '5':
      return "a folder";
    case '6':
      return "a pipe";
    case 'L':
    case 'K':
      return "a long name";
    case 'S':
      return "a sparse file";
    default:
      return "of a kind that okibi does not know";
  }
}

[[noreturn]] void refuse(const TarHeader& header) {
  throw Error(ErrorKind::bad_file, "a member of the tar archive is no regular file")
      .found(word_for(header.type()))
      .at("member", printable(header.name()));
}

// "<length> <key>=<value>\n"
struct PaxRecord {
  size_t length;
  std::string_view key, value;
};

PaxRecord first_record(std::string_view records) {
  size_t length = 0;
  const auto end = std::from_chars(records.data(), records.data() + records.size(), length);
  const size_t begin = static_cast<size_t>(end.ptr - records.data()) + 1;
  if (end.ec != std::errc() || length > records.size() || begin >= length || records[length - 1] != '\n') {
    throw Error(ErrorKind::bad_file, "an extended header of the tar archive is damaged");
  }
  const std::string_view record = records.substr(begin, length - 1 - begin);
  const size_t equals = std::min(record.find('='), record.size());
  return {length, record.substr(0, equals), record.substr(std::min(equals + 1, record.size()))};
}

uint64_t decimal(std::string_view digits) {
  uint64_t number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end.ec == std::errc() && end.ptr == digits.data() + digits.size()) return number;
  throw Error(ErrorKind::bad_file, "the size in an extended header of the tar archive is no number");
}

// Times and owners matter to nobody; a size does; the rest would make another file of the member.
std::optional<uint64_t> size_in_pax(std::string_view records) {
  constexpr std::array harmless = {"mtime"sv, "atime"sv, "ctime"sv, "uid"sv, "gid"sv, "uname"sv, "gname"sv};
  std::optional<uint64_t> size;
  while (!records.empty()) {
    const PaxRecord record = first_record(records);
    if (record.key == "size") {
      size = decimal(record.value);
    } else if (std::ranges::find(harmless, record.key) == harmless.end()) {
      throw Error(ErrorKind::bad_file, "an extended header of the tar archive says what no checkpoint's does")
          .found(printable(record.key, 100));
    }
    records.remove_prefix(record.length);
  }
  return size;
}

class TarReader {
 public:
  TarReader(const io::Source& source, const Limits& limits) : source_(source), limits_(limits) {}
  std::vector<TarMember> read();

 private:
  void take(const TarHeader& header);
  void add(const TarHeader& header, uint64_t size);
  void pass(uint64_t size);
  void check_end() const;

  const io::Source& source_;
  const Limits& limits_;
  uint64_t offset_ = 0;
  std::optional<uint64_t> pax_size_;  // for the next member
  std::vector<TarMember> members_;
  KeyedSet<std::string> names_;
};

std::vector<TarMember> TarReader::read() {
  for (;;) {
    const TarHeader header(source_, offset_);
    if (header.is_empty()) break;
    try {
      check(header);
      take(header);
    } catch (Error& error) {
      error.at("offset", offset_);
      throw;
    }
  }
  check_end();
  return std::move(members_);
}

void TarReader::take(const TarHeader& header) {
  const uint64_t size = number_in(header.size(), "size");
  if (header.type() == pax) {
    if (size > longest_pax_header) throw Error(ErrorKind::limit, "an extended header of the tar archive is too long");
    io::check_range(source_, offset_ + block, size);
    std::string records(size, '\0');
    source_.read(offset_ + block, {reinterpret_cast<std::byte*>(records.data()), records.size()});
    pax_size_ = size_in_pax(records);
    pass(size);
  } else if (header.is_file()) {
    add(header, pax_size_.value_or(size));
    pax_size_.reset();
  } else {
    refuse(header);
  }
}

void TarReader::add(const TarHeader& header, uint64_t size) {
  const std::string name = header.name();
  if (!names_.insert(name).second) {
    throw Error(ErrorKind::bad_file, "the tar archive has two members of this name").at("member", printable(name));
  }
  if (members_.size() >= limits_.max_records) {
    throw Error(ErrorKind::limit, "the archive has more records than Limits::max_records allows");
  }
  io::check_range(source_, checked_add(offset_, block, "the place of a member"), size);
  members_.push_back({name, offset_ + block, size});
  pass(size);
}

// Over a header and what follows it, which is filled up to whole blocks.
void TarReader::pass(uint64_t size) {
  const uint64_t filled = checked_add(size, block - 1, "the size of a member") / block * block;
  offset_ = checked_add(offset_ + block, filled, "the place of a member");
}

// Behind the end there are only zeros, to fill a tape's record.
void TarReader::check_end() const {
  std::vector<std::byte> piece(uint64_t{64} << 10);
  for (uint64_t at = offset_; at < source_.size(); at += piece.size()) {
    piece.resize(std::min<uint64_t>(piece.size(), source_.size() - at));
    source_.read(at, piece);
    if (std::ranges::all_of(piece, [](std::byte b) { return b == std::byte{0}; })) continue;
    throw Error(ErrorKind::bad_file, "bytes that belong to nothing follow the end of the tar archive");
  }
}

}  // namespace

// POSIX.1-2001, ustar: where the fields lie.
TarHeader::TarHeader(const io::Source& source, uint64_t offset) {
  source.read(offset, {reinterpret_cast<std::byte*>(bytes_.data()), bytes_.size()});
}

std::string_view TarHeader::text(Field field) const {
  const std::string_view all(bytes_.data() + field.offset, field.size);
  return all.substr(0, all.find('\0'));
}

std::optional<uint64_t> TarHeader::octal(Field field) const {
  std::string_view digits = text(field);
  while (digits.starts_with(' ')) digits.remove_prefix(1);
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 8);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::string TarHeader::name() const {
  const std::string prefix(text({345, 155}));
  return (prefix.empty() ? "" : prefix + "/") + std::string(text({0, 100}));
}
char TarHeader::type() const { return bytes_[156]; }
std::optional<uint64_t> TarHeader::size() const { return octal({124, 12}); }
std::optional<uint64_t> TarHeader::checksum() const { return octal({148, 8}); }
bool TarHeader::has_magic() const { return text({257, 5}) == "ustar"; }

// Of all bytes, those of the checksum itself as spaces.
uint64_t TarHeader::sum() const {
  uint64_t total = 0;
  for (size_t i = 0; i < bytes_.size(); ++i) {
    const bool is_checksum = i - 148 < 8;
    total += is_checksum ? ' ' : static_cast<unsigned char>(bytes_[i]);
  }
  return total;
}

bool TarHeader::is_empty() const {
  return std::ranges::all_of(bytes_, [](char c) { return c == '\0'; });
}

bool is_tar(const io::Source& source) { return source.size() >= block && TarHeader(source, 0).has_magic(); }

std::vector<TarMember> read_tar(const io::Source& source, const Limits& limits) {
  return TarReader(source, limits).read();
}

}  // namespace okibi::checkpoint
