#include <fmt/format.h>

#include <cstring>
#include <numeric>

#include "tensor/body.h"

namespace okibi {
namespace {

Tensor empty_on(Dims sizes, DType dtype, Device device) {
  const uint64_t nbytes = checked_mul(static_cast<uint64_t>(numel_of(sizes)), itemsize(dtype), "the size of a tensor");
  Dims strides = contiguous_strides(sizes);
  return strided_unchecked(Storage::allocate(nbytes, std::move(device)), dtype, std::move(sizes), std::move(strides),
                           0);
}

// Rank and sizes that indices of (sparse_dim, nnz) and values of (nnz, ...) can have.
void check_sparse(const Tensor& indices, const Tensor& values, const Dims& sizes) {
  const auto refuse = [](std::string_view what, const Dims& expected, const Dims& found) {
    throw Error(ErrorKind::bad_argument, std::string(what)).expected(to_string(expected)).found(to_string(found));
  };
  if (indices.dtype() != int64) {
    throw Error(ErrorKind::bad_argument, "indices must be an int64 tensor")
        .found(fmt::format("torch.{}", name_of(indices.dtype())));
  }
  if (indices.dim() != 2) {
    throw Error(ErrorKind::bad_argument, "indices must be sparse_dim x nnz")
        .found(fmt::format("{} dimensions", indices.dim()));
  }
  const auto sparse_dim = static_cast<size_t>(indices.size(0));
  if (sparse_dim > sizes.size()) refuse("indices name more dimensions than the tensor has", sizes, indices.sizes());
  Dims expected{indices.size(1)};
  for (size_t i = sparse_dim; i < sizes.size(); ++i) expected.push_back(sizes[i]);
  if (values.sizes() != expected)
    refuse("values have a size that indices and sizes do not fit", expected, values.sizes());
}

}  // namespace

Tensor empty(Dims sizes, TensorOptions options) {
  return empty_on(std::move(sizes), options.dtype, std::move(options.device));
}

Tensor empty_meta(Dims sizes, DType dtype) {
  Dims strides = contiguous_strides(sizes);
  Tensor tensor = strided_unchecked(nullptr, dtype, std::move(sizes), std::move(strides), 0);
  tensor.body()->extras = std::make_unique<TensorExtras>();
  tensor.body()->extras->device = Device("meta");
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

Tensor sparse_coo_tensor(Tensor indices, Tensor values, Dims sizes, bool coalesced) {
  const int64_t numel = numel_of(sizes);
  check_sparse(indices, values, sizes);
  std::shared_ptr<TensorBody> body = new_body();
  body->dtype = values.dtype();
  body->layout = Layout::sparse_coo;
  body->numel = numel;
  body->sizes = std::move(sizes);
  body->contiguous = false;
  body->extras = std::make_unique<TensorExtras>();
  body->extras->device = values.device();
  body->extras->indices = std::move(indices);
  body->extras->values = std::move(values);
  body->extras->coalesced = coalesced;
  return Tensor(std::move(body));
}

namespace {

TensorExtras& sparse_parts(const Tensor& tensor, std::string_view part) {
  TensorBody& body = body_of(tensor);
  if (body.layout == Layout::sparse_coo) return *body.extras;
  throw Error(ErrorKind::bad_argument, fmt::format("{}() expected a sparse tensor", part))
      .found(fmt::format("torch.{}", name_of(body.layout)));
}

}  // namespace

bool Tensor::is_sparse() const { return body_of(*this).layout == Layout::sparse_coo; }

Tensor Tensor::indices() const { return sparse_parts(*this, "indices").indices; }

Tensor Tensor::values() const { return sparse_parts(*this, "values").values; }

bool Tensor::is_coalesced() const { return sparse_parts(*this, "is_coalesced").coalesced; }

}  // namespace okibi
