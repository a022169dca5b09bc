// Arithmetic, element by element, with broadcasting and promotion.
#include "kernels/kernels.h"
#include "ops/complex_numbers.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

template <class T>
constexpr bool is_real = std::is_floating_point_v<T>;

// Integers wrap around, as in PyTorch; done without sign so that it is defined.
template <class T>
T wrapped(uint64_t value) {
  return static_cast<T>(value);
}

// ------------------------------------------------------------------------------------------------------- a + alpha · b

template <bool subtract>
void add_into(const Tensor& a, const Tensor& b, double alpha, const Tensor& out) {
  if (is_complex(out.dtype())) return complex_sum(a, b, subtract ? -alpha : alpha, out);
  const Operands in(a, b, out.sizes(), out.dtype());
  dispatch_numbers(out.dtype(), subtract ? "sub" : "add", [&]<class T>() {
    if constexpr (is_real<T>) {
      constexpr auto kernel = subtract ? &kernels::sub<T> : &kernels::add<T>;
      kernel(out.numel(), in.a.data<T>(), in.b.data<T>(), static_cast<T>(alpha), out.data<T>());
    } else if constexpr (std::is_same_v<T, bool>) {
      map2<bool>(in, out, [](bool x, bool y) { return x || y; });
    } else {
      const auto factor = static_cast<uint64_t>(static_cast<int64_t>(subtract ? -alpha : alpha));
      map2<T>(in, out,
              [factor](T x, T y) { return wrapped<T>(static_cast<uint64_t>(x) + factor * static_cast<uint64_t>(y)); });
    }
  });
}

struct AddTensor {
  static constexpr std::string_view schema = "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b, double) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, double alpha, const Tensor& out) {
    add_into<false>(a, b, alpha, out);
  }

  static constexpr const char* backward_name = "AddBackward0";
  using Saved = std::tuple<Dims, Dims, double>;
  static Saved save(const Tensor& a, const Tensor& b, double alpha, const Tensor&) {
    return {a.sizes(), b.sizes(), alpha};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [a_sizes, b_sizes, alpha] = saved;
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(gradient, a_sizes);
    if (edges.needed(1)) gradients[1] = sum_to(alpha == 1 ? gradient : okibi::mul(gradient, alpha), b_sizes);
    return gradients;
  }
};

struct SubTensor {
  static constexpr std::string_view schema = "aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b, double) {
    if (a.dtype() == boolean || b.dtype() == boolean) {
      throw Error(ErrorKind::bad_argument, "Subtraction, the `-` operator, with a bool tensor is not supported")
          .hint("Convert with .to(okibi::int64) first.");
    }
    return promoted(a, b);
  }
  static void forward(const Tensor& a, const Tensor& b, double alpha, const Tensor& out) {
    add_into<true>(a, b, alpha, out);
  }

  static constexpr const char* backward_name = "SubBackward0";
  using Saved = AddTensor::Saved;
  static Saved save(const Tensor& a, const Tensor& b, double alpha, const Tensor&) {
    return {a.sizes(), b.sizes(), -alpha};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return AddTensor::backward(gradient, saved, edges);
  }
};

// ---------------------------------------------------------------------------------------------------------------- a ·
// b

struct MulTensor : SavesBoth {
  static constexpr std::string_view schema = "aten::mul.Tensor(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return promoted(a, b); }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    if (is_complex(out.dtype())) return complex_product(a, b, out);
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_numbers(out.dtype(), "mul", [&]<class T>() {
      if constexpr (is_real<T>)
        kernels::mul(out.numel(), in.a.data<T>(), in.b.data<T>(), out.data<T>());
      else if constexpr (std::is_same_v<T, bool>)
        map2<bool>(in, out, [](bool x, bool y) { return x && y; });
      else
        map2<T>(in, out, [](T x, T y) { return wrapped<T>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y)); });
    });
  }

  static constexpr const char* backward_name = "MulBackward0";
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor& a = std::get<0>(saved).get();
    const Tensor& b = std::get<1>(saved).get();
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(okibi::mul(gradient, b), a.sizes());
    if (edges.needed(1)) gradients[1] = sum_to(okibi::mul(gradient, a), b.sizes());
    return gradients;
  }
};

// ---------------------------------------------------------------------------------------------------------------- a /
// b

struct DivTensor : SavesBoth {
  static constexpr std::string_view schema = "aten::div.Tensor(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    OutputSpec spec = promoted(a, b);
    if (!is_floating_point(spec.dtype) && !is_complex(spec.dtype)) spec.dtype = float32;
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    if (is_complex(out.dtype())) return complex_quotient(a, b, out);
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_floating(out.dtype(), "div",
                      [&]<class T>() { kernels::div(out.numel(), in.a.data<T>(), in.b.data<T>(), out.data<T>()); });
  }

  static constexpr const char* backward_name = "DivBackward0";
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor& a = std::get<0>(saved).get();
    const Tensor& b = std::get<1>(saved).get();
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(okibi::div(gradient, b), a.sizes());
    if (edges.needed(1)) {  // -gradient · a / b²
      gradients[1] = sum_to(okibi::mul(okibi::div(okibi::div(okibi::mul(gradient, a), b), b), -1), b.sizes());
    }
    return gradients;
  }
};

// -------------------------------------------------------------------------------------------------------- with numbers

struct AddScalar {
  static constexpr std::string_view schema = "aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Value& b, double) { return {a.sizes(), result_type(a.dtype(), b)}; }
  static void forward(const Tensor& a, const Value& b, double alpha, const Tensor& out) {
    AddTensor::forward(a, number_tensor(b, out.dtype()), alpha, out);
  }

  static constexpr const char* backward_name = "AddBackward1";
  using Saved = std::tuple<>;
  static Saved save(const Tensor&, const Value&, double, const Tensor&) { return {}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved&, const Edges&) { return {gradient}; }
};

struct MulScalar {
  static constexpr std::string_view schema = "aten::mul.Scalar(Tensor self, Scalar other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Value& b) { return {a.sizes(), result_type(a.dtype(), b)}; }
  static void forward(const Tensor& a, const Value& b, const Tensor& out) {
    if (!is_floating_point(out.dtype())) return MulTensor::forward(a, number_tensor(b, out.dtype()), out);
    const Tensor x = a.to(out.dtype()).contiguous();
    dispatch_floating(out.dtype(), "mul", [&]<class T>() {
      kernels::scale(out.numel(), x.data<T>(), static_cast<T>(b.to_double()), out.data<T>());
    });
  }

  static constexpr const char* backward_name = "MulBackward1";
  using Saved = std::tuple<double>;
  static Saved save(const Tensor&, const Value& b, const Tensor&) { return {b.to_double()}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {okibi::mul(gradient, std::get<0>(saved))};
  }
};

}  // namespace

std::span<const okibi::Op> elementwise_ops() {
  static constexpr okibi::Op rows[] = {entry<AddTensor>(), entry<SubTensor>(), entry<MulTensor>(),
                                       entry<DivTensor>(), entry<AddScalar>(), entry<MulScalar>()};
  return rows;
}

// Half precision is summed as floats.
Tensor sum_to(const Tensor& tensor, const Dims& sizes) {
  if (tensor.sizes() == sizes) return tensor;
  if (tensor.dtype() == float16 || tensor.dtype() == bfloat16)
    return sum_to(tensor.to(float32), sizes).to(tensor.dtype());
  Tensor result = tensor;
  while (result.sizes().size() > sizes.size()) result = okibi::sum(result, 0);
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1 && result.sizes()[d] != 1) result = okibi::sum(result, static_cast<int64_t>(d), true);
  }
  return result;
}

}  // namespace okibi::ops

namespace okibi {

Tensor add(const Tensor& a, const Tensor& b, double alpha) { return ops::call<ops::AddTensor>(a, b, alpha); }
Tensor sub(const Tensor& a, const Tensor& b, double alpha) { return ops::call<ops::SubTensor>(a, b, alpha); }
Tensor mul(const Tensor& a, const Tensor& b) { return ops::call<ops::MulTensor>(a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return ops::call<ops::DivTensor>(a, b); }
Tensor add(const Tensor& a, double b) { return ops::call<ops::AddScalar>(a, ops::as_number(b), 1.0); }
Tensor mul(const Tensor& a, double b) { return ops::call<ops::MulScalar>(a, ops::as_number(b)); }

}  // namespace okibi
