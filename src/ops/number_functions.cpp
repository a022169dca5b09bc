// Functions of single numbers with bounds, digits and replacements.
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

using MaybeNumber = std::optional<double>;

// gradient · slope(x), element by element.
template <class Slope>
Tensor slopes_times(const Tensor& gradient, const Tensor& x, std::string_view what, Slope slope) {
  const Tensor g = gradient.contiguous(), in = x.to(g.dtype()).contiguous(), out = empty(g.sizes(), {g.dtype()});
  dispatch_floating(g.dtype(), what, [&]<class T>() {
    map2<T>(g, in, out, [slope](T up, T v) { return static_cast<T>(slope(up, v)); });
  });
  return out;
}

// ------------------------------------------------------------------------------------------- what is no finite number

struct NanToNum {
  static constexpr bool takes_half = true;  // whose largest numbers are other ones
  static constexpr std::string_view schema =
      "aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, MaybeNumber, MaybeNumber, MaybeNumber) { return {x.sizes(), x.dtype()}; }
  static void forward(const Tensor& x, MaybeNumber nan, MaybeNumber above, MaybeNumber below, const Tensor& out) {
    if (!is_floating_point(x.dtype())) return void(out.copy_(x));
    if (is_half(x.dtype())) {
      const double largest = x.dtype() == float16 ? Half::largest() : BFloat16::largest();
      const Tensor wide = empty(x.sizes(), {float32});
      forward(x.to(float32), nan, above.value_or(largest), below.value_or(-largest), wide);
      return void(out.copy_(wide));
    }
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "nan_to_num", [&]<class T>() {
      using Limits = std::numeric_limits<T>;
      const T for_nan = static_cast<T>(nan.value_or(0)), most = above ? static_cast<T>(*above) : Limits::max(),
              least = below ? static_cast<T>(*below) : Limits::lowest();
      map1<T>(in, out, [=](T v) {
        return std::isnan(v) ? for_nan : v == Limits::infinity() ? most : v == -Limits::infinity() ? least : v;
      });
    });
  }
  static constexpr const char* backward_name = "NanToNumBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor& x, MaybeNumber, MaybeNumber, MaybeNumber, const Tensor&) {
    return {SavedTensor::input(x)};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto slope = [](auto up, auto v) { return std::isfinite(v) ? up : up * 0; };
    const Tensor wide = slopes_times(widened(gradient), std::get<0>(saved).get(), "nan_to_num", slope);
    return {wide.to(gradient.dtype())};
  }
};

// Of integers whether they are below 0; of floating point also that of -0 and of NaN.
struct Signbit {
  static constexpr std::string_view schema = "aten::signbit(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) { return {x.sizes(), boolean}; }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_numbers(x.dtype(), "signbit", [&]<class T>() {
      map1<T>(in, out, [](T v) {
        if constexpr (std::is_floating_point_v<T>) {
          return std::signbit(v);
        } else {
          return v < T(0);
        }
      });
    });
  }
};

// ------------------------------------------------------------------------------------------------------------ log odds

// log (x / (1 - x)), of x within [eps, 1 - eps] where eps is given.
struct Logit {
  static constexpr std::string_view schema = "aten::logit(Tensor self, float? eps=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, MaybeNumber) { return floating_spec(x, "logit"); }
  static void forward(const Tensor& x, MaybeNumber eps, const Tensor& out) {
    const Tensor in = x.to(out.dtype()).contiguous();
    dispatch_floating(out.dtype(), "logit", [&]<class T>() {
      const bool is_bound = eps && *eps >= 0;
      const T low = static_cast<T>(eps.value_or(0)), high = 1 - low;
      map1<T>(in, out, [=](T v) {
        const T z = !is_bound ? v : v < low ? low : v > high ? high : v;
        return z == T(1) ? std::numeric_limits<T>::infinity() : std::log(z / (1 - z));
      });
    });
  }
  static constexpr const char* backward_name = "LogitBackward0";
  using Saved = std::tuple<SavedTensor, MaybeNumber>;
  static Saved save(const Tensor& x, MaybeNumber eps, const Tensor&) { return {SavedTensor::input(x), eps}; }
  // At bounds that are not given the slope is infinite; beyond them NaN.
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const MaybeNumber eps = std::get<1>(saved);
    const bool is_bound = eps && *eps >= 0;
    const double low = is_bound ? *eps : 0, outside = is_bound ? 0 : std::nan("");
    const auto slope = [=]<class T>(T up, T v) {
      const T least = static_cast<T>(low);
      if (v < least || v > 1 - least) return static_cast<T>(outside);
      return !is_bound && (v == 0 || v == 1) ? up * std::numeric_limits<T>::infinity() : up / (v * (1 - v));
    };
    return {slopes_times(gradient, std::get<0>(saved).get(), "logit", slope)};
  }
};

// --------------------------------------------------------------------------------------------------- angles, rounding

struct Deg2Rad {
  static constexpr std::string_view schema = "aten::deg2rad(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) {
    return okibi::mul(x.to(floating_spec(x, "deg2rad").dtype), std::numbers::pi / 180);
  }
};
struct Rad2Deg {
  static constexpr std::string_view schema = "aten::rad2deg(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) {
    return okibi::mul(x.to(floating_spec(x, "rad2deg").dtype), 180 / std::numbers::pi);
  }
};

// Halves to the even digit, as far as they are such in binary.
struct RoundDecimals {
  static constexpr std::string_view schema = "aten::round.decimals(Tensor self, *, int decimals) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t decimals) {
    if (decimals != 0) require_floating(x, "round with decimals");
    if (x.dtype() == boolean) throw_cannot_compute("round", boolean);
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t decimals, const Tensor& out) {
    if (!is_floating_point(x.dtype())) return void(out.copy_(x));
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "round", [&]<class T>() {
      const T tens = static_cast<T>(std::pow(10.0, std::abs(static_cast<double>(decimals))));
      if (decimals < 0) return map1<T>(in, out, [tens](T v) { return std::nearbyint(v / tens) * tens; });
      map1<T>(in, out, [tens](T v) { return std::nearbyint(v * tens) / tens; });
    });
  }
  static constexpr const char* backward_name = "RoundBackward1";
  using Saved = std::tuple<>;
  static Saved save(const Tensor&, int64_t, const Tensor&) { return {}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved&, const Edges&) {
    return {zeros(gradient.sizes(), {gradient.dtype()})};
  }
};

// ---------------------------------------------------------------------------------------------------------- shrinking

struct Hardshrink {
  static constexpr std::string_view schema = "aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor";
  static OutputSpec infer(const Tensor& x, double) {
    require_floating(x, "hardshrink");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, double lambda, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "hardshrink", [&]<class T>() {
      const T l = static_cast<T>(lambda);
      map1<T>(in, out, [l](T v) { return v >= -l && v <= l ? T(0) : v; });
    });
  }
  static constexpr const char* backward_name = "HardshrinkBackward0";
  using Saved = std::tuple<SavedTensor, double>;
  static Saved save(const Tensor& x, double lambda, const Tensor&) { return {SavedTensor::input(x), lambda}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto slope = [l = std::get<1>(saved)]<class T>(T up, T v) {
      return v >= static_cast<T>(-l) && v <= static_cast<T>(l) ? T(0) : up;
    };
    return {slopes_times(gradient, std::get<0>(saved).get(), "hardshrink", slope)};
  }
};

struct Softshrink {
  static constexpr std::string_view schema = "aten::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor";
  static OutputSpec infer(const Tensor& x, double lambda) {
    require_floating(x, "softshrink");
    if (!(lambda >= 0)) {
      refuse(fmt::format("lambda must be greater or equal to 0, but found to be {}.", lambda));
    }
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, double lambda, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "softshrink", [&]<class T>() {
      const T l = static_cast<T>(lambda);
      map1<T>(in, out, [l](T v) { return v > l ? v - l : v < -l ? v + l : std::isnan(v) ? v : T(0); });
    });
  }
  static constexpr const char* backward_name = "SoftshrinkBackward0";
  using Saved = std::tuple<SavedTensor, double>;
  static Saved save(const Tensor& x, double lambda, const Tensor&) { return {SavedTensor::input(x), lambda}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return Hardshrink::backward(gradient, saved, edges);
  }
};

// In evaluation. In training PyTorch draws a slope for each number.
struct Rrelu {
  static constexpr std::string_view schema =
      "aten::rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? "
      "generator=None) -> Tensor";
  static Tensor compose(const Tensor& x, double lower, double upper, bool training, const Value&) {
    if (!(lower <= upper)) {
      throw Error(ErrorKind::bad_argument, "Lower bound should be less than or equal to the upper bound")
          .found(fmt::format("{} and {}", lower, upper));
    }
    if (training) {
      throw Error(ErrorKind::unsupported, "rrelu with training=True is not implemented")
          .hint("Call eval() on the module before it is saved.");
    }
    return okibi::leaky_relu(x, (lower + upper) / 2);
  }
};

struct Positive {
  static constexpr std::string_view schema = "aten::positive(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) {
    if (x.dtype() == boolean) {
      refuse("The `+` operator, on a bool tensor is not supported.");
    }
    return x.as_strided(x.sizes(), x.strides(), x.storage_offset());
  }
};

// x = mantissa · 2^exponent, with |mantissa| from 0.5 to 1.
struct Frexp {
  static constexpr std::string_view schema = "aten::frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)";
  static std::array<OutputSpec, 2> infer(const Tensor& x) {
    if (!is_floating_point(x.dtype())) {
      throw Error(ErrorKind::bad_argument, "torch.frexp() only supports floating-point dtypes")
          .found(std::string(name_of(x.dtype())));
    }
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{x.sizes(), int32}};
  }
  static void forward(const Tensor& x, const Tensor& mantissa, const Tensor& exponent) {
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "frexp", [&]<class T>() {
      for (int64_t i = 0; i < in.numel(); ++i) {
        int power = 0;
        mantissa.data<T>()[i] = std::frexp(in.data<T>()[i], &power);
        exponent.data<int32_t>()[i] = power;
      }
    });
  }
  static constexpr const char* backward_name = "FrexpBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor&, const Tensor&, const Tensor& exponent) { return {SavedTensor::output(exponent)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor power = okibi::pow(full({}, 2, {gradient.dtype()}), std::get<0>(saved).get().to(gradient.dtype()));
    return {okibi::div(gradient, power)};
  }
};

}  // namespace

std::span<const okibi::Op> number_function_ops() {
  static constexpr okibi::Op rows[] = {entry<NanToNum>(),   entry<Signbit>(),    entry<Logit>(),
                                       entry<Deg2Rad>(),    entry<Rad2Deg>(),    entry<RoundDecimals>(),
                                       entry<Hardshrink>(), entry<Softshrink>(), entry<Rrelu>(),
                                       entry<Positive>(),   entry<Frexp>()};
  return rows;
}

}  // namespace okibi::ops
