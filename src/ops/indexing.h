// ops/indexing.h: what operators that pick by tensors have in common, and those of them that work in place.
#pragma once

#include <optional>
#include <vector>

#include "kernels/indexing.h"
#include "ops/arranging.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "tensor/body.h"

namespace okibi::ops {

// x[i, None, j]: undefined where a dimension is taken whole. They get no gradient.
struct Indices {
  std::vector<Tensor> list;
};
template <>
struct FromValue<Indices> {
  static Indices of(const Value& list) {
    Indices indices;
    for (size_t i = 0; i < list.size(); ++i) indices.list.push_back(FromValue<Tensor>::of(list[i]));
    return indices;
  }
};
inline void require_resolved(const Indices& indices) { require_resolved(indices.list); }
inline Value boxed(const Indices& indices) { return trace::boxed(indices.list); }

// index_put: x, but for `values` where the indices say.
Tensor with_values_at(const Tensor& x, const Indices& indices, const Tensor& values);

// Numbers that can be moved about one by one. Error(unsupported) for sparse, nested, quantised and packed ones.
void require_plain(const Tensor& x, std::string_view name);
void require_same_dtype(const Tensor& x, const Tensor& source, std::string_view name);
// One byte for each element of `mask`, contiguous: 0 where it is false. Error(bad_argument) unless it is boolean.
Tensor truth_of(const Tensor& mask, std::string_view name);

inline int64_t bytes_of(const Tensor& x) { return static_cast<int64_t>(itemsize(x.dtype())); }

// Of int64 or int32. And contiguous, each one of 0 to n - 1: Error(out_of_range) names the first that is not.
void require_index(const Tensor& index, std::string_view name);
void require_within(const Tensor& index, int64_t n, size_t dim);

// What scatter and its kin want of an index and a source.
void check_scatter(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
// As much of x as an index of these sizes reaches, which in dimension `but` is all.
Tensor reached(const Tensor& x, const Dims& sizes, std::optional<size_t> but);
// One number for each place of the index, where a source of these sizes has it, and zeros elsewhere.
Tensor enlarged(const Tensor& taken, const Tensor& index, const Dims& sizes);

// Error(unsupported) where a change in place would lose the gradient of what is put into x.
void refuse_lost_gradient(const Tensor& source, std::string_view name);

// Changes x by work(tensor), which is x itself where that may be changed as it lies, or else a contiguous copy that is
// copied back. Nothing is copied before x is known to be such as may be changed.
template <class Work>
const Tensor& change_in_place(const Tensor& x, bool as_it_lies, Work&& work) {
  require_strided_target(x, "a change in place");
  require_writable(x);
  require_resolved(x);
  x.raw_data();  // Error(bad_argument) where there are no numbers
  const NoGrad changing;
  if (as_it_lies) {
    work(x);
    x.storage()->bump_version();
    return x;
  }
  const Tensor copy = x.clone();
  work(copy);
  return x.copy_(copy);
}
template <class Work>
const Tensor& change_in_place(const Tensor& x, Work&& work) {
  return change_in_place(x, x.is_contiguous(), std::forward<Work>(work));
}
// `source` contiguous, and in other memory than x, which is about to change.
Tensor apart_from(const Tensor& x, const Tensor& source);

// ---- in place, with everything checked
const Tensor& scatter_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
const Tensor& scatter_value_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Value& value);
const Tensor& scatter_add_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
const Tensor& index_copy_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
const Tensor& masked_scatter_in_place(const Tensor& x, const Tensor& mask, const Tensor& source);

}  // namespace okibi::ops
