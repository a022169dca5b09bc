// Arithmetic of sizes and strides: no bytes are touched here.
#pragma once

#include <okibi/dtype.h>

namespace okibi {

// A dimension counted from the end when negative, as an index. Error(out_of_range) in PyTorch's words.
size_t wrap_dim(int64_t dim, size_t rank);

bool is_contiguous(const Dims& sizes, const Dims& strides) noexcept;

// `sizes` with its -1, if any, replaced by what `numel` elements need.
Dims infer_size(Dims sizes, int64_t numel);

// Strides under which `new_sizes` shows the same elements in the same order; none where a copy is needed.
std::optional<Dims> view_strides(const Dims& sizes, const Dims& strides, const Dims& new_sizes);

// Strides that show `sizes` as `target`, with 0 where a size of 1 is repeated. -1 in `target` keeps a size.
struct Geometry {
  Dims sizes;
  Dims strides;
};
Geometry expand_geometry(const Dims& sizes, const Dims& strides, const Dims& target);

// Every element within `available` bytes, at most 64 dimensions, nothing negative, nothing that overflows. Else an
// error of the kind given, with the numbers.
void check_bounds(const Dims& sizes, const Dims& strides, int64_t storage_offset, size_t itemsize, uint64_t available,
                  ErrorKind kind);

// For strides and offsets that no element will be looked up with (a stride of a single element): may wrap around.
inline int64_t wrapping_add(int64_t a, int64_t b) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t wrapping_mul(int64_t a, int64_t b) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

}  // namespace okibi
