#include "checkpoint/place_reader.h"

#include <fmt/format.h>

#include "checkpoint/storages.h"
#include "tensor/body.h"

namespace okibi::checkpoint {

namespace {

// How many elements lie from the first to the last one of a geometry, counting those between that belong to others.
// Tensor::over has checked that the numbers fit.
int64_t span_of(const Dims& sizes, const Dims& strides) {
  int64_t last = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    last += (sizes[i] - 1) * strides[i];
  }
  return last + 1;
}

// Python's rules for the ends of a slice.
int64_t clamp_end(int64_t end, int64_t size) { return std::clamp<int64_t>(end < 0 ? end + size : end, 0, size); }

}  // namespace

Slice slice_of(const Dims& sizes, int64_t dim, int64_t begin, int64_t end) {
  const auto rank = static_cast<int64_t>(sizes.size());
  if (dim < -rank || dim >= rank) {
    throw Error(ErrorKind::out_of_range, fmt::format("Dimension out of range (expected to be in range of [{}, {}], but "
                                                     "got {})",
                                                     -rank, rank - 1, dim));
  }
  const auto at = static_cast<size_t>(dim < 0 ? dim + rank : dim);
  return {at, clamp_end(begin, sizes[at]), clamp_end(end, sizes[at])};
}

std::shared_ptr<Storage> PlaceReader::read_bytes(const StorageRef& ref, uint64_t begin, uint64_t size) const {
  const Extent extent = file_.extent_of(ref);
  auto storage = Storage::allocate(size, Device(ref.location));
  if (extent.record->deflated) {
    std::byte* end = storage->data();
    deflated_.read(extent, begin, size, [&](std::span<std::byte> piece) { end = std::ranges::copy(piece, end).out; });
  } else {
    read_records({{extent.source, extent.record, {storage->data(), size}, begin}}, options_);
  }
  return storage;
}

Tensor PlaceReader::read_elements(const StorageRef& ref, const TensorSpec& spec) const {
  if (is_packed(spec.dtype)) require_whole(spec.dtype, spec.sizes, spec.strides, spec.storage_offset);
  const int64_t span = span_of(spec.sizes, spec.strides);
  const uint64_t begin = span > 0 ? static_cast<uint64_t>(spec.storage_offset) * itemsize(spec.dtype) : 0;
  auto storage = read_bytes(ref, begin, nbytes_of(spec.dtype, static_cast<uint64_t>(span)));
  if (file_.extent_of(ref).swapped) {
    swap_bytes({storage->data(), storage->nbytes()}, swap_unit(spec.dtype));
  }
  Tensor tensor = Tensor::over(std::move(storage), spec.dtype, spec.sizes, spec.strides, 0);
  // A column of a matrix brings the whole matrix along, which must not stay with it. An expanded tensor is left as it
  // is: written out it could be larger than any memory.
  return span > tensor.numel() ? tensor.contiguous() : tensor;
}

Tensor PlaceReader::read_slice(const PlacedTensor& place, const Slice& slice) const {
  TensorSpec spec = place.spec;
  spec.storage_offset += slice.begin * spec.strides[slice.dim];
  spec.sizes[slice.dim] = slice.size();
  return read_elements(place.storage, spec);
}

// What a box has of the slice is read, and copied to where it belongs.
void PlaceReader::read_box(const Assembly::Box& box, const Slice& slice, const Tensor& into) const {
  const int64_t first = box.offsets[slice.dim], last = first + box.sizes[slice.dim];
  const Slice here{slice.dim, std::max(slice.begin, first), std::min(slice.end, last)};
  if (here.size() == 0) return;
  Assembly::Box target = box;
  target.offsets[slice.dim] = here.begin - slice.begin;
  target.sizes[slice.dim] = here.size();
  const Slice in_box{slice.dim, here.begin - first, here.end - first};
  view_of(into, target).copy_(read_slice(file_.piece(box.piece), in_box));
}

Tensor PlaceReader::read_slice(const Assembly& assembly, const Slice& slice) const {
  Dims sizes = assembly.sizes;
  sizes[slice.dim] = slice.size();
  const Tensor into = empty(sizes, {assembly.dtype});
  for (const Assembly::Box& box : assembly.boxes) read_box(box, slice, into);
  return into;
}

Tensor PlaceReader::read_whole(const Assembly& assembly) const {
  WholeStorages tensors(file_, options_);
  const Tensor whole = tensors.assemble(assembly);
  tensors.read_now();
  return whole;
}

Tensor PlaceReader::read(const Place& place) const {
  return std::visit([&](const auto& known) { return read_whole(known); }, place);
}

Tensor PlaceReader::read(const Place& place, const Slice& slice) const {
  return std::visit([&](const auto& known) { return read_slice(known, slice); }, place);
}

}  // namespace okibi::checkpoint
