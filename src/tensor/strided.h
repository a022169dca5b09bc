// Walks over the elements of one or two strided tensors, row by row, in the order of their indices.
#pragma once

#include <okibi/dtype.h>

#include <cstddef>
#include <functional>

namespace okibi {

// Where one side of a walk lies: its first element, and the strides in bytes.
struct StridedBytes {
  std::byte* first;
  Dims strides;
};
StridedBytes strided_bytes(std::byte* first, const Dims& strides, size_t itemsize);

// A walk over both sides at once. Dimensions that are one run of memory on both sides become one.
class PairWalk {
 public:
  PairWalk(Dims sizes, StridedBytes to, StridedBytes from);

  int64_t numel() const noexcept { return numel_; }
  ptrdiff_t to_step() const noexcept { return to_.strides.back(); }
  ptrdiff_t from_step() const noexcept { return from_.strides.back(); }

  // Calls row(to, from, count) for elements [begin, end), count elements at to_step() and from_step() at a time.
  template <class Row>
  void rows(int64_t begin, int64_t end, Row&& row) const {
    const int64_t length = sizes_.back();
    while (begin < end) {
      const int64_t within = begin % length, count = std::min(length - within, end - begin);
      const auto [to, from] = offsets_of_row(begin / length);
      row(to_.first + to + within * to_step(), from_.first + from + within * from_step(), static_cast<size_t>(count));
      begin += count;
    }
  }

 private:
  struct Offsets {
    ptrdiff_t to = 0, from = 0;
  };
  Offsets offsets_of_row(int64_t row) const noexcept;

  Dims sizes_;
  StridedBytes to_, from_;
  int64_t numel_;
};

}  // namespace okibi
