// What a reduction over some dimensions looks at.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include <okibi/tensor.h>

#include "tensor/geometry.h"

namespace okibi::ops {

// Some of the dimensions, of which a tensor has at most 64 (Limits::max_tensor_dims). Takes no memory from the heap.
struct NamedDims {
  uint64_t bits = 0;
  size_t rank = 0;

  bool operator[](size_t dim) const noexcept { return (bits >> dim & 1) != 0; }
  size_t size() const noexcept { return rank; }
  size_t first() const noexcept { return static_cast<size_t>(std::countr_zero(bits)); }
  size_t end() const noexcept { return 64 - static_cast<size_t>(std::countl_zero(bits)); }  // behind the last
  bool side_by_side() const noexcept {
    return bits == 0 || end() - first() == static_cast<size_t>(std::popcount(bits));
  }
};

// Which of the dimensions: all where none is named. Error(out_of_range); Error(bad_argument) for one that is named
// twice.
inline NamedDims named_dims(const Tensor& x, const std::optional<Dims>& dims) {
  NamedDims named{.rank = x.sizes().size()};
  if (named.rank > 64) {  // views may have made more of them
    throw Error(ErrorKind::limit, "reductions are over tensors of at most 64 dimensions")
        .found(std::to_string(named.rank));
  }
  if (!dims || dims->empty()) {
    named.bits = named.rank == 64 ? ~uint64_t{0} : (uint64_t{1} << named.rank) - 1;
    return named;
  }
  for (const int64_t one : *dims) {
    const size_t dim = wrap_dim(one, named.rank);
    if (named.rank == 0) continue;
    if (named[dim]) {
      throw Error(ErrorKind::bad_argument, "a dimension appears twice in the list of dims").found(to_string(*dims));
    }
    named.bits |= uint64_t{1} << dim;
  }
  return named;
}

inline Dims all_but(const Tensor& x, size_t dim) {
  Dims others;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    if (d != dim) others.push_back(static_cast<int64_t>(d));
  }
  return others;
}

inline Dims sizes_without(const Tensor& x, const NamedDims& named, bool keepdim) {
  Dims sizes;
  for (size_t d = 0; d < named.size(); ++d) {
    if (!named[d] || keepdim) sizes.push_back(named[d] ? 1 : x.sizes()[d]);
  }
  return sizes;
}

// Error unless there is something to choose from.
inline void require_some(const Tensor& x, const NamedDims& named, std::string_view name) {
  for (size_t d = 0; d < named.size(); ++d) {
    if (!named[d] || x.sizes()[d] > 0) continue;
    throw Error(ErrorKind::bad_argument,
                fmt::format("{}(): Expected reduction dim {} to have non-zero size: there is nothing to choose from "
                            "along a dimension of 0",
                            name, d))
        .found(to_string(x.sizes()));
  }
}

// x as (outer, n, inner) around what is reduced, contiguous; where that does not lie side by side, it is moved to the
// end.
struct Collapsed {
  Tensor x;
  int64_t outer = 1, n = 1, inner = 1;
};

inline Collapsed collapsed(const Tensor& x, const NamedDims& named) {
  const bool stays = named.side_by_side();
  Collapsed result;
  for (size_t d = 0; d < named.size(); ++d) {
    const bool is_inner = stays && !named[d] && d >= named.end();
    (named[d] ? result.n : is_inner ? result.inner : result.outer) *= x.sizes()[d];
  }
  if (stays) return result.x = x.contiguous(), result;
  Dims order;
  for (const bool is_named : {false, true}) {
    for (size_t d = 0; d < named.size(); ++d) {
      if (named[d] == is_named) order.push_back(static_cast<int64_t>(d));
    }
  }
  result.x = x.permute(order).contiguous();
  return result;
}

}  // namespace okibi::ops
