// kernels/touched_rows.h: the rows of a table that the entries of a sparse gradient name, for loops that step each row
// once.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/row_groups.h"

namespace okibi::kernels {

template <class T>
struct TouchedRows {
  const RowGroups& groups;
  size_t first, last;  // entries, of whole rows
  int64_t width;
  const T* gradient;  // (entries, width), by position
  // What is asked for some rows before it is needed: arrays with `width` elements a row, and one with a number a row.
  // Null where there is none.
  std::array<const T*, 4> arrays = {};
  const T* numbers = nullptr;
  // Called before a row is stepped, where it is given.
  void (*before)(const void* context, int64_t row) = nullptr;
  const void* context = nullptr;
  const double* numbers_of_before = nullptr;  // one a row
};

}  // namespace okibi::kernels
