#include <okibi/dlpack.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include <okibi/base.h>

// The layout that DLPack prescribes (its dlpack.h, version 0.8).
extern "C" {
struct DLDevice {
  int32_t device_type;  // DLDeviceType
  int32_t device_id;
};
struct DLDataType {
  uint8_t code, bits;
  uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null where they are contiguous
  uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};
}
static_assert(sizeof(DLTensor) == 48 && sizeof(DLManagedTensor) == 64);

namespace okibi {
namespace {

enum DeviceType : int32_t { cpu = 1, cuda_host = 3, rocm_host = 11 };
enum Code : uint8_t {
  signed_integer = 0,
  unsigned_integer = 1,
  floating = 2,
  bfloat = 4,
  complex_number = 5,
  truth = 6
};

struct Row {
  DType dtype;
  uint8_t code, bits;
};
constexpr std::array rows = {
    Row{DType::uint8, unsigned_integer, 8},    Row{DType::int8, signed_integer, 8},
    Row{DType::int16, signed_integer, 16},     Row{DType::int32, signed_integer, 32},
    Row{DType::int64, signed_integer, 64},     Row{DType::uint16, unsigned_integer, 16},
    Row{DType::uint32, unsigned_integer, 32},  Row{DType::uint64, unsigned_integer, 64},
    Row{DType::float16, floating, 16},         Row{DType::float32, floating, 32},
    Row{DType::float64, floating, 64},         Row{DType::bfloat16, bfloat, 16},
    Row{DType::complex64, complex_number, 64}, Row{DType::complex128, complex_number, 128},
    Row{DType::complex32, complex_number, 32}, Row{DType::boolean, truth, 8},
};

// ---- from others

DType dtype_named(const DLDataType& type) {
  const auto found = std::ranges::find_if(
      rows, [&](const Row& row) { return row.code == type.code && row.bits == type.bits && type.lanes == 1; });
  if (found != rows.end()) return found->dtype;
  throw Error(ErrorKind::unsupported, "from_dlpack: okibi has no such dtype")
      .found(fmt::format("code {}, {} bits, {} lanes", type.code, type.bits, type.lanes));
}

void require_memory(const DLDevice& device) {
  if (device.device_type == cpu || device.device_type == cuda_host || device.device_type == rocm_host) return;
  throw Error(ErrorKind::unsupported, "from_dlpack: the tensor does not lie in this machine's memory")
      .found(fmt::format("device type {}", device.device_type))
      .hint("Copy it to the CPU first.");
}

Dims sizes_of(const DLTensor& tensor) {
  if (tensor.ndim < 0) throw Error(ErrorKind::bad_argument, "from_dlpack: the number of dimensions is negative");
  Dims sizes;
  for (int32_t d = 0; d < tensor.ndim; ++d) {
    if (tensor.shape[d] < 0)
      throw Error(ErrorKind::bad_argument, "from_dlpack: a size is negative").found(std::to_string(tensor.shape[d]));
    sizes.push_back(tensor.shape[d]);
  }
  return sizes;
}

Dims strides_of(const DLTensor& tensor, const Dims& sizes) {
  Dims strides(sizes.size(), 1);
  for (size_t d = sizes.size(); d-- > 0;) {
    if (tensor.strides) {
      strides[d] = tensor.strides[d];
    } else if (d + 1 < sizes.size()) {
      const auto size = static_cast<uint64_t>(std::max<int64_t>(sizes[d + 1], 1));
      strides[d] = static_cast<int64_t>(checked_mul(static_cast<uint64_t>(strides[d + 1]), size, "a tensor"));
    }
    if (strides[d] < 0)
      throw Error(ErrorKind::unsupported, "from_dlpack: a stride is negative").hint("Copy the tensor first.");
  }
  return strides;
}

size_t bytes_of(DType dtype, const Dims& sizes, const Dims& strides) {
  uint64_t last = 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 0) return 0;
    const uint64_t far =
        checked_mul(static_cast<uint64_t>(sizes[d] - 1), static_cast<uint64_t>(strides[d]), "a tensor");
    last = checked_add(last, far, "a tensor");
  }
  return checked_mul(checked_add(last, uint64_t{1}, "a tensor"), uint64_t{itemsize(dtype)}, "a tensor");
}

// ---- for others

uint8_t code_of(DType dtype, uint8_t Row::*what) {
  const auto found = std::ranges::find(rows, dtype, &Row::dtype);
  if (found != rows.end()) return (*found).*what;
  throw Error(ErrorKind::unsupported, fmt::format("to_dlpack: DLPack has no tensors of {}", name_of(dtype)));
}

// A tensor that is out, with the arrays that it points to.
struct Lent {
  DLManagedTensor managed = {};
  Tensor tensor;
  Dims sizes, strides;
};

void require_strided(const Tensor& tensor) {
  if (tensor.requires_grad())
    throw Error(ErrorKind::bad_argument, "Can't export tensors that require gradient, use tensor.detach()");
  const bool is_plain = tensor.layout() == Layout::strided && tensor.storage() && !tensor.is_quantized() &&
                        !tensor.is_nested() && !tensor.is_conj() && !tensor.is_neg();
  if (!is_plain) throw Error(ErrorKind::unsupported, "to_dlpack: only strided tensors with numbers can be lent");
}

}  // namespace

Tensor from_dlpack(DLManagedTensor* managed) {
  if (!managed) throw Error(ErrorKind::bad_argument, "from_dlpack: there is no tensor");
  const DLTensor& given = managed->dl_tensor;
  require_memory(given.device);
  const DType dtype = dtype_named(given.dtype);
  const Dims sizes = sizes_of(given), strides = strides_of(given, sizes);
  const size_t nbytes = bytes_of(dtype, sizes, strides);
  auto* const data = static_cast<std::byte*>(given.data) + given.byte_offset;
  const auto let_go = [](DLManagedTensor* one) {
    if (one->deleter) one->deleter(one);
  };
  return Tensor::over(Storage::borrow(std::shared_ptr<DLManagedTensor>(managed, let_go), data, nbytes), dtype, sizes,
                      strides);
}

DLManagedTensor* to_dlpack(const Tensor& tensor) {
  require_strided(tensor);
  auto lent = std::make_unique<Lent>();
  lent->tensor = tensor;
  lent->sizes = tensor.sizes();
  lent->strides = tensor.strides();
  lent->managed = {.dl_tensor = {.data = tensor.raw_data(),
                                 .device = {cpu, 0},
                                 .ndim = static_cast<int32_t>(tensor.dim()),
                                 .dtype = {code_of(tensor.dtype(), &Row::code), code_of(tensor.dtype(), &Row::bits), 1},
                                 .shape = lent->sizes.data(),
                                 .strides = lent->strides.data(),
                                 .byte_offset = 0},
                   .manager_ctx = lent.get(),
                   .deleter = [](DLManagedTensor* self) { delete static_cast<Lent*>(self->manager_ctx); }};
  return &lent.release()->managed;
}

}  // namespace okibi
