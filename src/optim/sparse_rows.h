// The rows that a sparse gradient touches.
#pragma once

#include <okibi/tensor.h>

#include "tensor/pool.h"

namespace okibi::optim {

// A sparse gradient as bare memory, checked against the parameter's rows. Error(bad_argument) for indices outside, or a
// gradient that is sparse in more than rows.
struct SparseGradient {
  explicit SparseGradient(const Tensor& gradient);
  Tensor indices, values;  // int64 (1, count), (count, width…), contiguous
  int64_t count, width;
  const int64_t* rows() const { return indices.data<int64_t>(); }
};

// Error(bad_argument) unless all rows lie in [0, below).
void check_rows(const int64_t* rows, int64_t count, int64_t below);

// The entries ordered by row, those of one row in the order in which they came.
pool::Vector<int64_t> entries_by_row(const SparseGradient& gradient);

// work(row, sum of the row's gradients) for each touched row once, rows ascending. The sum is made in the order in which
// the entries came, as PyTorch's coalesce() makes it. work must not keep the pointer.
template <class T, class Work>
void for_each_touched_row(const Tensor& sparse, const Work& work) {
  const SparseGradient gradient(sparse);
  const pool::Vector<int64_t> order = entries_by_row(gradient);
  const T* values = gradient.values.data<T>();
  const int64_t width = gradient.width;
  pool::Vector<T> sum(static_cast<size_t>(width));
  for (size_t i = 0; i < order.size();) {
    const int64_t row = gradient.rows()[order[i]];
    const T* first = values + order[i] * width;
    size_t next = i + 1;
    if (next == order.size() || gradient.rows()[order[next]] != row) {
      work(row, first);
    } else {
      sum.assign(first, first + width);
      for (; next < order.size() && gradient.rows()[order[next]] == row; ++next) {
        for (int64_t j = 0; j < width; ++j) sum[static_cast<size_t>(j)] += values[order[next] * width + j];
      }
      work(row, static_cast<const T*>(sum.data()));
    }
    i = next;
  }
}

}  // namespace okibi::optim
