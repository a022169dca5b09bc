// zip/end_records.h: the last bytes of an archive, which say where its directory is.
#pragma once

#include <okibi/io.h>

#include <vector>

namespace okibi::zip {

// Where the central directory lies, and its bytes.
struct DirectoryBytes {
  uint64_t offset = 0;
  uint64_t count = 0;  // entries, as the end record claims
  std::vector<std::byte> bytes;
};

// Finds the end records, checks that they agree with each other and that the directory ends where they begin, and reads
// it: mostly with a single read, because the tail of the file holds it all.
DirectoryBytes read_directory(const io::Source& source, const Limits& limits);

}  // namespace okibi::zip
