// Functions of two numbers that broadcast.
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

OutputSpec promoted_to_floating(const Tensor& a, const Tensor& b) {
  OutputSpec spec = promoted(a, b);
  if (!is_floating_point(spec.dtype)) spec.dtype = float32;
  return spec;
}

// Function: value(x, y), and the slopes by_x(x, y), by_y(x, y), as PyTorch has them where there is none. Where
// of_integers does not hold, integers and booleans become float32, or are refused (needs_floating).
template <class Function>
struct Pair {
  static constexpr std::string_view schema = Function::schema;
  static constexpr std::string_view name = schema.substr(6, schema.find('(') - 6);
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    const OutputSpec spec = promoted(a, b);
    if (Function::needs_floating && !is_floating_point(spec.dtype)) throw_cannot_compute(name, spec.dtype);
    return promoted_to_floating(a, b);
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_floating(out.dtype(), name,
                      [&]<class T>() { map2<T>(in, out, [](T x, T y) -> T { return Function::value(x, y); }); });
  }

  static constexpr const char* backward_name = Function::backward_name;
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor&) {
    return {SavedTensor::input(a), SavedTensor::input(b)};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &b = std::get<1>(saved).get();
    const Operands in(a, b, gradient.sizes(), gradient.dtype());
    std::array<Tensor, 2> gradients;
    const auto fill = [&](size_t which, const Tensor& of, auto slope) {
      if (!edges.needed(which)) return;
      const Tensor slopes = empty(gradient.sizes(), {gradient.dtype()});
      dispatch_floating(gradient.dtype(), name, [&]<class T>() {
        map2<T>(in, slopes, [slope](T x, T y) { return static_cast<T>(slope(x, y)); });
      });
      gradients[which] = sum_to(okibi::mul(gradient, slopes), of.sizes()).to(of.dtype());
    };
    fill(0, a, [](auto x, auto y) { return Function::by_x(x, y); });
    fill(1, b, [](auto x, auto y) { return Function::by_y(x, y); });
    return gradients;
  }
};

template <class T>
T log_sum(T x, T y) {
  if (std::isinf(x) && x == y) return x;
  return std::max(x, y) + std::log1p(std::exp(-std::abs(x - y)));
}
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
OKIBI_PAIR(Logaddexp, "logaddexp", true, log_sum(x, y), 1 / (1 + std::exp(y - x)), 1 / (1 + std::exp(x - y)))
OKIBI_PAIR(Logaddexp2, "logaddexp2", true, log2_sum(x, y), 1 / (1 + std::exp2(y - x)), 1 / (1 + std::exp2(x - y)))
#undef OKIBI_PAIR

// With a number on one side, of the dtype that both give.
Tensor beside(const Tensor& x, const Value& number) { return number_tensor(number, result_type(x.dtype(), number)); }
Tensor with(const Tensor& x, const Value& number) { return x.to(result_type(x.dtype(), number)); }

#define OKIBI_WITH_NUMBER(Name, Function, text)                                                                       \
  struct Name {                                                                                                       \
    static constexpr std::string_view schema = "aten::" text "(Tensor self, Scalar other) -> Tensor";                 \
    static Tensor compose(const Tensor& x, const Value& y) { return call<Pair<Function>>(with(x, y), beside(x, y)); } \
  };
#define OKIBI_OF_NUMBER(Name, Function, text)                                                                         \
  struct Name {                                                                                                       \
    static constexpr std::string_view schema = "aten::" text "(Scalar self, Tensor other) -> Tensor";                 \
    static Tensor compose(const Value& x, const Tensor& y) { return call<Pair<Function>>(beside(y, x), with(y, x)); } \
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
struct ButNan {
  static constexpr std::string_view schema =
      larger ? "aten::fmax(Tensor self, Tensor other) -> Tensor" : "aten::fmin(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_numbers(out.dtype(), "fmax and fmin",
                     [&]<class T>() { map2<T>(in, out, [](T x, T y) -> T { return first_wins(x, y) ? x : y; }); });
  }

  static constexpr const char* backward_name = larger ? "FmaxBackward0" : "FminBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor&) {
    return {SavedTensor::input(a), SavedTensor::input(b)};
  }
  // Of equals the first gets it.
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &b = std::get<1>(saved).get();
    const Operands in(a, b, gradient.sizes(), gradient.dtype());
    const Tensor firsts = empty(gradient.sizes(), {gradient.dtype()});
    dispatch_floating(gradient.dtype(), "fmax and fmin",
                      [&]<class T>() { map2<T>(in, firsts, [](T x, T y) { return first_wins(x, y) ? T(1) : T(0); }); });
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(okibi::mul(gradient, firsts), a.sizes()).to(a.dtype());
    if (edges.needed(1)) gradients[1] = sum_to(okibi::mul(gradient, 1.0 - firsts), b.sizes()).to(b.dtype());
    return gradients;
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

struct Nextafter {
  static constexpr std::string_view schema = "aten::nextafter(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    const OutputSpec spec = promoted(a, b);
    if (!is_floating_point(spec.dtype)) throw_cannot_compute("nextafter", spec.dtype);
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
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
        throw Error(ErrorKind::bad_argument,
                    fmt::format("{} must be greater than or equal to zero, but got {}", name, value));
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
  static constexpr okibi::Op rows[] = {entry<Pair<Xlogy>>(),
                                       entry<Pair<SpecialXlog1py>>(),
                                       entry<Pair<Hypot>>(),
                                       entry<Pair<Copysign>>(),
                                       entry<Pair<Logaddexp>>(),
                                       entry<Pair<Logaddexp2>>(),
                                       entry<XlogyNumber>(),
                                       entry<NumberXlogy>(),
                                       entry<Xlog1pyNumber>(),
                                       entry<NumberXlog1py>(),
                                       entry<CopysignNumber>(),
                                       entry<ButNan<true>>(),
                                       entry<ButNan<false>>(),
                                       entry<Heaviside>(),
                                       entry<Nextafter>(),
                                       entry<FloatPower>(),
                                       entry<FloatPowerNumber>(),
                                       entry<FloatPowerOfNumber>(),
                                       entry<Ldexp>(),
                                       entry<Isclose>()};
  return rows;
}

}  // namespace okibi::ops
