// kernels/fetch.h: asking for rows of a large table before they are needed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace okibi::kernels {

// How many lookups ahead a row is asked for: any number from 8 to 32 does as well.
constexpr size_t rows_ahead = 16;

// Rows of a line or two the CPU overlaps by itself.
constexpr int64_t cache_line = 64, bytes_worth_fetching = 128;

template <class T>
inline void fetch_row(const T* row, int64_t dim) {
  const int64_t bytes = dim * static_cast<int64_t>(sizeof(T));
  if (bytes < bytes_worth_fetching) return;
  for (int64_t at = 0; at < bytes; at += cache_line) __builtin_prefetch(reinterpret_cast<const char*>(row) + at);
}

}  // namespace okibi::kernels
