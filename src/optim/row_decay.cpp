// Weight decay of rows that are touched now and then, as if they had decayed in each step: a step multiplies a row by
// 1 - lr · weight_decay, so a row is owed the product of those of the steps that it missed. Logarithms of that product are
// kept, since after many steps the product itself would be too small for a number.
#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "optim/rule.h"
#include "optim/elements.h"

namespace okibi::optim {

void check_decay(const GroupOptions& options) {
  const double share = options.lr * options.weight_decay;
  if (options.sparse_rows != SparseRows::exact_decay || share < 1) return;
  throw Error(ErrorKind::bad_argument, "weight decay can be caught up only while lr · weight_decay is below 1")
      .found(std::to_string(share));
}

double decay_of_step(const GroupOptions& options) { return std::log1p(-options.lr * options.weight_decay); }

template <class T>
void catch_up_row(const RowDecay& decay, int64_t row, int64_t width, T* elements) {
  double& of_row = decay.of_rows[row];
  if (of_row != decay.before) kernels::scale(width, elements, static_cast<T>(std::exp(decay.before - of_row)), elements);
  of_row = decay.after;
}
template void catch_up_row(const RowDecay&, int64_t, int64_t, float*);
template void catch_up_row(const RowDecay&, int64_t, int64_t, double*);

void catch_up(const Tensor& parameter, ParameterState& state, const int64_t* rows, int64_t count) {
  if (!state.row_decay.defined()) return;
  const NoGrad no_grad;
  const RowDecay decay{state.row_decay.data<double>(), state.decay, state.decay};
  with_elements(parameter, [&]<class T>(T* elements) {
    const int64_t width = width_of(parameter);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = rows != nullptr ? rows[i] : i;
      catch_up_row(decay, row, width, elements + row * width);
    }
  });
}

}  // namespace okibi::optim
