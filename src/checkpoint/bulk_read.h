// checkpoint/bulk_read.h: many records at once, from the file straight to where they belong.
#pragma once

#include <span>
#include <vector>

#include <okibi/checkpoint.h>
#include <okibi/zip.h>

namespace okibi::checkpoint {

// A stored record, or a part of one, and the memory for it.
struct RecordRead {
  const io::Source* source = nullptr;
  const zip::Record* record = nullptr;
  std::span<std::byte> into = {};
  uint64_t begin = 0;  // which byte of the record comes first

  bool is_whole() const noexcept { return into.size() == record->size; }
};

// Fills them all, with several reads in flight. Checks CRCs of whole records, reports progress and stops as the options
// say. Small records that are neighbours are read as one: a remote file answers one request as fast as any other.
void read_records(std::vector<RecordRead> reads, const LoadOptions& options);

}  // namespace okibi::checkpoint
