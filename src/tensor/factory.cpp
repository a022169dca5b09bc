#include <fmt/format.h>

#include <cstring>
#include <numeric>

#include "tensor/body.h"

namespace okibi {
namespace {

Tensor empty_on(Dims sizes, DType dtype, Device device) {
  const auto numel = static_cast<uint64_t>(numel_of(sizes));
  checked_mul(numel, itemsize(dtype), "the size of a tensor");
  Dims strides = contiguous_strides(sizes);
  return strided_unchecked(Storage::allocate(nbytes_of(dtype, numel), std::move(device)), dtype, std::move(sizes),
                           std::move(strides), 0);
}

}  // namespace

Tensor empty(Dims sizes, TensorOptions options) {
  return empty_on(std::move(sizes), options.dtype, std::move(options.device));
}

Tensor empty_meta(Dims sizes, DType dtype) {
  Dims strides = contiguous_strides(sizes);
  Tensor tensor = strided_unchecked(nullptr, dtype, std::move(sizes), std::move(strides), 0);
  TensorExtras& extras = extras_of(tensor);
  extras.device = Device("meta");
  extras.has_device = true;
  return tensor;
}

Tensor zeros(Dims sizes, TensorOptions options) {
  Tensor result = empty(std::move(sizes), std::move(options));
  std::memset(result.raw_data(), 0, result.nbytes());
  return result;
}

Tensor ones(Dims sizes, TensorOptions options) { return full(std::move(sizes), 1, std::move(options)); }

Tensor full(Dims sizes, double value, TensorOptions options) {
  Tensor result = empty(std::move(sizes), std::move(options));
  result.fill_(value);
  return result;
}

Tensor arange(int64_t end) {
  if (end < 0) {
    throw Error(ErrorKind::bad_argument, "upper bound and lower bound inconsistent with step sign")
        .found(fmt::format("arange({})", end));
  }
  Tensor result = empty({end}, {.dtype = int64});
  std::iota(result.data<int64_t>(), result.data<int64_t>() + end, int64_t{0});
  return result;
}

}  // namespace okibi
