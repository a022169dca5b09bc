// kernels/fetch.h: asking for rows of a large table before they are needed.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace okibi::kernels {

// How many lookups ahead a row is asked for: any number from 8 to 32 does as well.
constexpr size_t rows_ahead = 16;

constexpr int64_t cache_line = 64;

// Rows 2^n · i to 2^n · (i + 1) - 1 lie on lines of their own, or nearly: what threads that change rows share by, since
// they would fight for a line. Returns n.
constexpr int line_shift(int64_t bytes_of_row) {
  return std::bit_width(static_cast<uint64_t>((cache_line - 1) / std::max<int64_t>(bytes_of_row, 1)));
}

// Rows of a line or two the CPU overlaps by itself.
constexpr int64_t bytes_worth_fetching = 128;

template <class T>
inline void fetch_row(const T* row, int64_t dim) {
  const int64_t bytes = dim * static_cast<int64_t>(sizeof(T));
  if (bytes < bytes_worth_fetching) return;
  for (int64_t at = 0; at < bytes; at += cache_line) __builtin_prefetch(reinterpret_cast<const char*>(row) + at);
}

}  // namespace okibi::kernels
