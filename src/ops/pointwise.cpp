// Functions of two and three numbers that broadcast: rounded quotients and what is left of them, weighted means,
// products that are added, bounds that are tensors.
#include <cmath>

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "ops/whole_division.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------ whole division

// Function: of(a, b) of numbers of one type. On this thread, since dividing an integer by zero throws.
template <class Function>
void divide_into(const Tensor& a, const Tensor& b, const Tensor& out) {
  if (out.dtype() == boolean) throw_cannot_compute(Function::name, boolean);
  const Operands in(a, b, out.sizes(), out.dtype());
  dispatch_numbers(out.dtype(), Function::name, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) {
      const T *x = in.a.data<T>(), *y = in.b.data<T>();
      T* to = out.data<T>();
      for (int64_t i = 0; i < out.numel(); ++i) to[i] = Function::of(x[i], y[i]);
    }
  });
}

// A quotient in steps has no slope; it needs a node all the same, for its gradient of zeros.
template <class Function>
struct Stepped {
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) { divide_into<Function>(a, b, out); }

  static constexpr std::string_view schema = Function::name;
  static constexpr const char* backward_name = "DivBackward0";
  using Saved = std::tuple<Dims, Dims>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor&) { return {a.sizes(), b.sizes()}; }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const TensorOptions options{gradient.dtype()};
    return {zeros(std::get<0>(saved), options), zeros(std::get<1>(saved), options)};
  }
};
struct Down {
  static constexpr std::string_view name = "division rounded down";
  template <class T>
  static T of(T a, T b) {
    return divided_down(a, b);
  }
};
struct ToZero {
  static constexpr std::string_view name = "division rounded towards zero";
  template <class T>
  static T of(T a, T b) {
    return divided_to_zero(a, b);
  }
};

using Mode = std::optional<std::string>;

Tensor divided(const Tensor& a, const Tensor& b, const Mode& mode) {
  if (!mode) return okibi::div(a, b);
  if (*mode == "floor") return call<Stepped<Down>>(a, b);
  if (*mode == "trunc") return call<Stepped<ToZero>>(a, b);
  throw Error(ErrorKind::bad_argument, "div expected rounding_mode to be one of None, 'trunc', or 'floor'")
      .found(printable(*mode, 40));
}

struct DivTensorMode {
  static constexpr std::string_view schema =
      "aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, const Mode& mode) { return divided(a, b, mode); }
};
struct DivScalarMode {
  static constexpr std::string_view schema =
      "aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor";
  static Tensor compose(const Tensor& a, const Value& b, const Mode& mode) {
    const Beside both(a, b);
    return divided(both.x, both.number, mode);
  }
};

// What is left has the slope 1 in a, and minus the quotient in b.
template <class Left, class Quotient, class Names>
struct LeftOver : SavesBoth {
  static constexpr std::string_view schema = Names::of_tensors;
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) { divide_into<Left>(a, b, out); }

  static constexpr const char* backward_name = Names::backward_name;
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &b = std::get<1>(saved).get();
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(gradient, a.sizes());
    if (edges.needed(1)) {
      const Tensor quotient = empty(gradient.sizes(), {gradient.dtype()});
      divide_into<Quotient>(a, b, quotient);
      gradients[1] = sum_to(okibi::mul(okibi::mul(gradient, quotient), -1), b.sizes());
    }
    return gradients;
  }
};
struct LeftOfDown {
  static constexpr std::string_view name = "remainder";
  template <class T>
  static T of(T a, T b) {
    return left_over(a, b);
  }
};
struct LeftOfZero {
  static constexpr std::string_view name = "fmod";
  template <class T>
  static T of(T a, T b) {
    return left_of_zero(a, b);
  }
};
struct RemainderNames {
  static constexpr std::string_view of_tensors = "aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor";
  static constexpr const char* backward_name = "RemainderBackward1";
};
struct FmodNames {
  static constexpr std::string_view of_tensors = "aten::fmod.Tensor(Tensor self, Tensor other) -> Tensor";
  static constexpr const char* backward_name = "FmodBackward1";
};
using Remainder = LeftOver<LeftOfDown, Down, RemainderNames>;
using Fmod = LeftOver<LeftOfZero, ToZero, FmodNames>;

struct RemainderOfNumber {
  static constexpr std::string_view schema = "aten::remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor";
  static Tensor compose(const Value& a, const Tensor& b) {
    const Beside both(b, a);
    return call<Remainder>(both.number, both.x);
  }
};
struct FmodScalar {
  static constexpr std::string_view schema = "aten::fmod.Scalar(Tensor self, Scalar other) -> Tensor";
  static Tensor compose(const Tensor& a, const Value& b) {
    const Beside both(a, b);
    return call<Fmod>(both.x, both.number);
  }
};

// ------------------------------------------------------------------------- weighted means, products that are added

// From the end that is nearer, so that a weight of 1 gives the other one exactly.
struct LerpScalar {
  static constexpr std::string_view schema = "aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& end, double weight) {
    require_floating(x, "lerp");
    const Tensor way = okibi::sub(end, x);
    return std::abs(weight) < 0.5 ? okibi::add(x, way, weight) : okibi::sub(end, way, 1 - weight);
  }
};
struct LerpTensor {
  static constexpr std::string_view schema = "aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& end, const Tensor& weight) {
    require_floating(x, "lerp");
    const Tensor way = okibi::sub(end, x), half = full({}, 0.5, {weight.dtype()});
    const Tensor is_near =
        okibi::logical_and(okibi::lt(weight, half), okibi::gt(weight, full({}, -0.5, {weight.dtype()})));
    return okibi::where(is_near, okibi::add(x, okibi::mul(way, weight)),
                        okibi::sub(end, okibi::mul(way, okibi::sub(full({}, 1, {weight.dtype()}), weight))));
  }
};

struct Addcmul {
  static constexpr std::string_view schema =
      "aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& a, const Tensor& b, double value) {
    return okibi::add(x, okibi::mul(a, b), value);
  }
};
struct Addcdiv {
  static constexpr std::string_view schema =
      "aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& a, const Tensor& b, double value) {
    if (!is_floating_point(promote_types(a.dtype(), b.dtype()))) {
      throw Error(ErrorKind::bad_argument, "Integer division with addcdiv is no longer supported")
          .hint("Divide with div and its rounding_mode, and add the result.");
    }
    return okibi::add(x, okibi::div(a, b), value);
  }
};
struct RsubTensor {
  static constexpr std::string_view schema =
      "aten::rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& other, double alpha) { return okibi::sub(other, x, alpha); }
};

// A number to the power of tensors. Of whole numbers it is whole.
struct PowOfNumber {
  static constexpr std::string_view schema = "aten::pow.Scalar(Scalar self, Tensor exponent) -> Tensor";
  static Tensor compose(const Value& base, const Tensor& exponent) {
    const Beside both(exponent, base);
    return okibi::pow(both.number, both.x);
  }
};

// -------------------------------------------------------------------------------------------------------------- bounds

// NaN in either stays. At the bound itself the gradient is the number's.
Tensor bounded(const Tensor& x, const Tensor& bound, bool below) {
  const DType dtype = result_type(x, bound);
  const Tensor a = x.to(dtype), b = bound.to(dtype);
  const Tensor is_beyond = okibi::logical_or(below ? okibi::lt(a, b) : okibi::gt(a, b), okibi::ne(b, b));
  return okibi::where(is_beyond, b, a);
}
Tensor within(const Tensor& x, const Tensor& least, const Tensor& most) {
  if (!least.defined() && !most.defined()) {
    refuse("torch.clamp: At least one of 'min' or 'max' must not be None");
  }
  const Tensor above = least.defined() ? bounded(x, least, true) : x;
  return most.defined() ? bounded(above, most, false) : above;
}

struct ClampTensor {
  static constexpr std::string_view schema =
      "aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& least, const Tensor& most) { return within(x, least, most); }
};
struct ClampMinTensor {
  static constexpr std::string_view schema = "aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& least) { return within(x, least, {}); }
};
struct ClampMaxTensor {
  static constexpr std::string_view schema = "aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& most) { return within(x, {}, most); }
};

}  // namespace

std::span<const okibi::Op> pointwise_ops() {
  static constexpr okibi::Op rows[] = {entry<DivTensorMode>(),     entry<DivScalarMode>(),  entry<Remainder>(),
                                       entry<RemainderOfNumber>(), entry<Fmod>(),           entry<FmodScalar>(),
                                       entry<LerpScalar>(),        entry<LerpTensor>(),     entry<Addcmul>(),
                                       entry<Addcdiv>(),           entry<RsubTensor>(),     entry<PowOfNumber>(),
                                       entry<ClampTensor>(),       entry<ClampMinTensor>(), entry<ClampMaxTensor>()};
  return rows;
}

}  // namespace okibi::ops
