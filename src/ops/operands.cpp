#include "ops/operands.h"

#include <cmath>
#include <complex>

namespace okibi::ops {
namespace {

Tensor fit(const Tensor& x, const Dims& sizes, DType dtype) {
  if (x.dtype() == dtype && x.sizes() == sizes && x.is_contiguous()) return x;
  return x.to(dtype).expand(sizes).contiguous();
}

// What comes first decides, unless the other is of a higher kind.
DType combined(DType first, DType other) {
  if (is_complex(first) || (is_floating_point(first) && !is_complex(other))) return first;
  const bool is_higher = is_floating_point(other) || is_complex(other);
  return first == boolean || is_higher ? promote_types(first, other) : first;
}

}  // namespace

DType result_type(const Tensor& a, const Tensor& b) {
  const bool a_has_dims = a.dim() > 0, b_has_dims = b.dim() > 0;
  if (a_has_dims == b_has_dims) return promote_types(a.dtype(), b.dtype());
  return a_has_dims ? combined(a.dtype(), b.dtype()) : combined(b.dtype(), a.dtype());
}

DType result_type(std::span<const Tensor> tensors) {
  std::optional<DType> with_dims, without;
  for (const Tensor& tensor : tensors) {
    std::optional<DType>& one = tensor.dim() > 0 ? with_dims : without;
    one = one ? promote_types(*one, tensor.dtype()) : tensor.dtype();
  }
  if (with_dims && without) return combined(*with_dims, *without);
  return with_dims ? *with_dims : without.value_or(float32);
}

DType result_type(DType tensor, const Value& number) {
  if (number.kind() == ValueKind::complex_number) return promote_types(tensor, complex64);
  return combined(tensor, number.is_bool() ? boolean : number.is_int() ? int64 : float32);
}

OutputSpec promoted(const Tensor& a, const Tensor& b) {
  return {broadcast_sizes(a.sizes(), b.sizes()), result_type(a, b)};
}

OutputSpec floating_spec(const Tensor& x, std::string_view what) {
  if (is_complex(x.dtype())) throw_cannot_compute(what, x.dtype());
  return {x.sizes(), is_floating_point(x.dtype()) ? x.dtype() : float32};
}

Value as_number(double number) {
  const bool is_whole = number == std::floor(number) && std::abs(number) < 0x1p63;
  return is_whole ? Value(static_cast<int64_t>(number)) : Value(number);
}

Tensor number_tensor(const Value& number, DType dtype) {
  if (number.kind() == ValueKind::complex_number) {
    const Tensor exact = empty({}, {complex128});
    *reinterpret_cast<std::complex<double>*>(exact.raw_data()) = number.to_complex();
    return exact.to(dtype);
  }
  if (!number.is_int()) return full({}, number.is_bool() ? number.to_bool() : number.to_double(), {dtype});
  const Tensor exact = empty({}, {int64});  // a double would not hold all of them
  *exact.data<int64_t>() = number.to_int();
  return exact.to(dtype);
}

Operands::Operands(const Tensor& x, const Tensor& y, const Dims& sizes, DType dtype)
    : a(fit(x, sizes, dtype)), b(fit(y, sizes, dtype)) {}

Tensor added(const Tensor& x, const Tensor& product, double beta, double alpha) {
  const Tensor scaled = alpha == 1 ? product : okibi::mul(product, alpha), expanded = x.expand(product.sizes());
  return beta == 0 ? scaled : okibi::add(scaled, expanded, beta);
}

}  // namespace okibi::ops
