// kernels/indexing.h: numbers moved to and from places that tables name. Whoever calls has checked every place.
//
// What the numbers are matters only where they are added up: float, double, Half, BFloat16, all integers of up to 64
// bits, which wrap around, and bool, whose sum is "or".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace okibi::kernels {

// Rows of `inner` numbers in a tensor: at picked[p] + others[o] (in numbers) for each p and o. Written one after the
// other they are in the order (o, p) where `others_first`, else (p, o).
struct Places {
  std::span<const int64_t> picked, others;
  bool others_first = true;
  int64_t inner = 1;

  int64_t rows() const noexcept { return static_cast<int64_t>(picked.size() * others.size()); }
};
void pick(const Places& places, int64_t itemsize, const std::byte* x, std::byte* out);
void put(const Places& places, int64_t itemsize, const std::byte* values, std::byte* x);  // of two the later stays
template <class T>
void add_at(const Places& places, const T* values, T* x);

// A contiguous x (outer, n, inner), and (outer, count, inner) places along its middle dimension.
struct Along {
  int64_t outer, n, count, inner;
};
template <class Index>  // out[o, i, j] = x[o, at[o, i, j], j]
void gather_along(const Along& along, int64_t itemsize, const Index* at, const std::byte* x, std::byte* out);
// x[o, at[o, i, j], j] = source[o, i, j], or the one number at `source` where it is not one for each.
template <class Index>
void scatter_along(const Along& along, int64_t itemsize, const Index* at, const std::byte* source, bool one_for_each,
                   std::byte* x);
template <class T, class Index>
void add_along(const Along& along, const Index* at, const T* source, T* x);

// How many of n are true, and where they stand. Bytes, since in a file a boolean may be any: what is not 0 is true.
int64_t count_true(int64_t n, const std::byte* mask);
void places_of_true(int64_t n, const std::byte* mask, int64_t* out);

}  // namespace okibi::kernels
