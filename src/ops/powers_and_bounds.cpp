// Arithmetic with numbers, powers, the larger and the smaller of two, and whole division.
#include <cmath>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "ops/whole_division.h"

namespace okibi::ops {
namespace {

Value times(const Value& a, double factor) {
  return a.is_double() || factor != std::floor(factor) ? Value(a.to_double() * factor)
                                                       : Value(a.to_int() * static_cast<int64_t>(factor));
}

struct SubScalar {
  static constexpr std::string_view schema = "aten::sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Value& other, double alpha) {
    const Beside both(x, times(other, alpha));
    return okibi::sub(both.x, both.number);
  }
};
struct RsubScalar {
  static constexpr std::string_view schema = "aten::rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Value& other, double alpha) {
    const Beside both(x, other);
    return okibi::sub(both.number, both.x, alpha);
  }
};
struct DivScalar {
  static constexpr std::string_view schema = "aten::div.Scalar(Tensor self, Scalar other) -> Tensor";
  static Tensor compose(const Tensor& x, const Value& other) {
    const Beside both(x, other);
    return okibi::div(both.x, both.number);
  }
};

// -------------------------------------------------------------------------------------------------------------- powers

// Integers wrap around. To negative powers they are 0, but for 1 and -1.
template <class T>
T power(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(base, exponent);
  } else {
    if (exponent < 0) return static_cast<T>(base == 1 ? 1 : base != T(-1) ? 0 : exponent % 2 == 0 ? 1 : -1);
    uint64_t result = 1, factor = static_cast<uint64_t>(base);
    for (auto left = static_cast<uint64_t>(exponent); left > 0; left >>= 1, factor *= factor) {
      if ((left & 1) != 0) result *= factor;
    }
    return static_cast<T>(result);
  }
}

void require_no_negative_power_of_integers(DType dtype, const Value& exponent) {
  if (is_floating_point(dtype) || exponent.to_double() >= 0) return;
  refuse("Integers to negative integer powers are not allowed.");
}

struct PowScalar {
  static constexpr std::string_view schema = "aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Value& exponent) {
    const DType dtype = result_type(x.dtype(), exponent);
    require_no_negative_power_of_integers(dtype, exponent);
    return {x.sizes(), dtype};
  }
  static void forward(const Tensor& x, const Value& exponent, const Tensor& out) {
    const Tensor in = x.to(out.dtype()).contiguous(), number = number_tensor(exponent, out.dtype());
    dispatch_numbers(out.dtype(), "pow", [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) {
        const T e = *number.data<T>();
        if (std::is_floating_point_v<T> && e == T(2)) return map1<T>(in, out, [](T v) { return v * v; });
        map1<T>(in, out, [e](T v) { return power(v, e); });
      }
    });
  }

  static constexpr const char* backward_name = "PowBackward0";
  using Saved = std::tuple<SavedTensor, Value>;
  static Saved save(const Tensor& x, const Value& exponent, const Tensor&) { return {SavedTensor::input(x), exponent}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [x, exponent] = saved;
    const double e = exponent.to_double();
    if (e == 0) return {zeros(gradient.sizes(), {gradient.dtype()})};
    return {okibi::mul(okibi::mul(gradient, okibi::pow(x.get(), e - 1)), e)};
  }
};

struct PowTensor {
  static constexpr std::string_view schema = "aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    const OutputSpec spec = promoted(a, b);
    if (spec.dtype == boolean) throw_cannot_compute("pow of two tensors", spec.dtype);
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_numbers(out.dtype(), "pow", [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) map2<T>(in, out, [](T x, T y) { return power(x, y); });
    });
  }

  static constexpr const char* backward_name = "PowBackward1";
  using Saved = std::tuple<SavedTensor, SavedTensor, SavedTensor>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor& out) {
    return {SavedTensor::input(a), SavedTensor::input(b), SavedTensor::output(out)};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &b = std::get<1>(saved).get(), &out = std::get<2>(saved).get();
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(of(gradient, a, b, by_base), a.sizes());
    if (edges.needed(1)) gradients[1] = sum_to(okibi::mul(of(out, a, b, by_exponent), gradient), b.sizes());
    return gradients;
  }

 private:
  static double by_base(double g, double x, double y) { return y == 0 ? 0 : g * y * std::pow(x, y - 1); }
  static double by_exponent(double out, double x, double y) { return x == 0 && y >= 0 ? 0 : out * std::log(x); }
  static Tensor of(const Tensor& g, const Tensor& a, const Tensor& b, double (*f)(double, double, double)) {
    const Operands in(a, b, g.sizes(), g.dtype());
    const Tensor up = g.contiguous(), out = empty(g.sizes(), {g.dtype()});
    dispatch_floating(g.dtype(), "pow", [&]<class T>() {
      for (int64_t i = 0; i < out.numel(); ++i) {
        out.data<T>()[i] = static_cast<T>(f(up.data<T>()[i], in.a.data<T>()[i], in.b.data<T>()[i]));
      }
    });
    return out;
  }
};

// ----------------------------------------------------------------------------------- the larger and the smaller one

template <class T>
bool is_nan(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(x);
  } else {
    return false;
  }
}

// NaN wins. Of equals each gets half of the gradient.
template <bool larger>
struct ChosenOfTwo : SavesBoth {
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_numbers(out.dtype(), "maximum and minimum", [&]<class T>() {
      map2<T>(in, out, [](T x, T y) { return is_nan(x) || (larger ? x > y : x < y) ? x : y; });
    });
  }

  static constexpr const char* backward_name = larger ? "MaximumBackward0" : "MinimumBackward0";
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto by_a = [](auto x, auto y) { return share(x, y); };
    const auto by_b = [](auto x, auto y) { return share(y, x); };
    return pair_gradients(gradient, saved, edges, "maximum and minimum", by_a, by_b);
  }

 private:
  template <class T>
  static T share(T mine, T other) {
    return mine == other ? T(0.5) : (larger ? mine < other : mine > other) ? T(0) : T(1);
  }
};
struct Maximum : ChosenOfTwo<true> {
  static constexpr std::string_view schema = "aten::maximum(Tensor self, Tensor other) -> Tensor";
};
struct Minimum : ChosenOfTwo<false> {
  static constexpr std::string_view schema = "aten::minimum(Tensor self, Tensor other) -> Tensor";
};
struct MaxOther : ChosenOfTwo<true> {
  static constexpr std::string_view schema = "aten::max.other(Tensor self, Tensor other) -> Tensor";
};
struct MinOther : ChosenOfTwo<false> {
  static constexpr std::string_view schema = "aten::min.other(Tensor self, Tensor other) -> Tensor";
};

// -------------------------------------------------------------------------------------------------------------- bounds

DType bounded_type(const Tensor& x, const Value& least, const Value& most) {
  DType dtype = x.dtype();
  if (!least.is_none()) dtype = result_type(dtype, least);
  if (!most.is_none()) dtype = result_type(dtype, most);
  return dtype;
}

void bound(const Tensor& x, const Value& least, const Value& most, const Tensor& out) {
  if (least.is_none() && most.is_none()) {
    refuse("torch.clamp: At least one of 'min' or 'max' must not be None");
  }
  const Tensor in = x.to(out.dtype()).contiguous();
  dispatch_numbers(out.dtype(), "clamp", [&]<class T>() {
    const bool has_least = !least.is_none(), has_most = !most.is_none();
    const T low = has_least ? *number_tensor(least, out.dtype()).data<T>() : T();
    const T high = has_most ? *number_tensor(most, out.dtype()).data<T>() : T();
    map1<T>(in, out, [=](T v) {
      if (has_least && v < low) v = low;
      return has_most && v > high ? high : v;
    });
  });
}

// The gradient passes where the number was within the bounds, which count as within.
std::array<Tensor, 1> gradient_within(const Tensor& gradient, const Tensor& x, const Value& least, const Value& most) {
  const Tensor in = x.contiguous(), inside = empty(x.sizes(), {gradient.dtype()});
  const double low = least.is_none() ? -INFINITY : least.to_double(),
               high = most.is_none() ? INFINITY : most.to_double();
  dispatch_floating(gradient.dtype(), "clamp", [&]<class T>() {
    map1<T>(in, inside, [=](T v) { return v >= static_cast<T>(low) && v <= static_cast<T>(high) ? T(1) : T(0); });
  });
  return {okibi::mul(gradient, inside)};
}

struct Clamp {
  static constexpr std::string_view schema = "aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Value& least, const Value& most) {
    return {x.sizes(), bounded_type(x, least, most)};
  }
  static void forward(const Tensor& x, const Value& least, const Value& most, const Tensor& out) {
    bound(x, least, most, out);
  }
  static constexpr const char* backward_name = "ClampBackward1";
  using Saved = std::tuple<SavedTensor, Value, Value>;
  static Saved save(const Tensor& x, const Value& least, const Value& most, const Tensor&) {
    return {SavedTensor::input(x), least, most};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [x, least, most] = saved;
    return gradient_within(gradient, x.get(), least, most);
  }
};
struct ClampMin {
  static constexpr std::string_view schema = "aten::clamp_min(Tensor self, Scalar min) -> Tensor";
  static Tensor compose(const Tensor& x, const Value& least) { return call<Clamp>(x, least, Value()); }
};
struct ClampMax {
  static constexpr std::string_view schema = "aten::clamp_max(Tensor self, Scalar max) -> Tensor";
  static Tensor compose(const Tensor& x, const Value& most) { return call<Clamp>(x, Value(), most); }
};

// ------------------------------------------------------------------------------------------------------ whole division

template <bool quotient>
void divide(const Tensor& a, const Tensor& b, const Tensor& out) {
  if (out.dtype() == boolean) throw_cannot_compute("whole division", boolean);
  const Operands in(a, b, out.sizes(), out.dtype());
  dispatch_numbers(out.dtype(), "whole division", [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) {
      for (int64_t i = 0; i < out.numel(); ++i) {  // on this thread: dividing by zero throws
        const T x = in.a.data<T>()[i], y = in.b.data<T>()[i];
        out.data<T>()[i] = quotient ? divided_down(x, y) : left_over(x, y);
      }
    }
  });
}

struct FloorDivide {
  static constexpr std::string_view schema = "aten::floor_divide(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) { divide<true>(a, b, out); }
};
struct FloorDivideScalar {
  static constexpr std::string_view schema = "aten::floor_divide.Scalar(Tensor self, Scalar other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Value& b) { return {a.sizes(), result_type(a.dtype(), b)}; }
  static void forward(const Tensor& a, const Value& b, const Tensor& out) {
    divide<true>(a, number_tensor(b, out.dtype()), out);
  }
};
struct RemainderScalar {
  static constexpr std::string_view schema = "aten::remainder.Scalar(Tensor self, Scalar other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Value& b) { return {a.sizes(), result_type(a.dtype(), b)}; }
  static void forward(const Tensor& a, const Value& b, const Tensor& out) {
    divide<false>(a, number_tensor(b, out.dtype()), out);
  }
  static constexpr const char* backward_name = "RemainderBackward0";
  using Saved = std::tuple<>;
  static Saved save(const Tensor&, const Value&, const Tensor&) { return {}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved&, const Edges&) { return {gradient}; }
};

}  // namespace

std::span<const okibi::Op> power_and_bound_ops() {
  static constexpr okibi::Op rows[] = {entry<SubScalar>(),   entry<RsubScalar>(),        entry<DivScalar>(),
                                       entry<PowScalar>(),   entry<PowTensor>(),         entry<Maximum>(),
                                       entry<Minimum>(),     entry<MaxOther>(),          entry<MinOther>(),
                                       entry<Clamp>(),       entry<ClampMin>(),          entry<ClampMax>(),
                                       entry<FloorDivide>(), entry<FloorDivideScalar>(), entry<RemainderScalar>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor pow(const Tensor& x, double exponent) { return call<PowScalar>(x, as_number(exponent)); }
Tensor pow(const Tensor& x, const Tensor& exponent) { return call<PowTensor>(x, exponent); }
Tensor maximum(const Tensor& a, const Tensor& b) { return call<Maximum>(a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return call<Minimum>(a, b); }
Tensor clamp(const Tensor& x, std::optional<double> least, std::optional<double> most) {
  return call<Clamp>(x, least ? as_number(*least) : Value(), most ? as_number(*most) : Value());
}

}  // namespace okibi
