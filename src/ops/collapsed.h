// What a reduction over some dimensions looks at.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include <okibi/tensor.h>

#include "tensor/geometry.h"

namespace okibi::ops {

// Which of the dimensions: all where none is named. Error(out_of_range); Error(bad_argument) for one that is named
// twice.
inline std::vector<bool> named_dims(const Tensor& x, const std::optional<Dims>& dims) {
  const size_t rank = x.sizes().size();
  const bool all = !dims || dims->empty();
  std::vector<bool> named(rank, all);
  for (size_t i = 0; !all && i < dims->size(); ++i) {
    const size_t dim = wrap_dim((*dims)[i], rank);
    if (rank == 0) continue;
    if (named[dim]) {
      throw Error(ErrorKind::bad_argument, "a dimension appears twice in the list of dims").found(to_string(*dims));
    }
    named[dim] = true;
  }
  return named;
}

inline Dims sizes_without(const Tensor& x, const std::vector<bool>& named, bool keepdim) {
  Dims sizes;
  for (size_t d = 0; d < named.size(); ++d) {
    if (!named[d] || keepdim) sizes.push_back(named[d] ? 1 : x.sizes()[d]);
  }
  return sizes;
}

// x as (outer, n, inner) around what is reduced, contiguous; where that does not lie side by side, it is moved to the
// end.
struct Collapsed {
  Tensor x;
  int64_t outer = 1, n = 1, inner = 1;
};

inline Collapsed collapsed(const Tensor& x, const std::vector<bool>& named) {
  const auto first = std::find(named.begin(), named.end(), true);
  const auto last = std::find(named.rbegin(), named.rend(), true).base();
  const bool side_by_side = first >= last || std::all_of(first, last, [](bool is_named) { return is_named; });
  Collapsed result;
  Dims order, behind;
  for (size_t d = 0; d < named.size(); ++d) {
    const auto at = named.begin() + static_cast<ptrdiff_t>(d);
    const bool is_inner = side_by_side && !named[d] && at >= last;
    (named[d] ? result.n : is_inner ? result.inner : result.outer) *= x.sizes()[d];
    (named[d] ? behind : order).push_back(static_cast<int64_t>(d));
  }
  if (side_by_side) return result.x = x.contiguous(), result;
  for (const int64_t dim : behind) order.push_back(dim);
  result.x = x.permute(order).contiguous();
  return result;
}

}  // namespace okibi::ops
