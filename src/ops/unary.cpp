// Functions of single numbers.
#include <cmath>
#include <numbers>

#include "ops/complex_numbers.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// Function: value(x); slope(kept), of x, or of what came out where keeps_output; of_integers: integers stay such.
template <class Function>
struct Unary {
  static constexpr std::string_view schema = Function::schema;
  static OutputSpec infer(const Tensor& x) {
    if (is_complex(x.dtype())) return {x.sizes(), x.dtype()};
    const bool is_kept = is_floating_point(x.dtype()) || (Function::of_integers && is_integral(x.dtype()));
    if (!is_kept && Function::of_integers) throw_cannot_compute(Function::schema.substr(6), x.dtype());
    return {x.sizes(), is_kept ? x.dtype() : float32};
  }
  static void forward(const Tensor& x, const Tensor& out) {
    if (is_complex(x.dtype())) return complex_function(Function::schema, x, out);
    const Tensor in = x.to(out.dtype()).contiguous();
    dispatch_numbers(out.dtype(), Function::schema, [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) map1<T>(in, out, [](T v) { return Function::value(v); });
    });
  }

  static constexpr const char* backward_name = Function::backward_name;
  using Saved = std::tuple<SavedTensor, DType>;
  static Saved save(const Tensor& x, const Tensor& out) {
    return {Function::keeps_output ? SavedTensor::output(out) : SavedTensor::input(x), x.dtype()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor kept = std::get<0>(saved).get().contiguous(), g = gradient.contiguous();
    const Tensor result = empty(g.sizes(), {g.dtype()});
    dispatch_floating(g.dtype(), Function::backward_name,
                      [&]<class T>() { map2<T>(g, kept, result, [](T up, T v) { return up * Function::slope(v); }); });
    return {result};
  }
};

#define OKIBI_FUNCTION(Name, word, integers, output, value_of, slope_of)                \
  struct Name {                                                                         \
    static constexpr std::string_view schema = "aten::" word "(Tensor self) -> Tensor"; \
    static constexpr const char* backward_name = #Name "Backward0";                     \
    static constexpr bool of_integers = integers, keeps_output = output;                \
    template <class T>                                                                  \
    static T value(T x) {                                                               \
      return static_cast<T>(value_of);                                                  \
    }                                                                                   \
    template <class T>                                                                  \
    static T slope([[maybe_unused]] T x) {                                              \
      return static_cast<T>(slope_of);                                                  \
    }                                                                                   \
  };

template <class T>
T negated(T x) {  // integers wrap around
  if constexpr (std::is_floating_point_v<T>) {
    return -x;
  } else {
    return static_cast<T>(0 - static_cast<uint64_t>(x));
  }
}
template <class T>
T squared(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x * x;
  } else {
    return static_cast<T>(static_cast<uint64_t>(x) * static_cast<uint64_t>(x));
  }
}
// Integers are what rounding them gives.
template <class T, class Round>
T rounded(T x, Round round) {
  if constexpr (std::is_floating_point_v<T>) {
    return round(x);
  } else {
    return x;
  }
}

//             name        word          integers kept: out  value                                    slope, of x or of
//             what came out
OKIBI_FUNCTION(Neg, "neg", true, false, negated(x), -1)
OKIBI_FUNCTION(Exp, "exp", false, true, std::exp(x), x)
OKIBI_FUNCTION(Expm1, "expm1", false, true, std::expm1(x), x + 1)
OKIBI_FUNCTION(Log, "log", false, false, std::log(x), 1 / x)
OKIBI_FUNCTION(Log2, "log2", false, false, std::log2(x), 1 / (x * static_cast<T>(std::numbers::ln2)))
OKIBI_FUNCTION(Log10, "log10", false, false, std::log10(x), 1 / (x * static_cast<T>(std::numbers::ln10)))
OKIBI_FUNCTION(Log1p, "log1p", false, false, std::log1p(x), 1 / (x + 1))
OKIBI_FUNCTION(Sqrt, "sqrt", false, true, std::sqrt(x), 1 / (2 * x))
OKIBI_FUNCTION(Rsqrt, "rsqrt", false, true, 1 / std::sqrt(x), T(-0.5) * x * x * x)
OKIBI_FUNCTION(Reciprocal, "reciprocal", false, true, 1 / x, -x* x)
OKIBI_FUNCTION(Square, "square", true, false, squared(x), 2 * x)
OKIBI_FUNCTION(Sin, "sin", false, false, std::sin(x), std::cos(x))
OKIBI_FUNCTION(Cos, "cos", false, false, std::cos(x), -std::sin(x))
OKIBI_FUNCTION(Erf, "erf", false, false, std::erf(x), 2 * std::numbers::inv_sqrtpi_v<T> * std::exp(-x * x))
OKIBI_FUNCTION(Floor, "floor", true, false, rounded(x, [](auto v) { return std::floor(v); }), 0)
OKIBI_FUNCTION(Ceil, "ceil", true, false, rounded(x, [](auto v) { return std::ceil(v); }), 0)
OKIBI_FUNCTION(Trunc, "trunc", true, false, rounded(x, [](auto v) { return std::trunc(v); }), 0)
OKIBI_FUNCTION(Round, "round", true, false, rounded(x, [](auto v) { return std::nearbyint(v); }), 0)  // halves to even
OKIBI_FUNCTION(Tan, "tan", false, true, std::tan(x), 1 + x * x)
OKIBI_FUNCTION(Asin, "asin", false, false, std::asin(x), 1 / std::sqrt(1 - x * x))
OKIBI_FUNCTION(Acos, "acos", false, false, std::acos(x), -1 / std::sqrt(1 - x * x))
OKIBI_FUNCTION(Atan, "atan", false, false, std::atan(x), 1 / (1 + x * x))
OKIBI_FUNCTION(Sinh, "sinh", false, false, std::sinh(x), std::cosh(x))
OKIBI_FUNCTION(Cosh, "cosh", false, false, std::cosh(x), std::sinh(x))
OKIBI_FUNCTION(Asinh, "asinh", false, false, std::asinh(x), 1 / std::sqrt(x * x + 1))
OKIBI_FUNCTION(Acosh, "acosh", false, false, std::acosh(x), 1 / std::sqrt(x * x - 1))
OKIBI_FUNCTION(Atanh, "atanh", false, false, std::atanh(x), 1 / (1 - x * x))
OKIBI_FUNCTION(Exp2, "exp2", false, true, std::exp2(x), x* static_cast<T>(std::numbers::ln2))
OKIBI_FUNCTION(Erfc, "erfc", false, false, std::erfc(x), -2 * std::numbers::inv_sqrtpi_v<T> * std::exp(-x * x))
OKIBI_FUNCTION(Frac, "frac", false, false, x - std::trunc(x), 1)
OKIBI_FUNCTION(Sign, "sign", true, false, (x > 0) - (x < 0), 0)  // of NaN 0, as PyTorch's
#undef OKIBI_FUNCTION

}  // namespace

std::span<const okibi::Op> unary_ops() {
  static constexpr okibi::Op rows[] = {entry<Unary<Neg>>(),        entry<Unary<Exp>>(),    entry<Unary<Expm1>>(),
                                       entry<Unary<Log>>(),        entry<Unary<Log2>>(),   entry<Unary<Log10>>(),
                                       entry<Unary<Log1p>>(),      entry<Unary<Sqrt>>(),   entry<Unary<Rsqrt>>(),
                                       entry<Unary<Reciprocal>>(), entry<Unary<Square>>(), entry<Unary<Sin>>(),
                                       entry<Unary<Cos>>(),        entry<Unary<Erf>>(),    entry<Unary<Floor>>(),
                                       entry<Unary<Ceil>>(),       entry<Unary<Trunc>>(),  entry<Unary<Round>>(),
                                       entry<Unary<Tan>>(),        entry<Unary<Asin>>(),   entry<Unary<Acos>>(),
                                       entry<Unary<Atan>>(),       entry<Unary<Sinh>>(),   entry<Unary<Cosh>>(),
                                       entry<Unary<Asinh>>(),      entry<Unary<Acosh>>(),  entry<Unary<Atanh>>(),
                                       entry<Unary<Exp2>>(),       entry<Unary<Erfc>>(),   entry<Unary<Frac>>(),
                                       entry<Unary<Sign>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor neg(const Tensor& x) { return call<Unary<Neg>>(x); }
Tensor exp(const Tensor& x) { return call<Unary<Exp>>(x); }
Tensor log(const Tensor& x) { return call<Unary<Log>>(x); }
Tensor sqrt(const Tensor& x) { return call<Unary<Sqrt>>(x); }
Tensor rsqrt(const Tensor& x) { return call<Unary<Rsqrt>>(x); }
Tensor square(const Tensor& x) { return call<Unary<Square>>(x); }
Tensor sin(const Tensor& x) { return call<Unary<Sin>>(x); }
Tensor cos(const Tensor& x) { return call<Unary<Cos>>(x); }
Tensor floor(const Tensor& x) { return call<Unary<Floor>>(x); }
Tensor ceil(const Tensor& x) { return call<Unary<Ceil>>(x); }
Tensor round(const Tensor& x) { return call<Unary<Round>>(x); }

}  // namespace okibi
