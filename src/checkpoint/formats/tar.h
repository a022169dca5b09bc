// checkpoint/formats/tar.h: the members of a tar archive (POSIX.1-2001, "ustar" and "pax"), for reading only. Nothing
// is ever unpacked, so that links, devices and climbing names can do no harm; they are refused all the same.
#pragma once

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

// All members, in order. Error(bad_file) for a checksum that does not match, for anything but regular files, for a name
// that stands there twice, and for an archive that is cut or followed by something.
std::vector<TarMember> read_tar(const io::Source& source, const Limits& limits);

}  // namespace okibi::checkpoint
