// checkpoint/formats/pickle_stream.h: pickles one after another in a file, with numbers and other bytes between them,
// as PyTorch wrote before it took to zip archives.
#pragma once

#include <string_view>
#include <vector>

#include <okibi/io.h>
#include <okibi/pickle.h>

namespace okibi::checkpoint {

// Reads no more than a window at a time: what lies between the pickles is passed over unread.
class PickleStream {
 public:
  // Bytes [begin, end) of the source, which must outlive this.
  PickleStream(const io::Source& source, uint64_t begin, uint64_t end, const Limits& limits)
      : source_(source), offset_(begin), end_(end), limits_(limits) {}

  uint64_t offset() const noexcept { return offset_; }  // of what comes next, in the source
  uint64_t left() const noexcept { return end_ - offset_; }

  // The next pickle; `what` names it in messages.
  pickle::Graph next(std::string_view what);
  // A little-endian number.
  template <class Number>
  Number number(std::string_view what) {
    return load_le<Number>(bytes(sizeof(Number), what).data());
  }
  // So many bytes, which stay good until the next call. Error(bad_file) when they are not there.
  std::span<const std::byte> bytes(uint64_t count, std::string_view what);
  void skip(uint64_t count, std::string_view what);

 private:
  void check_left(uint64_t count, std::string_view what) const;
  std::span<const std::byte> peek(uint64_t count);
  pickle::Graph decode_next();

  const io::Source& source_;
  uint64_t offset_, end_;
  Limits limits_;
  std::vector<std::byte> window_;
  uint64_t window_begin_ = 0;
};

}  // namespace okibi::checkpoint
