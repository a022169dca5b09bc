// checkpoint/bulk_read.h: many records at once, from the file straight to where they belong.
#pragma once

#include <span>
#include <vector>

#include <okibi/checkpoint.h>
#include <okibi/zip.h>

namespace okibi::checkpoint {

// A stored record and the memory for it, of exactly its size.
struct RecordRead {
  const zip::Record* record = nullptr;
  std::span<std::byte> into = {};
};

// Fills them all, with several reads in flight. Checks CRCs, reports progress and stops as the options say. Small
// records that are neighbours are read as one: a remote file answers one request as fast as any other.
void read_records(const io::Source& source, std::vector<RecordRead> reads, const LoadOptions& options);

}  // namespace okibi::checkpoint
