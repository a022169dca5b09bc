#include "ops/complex_numbers.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "tensor/geometry.h"

namespace okibi::ops {

DType real_of(DType complex) {
  if (complex == complex64) return float32;
  if (complex == complex128) return float64;
  throw Error(ErrorKind::bad_argument, "complex numbers were expected").found(std::string(name_of(complex)));
}
DType complex_of(DType real) {
  if (real == float32) return complex64;
  if (real == float64) return complex128;
  throw Error(ErrorKind::unsupported, "there are no complex numbers of this dtype").found(std::string(name_of(real)));
}

Tensor pairs_of(const Tensor& complex) {
  require_resolved(complex);
  Dims sizes = complex.sizes(), strides = complex.strides();
  for (int64_t& stride : strides) stride = wrapping_add(stride, stride);
  sizes.push_back(2);
  strides.push_back(1);
  return Tensor::over(complex.storage(), real_of(complex.dtype()), sizes, strides, complex.storage_offset() * 2);
}
Tensor conjugated(const Tensor& x) { return x.conj().resolve_conj(); }

namespace {

// work(i) for each of n numbers.
template <class Work>
void for_each_number(int64_t n, Work&& work) {
  kernels::split(n, kernels::elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) work(i);
  });
}

template <class Function>
void map_both(const Tensor& a, const Tensor& b, const Tensor& out, std::string_view what, Function&& f) {
  const Operands in(a, b, out.sizes(), out.dtype());
  dispatch_complex(out.dtype(), what, [&]<class T>() {
    const auto *x = complex_numbers<T>(in.a), *y = complex_numbers<T>(in.b);
    auto* to = complex_numbers<T>(out);
    for_each_number(out.numel(), [&](int64_t i) { to[i] = f(x[i], y[i]); });
  });
}

struct ComplexFunction {
  std::string_view name;
  std::complex<double> (*of)(const std::complex<double>& z);
};
using Z = const std::complex<double>&;
constexpr ComplexFunction functions[] = {
    {"neg", [](Z z) { return -z; }},
    {"exp", [](Z z) { return std::exp(z); }},
    {"log", [](Z z) { return std::log(z); }},
    {"log2", [](Z z) { return std::log(z) / std::numbers::ln2; }},
    {"log10", [](Z z) { return std::log10(z); }},
    {"sqrt", [](Z z) { return std::sqrt(z); }},
    {"rsqrt", [](Z z) { return 1.0 / std::sqrt(z); }},
    {"reciprocal", [](Z z) { return 1.0 / z; }},
    {"square", [](Z z) { return z * z; }},
    {"sin", [](Z z) { return std::sin(z); }},
    {"cos", [](Z z) { return std::cos(z); }},
    {"tan", [](Z z) { return std::tan(z); }},
    {"asin", [](Z z) { return std::asin(z); }},
    {"acos", [](Z z) { return std::acos(z); }},
    {"atan", [](Z z) { return std::atan(z); }},
    {"sinh", [](Z z) { return std::sinh(z); }},
    {"cosh", [](Z z) { return std::cosh(z); }},
};

const ComplexFunction& function_named(std::string_view schema, DType dtype) {
  const std::string_view name = schema.substr(6, schema.find('(') - 6);
  for (const ComplexFunction& function : functions) {
    if (function.name == name) return function;
  }
  throw_cannot_compute(name, dtype);
}

}  // namespace

void complex_sum(const Tensor& a, const Tensor& b, double alpha, const Tensor& out) {
  map_both(a, b, out, "add", [alpha](const auto& x, const auto& y) {
    return x + static_cast<std::decay_t<decltype(x.real())>>(alpha) * y;
  });
}
void complex_product(const Tensor& a, const Tensor& b, const Tensor& out) {
  map_both(a, b, out, "mul", [](const auto& x, const auto& y) {
    return std::decay_t<decltype(x)>(x.real() * y.real() - x.imag() * y.imag(),
                                     x.real() * y.imag() + x.imag() * y.real());
  });
}
void complex_quotient(const Tensor& a, const Tensor& b, const Tensor& out) {
  map_both(a, b, out, "div", [](const auto& x, const auto& y) { return x / y; });
}
void complex_function(std::string_view schema, const Tensor& x, const Tensor& out) {
  const ComplexFunction& function = function_named(schema, x.dtype());
  const Tensor in = x.contiguous();
  dispatch_complex(out.dtype(), function.name, [&]<class T>() {
    const auto* from = complex_numbers<T>(in);
    auto* to = complex_numbers<T>(out);
    for_each_number(out.numel(),
                    [&](int64_t i) { to[i] = std::complex<T>(function.of(std::complex<double>(from[i]))); });
  });
}

// --------------------------------------------------------------------------------- operators of complex numbers alone

namespace {

void require_same_reals(const Tensor& a, const Tensor& b) {
  if (a.dtype() != float32 && a.dtype() != float64) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("Expected both inputs to be Half, Float or Double tensors but got {} "
                            "and {}",
                            name_of(a.dtype()), name_of(b.dtype())));
  }
  if (a.dtype() == b.dtype()) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("Expected object of scalar type {} but got scalar type {} for second "
                          "argument",
                          name_of(a.dtype()), name_of(b.dtype())));
}

template <bool of_angle>
struct FromParts {
  static constexpr const char* no_gradient = ThroughComplexNumbers::no_gradient;
  static constexpr std::string_view schema = of_angle ? "aten::polar(Tensor abs, Tensor angle) -> Tensor"
                                                      : "aten::complex(Tensor real, Tensor imag) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    require_same_reals(a, b);
    return {broadcast_sizes(a.sizes(), b.sizes()), complex_of(a.dtype())};
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), a.dtype());
    dispatch_floating(a.dtype(), "complex", [&]<class T>() {
      const T *x = in.a.data<T>(), *y = in.b.data<T>();
      auto* to = complex_numbers<T>(out);
      for_each_number(out.numel(), [&](int64_t i) {
        to[i] = of_angle ? std::complex<T>(x[i] * std::cos(y[i]), x[i] * std::sin(y[i])) : std::complex<T>(x[i], y[i]);
      });
    });
  }
};

// Of real numbers 0 or π, by their sign; NaN stays such.
struct Angle {
  static constexpr std::string_view schema = "aten::angle(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) {
    const bool is_kept = is_floating_point(x.dtype());
    return {x.sizes(), is_complex(x.dtype()) ? real_of(x.dtype()) : is_kept ? x.dtype() : float32};
  }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = (is_complex(x.dtype()) ? x : x.to(out.dtype())).contiguous();
    dispatch_floating(out.dtype(), "angle", [&]<class T>() {
      T* const to = out.data<T>();
      if (is_complex(x.dtype())) {
        const auto* const from = complex_numbers<T>(in);
        return for_each_number(out.numel(), [&](int64_t i) { to[i] = std::arg(from[i]); });
      }
      const T* const from = in.data<T>();
      for_each_number(out.numel(), [&](int64_t i) { to[i] = of(from[i]); });
    });
  }

 private:
  template <class T>
  static T of(T x) {
    return x < 0 ? std::numbers::pi_v<T> : x != x ? x : T(0);
  }
};

constexpr char conj_schema[] = "aten::conj(Tensor(a) self) -> Tensor(a)";
constexpr char conj_inner_schema[] = "aten::_conj(Tensor(a) self) -> Tensor(a)";
constexpr char conj_physical_schema[] = "aten::conj_physical(Tensor self) -> Tensor";
template <const char* text>
struct Conj {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) { return conjugated(x); }
};
constexpr char resolve_conj_schema[] = "aten::resolve_conj(Tensor(a) self) -> Tensor(a)";
constexpr char resolve_neg_schema[] = "aten::resolve_neg(Tensor(a) self) -> Tensor(a)";
template <const char* text>
struct Resolve {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) { return x.resolve_conj().resolve_neg(); }
};

constexpr char adjoint_schema[] = "aten::adjoint(Tensor(a) self) -> Tensor(a)";
constexpr char mh_schema[] = "aten::mH(Tensor(a) self) -> Tensor(a)";
constexpr char mh_a_schema[] = "aten::mH.a(Tensor(a) self) -> Tensor(a)";
template <const char* text>
struct Adjoint {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) {
    if (x.dim() == 0) return conjugated(x);
    if (x.dim() >= 2) return conjugated(x.transpose(-2, -1));
    throw Error(ErrorKind::bad_argument,
                fmt::format("tensor.{} is only supported on matrices or batches of matrices. Got "
                            "1-D tensor.",
                            schema == adjoint_schema ? "adjoint()" : "mH"));
  }
};
constexpr char matrix_h_schema[] = "aten::matrix_H(Tensor(a) self) -> Tensor(a)";
constexpr char matrix_h_a_schema[] = "aten::matrix_H.a(Tensor(a) self) -> Tensor(a)";
template <const char* text>
struct MatrixH {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) {
    if (x.dim() == 0) return conjugated(x);
    if (x.dim() == 2) return conjugated(x.transpose(0, 1));
    throw Error(ErrorKind::bad_argument,
                fmt::format("tensor.H is only supported on matrices (2-D tensors). Got {}-D tensor.", x.dim()))
        .hint("For batches of matrices, consider using tensor.mH");
  }
};

}  // namespace

std::span<const okibi::Op> complex_ops() {
  static constexpr okibi::Op rows[] = {
      entry<FromParts<false>>(),
      entry<FromParts<true>>(),
      entry<Angle>(),
      entry<Conj<conj_schema>>(),
      entry<Conj<conj_inner_schema>>(),
      entry<Conj<conj_physical_schema>>(),
      entry<Resolve<resolve_conj_schema>>(),
      entry<Resolve<resolve_neg_schema>>(),
      entry<Adjoint<adjoint_schema>>(),
      entry<Adjoint<mh_schema>>(),
      entry<Adjoint<mh_a_schema>>(),
      entry<MatrixH<matrix_h_schema>>(),
      entry<MatrixH<matrix_h_a_schema>>(),
  };
  return rows;
}

}  // namespace okibi::ops
