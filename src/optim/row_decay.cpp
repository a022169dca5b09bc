// Weight decay of rows that are touched now and then, as if they had decayed in each step: a step multiplies a row by
// 1 - lr · weight_decay, so a row is owed the product of those of the steps that it missed. Logarithms of that product are
// kept, since after many steps the product itself would be too small for a number.
#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "optim/rule.h"
#include "optim/sparse_rows.h"

namespace okibi::optim {
namespace {

template <class T>
void scale_row(const Tensor& parameter, int64_t row, double factor) {
  const int64_t width = width_of(parameter);
  T* elements = parameter.data<T>() + row * width;
  kernels::scale(width, elements, static_cast<T>(factor), elements);
}

void catch_up_row(const Tensor& parameter, ParameterState& state, int64_t row) {
  double& decay = state.row_decay.data<double>()[row];
  if (decay == state.decay) return;
  const double factor = std::exp(state.decay - decay);
  parameter.dtype() == float64 ? scale_row<double>(parameter, row, factor) : scale_row<float>(parameter, row, factor);
  decay = state.decay;
}

}  // namespace

void check_decay(const GroupOptions& options) {
  const double share = options.lr * options.weight_decay;
  if (options.sparse_rows != SparseRows::exact_decay || share < 1) return;
  throw Error(ErrorKind::bad_argument, "weight decay can be caught up only while lr · weight_decay is below 1")
      .found(std::to_string(share));
}

void catch_up(const Tensor& parameter, ParameterState& state, const int64_t* rows, int64_t count) {
  if (!state.row_decay.defined()) return;
  const NoGrad no_grad;
  const Tensor dense = parameter.contiguous();
  for (int64_t i = 0; i < count; ++i) catch_up_row(dense, state, rows != nullptr ? rows[i] : i);
  if (!dense.is_same(parameter))
    parameter.copy_(dense);
  else
    parameter.storage()->bump_version();
}

void note_decay(const GroupOptions& options, const Tensor& parameter, ParameterState& state, const Tensor& gradient) {
  if (!state.row_decay.defined()) return;
  state.decay += std::log1p(-options.lr * options.weight_decay);
  double* decay = state.row_decay.data<double>();
  if (!gradient.is_sparse()) {
    std::fill_n(decay, rows_of(parameter), state.decay);
    return;
  }
  const SparseGradient touched(gradient);
  for (int64_t i = 0; i < touched.count; ++i) decay[touched.rows()[i]] = state.decay;
}

}  // namespace okibi::optim
