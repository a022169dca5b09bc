// io/read_ahead.h: a range of a source from its begin to its end, each piece read while the one before is worked on.
#pragma once

#include <future>
#include <span>
#include <vector>

#include <okibi/io.h>

namespace okibi::io {

class ReadAhead {
 public:
  // Two pieces are in memory at a time. The source must outlive this.
  ReadAhead(const Source& source, uint64_t begin, uint64_t size, uint64_t piece_bytes);

  // The next piece, which lasts until the call after the next one; empty at the end.
  std::span<std::byte> next();

 private:
  std::future<std::span<std::byte>> start();

  const Source& source_;
  uint64_t offset_, left_;
  const uint64_t piece_bytes_;
  std::vector<std::byte> buffers_[2];
  bool turn_ = false;
  std::future<std::span<std::byte>> next_;  // last: its thread ends before the buffers go
};

}  // namespace okibi::io
