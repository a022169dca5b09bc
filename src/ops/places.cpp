#include "ops/places.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

Error too_many(const Tensor& x, size_t count) {
  return Error(ErrorKind::out_of_range,
               fmt::format("too many indices for tensor of dimension {} (got {})", x.dim(), count));
}

bool is_mask(const Tensor& index) { return index.dtype() == boolean || index.dtype() == uint8; }

void require_index_dtype(const Tensor& index, size_t position) {
  if (is_mask(index) || index.dtype() == int64 || index.dtype() == int32) return;
  throw Error(ErrorKind::bad_argument, "tensors used as indices must be long, int, byte or bool tensors")
      .found(fmt::format("{} at position {}", name_of(index.dtype()), position))
      .hint("Convert with .to(okibi::int64).");
}

void require_mask_fits(const Tensor& x, const Tensor& mask, size_t dim, size_t position) {
  for (size_t d = 0; d < mask.sizes().size(); ++d) {
    if (mask.sizes()[d] == x.sizes()[dim + d]) continue;
    throw Error(ErrorKind::out_of_range,
                fmt::format("The shape of the mask {} at index {} does not match the shape of the indexed tensor {} at "
                            "index {}",
                            to_string(mask.sizes()), d, to_string(x.sizes()), dim + d))
        .hint(fmt::format("The mask is index {} of the list.", position));
  }
}

NamedPart part_of(const Tensor& x, const Tensor& index, size_t dim, size_t position) {
  require_index_dtype(index, position);
  if (!is_mask(index)) return {index, dim, 1, index.sizes(), false};
  if (index.dim() == 0) {
    throw Error(ErrorKind::unsupported, "a mask without dimensions names none of the tensor's")
        .found(fmt::format("index {} of the list", position));
  }
  require_mask_fits(x, index, dim, position);
  const Tensor mask = index.contiguous();
  return {mask, dim, mask.sizes().size(), {kernels::count_true(mask.numel(), mask.raw_data())}, true};
}

std::vector<NamedPart> parts_of(const Tensor& x, const Indices& indices) {
  const auto& list = indices.list;
  if (list.empty()) throw Error(ErrorKind::bad_argument, "at least one index must be provided");
  size_t named = 0;
  for (const Tensor& index : list) named += index.defined() && is_mask(index) ? index.sizes().size() : 1;
  if (named > x.sizes().size()) throw too_many(x, named);
  std::vector<NamedPart> parts;
  size_t dim = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].defined()) parts.push_back(part_of(x, list[i], dim, i));
    dim += list[i].defined() ? parts.back().dims : 1;
  }
  return parts;
}

// What all of them broadcast to.
Dims picked_sizes(const std::vector<NamedPart>& parts) {
  Dims sizes;
  try {
    for (const NamedPart& part : parts) sizes = broadcast_sizes(sizes, part.sizes);
  } catch (const Error&) {
    std::vector<std::string> all;
    for (const NamedPart& part : parts) all.push_back(to_string(part.sizes));
    throw Error(ErrorKind::out_of_range,
                fmt::format("shape mismatch: indexing tensors could not be broadcast together with shapes {}",
                            fmt::join(all, ", ")));
  }
  return sizes;
}

bool side_by_side(const std::vector<NamedPart>& parts) {
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].dim != parts[i - 1].dim + parts[i - 1].dims) return false;
  }
  return true;
}

Dims result_sizes(const Tensor& x, const IndexedShape& shape) {
  Dims sizes;
  const auto add = [&](const Dims& more) {
    for (const int64_t size : more) sizes.push_back(size);
  };
  if (!shape.others_first) add(shape.picked);
  size_t next = 0;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    if (next < shape.parts.size() && d == shape.parts[next].dim) {
      if (shape.others_first && next == 0) add(shape.picked);
      d += shape.parts[next++].dims - 1;
    } else {
      sizes.push_back(x.sizes()[d]);
    }
  }
  return sizes;
}

void require_something_to_name(const Tensor& x, const IndexedShape& shape) {
  if (numel_of(shape.picked) == 0) return;
  for (const NamedPart& part : shape.parts) {
    if (!part.is_mask && x.sizes()[part.dim] == 0)
      throw Error(ErrorKind::out_of_range, "index is out of bounds for dimension with size 0")
          .at("dimension", uint64_t{part.dim});
  }
}

[[noreturn]] void throw_outside(int64_t found, int64_t at, const Tensor& index, const NamedPart& part, int64_t n) {
  Dims place(index.sizes().size(), 0);
  for (size_t d = place.size(); d-- > 0;) {
    place[d] = at % index.sizes()[d];
    at /= index.sizes()[d];
  }
  throw Error(ErrorKind::out_of_range,
              fmt::format("index {} is out of bounds for dimension {} with size {}", found, part.dim, n))
      .expected(fmt::format("{} to {}", -n, n - 1))
      .found(fmt::format("{} at {} of the indices of that dimension", found, to_string(place)));
}

}  // namespace

IndexedShape shape_of_indexed(const Tensor& x, const Indices& indices) {
  require_plain(x, "index");
  IndexedShape shape{.parts = parts_of(x, indices)};
  shape.picked = picked_sizes(shape.parts);
  shape.others_first = side_by_side(shape.parts);
  shape.end = shape.parts.empty() ? 0 : shape.parts.back().dim + shape.parts.back().dims;
  shape.sizes = result_sizes(x, shape);
  require_something_to_name(x, shape);
  return shape;
}

bool ends_in_runs(const Tensor& x, const IndexedShape& shape) {
  int64_t run = 1;
  for (size_t d = x.sizes().size(); d-- > shape.end;) {
    if (x.sizes()[d] != 1 && x.strides()[d] != run) return false;
    run *= x.sizes()[d];
  }
  return true;
}

PlacesIn::PlacesIn(const Tensor& x, const IndexedShape& shape) : others_first_(shape.others_first) {
  if (numel_of(shape.sizes) == 0) return;  // dimensions of any size may stand beside one of 0
  picked_.resize(static_cast<size_t>(numel_of(shape.picked)), 0);
  for (const NamedPart& part : shape.parts) {
    if (part.is_mask)
      add_mask(x, part, shape.picked);
    else
      add_numbers(x, part, shape.picked);
  }
  add_others(x, shape);
  for (size_t d = shape.end; d < x.sizes().size(); ++d) inner_ *= x.sizes()[d];
}

void PlacesIn::add_mask(const Tensor& x, const NamedPart& part, const Dims& picked) {
  const Tensor places = empty(part.sizes, {int64});
  int64_t* const at = places.data<int64_t>();
  kernels::places_of_true(part.index.numel(), part.index.raw_data(), at);
  for (int64_t i = 0; i < places.numel(); ++i) {  // from a place in the mask to one in x
    int64_t flat = at[i], offset = 0;
    for (size_t d = part.dims; d-- > 0;) {
      const int64_t size = part.index.sizes()[d];
      offset += flat % size * x.strides()[part.dim + d];
      flat /= size;
    }
    at[i] = offset;
  }
  const Tensor spread = places.expand(picked).contiguous();
  for (size_t i = 0; i < picked_.size(); ++i) picked_[i] += spread.data<int64_t>()[i];
}

void PlacesIn::add_numbers(const Tensor& x, const NamedPart& part, const Dims& picked) {
  const Tensor index = part.index.contiguous();
  const int64_t n = x.sizes()[part.dim], stride = x.strides()[part.dim];
  dispatch_index(index.dtype(), "index", [&]<class Index>() {
    for (int64_t i = 0; i < index.numel(); ++i) {
      const int64_t found = index.data<Index>()[i];
      if (found < -n || found >= n) throw_outside(found, i, index, part, n);
    }
    const Tensor spread = index.expand(picked).contiguous();
    const Index* const at = spread.data<Index>();
    for (size_t i = 0; i < picked_.size(); ++i) picked_[i] += (at[i] < 0 ? at[i] + n : int64_t{at[i]}) * stride;
  });
}

void PlacesIn::add_others(const Tensor& x, const IndexedShape& shape) {
  others_ = {0};
  size_t next = 0;
  for (size_t d = 0; d < shape.end; ++d) {
    if (d == shape.parts[next].dim) {
      d += shape.parts[next++].dims - 1;
      continue;
    }
    std::vector<int64_t> longer;
    longer.reserve(others_.size() * static_cast<size_t>(x.sizes()[d]));
    for (const int64_t place : others_) {
      for (int64_t i = 0; i < x.sizes()[d]; ++i) longer.push_back(place + i * x.strides()[d]);
    }
    others_ = std::move(longer);
  }
}

}  // namespace okibi::ops
