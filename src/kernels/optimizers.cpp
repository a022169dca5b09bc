// One step of an optimizer over one parameter, rounded where PyTorch rounds, so that its state has PyTorch's bits.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/optimizers.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/kernels.h"
#include "kernels/loops.h"
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

template <class T>
struct SgdPart {
  VecOf<T> buffer, parameter;
};
template <class T>
HWY_INLINE SgdPart<T> sgd_part(const SgdScalars<T>& s, VecOf<T> grad, VecOf<T> buffer, VecOf<T> parameter) {
  const Full<T> d;
  VecOf<T> g = effective<T>(s, grad, parameter);
  if (s.momentum != 0) {
    const auto momentum = hn::Set(d, s.momentum);
    buffer = s.first ? g : hn::MulAdd(hn::Set(d, s.fresh), g, hn::Mul(buffer, momentum));
    g = s.nesterov ? hn::MulAdd(momentum, buffer, g) : buffer;
  }
  return {buffer, hn::MulAdd(hn::Set(d, s.minus_lr), g, parameter)};
}

template <class T>
void sgd(int64_t n, const SgdScalars<T>& given, const T* grad, T* momentum_buffer, T* parameter) {
  const Full<T> d;
  const SgdScalars<T> s = given;  // a copy that no store through T* can change
  T* const buffer = s.momentum != 0 ? momentum_buffer : nullptr;
  const auto zero = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>()) {
    const auto old = buffer != nullptr ? hn::LoadU(d, buffer + i) : zero;
    const auto part = sgd_part(s, hn::LoadU(d, grad + i), old, hn::LoadU(d, parameter + i));
    if (buffer != nullptr) hn::StoreU(part.buffer, d, buffer + i);
    hn::StoreU(part.parameter, d, parameter + i);
  }
  if (const int64_t rest = n - i; rest > 0) {
    const auto old = buffer != nullptr ? load_some<T>(buffer + i, rest) : zero;
    const auto part = sgd_part(s, load_some<T>(grad + i, rest), old, load_some<T>(parameter + i, rest));
    if (buffer != nullptr) store_some<T>(part.buffer, buffer + i, rest);
    store_some<T>(part.parameter, parameter + i, rest);
  }
}

template <class T>
struct AdamPart {
  VecOf<T> exp_avg, exp_avg_sq, parameter;
};
template <class T>
HWY_INLINE AdamPart<T> adam_part(const AdamScalars<T>& s, VecOf<T> grad, VecOf<T> m, VecOf<T> v, VecOf<T> parameter) {
  const Full<T> d;
  const auto fresh1 = hn::Set(d, s.fresh1), fresh2 = hn::Set(d, s.fresh2);
  const auto g = effective<T>(s, grad, parameter);
  // torch.lerp starts from the nearer end.
  m = s.fresh1 < T(0.5) ? hn::MulAdd(fresh1, hn::Sub(g, m), m) : hn::MulAdd(hn::Set(d, s.fresh1 - 1), hn::Sub(g, m), g);
  v = hn::MulAdd(hn::Mul(fresh2, g), g, hn::Mul(v, hn::Set(d, s.beta2)));
  const auto denominator = hn::Add(hn::Div(hn::Sqrt(v), hn::Set(d, s.correction2)), hn::Set(d, s.eps));
  const auto change = hn::Div(hn::Mul(hn::Set(d, s.minus_step), m), denominator);
  return {m, v, hn::Add(parameter, change)};
}

template <class T>
void adam(int64_t n, const AdamScalars<T>& given, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter) {
  const Full<T> d;
  const AdamScalars<T> s = given;
  int64_t i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>()) {
    const auto part = adam_part(s, hn::LoadU(d, grad + i), hn::LoadU(d, exp_avg + i), hn::LoadU(d, exp_avg_sq + i),
                                hn::LoadU(d, parameter + i));
    hn::StoreU(part.exp_avg, d, exp_avg + i);
    hn::StoreU(part.exp_avg_sq, d, exp_avg_sq + i);
    hn::StoreU(part.parameter, d, parameter + i);
  }
  if (const int64_t rest = n - i; rest > 0) {
    const auto part = adam_part(s, load_some<T>(grad + i, rest), load_some<T>(exp_avg + i, rest),
                                load_some<T>(exp_avg_sq + i, rest), load_some<T>(parameter + i, rest));
    store_some<T>(part.exp_avg, exp_avg + i, rest);
    store_some<T>(part.exp_avg_sq, exp_avg_sq + i, rest);
    store_some<T>(part.parameter, parameter + i, rest);
  }
}

template <class T>
constexpr OptimizerLoops<T> table{.sgd = sgd<T>, .adam = adam<T>};
const OptimizerLoops<float>* float_loops() { return &table<float>; }
const OptimizerLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <type_traits>

#include "kernels/split.h"

namespace okibi::kernels {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <class T>
const OptimizerLoops<T>& loops() {
  if constexpr (std::is_same_v<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

}  // namespace

template <class T>
void sgd(int64_t n, const SgdStep& step, const T* grad, T* momentum_buffer, T* parameter) {
  const SgdScalars<T> scalars{.minus_lr = static_cast<T>(-step.lr),
                              .momentum = static_cast<T>(step.momentum),
                              .fresh = static_cast<T>(1 - step.dampening),
                              .decay = static_cast<T>(step.weight_decay),
                              .nesterov = step.nesterov,
                              .maximize = step.maximize,
                              .first = step.first};
  split(n, elementwise_grain, [&](int64_t first, int64_t last) {
    T* const buffer = momentum_buffer != nullptr ? momentum_buffer + first : nullptr;
    loops<T>().sgd(last - first, scalars, grad + first, buffer, parameter + first);
  });
}

template <class T>
void adam(int64_t n, const AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter) {
  const AdamScalars<T> scalars{.minus_step = static_cast<T>(-(step.lr / step.bias_correction1)),
                               .fresh1 = static_cast<T>(1 - step.beta1),
                               .beta2 = static_cast<T>(step.beta2),
                               .fresh2 = static_cast<T>(1 - step.beta2),
                               .correction2 = static_cast<T>(step.bias_correction2_sqrt),
                               .eps = static_cast<T>(step.eps),
                               .decay = static_cast<T>(step.weight_decay),
                               .maximize = step.maximize};
  split(n, elementwise_grain, [&](int64_t first, int64_t last) {
    loops<T>().adam(last - first, scalars, grad + first, exp_avg + first, exp_avg_sq + first, parameter + first);
  });
}

template void sgd(int64_t, const SgdStep&, const float*, float*, float*);
template void sgd(int64_t, const SgdStep&, const double*, double*, double*);
template void adam(int64_t, const AdamStep&, const float*, float*, float*, float*);
template void adam(int64_t, const AdamStep&, const double*, double*, double*, double*);

}  // namespace okibi::kernels
#endif
