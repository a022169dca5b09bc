// ops/places.h: which elements x[i, None, mask, …] means.
#pragma once

#include "ops/indexing.h"

namespace okibi::ops {

// One of the indices, and which dimensions of x it names: one, or as many as a mask has.
struct NamedPart {
  Tensor index;
  size_t dim, dims;
  Dims sizes;  // of its index; of a mask how many are true
  bool is_mask;
};

struct IndexedShape {
  std::vector<NamedPart> parts;
  Dims picked;        // what the indices broadcast to
  Dims sizes;         // of the result
  bool others_first;  // the parts stand side by side, so that what they pick stands in their place
  size_t end;         // of the last dimension that is named
};
// Error(out_of_range) or Error(bad_argument), in PyTorch's words, where they do not fit x. Of the indices' numbers it
// looks only at how many of a mask are true.
IndexedShape shape_of_indexed(const Tensor& x, const Indices& indices);

// Where the elements stand in the memory of x, whose dimensions from shape.end on must be one run of it.
class PlacesIn {
 public:
  // Error(out_of_range) names the first index that is none, its position, and what is allowed.
  PlacesIn(const Tensor& x, const IndexedShape& shape);
  kernels::Places view() const noexcept { return {picked_, others_, others_first_, inner_}; }

 private:
  void add_mask(const Tensor& x, const NamedPart& part, const Dims& picked);
  void add_numbers(const Tensor& x, const NamedPart& part, const Dims& picked);
  void add_others(const Tensor& x, const IndexedShape& shape);
  std::vector<int64_t> picked_, others_;
  bool others_first_;
  int64_t inner_ = 1;
};
bool ends_in_runs(const Tensor& x, const IndexedShape& shape);

}  // namespace okibi::ops
