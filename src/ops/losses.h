// ops/losses.h: what losses share.
#pragma once

#include <okibi/ops.h>

namespace okibi::ops {

void check_reduction(Reduction reduction);  // none, mean or sum
// PyTorch has no derivative for it either: Error(unsupported) rather than a gradient that is not there.
void check_has_no_gradient(const Tensor& tensor, const char* name);

// The losses of rows, loss(row), into `out`: one by one, or added up, and as a mean divided.
template <class T, class Loss>
void reduce_rows(int64_t rows, Reduction reduction, double divisor, const Tensor& out, const Loss& loss) {
  T* const to = out.data<T>();
  double total = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const double value = loss(row);
    if (reduction == Reduction::none)
      to[row] = static_cast<T>(value);
    else
      total += value;
  }
  if (reduction == Reduction::none) return;
  *to = static_cast<T>(reduction == Reduction::mean ? total / divisor : total);
}

// On the way back: what comes from above for each row.
template <class T>
class RowGradients {
 public:
  RowGradients(const Tensor& gradient, Reduction reduction, double divisor) {
    if (reduction == Reduction::none)
      each_ = gradient.contiguous(), all_ = each_.data<T>();
    else
      one_ = gradient.item<double>() / (reduction == Reduction::mean ? divisor : 1);
  }
  double operator[](int64_t row) const { return all_ != nullptr ? static_cast<double>(all_[row]) : one_; }

 private:
  Tensor each_;
  const T* all_ = nullptr;
  double one_ = 0;
};

}  // namespace okibi::ops
