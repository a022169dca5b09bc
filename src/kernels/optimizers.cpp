// One step of an optimizer over one parameter, rounded where PyTorch rounds, so that its state has PyTorch's bits.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/optimizers.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "kernels/fetch.h"
#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/split.h"
#include "kernels/touched_rows-inl.h"
#include "kernels/usual_width.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

// The gradient as the step uses it: negated to climb, with the weight decay added.
template <class T, class Scalars>
HWY_INLINE VecOf<T> effective(const Scalars& s, VecOf<T> grad, VecOf<T> parameter) {
  if (s.maximize) grad = hn::Neg(grad);
  return s.decay != 0 ? hn::MulAdd(hn::Set(Full<T>(), s.decay), parameter, grad) : grad;
}

// Every array is read and written a vector at a time: step(gradient, values) changes values[k] of arrays[k]. The last
// elements go the same way, so their bits do not depend on where they stand.
template <class T, size_t K, class Step>
HWY_INLINE void update(int64_t n, const T* grad, T* const (&arrays)[K], Step step) {
  const Full<T> d;
  VecOf<T> values[K];
  int64_t i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>()) {
    for (size_t k = 0; k < K; ++k) values[k] = hn::LoadU(d, arrays[k] + i);
    step(hn::LoadU(d, grad + i), values);
    for (size_t k = 0; k < K; ++k) hn::StoreU(values[k], d, arrays[k] + i);
  }
  if (const int64_t rest = n - i; rest > 0) {
    for (size_t k = 0; k < K; ++k) values[k] = load_some<T>(arrays[k] + i, rest);
    step(load_some<T>(grad + i, rest), values);
    for (size_t k = 0; k < K; ++k) store_some<T>(values[k], arrays[k] + i, rest);
  }
}

// torch.lerp starts from the nearer end.
template <class T>
HWY_INLINE VecOf<T> lerp(VecOf<T> from, VecOf<T> to, T weight) {
  const Full<T> d;
  const auto way = hn::Sub(to, from);
  return weight < T(0.5) ? hn::MulAdd(hn::Set(d, weight), way, from) : hn::MulAdd(hn::Set(d, weight - 1), way, to);
}

// beta · average + fresh · grad²
template <class T>
HWY_INLINE VecOf<T> average_of_squares(VecOf<T> average, VecOf<T> grad, T beta, T fresh) {
  const Full<T> d;
  return hn::MulAdd(hn::Mul(hn::Set(d, fresh), grad), grad, hn::Mul(average, hn::Set(d, beta)));
}

// from + factor · numerator / denominator, as torch.addcdiv rounds it.
template <class T>
HWY_INLINE VecOf<T> plus_quotient(VecOf<T> from, T factor, VecOf<T> numerator, VecOf<T> denominator) {
  return hn::Add(from, hn::Div(hn::Mul(hn::Set(Full<T>(), factor), numerator), denominator));
}

template <class T>
void sgd(int64_t n, const SgdScalars<T>& given, const T* grad, T* momentum_buffer, T* parameter) {
  const Full<T> d;
  const SgdScalars<T> s = given;  // a copy that no store through T* can change
  if (s.momentum == 0) {
    return update(n, grad, {parameter}, [&](VecOf<T> g, auto& values) {
      values[0] = hn::MulAdd(hn::Set(d, s.minus_lr), effective<T>(s, g, values[0]), values[0]);
    });
  }
  update(n, grad, {parameter, momentum_buffer}, [&](VecOf<T> g, auto& values) {
    auto& [p, buffer] = values;
    const auto momentum = hn::Set(d, s.momentum);
    g = effective<T>(s, g, p);
    buffer = s.first ? g : hn::MulAdd(hn::Set(d, s.fresh), g, hn::Mul(buffer, momentum));
    g = s.nesterov ? hn::MulAdd(momentum, buffer, g) : buffer;
    p = hn::MulAdd(hn::Set(d, s.minus_lr), g, p);
  });
}

// row += factor · grad. `known` is the width where the compiler knows it, a power of two: then no vector has lanes left
// over, whose masks keep a row that comes again at once from being read out of the store before.
template <int64_t known, class T>
HWY_INLINE void add_row(int64_t width, T factor, const T* grad, T* row) {
  if constexpr (known > 0) {
    const hn::CappedTag<T, known> d;
    const auto by = hn::Set(d, factor);
    for (int64_t c = 0; c < known; c += static_cast<int64_t>(hn::Lanes(d))) {
      hn::StoreU(hn::MulAdd(by, hn::LoadU(d, grad + c), hn::LoadU(d, row + c)), d, row + c);
    }
  } else {
    const auto by = hn::Set(Full<T>(), factor);
    const auto moved = [by](auto p, auto g) HWY_ATTR { return hn::MulAdd(by, g, p); };
    map(width, row, moved, static_cast<const T*>(row), grad);
  }
}

template <class T>
void add_rows(std::span<const int64_t> ids, const RowShare& share, int64_t width, T factor, const T* grad,
              T* parameter) {
  with_width(width, [&](auto known) HWY_ATTR {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i + rows_ahead < ids.size()) fetch_row(parameter + ids[i + rows_ahead] * width, width);
      if (!share.has(ids[i])) continue;
      add_row<known()>(width, factor, grad + static_cast<int64_t>(i) * width, parameter + ids[i] * width);
    }
  });
}

template <class T>
void adam(int64_t n, const AdamScalars<T>& given, const T* grad, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq,
          T* parameter) {
  const Full<T> d;
  const AdamScalars<T> s = given;
  const auto averages = [&](VecOf<T> g, VecOf<T>& p, VecOf<T>& m, VecOf<T>& v) {
    if (s.kept != 1) p = hn::Mul(p, hn::Set(d, s.kept));
    g = effective<T>(s, g, p);
    m = lerp(m, g, s.fresh1);
    v = average_of_squares(v, g, s.beta2, s.fresh2);
  };
  const auto moved = [&](VecOf<T> p, VecOf<T> m, VecOf<T> v) {
    const auto denominator = hn::Add(hn::Div(hn::Sqrt(v), hn::Set(d, s.correction2)), hn::Set(d, s.eps));
    return plus_quotient(p, s.minus_step, m, denominator);
  };
  if (max_exp_avg_sq == nullptr) {
    return update(n, grad, {parameter, exp_avg, exp_avg_sq}, [&](VecOf<T> g, auto& values) {
      auto& [p, m, v] = values;
      averages(g, p, m, v);
      p = moved(p, m, v);
    });
  }
  update(n, grad, {parameter, exp_avg, exp_avg_sq, max_exp_avg_sq}, [&](VecOf<T> g, auto& values) {
    auto& [p, m, v, most] = values;
    averages(g, p, m, v);
    most = hn::IfThenElse(hn::Ge(most, v), most, v);  // NaN in v is taken over
    p = moved(p, m, most);
  });
}

template <class T>
void sparse_adam(int64_t n, const SparseAdamScalars<T>& given, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter) {
  const Full<T> d;
  const SparseAdamScalars<T> s = given;
  update(n, grad, {parameter, exp_avg, exp_avg_sq}, [&](VecOf<T> g, auto& values) {
    auto& [p, m, v] = values;
    if (s.maximize) g = hn::Neg(g);
    m = hn::Add(hn::Mul(hn::Sub(g, m), hn::Set(d, s.fresh1)), m);
    v = hn::Add(hn::Mul(hn::Sub(hn::Mul(g, g), v), hn::Set(d, s.fresh2)), v);
    const auto quotient = hn::Div(m, hn::Add(hn::Sqrt(v), hn::Set(d, s.eps)));
    p = hn::Add(p, hn::Mul(hn::Set(d, s.minus_step), quotient));
  });
}

template <class T>
void adagrad(int64_t n, const AdagradScalars<T>& given, const T* grad, T* sum, T* parameter) {
  const Full<T> d;
  const AdagradScalars<T> s = given;
  update(n, grad, {parameter, sum}, [&](VecOf<T> g, auto& values) {
    auto& [p, total] = values;
    g = effective<T>(s, g, p);
    total = s.sparse ? hn::Add(total, hn::Mul(g, g)) : hn::MulAdd(g, g, total);
    p = plus_quotient(p, s.minus_lr, g, hn::Add(hn::Sqrt(total), hn::Set(d, s.eps)));
  });
}

// Arrays that the options leave out are null.
template <class T, bool centered, bool with_momentum>
HWY_INLINE void rmsprop_part(const RmspropScalars<T>& s, VecOf<T> g, VecOf<T>& p, VecOf<T>& square_avg,
                             VecOf<T>& buffer, VecOf<T>& grad_avg) {
  const Full<T> d;
  g = effective<T>(s, g, p);
  square_avg = average_of_squares(square_avg, g, s.alpha, s.fresh);
  auto variance = square_avg;
  if constexpr (centered) {
    grad_avg = lerp(grad_avg, g, s.fresh);
    variance = hn::NegMulAdd(grad_avg, grad_avg, square_avg);
  }
  const auto deviation = hn::Add(hn::Sqrt(variance), hn::Set(d, s.eps));
  if constexpr (with_momentum) {
    buffer = hn::Add(hn::Mul(buffer, hn::Set(d, s.momentum)), hn::Div(g, deviation));
    p = hn::MulAdd(hn::Set(d, s.minus_lr), buffer, p);
  } else {
    p = plus_quotient(p, s.minus_lr, g, deviation);
  }
}

template <class T>
void rmsprop(int64_t n, const RmspropScalars<T>& given, const T* grad, T* square_avg, T* momentum_buffer, T* grad_avg,
             T* parameter) {
  const RmspropScalars<T> s = given;
  auto none = hn::Zero(Full<T>());
  if (momentum_buffer == nullptr && grad_avg == nullptr) {
    update(n, grad, {parameter, square_avg},
           [&](VecOf<T> g, auto& v) { rmsprop_part<T, false, false>(s, g, v[0], v[1], none, none); });
  } else if (grad_avg == nullptr) {
    update(n, grad, {parameter, square_avg, momentum_buffer},
           [&](VecOf<T> g, auto& v) { rmsprop_part<T, false, true>(s, g, v[0], v[1], v[2], none); });
  } else if (momentum_buffer == nullptr) {
    update(n, grad, {parameter, square_avg, grad_avg},
           [&](VecOf<T> g, auto& v) { rmsprop_part<T, true, false>(s, g, v[0], v[1], none, v[2]); });
  } else {
    update(n, grad, {parameter, square_avg, momentum_buffer, grad_avg},
           [&](VecOf<T> g, auto& v) { rmsprop_part<T, true, true>(s, g, v[0], v[1], v[2], v[3]); });
  }
}

// Not a lambda: GCC 12 breaks off over those in accumulate() at -O3.
template <class T>
struct AddSquare {
  AdagradScalars<T> s;
  HWY_INLINE VecOf<T> operator()(VecOf<T> sum, VecOf<T> grad, VecOf<T> parameter) const {
    const auto g = effective<T>(s, grad, parameter);
    return hn::MulAdd(g, g, sum);
  }
};

// One row of `width` elements with one sum.
template <class T>
void rowwise_adagrad(int64_t width, const AdagradScalars<T>& given, const T* grad, T* sum, T* parameter) {
  const Full<T> d;
  const AdagradScalars<T> s = given;
  const T squares = accumulate<T>(width, AddSquare<T>{s}, grad, static_cast<const T*>(parameter));
  *sum += squares / static_cast<T>(width);
  const auto factor = hn::Set(d, s.minus_lr / (std::sqrt(*sum) + s.eps));
  update(width, grad, {parameter},
         [&](VecOf<T> g, auto& values) { values[0] = hn::MulAdd(factor, effective<T>(s, g, values[0]), values[0]); });
}

// ---- the same for rows that a sparse gradient touches

template <class T>
void sgd_rows(const TouchedRows<T>& rows, T* sum, const SgdScalars<T>& scalars, T* momentum_buffer, T* parameter) {
  each_touched_row(rows, sum, [&](int64_t row, const T* grad) HWY_ATTR {
    const int64_t at = row * rows.width;
    sgd(rows.width, scalars, grad, moved(momentum_buffer, at), parameter + at);
  });
}
template <class T>
void adam_rows(const TouchedRows<T>& rows, T* sum, const AdamScalars<T>& scalars, T* exp_avg, T* exp_avg_sq,
               T* max_exp_avg_sq, T* parameter) {
  each_touched_row(rows, sum, [&](int64_t row, const T* grad) HWY_ATTR {
    const int64_t at = row * rows.width;
    adam(rows.width, scalars, grad, exp_avg + at, exp_avg_sq + at, moved(max_exp_avg_sq, at), parameter + at);
  });
}
template <class T>
void sparse_adam_rows(const TouchedRows<T>& rows, T* sum, const SparseAdamScalars<T>& scalars, T* exp_avg,
                      T* exp_avg_sq, T* parameter) {
  each_touched_row(rows, sum, [&](int64_t row, const T* grad) HWY_ATTR {
    const int64_t at = row * rows.width;
    sparse_adam(rows.width, scalars, grad, exp_avg + at, exp_avg_sq + at, parameter + at);
  });
}
template <class T>
void adagrad_rows(const TouchedRows<T>& rows, T* sum, const AdagradScalars<T>& scalars, T* sums, T* parameter) {
  each_touched_row(rows, sum, [&](int64_t row, const T* grad) HWY_ATTR {
    const int64_t at = row * rows.width;
    adagrad(rows.width, scalars, grad, sums + at, parameter + at);
  });
}
template <class T>
void rmsprop_rows(const TouchedRows<T>& rows, T* sum, const RmspropScalars<T>& scalars, T* square_avg,
                  T* momentum_buffer, T* grad_avg, T* parameter) {
  each_touched_row(rows, sum, [&](int64_t row, const T* grad) HWY_ATTR {
    const int64_t at = row * rows.width;
    rmsprop(rows.width, scalars, grad, square_avg + at, moved(momentum_buffer, at), moved(grad_avg, at),
            parameter + at);
  });
}
template <class T>
void rowwise_adagrad_rows(const TouchedRows<T>& rows, T* sum, const AdagradScalars<T>& scalars, T* sums, T* parameter) {
  each_touched_row(rows, sum, [&](int64_t row, const T* grad) HWY_ATTR {
    rowwise_adagrad(rows.width, scalars, grad, sums + row, parameter + row * rows.width);
  });
}

template <class T>
constexpr OptimizerLoops<T> table{.sgd = sgd<T>,
                                  .add_rows = add_rows<T>,
                                  .adam = adam<T>,
                                  .sparse_adam = sparse_adam<T>,
                                  .adagrad = adagrad<T>,
                                  .rmsprop = rmsprop<T>,
                                  .rowwise_adagrad = rowwise_adagrad<T>,
                                  .sgd_rows = sgd_rows<T>,
                                  .adam_rows = adam_rows<T>,
                                  .sparse_adam_rows = sparse_adam_rows<T>,
                                  .adagrad_rows = adagrad_rows<T>,
                                  .rmsprop_rows = rmsprop_rows<T>,
                                  .rowwise_adagrad_rows = rowwise_adagrad_rows<T>};
const OptimizerLoops<float>* float_loops() { return &table<float>; }
const OptimizerLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/scratch.h"

namespace okibi::kernels {
namespace {

OKIBI_LOOPS(OptimizerLoops)

template <class T>
SgdScalars<T> scalars_of(const SgdStep& step) {
  return {.minus_lr = static_cast<T>(-step.lr),
          .momentum = static_cast<T>(step.momentum),
          .fresh = static_cast<T>(1 - step.dampening),
          .decay = static_cast<T>(step.weight_decay),
          .nesterov = step.nesterov,
          .maximize = step.maximize,
          .first = step.first};
}
template <class T>
AdamScalars<T> scalars_of(const AdamStep& step) {
  return {.minus_step = static_cast<T>(-(step.lr / step.bias_correction1)),
          .fresh1 = static_cast<T>(1 - step.beta1),
          .beta2 = static_cast<T>(step.beta2),
          .fresh2 = static_cast<T>(1 - step.beta2),
          .correction2 = static_cast<T>(step.bias_correction2_sqrt),
          .eps = static_cast<T>(step.eps),
          .decay = step.decoupled ? T(0) : static_cast<T>(step.weight_decay),
          .kept = step.decoupled ? static_cast<T>(1 - step.lr * step.weight_decay) : T(1),
          .maximize = step.maximize};
}
template <class T>
SparseAdamScalars<T> sparse_scalars_of(const AdamStep& step) {
  const double size = step.lr * step.bias_correction2_sqrt / step.bias_correction1;
  return {.minus_step = static_cast<T>(-size),
          .fresh1 = static_cast<T>(1 - step.beta1),
          .fresh2 = static_cast<T>(1 - step.beta2),
          .eps = static_cast<T>(step.eps),
          .maximize = step.maximize};
}
template <class T>
AdagradScalars<T> scalars_of(const AdagradStep& step) {
  return {.minus_lr = static_cast<T>(-step.lr),
          .eps = static_cast<T>(step.eps),
          .decay = static_cast<T>(step.weight_decay),
          .sparse = step.sparse,
          .maximize = step.maximize};
}
template <class T>
RmspropScalars<T> scalars_of(const RmspropStep& step) {
  return {.minus_lr = static_cast<T>(-step.lr),
          .alpha = static_cast<T>(step.alpha),
          .fresh = static_cast<T>(1 - step.alpha),
          .momentum = static_cast<T>(step.momentum),
          .eps = static_cast<T>(step.eps),
          .decay = static_cast<T>(step.weight_decay),
          .maximize = step.maximize};
}

// Where a row's gradients are added up.
template <class T>
Scratch<T> row_of(const TouchedRows<T>& rows) {
  return Scratch<T>(static_cast<size_t>(rows.width));
}

}  // namespace

template <class T>
void sgd(int64_t n, const SgdStep& step, const T* grad, T* momentum_buffer, T* parameter) {
  in_pieces(n, loops<T>().sgd, scalars_of<T>(step), grad, momentum_buffer, parameter);
}

template <class T>
void add_rows(std::span<const int64_t> ids, int64_t width, double factor, const T* grad, T* parameter) {
  const auto loop = loops<T>().add_rows;
  const auto elements = static_cast<int64_t>(ids.size()) * width;
  const bool is_shared = elements >= 2 * elementwise_grain && is_worth_sharing<T>(width);
  const auto parts = static_cast<uint32_t>(is_shared ? num_threads() : 1);
  split(parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part) {
      loop(ids, {static_cast<uint32_t>(part), parts}, width, static_cast<T>(factor), grad, parameter);
    }
  });
}

template <class T>
void adam(int64_t n, const AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq, T* parameter) {
  in_pieces(n, loops<T>().adam, scalars_of<T>(step), grad, exp_avg, exp_avg_sq, max_exp_avg_sq, parameter);
}

template <class T>
void sparse_adam(int64_t n, const AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter) {
  in_pieces(n, loops<T>().sparse_adam, sparse_scalars_of<T>(step), grad, exp_avg, exp_avg_sq, parameter);
}

template <class T>
void adagrad(int64_t n, const AdagradStep& step, const T* grad, T* sum, T* parameter) {
  in_pieces(n, loops<T>().adagrad, scalars_of<T>(step), grad, sum, parameter);
}

template <class T>
void rmsprop(int64_t n, const RmspropStep& step, const T* grad, T* square_avg, T* momentum_buffer, T* grad_avg,
             T* parameter) {
  in_pieces(n, loops<T>().rmsprop, scalars_of<T>(step), grad, square_avg, momentum_buffer, grad_avg, parameter);
}

template <class T>
void rowwise_adagrad(int64_t rows, int64_t width, const AdagradStep& step, const T* grad, T* sums, T* parameter) {
  if (width == 0) return;
  const auto scalars = scalars_of<T>(step);
  split(rows, elementwise_grain / width + 1, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row)
      loops<T>().rowwise_adagrad(width, scalars, grad + row * width, sums + row, parameter + row * width);
  });
}

// ---- rows that a sparse gradient touches

template <class T>
void sgd_rows(const TouchedRows<T>& rows, const SgdStep& step, T* momentum_buffer, T* parameter) {
  loops<T>().sgd_rows(rows, row_of(rows).data(), scalars_of<T>(step), momentum_buffer, parameter);
}
template <class T>
void adam_rows(const TouchedRows<T>& rows, const AdamStep& step, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq,
               T* parameter) {
  loops<T>().adam_rows(rows, row_of(rows).data(), scalars_of<T>(step), exp_avg, exp_avg_sq, max_exp_avg_sq, parameter);
}
template <class T>
void sparse_adam_rows(const TouchedRows<T>& rows, const AdamStep& step, T* exp_avg, T* exp_avg_sq, T* parameter) {
  loops<T>().sparse_adam_rows(rows, row_of(rows).data(), sparse_scalars_of<T>(step), exp_avg, exp_avg_sq, parameter);
}
template <class T>
void adagrad_rows(const TouchedRows<T>& rows, const AdagradStep& step, T* sums, T* parameter) {
  loops<T>().adagrad_rows(rows, row_of(rows).data(), scalars_of<T>(step), sums, parameter);
}
template <class T>
void rmsprop_rows(const TouchedRows<T>& rows, const RmspropStep& step, T* square_avg, T* momentum_buffer, T* grad_avg,
                  T* parameter) {
  loops<T>().rmsprop_rows(rows, row_of(rows).data(), scalars_of<T>(step), square_avg, momentum_buffer, grad_avg,
                          parameter);
}
template <class T>
void rowwise_adagrad_rows(const TouchedRows<T>& rows, const AdagradStep& step, T* sums, T* parameter) {
  if (rows.width == 0) return;
  loops<T>().rowwise_adagrad_rows(rows, row_of(rows).data(), scalars_of<T>(step), sums, parameter);
}

#define OKIBI_OPTIMIZERS(T)                                                              \
  template void sgd(int64_t, const SgdStep&, const T*, T*, T*);                          \
  template void add_rows(std::span<const int64_t>, int64_t, double, const T*, T*);       \
  template void adam(int64_t, const AdamStep&, const T*, T*, T*, T*, T*);                \
  template void sparse_adam(int64_t, const AdamStep&, const T*, T*, T*, T*);             \
  template void adagrad(int64_t, const AdagradStep&, const T*, T*, T*);                  \
  template void rmsprop(int64_t, const RmspropStep&, const T*, T*, T*, T*, T*);          \
  template void rowwise_adagrad(int64_t, int64_t, const AdagradStep&, const T*, T*, T*); \
  template void sgd_rows(const TouchedRows<T>&, const SgdStep&, T*, T*);                 \
  template void adam_rows(const TouchedRows<T>&, const AdamStep&, T*, T*, T*, T*);       \
  template void sparse_adam_rows(const TouchedRows<T>&, const AdamStep&, T*, T*, T*);    \
  template void adagrad_rows(const TouchedRows<T>&, const AdagradStep&, T*, T*);         \
  template void rmsprop_rows(const TouchedRows<T>&, const RmspropStep&, T*, T*, T*, T*); \
  template void rowwise_adagrad_rows(const TouchedRows<T>&, const AdagradStep&, T*, T*);
OKIBI_OPTIMIZERS(float)
OKIBI_OPTIMIZERS(double)
#undef OKIBI_OPTIMIZERS

}  // namespace okibi::kernels
#endif
