// The rows that a sparse gradient touches.
#pragma once

#include <okibi/tensor.h>

#include <algorithm>

#include "kernels/row_groups.h"

namespace okibi::optim {

// A sparse gradient as bare memory, checked against the parameter's rows. Error(bad_argument) for indices outside, or a
// gradient that is sparse in more than rows.
struct SparseGradient {
  explicit SparseGradient(const Tensor& gradient);
  // Makes one entry of those of each row, where that is less work than sorting them: where rows of the parameter are
  // few. The sum is made in the order in which the entries came.
  void add_up_few(int64_t rows_of_parameter);
  Tensor indices, values;  // int64 (1, count), (count, width…), contiguous
  int64_t count, width;
  const int64_t* rows() const { return indices.data<int64_t>(); }
};

// Error(bad_argument) unless all rows lie in [0, below).
void check_rows(const int64_t* rows, int64_t count, int64_t below);

// Of the entries [first, last) of `groups`, which are the gradient's: work(row, sum of the row's gradients) for each
// row once, rows ascending, for steps that go through all rows, touched or not. The sum is made in the order in which
// the entries came, as PyTorch's coalesce() makes it. work must not keep the pointer.
template <class T, class Work>
void for_each_touched_row(const SparseGradient& gradient, const kernels::RowGroups& groups, size_t first, size_t last,
                          const Work& work) {
  const int64_t width = gradient.width;
  const auto values = [all = gradient.values.data<T>(), &groups, width](size_t entry) {
    return all + static_cast<int64_t>(groups.position(entry)) * width;
  };
  const kernels::Scratch<T> sum(static_cast<size_t>(width));
  groups.for_each_row(first, last, [&](size_t begin, size_t end) {
    if (end - begin == 1) return work(groups.row(begin), values(begin));
    std::copy_n(values(begin), width, sum.data());
    for (size_t entry = begin + 1; entry < end; ++entry) {
      const T* const row = values(entry);
      for (int64_t i = 0; i < width; ++i) sum.data()[i] += row[i];
    }
    work(groups.row(begin), static_cast<const T*>(sum.data()));
  });
}

}  // namespace okibi::optim
