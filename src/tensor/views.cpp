#include <fmt/format.h>

#include <algorithm>

#include "tensor/body.h"
#include "tensor/geometry.h"
#include "tensor/trace.h"

namespace okibi {

using trace::noted;

namespace {

// The body of a tensor that has strides to view it by.
const TensorBody& strided_body(const Tensor& tensor, std::string_view view) {
  const TensorBody& body = body_of(tensor);
  if (body.layout == Layout::strided) return body;
  throw Error(ErrorKind::unsupported, fmt::format("{} of a tensor of layout torch.{}", view, name_of(body.layout)))
      .hint("Look at its parts, such as values(), which are strided.");
}

// An end of a slice by Python's rules: counted from the end when negative, then cut to what is there.
int64_t clamp_end(int64_t end, int64_t length) { return std::clamp<int64_t>(end < 0 ? end + length : end, 0, length); }

size_t wrap_dim_of(const TensorBody& body, int64_t dim, std::string_view view) {
  if (!body.sizes.empty()) return wrap_dim(dim, body.sizes.size());
  throw Error(ErrorKind::out_of_range, fmt::format("{}() cannot be applied to a 0-dim tensor.", view));
}

}  // namespace

Tensor Tensor::view(Dims sizes) const {
  const TensorBody& body = strided_body(*this, "view");
  Dims inferred = infer_size(std::move(sizes), body.numel);
  std::optional<Dims> strides = view_strides(body.sizes, body.strides, inferred);
  if (strides)
    return noted("aten::view", make_view(*this, inferred, *std::move(strides), body.storage_offset), *this, inferred);
  throw Error(
      ErrorKind::bad_argument,
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
      "contiguous subspaces). Use .reshape(...) instead.")
      .expected(
          fmt::format("sizes that strides {} over sizes {} permit", to_string(body.strides), to_string(body.sizes)))
      .found(to_string(inferred));
}

Tensor Tensor::reshape(Dims sizes) const {
  const TensorBody& body = strided_body(*this, "reshape");
  Dims inferred = infer_size(std::move(sizes), body.numel);
  std::optional<Dims> strides = view_strides(body.sizes, body.strides, inferred);
  if (strides)
    return noted("aten::reshape", make_view(*this, inferred, *std::move(strides), body.storage_offset), *this,
                 inferred);
  const auto copied = [&] {
    const trace::Pause pause;
    return clone().view(inferred);
  };
  return noted("aten::reshape", copied(), *this, inferred);
}

Tensor Tensor::flatten(int64_t first, int64_t last) const {
  const TensorBody& body = strided_body(*this, "flatten");
  const size_t from = wrap_dim(first, body.sizes.size()), to = wrap_dim(last, body.sizes.size());
  if (from > to)
    throw Error(ErrorKind::bad_argument, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (body.sizes.empty()) return reshape({1});
  if (from == to) return *this;
  const std::span<const int64_t> all = body.sizes;
  Dims sizes(all.first(from));
  sizes.push_back(numel_of(all.subspan(from, to - from + 1)));
  for (const int64_t size : all.subspan(to + 1)) sizes.push_back(size);
  return reshape(std::move(sizes));
}

Tensor Tensor::slice(int64_t dim, int64_t begin, int64_t end, int64_t step) const {
  const TensorBody& body = strided_body(*this, "slice");
  const size_t at = wrap_dim_of(body, dim, "slice");
  if (step <= 0) throw Error(ErrorKind::bad_argument, "slice step must be positive").found(std::to_string(step));
  const int64_t length = body.sizes[at];
  const int64_t first = clamp_end(begin, length), last = std::max(clamp_end(end, length), first);
  Dims sizes = body.sizes, strides = body.strides;
  sizes[at] = (last - first) / step + ((last - first) % step != 0 ? 1 : 0);
  strides[at] = wrapping_mul(strides[at], step);
  const int64_t offset = wrapping_add(body.storage_offset, wrapping_mul(first, body.strides[at]));
  return noted("aten::slice.Tensor", make_view(*this, std::move(sizes), std::move(strides), offset), *this, dim, begin,
               end, step);
}

Tensor Tensor::narrow(int64_t dim, int64_t begin, int64_t length) const {
  const TensorBody& body = strided_body(*this, "narrow");
  const int64_t available = body.sizes.empty() ? 0 : body.sizes[wrap_dim_of(body, dim, "narrow")];
  if (body.sizes.empty()) throw Error(ErrorKind::out_of_range, "narrow() cannot be applied to a 0-dim tensor.");
  if (length < 0)
    throw Error(ErrorKind::bad_argument, "narrow(): length must be non-negative.").found(std::to_string(length));
  if (begin < -available || begin > available) {
    throw Error(ErrorKind::out_of_range,
                fmt::format("start out of range (expected to be in range of [{}, {}], but got {})", -available,
                            available, begin));
  }
  const int64_t first = begin < 0 ? begin + available : begin;
  if (length > available - first) {
    throw Error(ErrorKind::out_of_range,
                fmt::format("start ({}) + length ({}) exceeds dimension size ({}).", first, length, available));
  }
  return slice(dim, first, first + length);
}

Tensor Tensor::select(int64_t dim, int64_t index) const {
  const TensorBody& body = strided_body(*this, "select");
  const size_t at = wrap_dim_of(body, dim, "select");
  const int64_t length = body.sizes[at];
  if (index < -length || index >= length) {
    throw Error(ErrorKind::out_of_range,
                fmt::format("index {} is out of bounds for dimension {} with size {}", index, at, length));
  }
  const int64_t offset = body.storage_offset + (index < 0 ? index + length : index) * body.strides[at];
  Dims sizes = body.sizes, strides = body.strides;
  sizes.erase(at);
  strides.erase(at);
  return noted("aten::select.int", make_view(*this, std::move(sizes), std::move(strides), offset), *this, dim, index);
}

Tensor Tensor::transpose(int64_t a, int64_t b) const {
  const TensorBody& body = strided_body(*this, "transpose");
  const size_t one = wrap_dim(a, body.sizes.size()), other = wrap_dim(b, body.sizes.size());
  Dims sizes = body.sizes, strides = body.strides;
  if (!sizes.empty()) {
    std::swap(sizes[one], sizes[other]);
    std::swap(strides[one], strides[other]);
  }
  return noted("aten::transpose.int", make_view(*this, std::move(sizes), std::move(strides), body.storage_offset),
               *this, a, b);
}

Tensor Tensor::t() const {
  const int64_t rank = dim();
  if (rank > 2) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("t() expects a tensor with <= 2 dimensions, but self is {}D", rank));
  }
  return rank == 2 ? transpose(0, 1) : noted("aten::t", make_view(*this, sizes(), strides(), storage_offset()), *this);
}

Tensor Tensor::permute(Dims order) const {
  const TensorBody& body = strided_body(*this, "permute");
  const size_t rank = body.sizes.size();
  if (order.size() != rank) {
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("permute: number of dimensions in the tensor input does not match the length of the desired "
                    "ordering of dimensions i.e. input.dim() = {} is not equal to len(dims) = {}",
                    rank, order.size()));
  }
  Dims sizes(rank, 0), strides(rank, 0);
  std::vector<bool> seen(rank);
  for (size_t i = 0; i < rank; ++i) {
    const size_t from = wrap_dim(order[i], rank);
    if (seen[from])
      throw Error(ErrorKind::bad_argument, "permute(): duplicate dims are not allowed.").found(to_string(order));
    seen[from] = true;
    sizes[i] = body.sizes[from];
    strides[i] = body.strides[from];
  }
  return noted("aten::permute", make_view(*this, std::move(sizes), std::move(strides), body.storage_offset), *this,
               order);
}

Tensor Tensor::squeeze() const {
  const TensorBody& body = strided_body(*this, "squeeze");
  Dims sizes, strides;
  for (size_t i = 0; i < body.sizes.size(); ++i) {
    if (body.sizes[i] == 1) continue;
    sizes.push_back(body.sizes[i]);
    strides.push_back(body.strides[i]);
  }
  return noted("aten::squeeze", make_view(*this, std::move(sizes), std::move(strides), body.storage_offset), *this);
}

Tensor Tensor::squeeze(int64_t dim) const {
  const TensorBody& body = strided_body(*this, "squeeze");
  const size_t at = wrap_dim(dim, body.sizes.size());
  Dims sizes = body.sizes, strides = body.strides;
  if (!sizes.empty() && sizes[at] == 1) {
    sizes.erase(at);
    strides.erase(at);
  }
  return noted("aten::squeeze.dim", make_view(*this, std::move(sizes), std::move(strides), body.storage_offset), *this,
               dim);
}

Tensor Tensor::unsqueeze(int64_t dim) const {
  const TensorBody& body = strided_body(*this, "unsqueeze");
  const size_t at = wrap_dim(dim, body.sizes.size() + 1);
  Dims sizes = body.sizes, strides = body.strides;
  const int64_t stride = at == sizes.size() ? 1 : wrapping_mul(sizes[at], strides[at]);
  sizes.insert(at, 1);
  strides.insert(at, stride);
  return noted("aten::unsqueeze", make_view(*this, std::move(sizes), std::move(strides), body.storage_offset), *this,
               dim);
}

Tensor Tensor::expand(Dims target) const {
  const TensorBody& body = strided_body(*this, "expand");
  Geometry geometry = expand_geometry(body.sizes, body.strides, target);
  return noted("aten::expand",
               make_view(*this, std::move(geometry.sizes), std::move(geometry.strides), body.storage_offset), *this,
               target);
}

Tensor Tensor::as_strided(Dims sizes, Dims strides, int64_t storage_offset) const {
  const TensorBody& body = strided_body(*this, "as_strided");
  const uint64_t available = body.storage ? body.storage->nbytes() : UINT64_MAX;
  check_bounds(sizes, strides, storage_offset, itemsize(body.dtype), available, ErrorKind::bad_argument);
  return noted("aten::as_strided", make_view(*this, sizes, strides, storage_offset), *this, sizes, strides,
               storage_offset);
}

Tensor Tensor::detach() const {
  Tensor result = same_numbers(*this);
  if (result.body_->extras) result.body_->extras->python = nullptr;
  return result;
}

}  // namespace okibi
