// Activations. A curve says f(x), and what the gradient g becomes on its way back through it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activations.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/functions-inl.h"
#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/split.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

template <class V>
HWY_INLINE V exp_of(V x) {
  return hn::Exp(hn::DFromV<V>(), x);
}

struct Abs {
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Abs(x);
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V zero = number<V>(0);
    return hn::IfThenElse(hn::Gt(x, zero), g, hn::IfThenElseZero(hn::Lt(x, zero), hn::Neg(g)));
  }
};

struct Tanh {  // its gradient is made of what it gave: 1 - y²
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Tanh(hn::DFromV<V>(), x);
  }
  template <class V>
  HWY_INLINE V gradient(V g, V y) const {
    return hn::Mul(g, hn::NegMulAdd(y, y, number<V>(1)));
  }
};

struct LeakyRelu {
  double slope;
  template <class V>
  HWY_INLINE V value(V x) const {
    return gradient(x, x);
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    return hn::IfThenElse(hn::Gt(x, number<V>(0)), g, hn::Mul(g, number<V>(slope)));
  }
};

struct Elu {  // scale · (x > 0 ? x : alpha · (exp(input_scale · x) - 1))
  double alpha, scale, input_scale;
  template <class V>
  HWY_INLINE V value(V x) const {
    const V below = hn::Expm1(hn::DFromV<V>(), hn::Mul(x, number<V>(input_scale)));
    return hn::IfThenElse(hn::Lt(x, number<V>(0)), hn::Mul(below, number<V>(alpha * scale)),
                          hn::Mul(x, number<V>(scale)));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V below = hn::Mul(exp_of(hn::Mul(x, number<V>(input_scale))), number<V>(alpha * scale * input_scale));
    return hn::Mul(g, hn::IfThenElse(hn::Le(x, number<V>(0)), below, number<V>(scale)));
  }
};

struct Gelu {  // x · Φ(x), Hendrycks and Gimpel 2016
  template <class V>
  HWY_INLINE V below(V x) const {  // Φ(x), the part of a normal distribution that lies below x
    return hn::Mul(number<V>(0.5), hn::Add(number<V>(1), erf(hn::Mul(x, number<V>(1 / std::numbers::sqrt2)))));
  }
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Mul(x, below(x));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V bell = hn::Mul(exp_of(hn::Mul(number<V>(-0.5), hn::Mul(x, x))),
                           number<V>(std::numbers::inv_sqrtpi / std::numbers::sqrt2));
    return hn::Mul(g, hn::MulAdd(x, bell, below(x)));
  }
};

struct GeluTanh {  // x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
  static constexpr double beta = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, cubic = 0.044715;
  template <class V>
  HWY_INLINE V bend(V x) const {
    const V inner = hn::MulAdd(hn::Mul(number<V>(cubic), hn::Mul(x, x)), x, x);
    return hn::Tanh(hn::DFromV<V>(), hn::Mul(number<V>(beta), inner));
  }
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Mul(hn::Mul(number<V>(0.5), x), hn::Add(number<V>(1), bend(x)));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V one = number<V>(1), half = number<V>(0.5), t = bend(x);
    const V inner_slope = hn::Mul(number<V>(beta), hn::MulAdd(number<V>(3 * cubic), hn::Mul(x, x), one));
    const V by_bend = hn::Mul(hn::Mul(half, x), hn::Mul(hn::NegMulAdd(t, t, one), inner_slope));
    return hn::Mul(g, hn::MulAdd(half, hn::Add(one, t), by_bend));
  }
};

struct Silu {  // x · sigmoid(x)
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Mul(x, logistic(x));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V one = number<V>(1), s = logistic(x);
    return hn::Mul(hn::Mul(g, s), hn::MulAdd(x, hn::Sub(one, s), one));
  }
};

struct Mish {  // x · tanh(log(1 + exp(x))), Misra 2019
  // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), which cancels nothing; 1 for x > 20.
  template <class V>
  HWY_INLINE V bend(V x) const {
    const V two = number<V>(2), e = exp_of(hn::Min(x, number<V>(20))), n = hn::Mul(e, hn::Add(e, two));
    return hn::Div(n, hn::Add(n, two));
  }
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Mul(x, bend(x));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V t = bend(x), slope = hn::Mul(logistic(x), hn::NegMulAdd(t, t, number<V>(1)));
    return hn::Mul(g, hn::MulAdd(x, slope, t));
  }
};

struct Hardsigmoid {  // (x + 3) / 6, kept within 0 and 1
  template <class V>
  HWY_INLINE V value(V x) const {
    const V kept = hn::Min(hn::Max(hn::Add(x, number<V>(3)), number<V>(0)), number<V>(6));
    return hn::Div(kept, number<V>(6));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    constexpr double sixth = 1.0F / 6.0F;  // of float32 in PyTorch, for float64 too
    return hn::IfThenElseZero(hn::Lt(hn::Abs(x), number<V>(3)), hn::Mul(g, number<V>(sixth)));
  }
};

struct Hardswish {
  template <class V>
  HWY_INLINE V value(V x) const {
    const V kept = hn::Min(hn::Max(hn::Add(x, number<V>(3)), number<V>(0)), number<V>(6));
    return hn::Div(hn::Mul(x, kept), number<V>(6));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V within = hn::Mul(g, hn::Add(hn::Div(x, number<V>(3)), number<V>(0.5)));
    const V above = hn::IfThenElse(hn::Lt(x, number<V>(3)), within, g);
    return hn::IfThenZeroElse(hn::Le(x, number<V>(-3)), above);
  }
};

struct Hardtanh {
  double least, most;
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Min(hn::Max(x, number<V>(least)), number<V>(most));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const auto is_outside = hn::Or(hn::Le(x, number<V>(least)), hn::Ge(x, number<V>(most)));
    return hn::IfThenZeroElse(is_outside, g);
  }
};

struct Softplus {  // log(1 + exp(beta · x)) / beta, and x itself where beta · x is above the threshold
  double beta, threshold;
  template <class V>
  HWY_INLINE V value(V x) const {
    const V scaled = hn::Mul(x, number<V>(beta));
    const V soft = hn::Add(hn::Max(scaled, number<V>(0)), softplus_of_minus(hn::Abs(scaled)));
    return hn::IfThenElse(hn::Gt(scaled, number<V>(threshold)), x, hn::Div(soft, number<V>(beta)));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    const V scaled = hn::Mul(x, number<V>(beta));
    return hn::IfThenElse(hn::Gt(scaled, number<V>(threshold)), g, hn::Mul(g, logistic(scaled)));
  }
};

struct LogSigmoid {
  template <class V>
  HWY_INLINE V value(V x) const {
    return hn::Sub(hn::Min(x, number<V>(0)), softplus_of_minus(hn::Abs(x)));
  }
  template <class V>
  HWY_INLINE V gradient(V g, V x) const {
    return hn::Mul(g, logistic(hn::Neg(x)));
  }
};

template <class Work>
HWY_INLINE void with_curve(const Activation& f, Work work) {
  switch (f.curve) {
    case Curve::abs:
      return work(Abs());
    case Curve::tanh:
      return work(Tanh());
    case Curve::leaky_relu:
      return work(LeakyRelu{f.a});
    case Curve::elu:
      return work(Elu{f.a, f.b, f.c});
    case Curve::gelu:
      return work(Gelu());
    case Curve::gelu_tanh:
      return work(GeluTanh());
    case Curve::silu:
      return work(Silu());
    case Curve::mish:
      return work(Mish());
    case Curve::hardsigmoid:
      return work(Hardsigmoid());
    case Curve::hardswish:
      return work(Hardswish());
    case Curve::hardtanh:
      return work(Hardtanh{f.a, f.b});
    case Curve::softplus:
      return work(Softplus{f.a, f.b});
    case Curve::log_sigmoid:
      return work(LogSigmoid());
  }
}

// NaN stays NaN, whatever the functions of vectors make of it.
template <class T>
void activation(int64_t n, const Activation& f, const T* x, T* out) {
  with_curve(f, [=](auto curve) HWY_ATTR {
    const auto value = [=](auto v) HWY_ATTR { return hn::IfThenElse(hn::IsNaN(v), v, curve.value(v)); };
    map(n, out, value, x);
  });
}
template <class T>
void activation_backward(int64_t n, const Activation& f, const T* grad, const T* kept, T* grad_in) {
  with_curve(f, [=](auto curve) HWY_ATTR {
    const auto gradient = [=](auto g, auto v) HWY_ATTR { return curve.gradient(g, v); };
    map(n, grad_in, gradient, grad, kept);
  });
}

template <class T>
constexpr ActivationLoops<T> table{.activation = activation<T>, .activation_backward = activation_backward<T>};
const ActivationLoops<float>* float_loops() { return &table<float>; }
const ActivationLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace okibi::kernels {
namespace {

OKIBI_LOOPS(ActivationLoops)

}  // namespace

template <class T>
void activation(int64_t n, const Activation& f, const T* x, T* out) {
  in_pieces(n, loops<T>().activation, f, x, out);
}
template <class T>
void activation_backward(int64_t n, const Activation& f, const T* grad, const T* kept, T* grad_in) {
  in_pieces(n, loops<T>().activation_backward, f, grad, kept, grad_in);
}

template void activation(int64_t, const Activation&, const float*, float*);
template void activation(int64_t, const Activation&, const double*, double*);
template void activation_backward(int64_t, const Activation&, const float*, const float*, float*);
template void activation_backward(int64_t, const Activation&, const double*, const double*, double*);

}  // namespace okibi::kernels
#endif
