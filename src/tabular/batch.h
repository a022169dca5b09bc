// Rows of a table, gathered for one step.
#pragma once

#include <okibi/tabular.h>

#include <span>

namespace okibi::tabular {

// Tensors that each step fills anew. The categorical one is laid out column by column, so that each embedding reads its
// indices in a row.
class Batch {
 public:
  Batch() = default;
  Batch(const Encoded& data, int64_t rows);

  void gather(const Encoded& data, std::span<const int64_t> rows);

  const Tensor& categorical() const noexcept { return categorical_; }  // (rows, columns) int64
  const Tensor& continuous() const noexcept { return continuous_; }    // (rows, columns) float32
  const Tensor& target() const noexcept { return target_; }            // (rows) float32

 private:
  Tensor categorical_, continuous_, target_;
};

}  // namespace okibi::tabular
