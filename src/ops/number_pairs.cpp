// Functions of two numbers that broadcast.
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "ops/special_functions.h"

namespace okibi::ops {
namespace {

// Function: value(x, y), and the slopes by_x(x, y), by_y(x, y), as PyTorch has them where there is none. Where
// of_integers does not hold, integers and booleans become float32, or are refused (needs_floating).
template <class Function>
struct Pair : SavesBoth {
  static constexpr std::string_view schema = Function::schema;
  static constexpr std::string_view name = schema.substr(6, schema.find('(') - 6);
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    OutputSpec spec = promoted(a, b);
    if (is_floating_point(spec.dtype)) return spec;
    if (Function::needs_floating || is_complex(spec.dtype)) throw_cannot_compute(name, spec.dtype);
    spec.dtype = float32;
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_floating(out.dtype(), name,
                      [&]<class T>() { map2<T>(in, out, [](T x, T y) -> T { return Function::value(x, y); }); });
  }

  static constexpr const char* backward_name = Function::backward_name;
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto by_a = [](auto x, auto y) { return Function::by_x(x, y); };
    const auto by_b = [](auto x, auto y) { return Function::by_y(x, y); };
    return pair_gradients(gradient, saved, edges, name, by_a, by_b);
  }
};

template <class T>
T log2_sum(T x, T y) {
  if (std::isinf(x) && x == y) return x;
  constexpr T per_log = 1 / std::numbers::ln2_v<T>;
  return std::max(x, y) + std::log1p(std::exp2(-std::abs(x - y))) * per_log;
}
template <class T>
T times_log(T x, T y) {
  return std::isnan(y) ? y : x == 0 ? T(0) : x * std::log(y);
}
template <class T>
T times_log1p(T x, T y) {
  return std::isnan(y) ? y : x == 0 ? T(0) : x * std::log1p(y);
}

#define OKIBI_PAIR(Name, text, floating, value_of, slope_by_x, slope_by_y)                            \
  struct Name {                                                                                       \
    static constexpr std::string_view schema = "aten::" text "(Tensor self, Tensor other) -> Tensor"; \
    static constexpr const char* backward_name = #Name "Backward0";                                   \
    static constexpr bool needs_floating = floating;                                                  \
    template <class T>                                                                                \
    static T value(T x, T y) {                                                                        \
      return value_of;                                                                                \
    }                                                                                                 \
    template <class T>                                                                                \
    static T by_x([[maybe_unused]] T x, [[maybe_unused]] T y) {                                       \
      return static_cast<T>(slope_by_x);                                                              \
    }                                                                                                 \
    template <class T>                                                                                \
    static T by_y([[maybe_unused]] T x, [[maybe_unused]] T y) {                                       \
      return static_cast<T>(slope_by_y);                                                              \
    }                                                                                                 \
  };
OKIBI_PAIR(Xlogy, "xlogy.Tensor", false, times_log(x, y), x == 0 && y <= 0 ? 0 : std::log(y), x / y)
OKIBI_PAIR(SpecialXlog1py, "special_xlog1py", false, times_log1p(x, y), x == 0 && y <= -1 ? 0 : std::log1p(y),
           x / (y + 1))
OKIBI_PAIR(Hypot, "hypot", true, std::hypot(x, y), x / std::hypot(x, y), y / std::hypot(x, y))
OKIBI_PAIR(Copysign, "copysign.Tensor", false, std::copysign(x, y), x == 0 ? 0 : std::copysign(x, y) / x, 0)
// At the origin, where there is no angle, its slopes are 0.
OKIBI_PAIR(Atan2, "atan2", false, std::atan2(x, y), y == 0 ? 0 : y / (x * x + y * y), x == 0 ? 0 : -x / (x * x + y * y))
OKIBI_PAIR(Logaddexp, "logaddexp", true, special::log_sum(x, y), 1 / (1 + std::exp(y - x)), 1 / (1 + std::exp(x - y)))
OKIBI_PAIR(Logaddexp2, "logaddexp2", true, log2_sum(x, y), 1 / (1 + std::exp2(y - x)), 1 / (1 + std::exp2(x - y)))
#undef OKIBI_PAIR

// With a number on one side.
#define OKIBI_WITH_NUMBER(Name, Function, text)                                                       \
  struct Name {                                                                                       \
    static constexpr std::string_view schema = "aten::" text "(Tensor self, Scalar other) -> Tensor"; \
    static Tensor compose(const Tensor& x, const Value& y) {                                          \
      const Beside both(x, y);                                                                        \
      return call<Pair<Function>>(both.x, both.number);                                               \
    }                                                                                                 \
  };
#define OKIBI_OF_NUMBER(Name, Function, text)                                                         \
  struct Name {                                                                                       \
    static constexpr std::string_view schema = "aten::" text "(Scalar self, Tensor other) -> Tensor"; \
    static Tensor compose(const Value& x, const Tensor& y) {                                          \
      const Beside both(y, x);                                                                        \
      return call<Pair<Function>>(both.number, both.x);                                               \
    }                                                                                                 \
  };
OKIBI_WITH_NUMBER(XlogyNumber, Xlogy, "xlogy.Scalar_Other")
OKIBI_OF_NUMBER(NumberXlogy, Xlogy, "xlogy.Scalar_Self")
OKIBI_WITH_NUMBER(Xlog1pyNumber, SpecialXlog1py, "special_xlog1py.other_scalar")
OKIBI_OF_NUMBER(NumberXlog1py, SpecialXlog1py, "special_xlog1py.self_scalar")
OKIBI_WITH_NUMBER(CopysignNumber, Copysign, "copysign.Scalar")
#undef OKIBI_WITH_NUMBER
#undef OKIBI_OF_NUMBER

// ------------------------------------------------------------------------------------------------- the larger, but NaN

template <bool larger>
struct ButNan : SavesBoth {
  static constexpr std::string_view schema =
      larger ? "aten::fmax(Tensor self, Tensor other) -> Tensor" : "aten::fmin(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_numbers(out.dtype(), "fmax and fmin",
                     [&]<class T>() { map2<T>(in, out, [](T x, T y) -> T { return first_wins(x, y) ? x : y; }); });
  }

  static constexpr const char* backward_name = larger ? "FmaxBackward0" : "FminBackward0";
  // Of equals the first gets it.
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto by_a = [](auto x, auto y) { return first_wins(x, y) ? 1 : 0; };
    const auto by_b = [](auto x, auto y) { return first_wins(x, y) ? 0 : 1; };
    return pair_gradients(gradient, saved, edges, "fmax and fmin", by_a, by_b);
  }

 private:
  template <class T>
  static bool first_wins(T x, T y) {
    return (larger ? x >= y : x <= y) || y != y;
  }
};

// 0 below 0 and 1 above; at 0 what `values` says.
struct Heaviside {
  static constexpr std::string_view schema = "aten::heaviside(Tensor self, Tensor values) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& values) {
    if (x.dtype() != values.dtype()) {
      throw Error(ErrorKind::bad_argument, "heaviside is not yet implemented for tensors with different dtypes.")
          .found(fmt::format("{} and {}", name_of(x.dtype()), name_of(values.dtype())));
    }
    return promoted(x, values);
  }
  static void forward(const Tensor& x, const Tensor& values, const Tensor& out) {
    const Operands in(x, values, out.sizes(), out.dtype());
    dispatch_numbers(out.dtype(), "heaviside", [&]<class T>() {
      map2<T>(in, out, [](T v, T at_0) -> T { return v == T(0) ? at_0 : static_cast<T>(v > T(0)); });
    });
  }
};

// The next of the half's own numbers, which are in the order of their bits.
template <class T>
T next_of_half(T x, T y) {
  const float a = static_cast<float>(x), b = static_cast<float>(y);
  if (std::isnan(a) || std::isnan(b)) return T(std::numeric_limits<float>::quiet_NaN());
  if (a == b) return y;
  const bool grows = (a < b) == (a > 0);
  const int bits = a == 0 ? (std::signbit(b) ? 0x8001 : 1) : x.bits + (grows ? 1 : -1);
  x.bits = static_cast<uint16_t>(bits);
  return x;
}

template <class T>
void next_of_halves(const Operands& in, const Tensor& out) {
  const T *a = numbers_of<const T>(in.a), *b = numbers_of<const T>(in.b);
  T* const to = numbers_of<T>(out);
  for (int64_t i = 0; i < out.numel(); ++i) to[i] = next_of_half(a[i], b[i]);
}

struct Nextafter {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::nextafter(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    const OutputSpec spec = promoted(a, b);
    if (!is_floating_point(spec.dtype)) throw_cannot_compute("nextafter", spec.dtype);
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    if (out.dtype() == float16) return next_of_halves<Half>(in, out);
    if (out.dtype() == bfloat16) return next_of_halves<BFloat16>(in, out);
    dispatch_floating(out.dtype(), "nextafter",
                      [&]<class T>() { map2<T>(in, out, [](T x, T y) { return std::nextafter(x, y); }); });
  }
};

// -------------------------------------------------------------------------------------------------------------- powers

// Always in double.
struct FloatPower {
  static constexpr std::string_view schema = "aten::float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& exponent) {
    return okibi::pow(x.to(float64), exponent.to(float64));
  }
};
struct FloatPowerNumber {
  static constexpr std::string_view schema = "aten::float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor";
  static Tensor compose(const Tensor& x, double exponent) { return okibi::pow(x.to(float64), exponent); }
};
struct FloatPowerOfNumber {
  static constexpr std::string_view schema = "aten::float_power.Scalar(Scalar self, Tensor exponent) -> Tensor";
  static Tensor compose(double x, const Tensor& exponent) {
    return okibi::pow(full({}, x, {float64}), exponent.to(float64));
  }
};
struct Ldexp {
  static constexpr std::string_view schema = "aten::ldexp.Tensor(Tensor self, Tensor other) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& exponent) {
    return okibi::mul(x, call_named("aten::pow.Scalar", {2.0, exponent}).to_tensor());
  }
};

// ----------------------------------------------------------------------------------------------------------- closeness

// |x - other| <= atol + |rtol · other|, in floating point; what is equal is close, ∞ too.
struct Isclose {
  static constexpr std::string_view schema =
      "aten::isclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool "
      "equal_nan=False) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b, double rtol, double atol, bool) {
    if (a.dtype() != b.dtype()) {
      throw Error(ErrorKind::bad_argument, "isclose and allclose compare tensors of one dtype")
          .found(fmt::format("{} and {}", name_of(a.dtype()), name_of(b.dtype())));
    }
    for (const auto& [name, value] : {std::pair("rtol", rtol), std::pair("atol", atol)}) {
      if (!(value >= 0)) {
        refuse(fmt::format("{} must be greater than or equal to zero, but got {}", name, value));
      }
    }
    return {broadcast_sizes(a.sizes(), b.sizes()), boolean};
  }
  static void forward(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan, const Tensor& out) {
    const Operands same(a, b, out.sizes(), a.dtype());
    dispatch_numbers(a.dtype(), "isclose", [&]<class T>() {
      using Float = std::conditional_t<std::is_floating_point_v<T>, T, float>;
      const Float relative = static_cast<Float>(rtol), absolute = static_cast<Float>(atol);
      map2<T>(same, out, [=](T x, T y) {
        if (x == y || (equal_nan && x != x && y != y)) return true;
        if (relative == 0 && absolute == 0) return false;
        const Float off = std::abs(static_cast<Float>(x) - static_cast<Float>(y));
        return std::isfinite(off) && off <= absolute + std::abs(relative * static_cast<Float>(y));
      });
    });
  }
};

}  // namespace

std::span<const okibi::Op> number_pair_ops() {
  static constexpr okibi::Op rows[] = {
      entry<Pair<Xlogy>>(),  entry<Pair<SpecialXlog1py>>(), entry<Pair<Hypot>>(),        entry<Pair<Copysign>>(),
      entry<Pair<Atan2>>(),  entry<Pair<Logaddexp>>(),      entry<Pair<Logaddexp2>>(),   entry<XlogyNumber>(),
      entry<NumberXlogy>(),  entry<Xlog1pyNumber>(),        entry<NumberXlog1py>(),      entry<CopysignNumber>(),
      entry<ButNan<true>>(), entry<ButNan<false>>(),        entry<Heaviside>(),          entry<Nextafter>(),
      entry<FloatPower>(),   entry<FloatPowerNumber>(),     entry<FloatPowerOfNumber>(), entry<Ldexp>(),
      entry<Isclose>()};
  return rows;
}

}  // namespace okibi::ops
