// Rows of elements, moved and converted.
#pragma once

#include <okibi/dtype.h>

#include <cstddef>

#include "tensor/half_rows.h"

namespace okibi {

// Copies elements, unchanged, between rows whose elements lie `step` bytes apart.
using MoveRow = void (*)(std::byte* to, ptrdiff_t to_step, const std::byte* from, ptrdiff_t from_step, size_t count);
MoveRow row_mover(size_t itemsize);

// Writes one element, of the size that the filler was asked for, into a whole row.
using FillRow = void (*)(std::byte* to, ptrdiff_t step, const std::byte* element, size_t count);
FillRow row_filler(size_t itemsize);

// Converts a row. Made for a pair of dtypes: Error(unsupported), with both names, where there is no conversion.
class RowConverter {
 public:
  RowConverter(DType to, DType from);
  void operator()(std::byte* to, ptrdiff_t to_step, const std::byte* from, ptrdiff_t from_step, size_t count) const;

  using Load = void (*)(std::byte* wide, const std::byte* from, ptrdiff_t step, size_t count);
  using Store = void (*)(std::byte* to, ptrdiff_t step, const std::byte* wide, size_t count);

 private:
  HalfRow half_ = nullptr;
  Load load_ = nullptr;
  Store store_ = nullptr;
  ptrdiff_t to_size_ = 0, from_size_ = 0;
};

}  // namespace okibi
