// What programs ask of tensors beside arithmetic, and arithmetic that other operators are enough for.
#include <okibi/ops.h>

#include "ops/operands.h"
#include "script/host_values.h"

namespace okibi::script {

int64_t number_of(DType dtype) { return static_cast<int64_t>(dtype); }

DType dtype_numbered(int64_t number) {
  if (number >= 0 && number <= static_cast<int64_t>(DType::bcomplex32)) return static_cast<DType>(number);
  throw Error(ErrorKind::bad_argument, "the program names a dtype by a number of none").found(std::to_string(number));
}

namespace {

const Tensor& tensor_of(const Value& value) { return value.to_tensor(); }

Dims dims_of(const Value& list) {
  Dims sizes;
  for (const Value& size : list.to_list()) sizes.push_back(size.to_int());
  return sizes;
}

Value sizes(Arguments a) {
  std::vector<Value> sizes;
  for (const int64_t size : tensor_of(a[0]).sizes()) sizes.push_back(size);
  return List(std::move(sizes));
}
Value size(Arguments a) { return tensor_of(a[0]).size(a[1].to_int()); }
Value dim(Arguments a) { return tensor_of(a[0]).dim(); }
Value numel(Arguments a) { return tensor_of(a[0]).numel(); }
Value first_size(Arguments a) {
  if (tensor_of(a[0]).dim() > 0) return tensor_of(a[0]).size(0);
  throw Error(ErrorKind::bad_argument, "the program asks for the length of a tensor without dimensions");
}
Value dtype(Arguments a) { return number_of(tensor_of(a[0]).dtype()); }
Value device(Arguments a) { return tensor_of(a[0]).device(); }
Value device_type(Arguments a) { return std::string(a[0].to_device().type()); }
Value is_floating(Arguments a) { return is_floating_point(tensor_of(a[0]).dtype()); }
Value requires_grad(Arguments a) { return tensor_of(a[0]).requires_grad(); }
Value is_nested(Arguments a) { return tensor_of(a[0]).is_nested(); }
Value is_sparse(Arguments a) { return tensor_of(a[0]).is_sparse(); }
Value is_quantized(Arguments a) { return tensor_of(a[0]).is_quantized(); }
Value yes(Arguments) { return true; }
Value no(Arguments) { return false; }  // all tensors lie in memory here, and nothing is recorded or traced
Value nothing(Arguments) { return {}; }
Value itself(Arguments a) { return a[0]; }
Value detached(Arguments a) { return tensor_of(a[0]).detach(); }

Value item(Arguments a) {
  const Tensor& tensor = tensor_of(a[0]);
  if (is_floating_point(tensor.dtype())) return tensor.item<double>();
  return tensor.dtype() == DType::boolean ? Value(tensor.item<bool>()) : Value(tensor.item<int64_t>());
}
Value to_int(Arguments a) { return tensor_of(a[0]).item<int64_t>(); }
Value to_float(Arguments a) { return tensor_of(a[0]).item<double>(); }
Value to_bool(Arguments a) { return tensor_of(a[0]).item<double>() != 0; }

Value dropped(Arguments a) { return dropout(tensor_of(a[0]), a[1].to_double(), a[2].to_bool()); }

// A tensor that the program makes: dtype is the argument at `index`.
TensorOptions options_of(Arguments a, size_t index, DType otherwise) {
  return {a[index].is_none() ? otherwise : dtype_numbered(a[index].to_int())};
}
DType dtype_of_number(const Value& number) {
  if (number.is_double()) return DType::float32;
  return number.is_bool() ? DType::boolean : DType::int64;
}
Value made_zeros(Arguments a) { return zeros(dims_of(a[0]), options_of(a, 1, DType::float32)); }
Value made_ones(Arguments a) { return ones(dims_of(a[0]), options_of(a, 1, DType::float32)); }
Value made_full(Arguments a) { return full(dims_of(a[0]), a[1].to_double(), options_of(a, 2, dtype_of_number(a[1]))); }
Value zeros_like(Arguments a) { return zeros(tensor_of(a[0]).sizes(), options_of(a, 1, tensor_of(a[0]).dtype())); }
Value ones_like(Arguments a) { return ones(tensor_of(a[0]).sizes(), options_of(a, 1, tensor_of(a[0]).dtype())); }
Value made_scalar(Arguments a) {
  return ops::number_tensor(a[0], a[1].is_none() ? dtype_of_number(a[0]) : dtype_numbered(a[1].to_int()));
}
Value as_tensor(Arguments a) { return ops::number_tensor(a[0], dtype_of_number(a[0])); }

Value to_dtype(Arguments a) {
  const Tensor& tensor = tensor_of(a[0]);
  return a[1].is_none() ? tensor : tensor.to(dtype_numbered(a[1].to_int()));
}
Value to_device_and_dtype(Arguments a) {
  return a[2].is_none() ? tensor_of(a[0]) : tensor_of(a[0]).to(dtype_numbered(a[2].to_int()));
}
Value to_other(Arguments a) { return tensor_of(a[0]).to(tensor_of(a[1]).dtype()); }

Value copied_into(Arguments a) {
  tensor_of(a[0]).copy_(tensor_of(a[1]));
  return a[0];
}
Value filled(Arguments a) {
  tensor_of(a[0]).fill_(a[1].to_double());
  return a[0];
}
Value zeroed(Arguments a) {
  tensor_of(a[0]).zero_();
  return a[0];
}

// Whether what has the one dtype may be put where the other is: as torch.can_cast.
bool can_cast(DType from, DType to) {
  if (is_floating_point(from)) return is_floating_point(to) || is_complex(to);
  if (is_complex(from)) return is_complex(to);
  return from == DType::boolean || to != DType::boolean;
}

// x.relu_() is x.copy_(x.relu()). It has the sizes of x, and the kind of its numbers.
struct Functional {
  char name[40];
};
template <Functional functional>
Value in_place(Arguments a) {
  static const Kernel kernel = find_kernel(functional.name);
  const Value result = kernel(a);
  const Tensor& self = tensor_of(a[0]);
  if (!can_cast(result.to_tensor().dtype(), self.dtype())) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} in place would change the dtype", functional.name))
        .expected(name_of(self.dtype()))
        .found(name_of(result.to_tensor().dtype()));
  }
  self.copy_(result.to_tensor());
  return a[0];
}

constexpr HostRow rows[] = {
    {"aten::size", "-", sizes},
    {"aten::size", "int", size},
    {"aten::dim", "-", dim},
    {"aten::numel", "-", numel},
    {"aten::len", "Tensor", first_size},
    {"aten::is_floating_point", "-", is_floating},
    {"aten::is_grad_enabled", "-", no},
    {"aten::set_grad_enabled", "-", nothing},
    {"aten::is_autocast_enabled", "-", no},
    {"aten::is_scripting", "-", yes},
    {"aten::_get_tracing_state", "-", no},
    {"aten::detach", "-", detached},
    {"aten::wait", "-", itself},
    {"prim::dtype", "-", dtype},
    {"prim::device", "-", device},
    {"prim::type", "-", device_type},
    {"prim::requires_grad", "-", requires_grad},
    {"prim::is_nested", "-", is_nested},
    {"prim::is_sparse", "-", is_sparse},
    {"prim::is_quantized", "-", is_quantized},
    {"prim::is_cpu", "-", yes},
    {"prim::is_cuda", "-", no},
    {"prim::is_meta", "-", no},
    {"prim::is_mkldnn", "-", no},
    {"prim::data", "-", detached},
    {"prim::NumToTensor", "Scalar bool", as_tensor},
    {"aten::item", "-", item},
    {"aten::ScalarImplicit", "-", item},
    {"aten::Int", "Tensor", to_int},
    {"aten::IntImplicit", "-", to_int},
    {"aten::Float", "Tensor", to_float},
    {"aten::FloatImplicit", "-", to_float},
    {"aten::Bool", "Tensor", to_bool},
    {"aten::dropout", "-", dropped},
    {"aten::zeros", "-", made_zeros},
    {"aten::ones", "-", made_ones},
    {"aten::full", "-", made_full},
    {"aten::zeros_like", "-", zeros_like},
    {"aten::ones_like", "-", ones_like},
    {"aten::tensor", "bool float int", made_scalar},
    {"aten::to", "prim_dtype", to_dtype},
    {"aten::to", "prim_Device device", to_device_and_dtype},
    {"aten::to", "other", to_other},
    {"aten::type_as", "-", to_other},
    {"aten::copy_", "- Tensor", copied_into},
    {"aten::fill_", "Scalar", filled},
    {"aten::zero_", "-", zeroed},
    {"aten::relu_", "-", in_place<Functional{"aten::relu"}>},
    {"aten::sigmoid_", "-", in_place<Functional{"aten::sigmoid"}>},
    {"aten::tanh_", "-", in_place<Functional{"aten::tanh"}>},
    {"aten::silu_", "-", in_place<Functional{"aten::silu"}>},
    {"aten::hardswish_", "-", in_place<Functional{"aten::hardswish"}>},
    {"aten::hardtanh_", "-", in_place<Functional{"aten::hardtanh"}>},
    {"aten::leaky_relu_", "-", in_place<Functional{"aten::leaky_relu"}>},
    {"aten::elu_", "-", in_place<Functional{"aten::elu"}>},
    {"aten::dropout_", "-", in_place<Functional{"aten::dropout"}>},
    {"aten::add_", "Tensor", in_place<Functional{"aten::add.Tensor"}>},
    {"aten::add_", "Scalar", in_place<Functional{"aten::add.Scalar"}>},
    {"aten::sub_", "Tensor", in_place<Functional{"aten::sub.Tensor"}>},
    {"aten::sub_", "Scalar", in_place<Functional{"aten::sub.Scalar"}>},
    {"aten::mul_", "Tensor", in_place<Functional{"aten::mul.Tensor"}>},
    {"aten::mul_", "Scalar", in_place<Functional{"aten::mul.Scalar"}>},
    {"aten::div_", "Tensor", in_place<Functional{"aten::div.Tensor"}>},
    {"aten::div_", "Scalar", in_place<Functional{"aten::div.Scalar"}>},
    {"aten::gelu_", "-", in_place<Functional{"aten::gelu"}>},
    {"aten::celu_", "-", in_place<Functional{"aten::celu"}>},
    {"aten::selu_", "-", in_place<Functional{"aten::selu"}>},
    {"aten::mish_", "-", in_place<Functional{"aten::mish"}>},
    {"aten::hardsigmoid_", "-", in_place<Functional{"aten::hardsigmoid"}>},
    {"aten::threshold_", "-", in_place<Functional{"aten::threshold"}>},
    {"aten::relu6_", "-", in_place<Functional{"aten::relu6"}>},
    {"aten::clamp_", "-", in_place<Functional{"aten::clamp"}>},
    {"aten::clamp_min_", "-", in_place<Functional{"aten::clamp_min"}>},
    {"aten::clamp_max_", "-", in_place<Functional{"aten::clamp_max"}>},
    {"aten::sqrt_", "-", in_place<Functional{"aten::sqrt"}>},
    {"aten::rsqrt_", "-", in_place<Functional{"aten::rsqrt"}>},
    {"aten::square_", "-", in_place<Functional{"aten::square"}>},
    {"aten::exp_", "-", in_place<Functional{"aten::exp"}>},
    {"aten::expm1_", "-", in_place<Functional{"aten::expm1"}>},
    {"aten::log_", "-", in_place<Functional{"aten::log"}>},
    {"aten::log2_", "-", in_place<Functional{"aten::log2"}>},
    {"aten::log10_", "-", in_place<Functional{"aten::log10"}>},
    {"aten::log1p_", "-", in_place<Functional{"aten::log1p"}>},
    {"aten::neg_", "-", in_place<Functional{"aten::neg"}>},
    {"aten::abs_", "-", in_place<Functional{"aten::abs"}>},
    {"aten::sin_", "-", in_place<Functional{"aten::sin"}>},
    {"aten::cos_", "-", in_place<Functional{"aten::cos"}>},
    {"aten::erf_", "-", in_place<Functional{"aten::erf"}>},
    {"aten::round_", "-", in_place<Functional{"aten::round"}>},
    {"aten::floor_", "-", in_place<Functional{"aten::floor"}>},
    {"aten::ceil_", "-", in_place<Functional{"aten::ceil"}>},
    {"aten::trunc_", "-", in_place<Functional{"aten::trunc"}>},
    {"aten::reciprocal_", "-", in_place<Functional{"aten::reciprocal"}>},
    {"aten::pow_", "Scalar", in_place<Functional{"aten::pow.Tensor_Scalar"}>},
    {"aten::pow_", "Tensor", in_place<Functional{"aten::pow.Tensor_Tensor"}>},
    {"aten::floor_divide_", "Tensor", in_place<Functional{"aten::floor_divide"}>},
    {"aten::floor_divide_", "Scalar", in_place<Functional{"aten::floor_divide.Scalar"}>},
    {"aten::remainder_", "Scalar", in_place<Functional{"aten::remainder.Scalar"}>},
    {"aten::logical_not_", "-", in_place<Functional{"aten::logical_not"}>},
    {"aten::logical_and_", "-", in_place<Functional{"aten::logical_and"}>},
    {"aten::logical_or_", "-", in_place<Functional{"aten::logical_or"}>},
    {"aten::logical_xor_", "-", in_place<Functional{"aten::logical_xor"}>},
    {"aten::bitwise_not_", "-", in_place<Functional{"aten::bitwise_not"}>},
    {"aten::bitwise_and_", "Tensor", in_place<Functional{"aten::bitwise_and.Tensor"}>},
    {"aten::bitwise_or_", "Tensor", in_place<Functional{"aten::bitwise_or.Tensor"}>},
    {"aten::bitwise_xor_", "Tensor", in_place<Functional{"aten::bitwise_xor.Tensor"}>},
    {"aten::eq_", "Tensor", in_place<Functional{"aten::eq.Tensor"}>},
    {"aten::eq_", "Scalar", in_place<Functional{"aten::eq.Scalar"}>},
    {"aten::ne_", "Tensor", in_place<Functional{"aten::ne.Tensor"}>},
    {"aten::ne_", "Scalar", in_place<Functional{"aten::ne.Scalar"}>},
    {"aten::lt_", "Tensor", in_place<Functional{"aten::lt.Tensor"}>},
    {"aten::lt_", "Scalar", in_place<Functional{"aten::lt.Scalar"}>},
    {"aten::le_", "Tensor", in_place<Functional{"aten::le.Tensor"}>},
    {"aten::le_", "Scalar", in_place<Functional{"aten::le.Scalar"}>},
    {"aten::gt_", "Tensor", in_place<Functional{"aten::gt.Tensor"}>},
    {"aten::gt_", "Scalar", in_place<Functional{"aten::gt.Scalar"}>},
    {"aten::ge_", "Tensor", in_place<Functional{"aten::ge.Tensor"}>},
    {"aten::ge_", "Scalar", in_place<Functional{"aten::ge.Scalar"}>},
    {"aten::feature_dropout_", "-", in_place<Functional{"aten::feature_dropout"}>},
    {"aten::alpha_dropout_", "-", in_place<Functional{"aten::alpha_dropout"}>},
    {"aten::masked_fill_", "Scalar", in_place<Functional{"aten::masked_fill.Scalar"}>},
};

}  // namespace

std::span<const HostRow> tensor_rows() { return rows; }

}  // namespace okibi::script
