// checkpoint/formats/tar.h: the members of a tar archive (POSIX.1-2001, "ustar" and "pax"), for reading only. Nothing
// is ever unpacked, so that links, devices and climbing names can do no harm; they are refused all the same.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <okibi/io.h>

namespace okibi::checkpoint {

// A regular file in the archive: bytes [offset, offset + size) of the source.
struct TarMember {
  std::string name;
  uint64_t offset = 0, size = 0;
};

bool is_tar(const io::Source& source);

// The header of a member. Nothing of it is checked until it is asked for.
class TarHeader {
 public:
  static constexpr uint64_t block = 512;  // of it, and what members are filled up to
  TarHeader(const io::Source& source, uint64_t offset);

  std::string name() const;  // with its prefix
  char type() const;
  bool is_file() const { return type() == '0' || type() == '\0'; }
  std::optional<uint64_t> size() const;      // nothing where it is no octal number
  std::optional<uint64_t> checksum() const;  // that it says
  uint64_t sum() const;                      // that it has
  bool has_magic() const;
  bool is_empty() const;  // all zeros: the end

 private:
  struct Field {
    size_t offset, size;
  };
  std::string_view text(Field field) const;
  std::optional<uint64_t> octal(Field field) const;

  std::array<char, block> bytes_;
};

// All members, in order. Error(bad_file) for a checksum that does not match, for anything but regular files, for a name
// that stands there twice, and for an archive that is cut or followed by something.
std::vector<TarMember> read_tar(const io::Source& source, const Limits& limits);

}  // namespace okibi::checkpoint
