// What programs ask of tensors beside arithmetic, and arithmetic that other operators are enough for.
#include <okibi/ops.h>

#include <charconv>

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

Value stride(Arguments a) { return tensor_of(a[0]).stride(a[1].to_int()); }
Value strides(Arguments a) {
  std::vector<Value> strides;
  for (const int64_t stride : tensor_of(a[0]).strides()) strides.push_back(stride);
  return List(std::move(strides));
}
Value storage_offset(Arguments a) { return tensor_of(a[0]).storage_offset(); }
Value element_size(Arguments a) { return static_cast<int64_t>(itemsize(tensor_of(a[0]).dtype())); }
Value is_complex_tensor(Arguments a) { return is_complex(tensor_of(a[0]).dtype()); }
Value is_signed(Arguments a) {
  const DTypeCategory category = info(tensor_of(a[0]).dtype()).category;
  return category != DTypeCategory::unsigned_integer && category != DTypeCategory::boolean;
}
Value is_same_size(Arguments a) { return tensor_of(a[0]).sizes() == tensor_of(a[1]).sizes(); }
Value are_equal(Arguments a) { return equal(tensor_of(a[0]), tensor_of(a[1])); }

Value are_close(Arguments a) {  // (self, other, rtol, atol, equal_nan)
  return all(find_op("aten::isclose")->call(a).to_tensor()).item<bool>();
}

// As numbers of memory formats are: 0 contiguous, 2 channels_last, 3 channels_last_3d.
Value is_contiguous(Arguments a) {
  const Tensor& x = tensor_of(a[0]);
  const int64_t format = a.size() > 1 ? a[1].to_int() : 0;
  if (format == 2) return x.dim() == 4 && x.permute({0, 2, 3, 1}).is_contiguous();
  if (format == 3) return x.dim() == 5 && x.permute({0, 2, 3, 4, 1}).is_contiguous();
  return x.is_contiguous();
}

Value set_requires_grad(Arguments a) {
  tensor_of(a[0]).requires_grad_(a[1].to_bool());
  return a[0];
}
Value gradient(Arguments a) {
  const Tensor gradient = tensor_of(a[0]).grad();
  return gradient.defined() ? Value(gradient) : Value();
}

Value device_index(Arguments a) {
  const std::string& text = a[0].to_device().text();
  const size_t colon = text.find(':');
  int64_t index = 0;
  if (colon == text.npos) return {};
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), index);
  return index;
}
Value layout(Arguments a) { return static_cast<int64_t>(tensor_of(a[0]).layout()); }

Value item(Arguments a) {
  const Tensor& tensor = tensor_of(a[0]);
  if (is_floating_point(tensor.dtype())) return tensor.item<double>();
  return tensor.dtype() == DType::boolean ? Value(tensor.item<bool>()) : Value(tensor.item<int64_t>());
}
Value to_int(Arguments a) { return tensor_of(a[0]).item<int64_t>(); }
Value to_float(Arguments a) { return tensor_of(a[0]).item<double>(); }
Value to_bool(Arguments a) { return tensor_of(a[0]).item<double>() != 0; }
Value to_complex(Arguments a) {
  const auto part = [&](size_t i) {
    return i >= a.size() ? 0.0 : a[i].is_tensor() ? tensor_of(a[i]).item<double>() : a[i].to_double();
  };
  return std::complex<double>(part(0), part(1));
}

// Where nothing is dropped, the tensor itself.
template <Tensor (*drop)(const Tensor&, double, bool)>
Value dropped(Arguments a) {
  return drop(tensor_of(a[0]), a[1].to_double(), a[2].to_bool());
}

// x.to(…): a copy where the dtype is another one, or where the program asks for one. All lies in memory already.
template <size_t dtype, size_t copy>
Value converted(Arguments a) {
  const Tensor& tensor = tensor_of(a[0]);
  const DType wanted = a[dtype].is_none() ? tensor.dtype() : dtype_numbered(a[dtype].to_int());
  return a[copy].to_bool() && wanted == tensor.dtype() ? tensor.clone() : tensor.to(wanted);
}
Value to_other(Arguments a) {
  const DType wanted = tensor_of(a[1]).dtype();
  const bool copies = a.size() > 3 && a[3].to_bool() && wanted == tensor_of(a[0]).dtype();
  return copies ? tensor_of(a[0]).clone() : tensor_of(a[0]).to(wanted);
}
Value to_nothing(Arguments a) { return a[2].to_bool() ? tensor_of(a[0]).clone() : tensor_of(a[0]); }
Value copied_into(Arguments a) {
  tensor_of(a[0]).copy_(tensor_of(a[1]));
  return a[0];
}
Value filled(Arguments a) {
  const Tensor& self = tensor_of(a[0]);
  if (a[1].is_tensor() && tensor_of(a[1]).dim() > 0) {
    throw Error(ErrorKind::bad_argument, "fill_ only supports 0-dimension value tensor")
        .found(to_string(tensor_of(a[1]).sizes()));
  }
  self.copy_(a[1].is_tensor() ? tensor_of(a[1]) : ops::number_tensor(a[1], self.dtype()));  // ints stay exact
  return a[0];
}
Value zeroed(Arguments a) {
  tensor_of(a[0]).zero_();
  return a[0];
}

constexpr HostRow rows[] = {
    {"aten::size", "-", sizes},
    {"aten::size", "int", size},
    {"aten::dim", "-", dim},
    {"aten::numel", "-", numel},
    {"aten::len", "Tensor", first_size},
    {"aten::stride", "-", strides},
    {"aten::stride", "int", stride},
    {"aten::storage_offset", "-", storage_offset},
    {"aten::element_size", "-", element_size},
    {"aten::is_contiguous", "- memory_format", is_contiguous},
    {"aten::is_same_size", "-", is_same_size},
    {"aten::equal", "-", are_equal},
    {"aten::allclose", "-", are_close},
    {"aten::is_complex", "-", is_complex_tensor},
    {"aten::is_signed", "-", is_signed},
    {"aten::is_floating_point", "-", is_floating},
    {"aten::is_grad_enabled", "-", no},
    {"aten::set_grad_enabled", "-", nothing},
    {"aten::is_autocast_enabled", "-", no},
    {"aten::is_scripting", "-", yes},
    {"aten::_get_tracing_state", "-", no},
    {"aten::detach", "-", detached},
    {"aten::detach_", "-", itself},  // nothing is recorded that it would cut off
    {"aten::data", "-", detached},
    {"aten::requires_grad_", "-", set_requires_grad},
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
    {"prim::is_mps", "-", no},
    {"prim::is_xla", "-", no},
    {"prim::is_xpu", "-", no},
    {"prim::is_ipu", "-", no},
    {"prim::is_vulkan", "-", no},
    {"prim::itemsize", "-", element_size},
    {"prim::layout", "-", layout},
    {"prim::name", "-", nothing},
    {"prim::grad", "-", gradient},
    {"prim::index", "-", device_index},
    {"prim::data", "-", detached},
    {"aten::item", "-", item},
    {"aten::ScalarImplicit", "-", item},
    {"aten::Int", "Tensor", to_int},
    {"aten::IntImplicit", "-", to_int},
    {"aten::Float", "Tensor", to_float},
    {"aten::FloatImplicit", "-", to_float},
    {"aten::Bool", "Tensor", to_bool},
    {"aten::is_nonzero", "-", to_bool},
    {"aten::Complex", "Tensor_Tensor Tensor_float Tensor_int Tensor_bool", to_complex},
    {"aten::Complex", "float_Tensor int_Tensor bool_Tensor", to_complex},
    {"aten::Complex", "Scalar int_bool bool_int float_bool bool_float bool_bool", to_complex},
    {"aten::dropout", "-", dropped<dropout>},
    {"aten::feature_dropout", "-", dropped<feature_dropout>},
    {"aten::alpha_dropout", "-", dropped<alpha_dropout>},
    {"aten::to", "prim_dtype", converted<1, 3>},
    {"aten::to", "prim_Device device", converted<2, 4>},
    {"aten::to", "dtype_layout", converted<1, 6>},
    {"aten::to", "prim_other", to_nothing},
    {"aten::cpu", "-", itself},
    {"aten::cuda", "-", itself},  // all tensors lie in memory
    {"aten::to", "other", to_other},
    {"aten::type_as", "-", to_other},
    {"aten::copy_", "- Tensor", copied_into},
    {"aten::copy_", "int float", filled},
    {"aten::fill_", "Scalar Tensor", filled},
    {"aten::zero_", "-", zeroed},
};

}  // namespace

std::span<const HostRow> tensor_rows() { return rows; }

}  // namespace okibi::script
