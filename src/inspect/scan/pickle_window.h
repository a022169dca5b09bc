// inspect/scan/pickle_window.h: pickles at known places of a source that may be far larger than memory.
#pragma once

#include "inspect/scan/names.h"
#include "inspect/scan/part.h"

namespace okibi::inspect {

// Reads as much as the pickle at an offset needs, and keeps it for the next one behind it.
class PickleWindow {
 public:
  PickleWindow(const io::Source& source, uint64_t most) : source_(source), most_(most) {}
  PickleNames names_at(uint64_t offset);  // Error(limit) when a pickle has more than `most` bytes
  std::span<const std::byte> from(uint64_t offset, uint64_t length);  // at least these; good until the next call

 private:
  const io::Source& source_;
  uint64_t most_;
  uint64_t begin_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace okibi::inspect
