// Losses of one number and its target. A curve says the loss, and how it grows with the number and with the target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/losses.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/functions-inl.h"
#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

// -limit where v is below it, limit where above. NaN stays NaN.
template <class V>
HWY_INLINE V within(V v, double limit) {
  const V low = hn::IfThenElse(hn::Lt(v, number<V>(-limit)), number<V>(-limit), v);
  return hn::IfThenElse(hn::Gt(low, number<V>(limit)), number<V>(limit), low);
}
template <class V>
HWY_INLINE V sign(V v) {
  const V zero = number<V>(0), above = hn::IfThenElseZero(hn::Gt(v, zero), number<V>(1));
  return hn::IfThenElse(hn::Lt(v, zero), number<V>(-1), hn::IfThenElse(hn::IsNaN(v), v, above));
}
template <class V>
HWY_INLINE V log_of(V v) {  // of a probability: 0 gives -inf
  const V log = hn::Log(hn::DFromV<V>(), v), lowest = number<V>(-std::numeric_limits<double>::infinity());
  return hn::IfThenElse(hn::IsNaN(v), v, hn::IfThenElse(hn::Eq(v, number<V>(0)), lowest, log));
}
template <class V>
HWY_INLINE V log_of_rest(V v) {  // log(1 - v)
  const V log = hn::Log1p(hn::DFromV<V>(), hn::Neg(v)), lowest = number<V>(-std::numeric_limits<double>::infinity());
  return hn::IfThenElse(hn::IsNaN(v), v, hn::IfThenElse(hn::Eq(v, number<V>(1)), lowest, log));
}

struct Squared {
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    const V error = hn::Sub(x, y);
    return hn::Mul(error, error);
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y) const {
    return hn::Mul(number<V>(2), hn::Sub(x, y));
  }
  template <class V>
  HWY_INLINE V by_target(V x, V y) const {
    return by_input(y, x);
  }
};

struct Absolute {
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    return hn::Abs(hn::Sub(x, y));
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y) const {
    return sign(hn::Sub(x, y));
  }
  template <class V>
  HWY_INLINE V by_target(V x, V y) const {
    return by_input(y, x);
  }
};

struct SmoothL1 {  // a parabola up to beta, then a line
  double beta;
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    const V error = hn::Abs(hn::Sub(x, y)), half = number<V>(0.5);
    const V near = hn::Div(hn::Mul(hn::Mul(half, error), error), number<V>(beta));
    return hn::IfThenElse(hn::Lt(error, number<V>(beta)), near, hn::Sub(error, number<V>(0.5 * beta)));
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y) const {
    return within(hn::Div(hn::Sub(x, y), number<V>(beta)), 1);
  }
  template <class V>
  HWY_INLINE V by_target(V x, V y) const {
    return by_input(y, x);
  }
};

struct Huber {  // Huber 1964: the same, delta times as steep
  double delta;
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    const V error = hn::Abs(hn::Sub(x, y)), half = number<V>(0.5);
    const V far = hn::Mul(number<V>(delta), hn::Sub(error, number<V>(0.5 * delta)));
    return hn::IfThenElse(hn::Le(error, number<V>(delta)), hn::Mul(hn::Mul(half, error), error), far);
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y) const {
    return within(hn::Sub(x, y), delta);
  }
  template <class V>
  HWY_INLINE V by_target(V x, V y) const {
    return by_input(y, x);
  }
};

struct Bce {  // of probabilities; logarithms end at -100, as PyTorch's do
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    const V least = number<V>(-100), log = hn::Max(log_of(x), least), rest = hn::Max(log_of_rest(x), least);
    const V loss = hn::Sub(hn::Mul(hn::Sub(y, number<V>(1)), rest), hn::Mul(y, log));
    return hn::IfThenElse(hn::IsNaN(x), x, loss);
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y) const {
    const V spread = hn::Mul(hn::Sub(number<V>(1), x), x);
    return hn::Div(hn::Sub(x, y), hn::Max(spread, number<V>(1e-12)));
  }
  template <class V>
  HWY_INLINE V by_target(V x, V) const {
    return hn::Sub(log_of_rest(x), log_of(x));
  }
};

struct BceWithLogits {
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    const V positive = hn::IfThenZeroElse(hn::Lt(x, number<V>(0)), x);
    const V loss = hn::Add(hn::Sub(positive, hn::Mul(x, y)), softplus_of_minus(hn::Abs(x)));
    return hn::IfThenElse(hn::IsNaN(x), x, loss);
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y) const {
    return hn::Sub(logistic(x), y);
  }
  template <class V>
  HWY_INLINE V by_target(V x, V) const {
    return hn::Neg(x);
  }
};

// The same where what is true weighs p: (1 - y)·x + (1 + (p - 1)·y)·log(1 + exp(-x)).
struct BceWithLogitsWeighed {
  template <class V>
  HWY_INLINE V value(V x, V y, V p) const {
    const V one = number<V>(1), zero = number<V>(0);
    const V soft = hn::Add(softplus_of_minus(hn::Abs(x)), hn::Max(hn::Neg(x), zero));  // log(1 + exp(-x))
    const V weight = hn::MulAdd(hn::Sub(p, one), y, one);
    const V loss = hn::MulAdd(weight, soft, hn::Mul(hn::Sub(one, y), x));
    return hn::IfThenElse(hn::IsNaN(x), x, loss);
  }
  template <class V>
  HWY_INLINE V by_input(V x, V y, V p) const {
    const V t = hn::Mul(p, y), total = hn::Sub(hn::Add(t, number<V>(1)), y);
    return hn::MulSub(total, logistic(x), t);
  }
  template <class V>
  HWY_INLINE V by_target(V x, V, V p) const {
    const V soft = hn::Add(softplus_of_minus(hn::Abs(x)), hn::Max(hn::Neg(x), number<V>(0)));
    return hn::MulSub(hn::Sub(p, number<V>(1)), soft, x);
  }
};

struct KlDiv {  // y·(log y - x), and 0 where y is 0
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    const V loss = hn::Mul(y, hn::Sub(log_of(y), x));
    return hn::IfThenZeroElse(hn::Eq(y, number<V>(0)), loss);
  }
  template <class V>
  HWY_INLINE V by_input(V, V y) const {
    return hn::Neg(y);
  }
  template <class V>
  HWY_INLINE V by_target(V x, V y) const {
    return hn::Sub(hn::Add(log_of(y), number<V>(1)), x);
  }
};

struct KlDivOfLogs {
  template <class V>
  HWY_INLINE V value(V x, V y) const {
    return hn::Mul(exp_kept(y), hn::Sub(y, x));
  }
  template <class V>
  HWY_INLINE V by_input(V, V y) const {
    return hn::Neg(exp_kept(y));
  }
  template <class V>
  HWY_INLINE V by_target(V x, V y) const {
    return hn::Mul(exp_kept(y), hn::Add(hn::Sub(y, x), number<V>(1)));
  }
};

template <class Work>
HWY_INLINE void with_loss(const PairLoss& loss, Work work) {
  switch (loss.kind) {
    case PairLoss::squared:
      return work(Squared());
    case PairLoss::absolute:
      return work(Absolute());
    case PairLoss::smooth_l1:
      return work(SmoothL1{loss.a});
    case PairLoss::huber:
      return work(Huber{loss.a});
    case PairLoss::bce:
      return work(Bce());
    case PairLoss::bce_with_logits:
      return work(BceWithLogits());
    case PairLoss::kl_div:
      return work(KlDiv());
    case PairLoss::kl_div_of_logs:
      return work(KlDivOfLogs());
  }
}

template <class T>
void pair_loss(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out) {
  if (weight != nullptr) {
    const auto f = [](auto... v) HWY_ATTR { return BceWithLogitsWeighed().value(v...); };
    return map(n, out, f, x, y, weight);
  }
  with_loss(loss, [=](auto curve) HWY_ATTR {
    map(
        n, out, [=](auto v, auto t) HWY_ATTR { return curve.value(v, t); }, x, y);
  });
}
template <class T>
void pair_loss_by_input(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out) {
  if (weight != nullptr) {
    const auto f = [](auto... v) HWY_ATTR { return BceWithLogitsWeighed().by_input(v...); };
    return map(n, out, f, x, y, weight);
  }
  with_loss(loss, [=](auto curve) HWY_ATTR {
    map(
        n, out, [=](auto v, auto t) HWY_ATTR { return curve.by_input(v, t); }, x, y);
  });
}
template <class T>
void pair_loss_by_target(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out) {
  if (weight != nullptr) {
    const auto f = [](auto... v) HWY_ATTR { return BceWithLogitsWeighed().by_target(v...); };
    return map(n, out, f, x, y, weight);
  }
  with_loss(loss, [=](auto curve) HWY_ATTR {
    map(
        n, out, [=](auto v, auto t) HWY_ATTR { return curve.by_target(v, t); }, x, y);
  });
}

template <class T>
constexpr LossLoops<T> table{.pair_loss = pair_loss<T>,
                             .pair_loss_by_input = pair_loss_by_input<T>,
                             .pair_loss_by_target = pair_loss_by_target<T>};
const LossLoops<float>* float_loops() { return &table<float>; }
const LossLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

OKIBI_LOOPS(LossLoops)

}  // namespace

template <class T>
void pair_loss(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out) {
  in_pieces(n, loops<T>().pair_loss, loss, x, y, weight, out);
}
template <class T>
void pair_loss_by_input(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out) {
  in_pieces(n, loops<T>().pair_loss_by_input, loss, x, y, weight, out);
}
template <class T>
void pair_loss_by_target(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out) {
  in_pieces(n, loops<T>().pair_loss_by_target, loss, x, y, weight, out);
}

#define INSTANTIATE(T)                                                                          \
  template void pair_loss(int64_t, const PairLoss&, const T*, const T*, const T*, T*);          \
  template void pair_loss_by_input(int64_t, const PairLoss&, const T*, const T*, const T*, T*); \
  template void pair_loss_by_target(int64_t, const PairLoss&, const T*, const T*, const T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace okibi::kernels
#endif
