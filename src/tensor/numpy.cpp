// NumPy's arrays and scalars as a pickle says them:
//
//   _reconstruct(ndarray, (0,), b'b'), state (1, shape, dtype, is_fortran, bytes)
//   scalar(dtype, bytes)
//   dtype('f8', False, True), state (3, '<', …)
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tensor/body.h"
#include "tensor/byte_order.h"
#include "tensor/element.h"
#include "tensor/numpy.h"

namespace okibi {
namespace {

bool is_made_by(const Value& value, std::string_view function, size_t least_arguments) {
  if (!value.is_object()) return false;
  const Object::Parts& parts = value.to_object().parts();
  const bool in_numpy = parts.module == "numpy._core.multiarray" || parts.module == "numpy.core.multiarray";
  return in_numpy && parts.name == function && parts.made == Object::Made::reduce &&
         parts.arguments.size() >= least_arguments;
}

bool is_array(const Value& value) { return is_made_by(value, "_reconstruct", 1); }
bool is_scalar(const Value& value) { return is_made_by(value, "scalar", 1); }

// ---- dtypes

struct NumpyDType {
  DType dtype = DType::uint8;
  bool swapped = false;  // of the other byte order than this machine
};

constexpr std::array<std::pair<std::string_view, DType>, 14> codes = {{{"b1", boolean},
                                                                       {"i1", int8},
                                                                       {"i2", int16},
                                                                       {"i4", int32},
                                                                       {"i8", int64},
                                                                       {"u1", uint8},
                                                                       {"u2", uint16},
                                                                       {"u4", uint32},
                                                                       {"u8", uint64},
                                                                       {"f2", float16},
                                                                       {"f4", float32},
                                                                       {"f8", float64},
                                                                       {"c8", complex64},
                                                                       {"c16", complex128}}};

NumpyDType numpy_dtype(const Value& value) {
  const Object::Parts* parts = value.is_object() ? &value.to_object().parts() : nullptr;
  const bool is_dtype = parts && parts->module == "numpy" && parts->name == "dtype" && !parts->arguments.empty() &&
                        parts->arguments[0].is_string();
  if (!is_dtype) throw Error(ErrorKind::bad_file, "a NumPy array has no dtype that could be read");
  const std::string& code = parts->arguments[0].to_string();
  const auto dtype = dtype_of_numpy_code(code);
  if (!dtype) {
    throw Error(ErrorKind::unsupported, "NumPy values of this dtype are no numbers that a tensor could hold")
        .found(fmt::format("'{}'", code.substr(0, 40)));
  }
  const bool has_order = parts->state.is_tuple() && parts->state.size() > 1 && parts->state[1].is_string();
  return {*dtype, has_order && parts->state[1].to_string() == ">"};
}

// `lent`: the bytes serve where they lie, for as long as they do.
std::shared_ptr<Storage> storage_of(std::span<const std::byte> bytes, const NumpyDType& numpy, bool lent) {
  if (lent && !numpy.swapped) return Storage::borrow(nullptr, const_cast<std::byte*>(bytes.data()), bytes.size());
  auto storage = Storage::allocate(bytes.size());
  std::ranges::copy(bytes, storage->data());
  if (numpy.swapped) swap_bytes({storage->data(), storage->nbytes()}, swap_unit(numpy.dtype));
  return storage;
}

void require_length(std::span<const std::byte> bytes, uint64_t expected) {
  if (bytes.size() == expected) return;
  throw Error(ErrorKind::bad_file, "a NumPy value has not as many bytes as its shape and dtype ask for")
      .expected(expected)
      .found(bytes.size());
}

// ---- arrays and scalars

Dims shape_of(const Value& value) {
  if (!value.is_tuple()) throw Error(ErrorKind::bad_file, "the shape of a NumPy array is no tuple");
  Dims shape;
  for (const Value& size : value.to_tuple()) {
    if (!size.is_int() || size.to_int() < 0)
      throw Error(ErrorKind::bad_file, "the shape of a NumPy array is not made of sizes").found(short_repr(size));
    shape.push_back(size.to_int());
  }
  return shape;
}

Dims fortran_strides(const Dims& sizes) {
  Dims reversed, strides;
  for (size_t i = sizes.size(); i-- > 0;) reversed.push_back(sizes[i]);
  const Dims steps = contiguous_strides(reversed);
  for (size_t i = steps.size(); i-- > 0;) strides.push_back(steps[i]);
  return strides;
}

Tensor tensor_of_array(const Object::Parts& array, bool lent) {
  const Value& state = array.state;
  if (!state.is_tuple() || state.size() != 5) {
    throw Error(ErrorKind::bad_file, "a NumPy array has no state that could be read")
        .expected("(1, shape, dtype, is_fortran, bytes)");
  }
  const NumpyDType numpy = numpy_dtype(state[2]);
  if (state[4].kind() != ValueKind::bytes)
    throw Error(ErrorKind::unsupported, "a NumPy array that holds no bytes, but objects, is no tensor");
  const Dims shape = shape_of(state[1]);
  const auto bytes = state[4].to_bytes();
  require_length(bytes, checked_mul(static_cast<uint64_t>(numel_of(shape)), itemsize(numpy.dtype), "a NumPy array"));
  const bool fortran = state[3].is_bool() && state[3].to_bool();
  return Tensor::over(storage_of(bytes, numpy, lent), numpy.dtype, shape,
                      fortran ? fortran_strides(shape) : contiguous_strides(shape));
}

Tensor tensor_of_scalar(const Object::Parts& scalar, bool lent) {
  const NumpyDType numpy = numpy_dtype(scalar.arguments[0]);
  if (scalar.arguments.size() < 2 || scalar.arguments[1].kind() != ValueKind::bytes)
    throw Error(ErrorKind::bad_file, "a NumPy scalar has no bytes");
  const auto bytes = scalar.arguments[1].to_bytes();
  require_length(bytes, itemsize(numpy.dtype));
  return Tensor::over(storage_of(bytes, numpy, lent), numpy.dtype, {}, {});
}

Tensor tensor_of(const Value& value, bool lent) {
  if (is_array(value)) return tensor_of_array(value.to_object().parts(), lent);
  if (is_scalar(value)) return tensor_of_scalar(value.to_object().parts(), lent);
  throw Error(ErrorKind::bad_argument, fmt::format("expected a NumPy array or scalar, found {}", describe(value)));
}

std::optional<Value> number_in(const Tensor& scalar) {
  if (scalar.dtype() == boolean) return Value(*scalar.data<bool>());
  return std::visit([](const auto& number) { return Value(number); }, load_wide(scalar.dtype(), scalar.raw_data()));
}

}  // namespace

bool is_numpy(const Value& value) noexcept { return is_array(value) || is_scalar(value); }

Tensor from_numpy(const Value& value) { return tensor_of(value, false); }

std::optional<DType> dtype_of_numpy_code(std::string_view code) {
  const auto* found = std::ranges::find(codes, code, &std::pair<std::string_view, DType>::first);
  return found == codes.end() ? std::nullopt : std::optional(found->second);
}

std::string_view numpy_code_of(DType dtype) {
  const auto* found = std::ranges::find(codes, dtype, &std::pair<std::string_view, DType>::second);
  return found == codes.end() ? "" : found->first;
}

std::optional<Value> number_of_numpy(const Value& value) {
  return is_scalar(value) ? number_in(tensor_of(value, true)) : std::nullopt;
}

// Text of many small pieces of one array would copy it as often, were the bytes not lent.
std::optional<std::string> numpy_text(const Value& value) {
  if (!is_numpy(value)) return std::nullopt;
  try {
    const Tensor tensor = tensor_of(value, true);
    if (is_scalar(value)) return fmt::format("np.{}({})", name_of(tensor.dtype()), repr(*number_in(tensor)));
    std::string text = to_string(tensor);  // "tensor([1, 2])": NumPy's word is "array"
    return "array" + text.substr(text.find('('));
  } catch (const Error&) {  // text, objects, nonsense: it prints as the Object that it is
    return std::nullopt;
  }
}

}  // namespace okibi
