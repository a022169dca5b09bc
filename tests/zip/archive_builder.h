// Zip archives made by hand, so that any byte of them can be wrong.
#pragma once

#include <okibi/base.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace okibi::testing_help {

struct Part {
  std::string name;
  std::string data;
  uint16_t method = 0;
  bool streamed = false;        // CRC and sizes in a data descriptor, and zero in the local header
  std::string extra = {};       // in the local header and in the directory
  uint64_t size = data.size();  // after inflating
};

// The bytes of an archive, and where its parts begin.
struct BuiltArchive {
  std::string bytes;
  std::vector<size_t> local, data, descriptor, directory;  // one for each part; no descriptor: 0
  size_t end64 = 0, locator = 0, end = 0;

  BuiltArchive& poke16(size_t at, uint16_t value) { return poke(at, value); }
  BuiltArchive& poke32(size_t at, uint32_t value) { return poke(at, value); }
  BuiltArchive& poke64(size_t at, uint64_t value) { return poke(at, value); }
  BuiltArchive& poke_text(size_t at, std::string_view text) {
    bytes.replace(at, text.size(), text);
    return *this;
  }
  // The same name in the local header and the directory, where fields put it.
  BuiltArchive& rename(size_t part, std::string_view name) {
    return poke_text(local[part] + 30, name).poke_text(directory[part] + 46, name);
  }

 private:
  template <class T>
  BuiltArchive& poke(size_t at, T value) {
    store_le(reinterpret_cast<std::byte*>(bytes.data() + at), value);
    return *this;
  }
};

// CRC-32 as in zip, bit by bit.
inline uint32_t crc_of(std::string_view text) {
  uint32_t crc = ~0u;
  for (const char letter : text) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

// Raw deflate of `text` in its simplest form: blocks that are stored as they are (RFC 1951, 3.2.4).
inline std::string deflated(std::string_view text) {
  constexpr size_t longest = 65535;
  std::string out;
  for (bool last = false; !last; text.remove_prefix(std::min(text.size(), longest))) {
    const auto length = static_cast<uint16_t>(std::min(text.size(), longest));
    last = length == text.size();
    std::byte header[5] = {last ? std::byte{1} : std::byte{0}};
    store_le<uint16_t>(header + 1, length);
    store_le<uint16_t>(header + 3, static_cast<uint16_t>(~length));
    out += as_text(header);
    out += text.substr(0, length);
  }
  return out;
}

// A deflated part that honestly holds `text`.
inline Part deflated_part(std::string name, std::string_view text) {
  return {std::move(name), deflated(text), 8, false, {}, text.size()};
}

class ArchiveBuilder {
 public:
  explicit ArchiveBuilder(std::vector<Part> parts) : parts_(std::move(parts)) {}
  ArchiveBuilder& crc(size_t part, uint32_t value) {
    crcs_.resize(parts_.size());
    crcs_[part] = value;
    return *this;
  }
  ArchiveBuilder& with_zip64_end() {
    zip64_end_ = true;
    return *this;
  }

  BuiltArchive build() {
    crcs_.resize(parts_.size());
    for (size_t i = 0; i < parts_.size(); ++i) add_local(i);
    const size_t start = out_.bytes.size();
    for (size_t i = 0; i < parts_.size(); ++i) add_directory(i);
    add_end(start, out_.bytes.size() - start);
    return std::move(out_);
  }

 private:
  template <class T>
  void put(T value) {
    std::byte raw[sizeof(T)];
    store_le(raw, value);
    out_.bytes += as_text(raw);
  }
  void u16(uint64_t value) { put(static_cast<uint16_t>(value)); }
  void u32(uint64_t value) { put(static_cast<uint32_t>(value)); }
  void u64(uint64_t value) { put(value); }

  uint32_t crc_for(size_t i) const {
    return crcs_[i] != 0 ? crcs_[i] : parts_[i].method == 0 ? crc_of(parts_[i].data) : 0;
  }

  void add_local(size_t i) {
    const Part& part = parts_[i];
    out_.local.push_back(out_.bytes.size());
    u32(0x04034b50), u16(20), u16(part.streamed ? 8 : 0), u16(part.method), u32(0);
    u32(part.streamed ? 0 : crc_for(i)), u32(part.streamed ? 0 : part.data.size()), u32(part.streamed ? 0 : part.size);
    u16(part.name.size()), u16(part.extra.size());
    out_.bytes += part.name + part.extra;
    out_.data.push_back(out_.bytes.size());
    out_.bytes += part.data;
    out_.descriptor.push_back(part.streamed ? out_.bytes.size() : 0);
    if (part.streamed) u32(0x08074b50), u32(crc_for(i)), u32(part.data.size()), u32(part.size);
  }

  void add_directory(size_t i) {
    const Part& part = parts_[i];
    out_.directory.push_back(out_.bytes.size());
    u32(0x02014b50), u16(0x0314), u16(20), u16(part.streamed ? 8 : 0), u16(part.method), u32(0);
    u32(crc_for(i)), u32(part.data.size()), u32(part.size), u16(part.name.size()), u16(part.extra.size());
    u16(0), u16(0), u16(0), u32(0), u32(out_.local[i]);
    out_.bytes += part.name + part.extra;
  }

  void add_end(size_t start, size_t size) {
    const size_t count = parts_.size();
    if (zip64_end_) {
      out_.end64 = out_.bytes.size();
      u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0), u64(count), u64(count), u64(size), u64(start);
      out_.locator = out_.bytes.size();
      u32(0x07064b50), u32(0), u64(out_.end64), u32(1);
    }
    out_.end = out_.bytes.size();
    u32(0x06054b50), u16(0), u16(0), u16(count), u16(count), u32(size), u32(start), u16(0);
  }

  std::vector<Part> parts_;
  std::vector<uint32_t> crcs_;  // 0: the right one (of a deflated part: none)
  bool zip64_end_ = false;
  BuiltArchive out_;
};

}  // namespace okibi::testing_help
