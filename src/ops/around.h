// ops/around.h: a contiguous tensor as (outer, n, inner) around one of its dimensions.
#pragma once

#include <okibi/tensor.h>

#include "tensor/geometry.h"

namespace okibi::ops {

// Of a tensor without dimensions all three are 1.
struct Extent {
  int64_t outer = 1, n = 1, inner = 1;
  Extent(const Dims& sizes, size_t dim) {
    if (sizes.empty()) return;
    n = sizes[dim];
    outer = product(sizes, 0, dim);
    inner = product(sizes, dim + 1, sizes.size());
  }

 private:
  static int64_t product(const Dims& sizes, size_t first, size_t last) {
    return numel_of(Dims(std::span<const int64_t>(sizes).subspan(first, last - first)));
  }
};

}  // namespace okibi::ops
