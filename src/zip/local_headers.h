// zip/local_headers.h: what stands beside the records themselves, compared with the directory.
#pragma once

#include <vector>

#include "zip/directory.h"

namespace okibi::zip {

// Reads all local headers and data descriptors, many at once, and gives each record its offset. Checks that they say
// what the directory says, and that headers, data and descriptors follow each other from the first byte of the file to
// the directory with no overlap and no hole.
void place_records(const io::Source& source, std::vector<Entry>& entries, uint64_t directory_offset);

}  // namespace okibi::zip
