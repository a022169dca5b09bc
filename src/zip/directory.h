// zip/directory.h: the central directory, entry by entry.
#pragma once

#include <okibi/zip.h>

#include <vector>

#include "zip/end_records.h"

namespace okibi::zip {

// One entry of the directory. The record's name has its root still on, and its offset is not yet known.
struct Entry {
  Record record;
  uint16_t flags = 0;
  uint16_t method = 0;
  uint64_t header_offset = 0;
  bool is_folder = false;  // "model/data/", as some packers add: no record, but it takes its place
};

// Every entry on its own is checked here: names, flags, method, zip64 fields.
std::vector<Entry> parse_directory(const io::Source& source, const DirectoryBytes& directory, const Limits& limits);

}  // namespace okibi::zip
