// One tensor, or a part of it, from an opened file.
#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "checkpoint/pickled/sparse_check.h"
#include "checkpoint/storages.h"

namespace okibi {
namespace checkpoint {

std::shared_ptr<const std::vector<std::byte>> LastInflated::get(const Extent& extent) {
  const std::lock_guard lock(mutex_);
  if (record_ != extent.record) {
    record_ = nullptr, bytes_ = nullptr;  // two records at a time would be one too many
    bytes_ = std::make_shared<const std::vector<std::byte>>(read_whole(extent));
    record_ = extent.record;
  }
  return bytes_;
}

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

std::shared_ptr<Storage> read_bytes(const ArchiveBody& archive, const StorageRef& ref, uint64_t begin, uint64_t size) {
  const Extent extent = archive.file->extent_of(ref);
  auto storage = Storage::allocate(size, Device(ref.location));
  if (extent.record->deflated) {
    const auto all = archive.last_inflated.get(extent);
    std::copy_n(all->begin() + static_cast<ptrdiff_t>(begin), size, storage->data());
  } else {
    read_records({{extent.source, extent.record, {storage->data(), size}, begin}}, archive.options);
  }
  return storage;
}

// The elements of a placed tensor that `spec` picks, in storage of their own. Reads only the bytes between the first of
// them and the last.
Tensor read_elements(const ArchiveBody& archive, const StorageRef& ref, const TensorSpec& spec) {
  const auto item = static_cast<int64_t>(itemsize(spec.dtype));
  const int64_t span = span_of(spec.sizes, spec.strides);
  const int64_t begin = span > 0 ? spec.storage_offset * item : 0;
  auto storage = read_bytes(archive, ref, static_cast<uint64_t>(begin), static_cast<uint64_t>(span * item));
  if (archive.file->extent_of(ref).swapped) {
    swap_bytes({storage->data(), storage->nbytes()}, swap_unit(spec.dtype));
  }
  Tensor tensor = Tensor::over(std::move(storage), spec.dtype, spec.sizes, spec.strides, 0);
  // A column of a matrix brings the whole matrix along, which must not stay with it. An expanded tensor is left as it
  // is: written out it could be larger than any memory.
  return span > tensor.numel() ? tensor.contiguous() : tensor;
}

// Python's rules for the ends of a slice.
int64_t clamp_end(int64_t end, int64_t size) { return std::clamp<int64_t>(end < 0 ? end + size : end, 0, size); }

// A part of a tensor: [begin, end) of one dimension, as numbers that lie within it.
struct Slice {
  size_t dim;
  int64_t begin, end;
  int64_t size() const noexcept { return std::max<int64_t>(end - begin, 0); }
};

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

Tensor read_slice(const ArchiveBody& archive, PlacedTensor place, const Slice& slice) {
  place.spec.storage_offset += slice.begin * place.spec.strides[slice.dim];
  place.spec.sizes[slice.dim] = slice.size();
  return read_elements(archive, place.storage, place.spec);
}

// What a box has of the slice is read, and copied to where it belongs.
void read_box(const ArchiveBody& archive, const Assembly::Box& box, const Slice& slice, const Tensor& into) {
  const int64_t first = box.offsets[slice.dim], last = first + box.sizes[slice.dim];
  const Slice here{slice.dim, std::max(slice.begin, first), std::min(slice.end, last)};
  if (here.size() == 0) return;
  Assembly::Box target = box;
  target.offsets[slice.dim] = here.begin - slice.begin;
  target.sizes[slice.dim] = here.size();
  const Slice in_box{slice.dim, here.begin - first, here.end - first};
  view_of(into, target).copy_(read_slice(archive, archive.file->piece(box.piece), in_box));
}

Tensor read_slice(const ArchiveBody& archive, const Assembly& assembly, const Slice& slice) {
  Dims sizes = assembly.sizes;
  sizes[slice.dim] = slice.size();
  const Tensor into = empty(sizes, {assembly.dtype});
  for (const Assembly::Box& box : assembly.boxes) read_box(archive, box, slice, into);
  return into;
}

Tensor read_all(const ArchiveBody& archive, const PlacedTensor& place) {
  return read_elements(archive, place.storage, place.spec);
}

Tensor read_all(const ArchiveBody& archive, const Assembly& assembly) {
  WholeStorages tensors(*archive.file, archive.options);
  const Tensor whole = tensors.assemble(assembly);
  tensors.read_now();
  return whole;
}

Tensor read_tensor(const ArchiveBody& archive, const Tensor& in_skeleton) {
  const Place* place = archive.place_of(in_skeleton);
  return place ? std::visit([&](const auto& known) { return read_all(archive, known); }, *place) : in_skeleton;
}

Tensor read_sparse(const ArchiveBody& archive, const Tensor& in_skeleton) {
  Tensor indices = read_tensor(archive, in_skeleton.indices()), values = read_tensor(archive, in_skeleton.values());
  check_sparse_indices(indices, in_skeleton.sizes());
  return sparse_coo_tensor(indices, values, in_skeleton.sizes(), in_skeleton.is_coalesced());
}

template <class Work>
Tensor in_tensor(const ArchiveBody& archive, const TensorEntry& entry, Work&& work) {
  return in_file(archive.file->name(), [&] { return in_context("tensor", entry.name, std::forward<Work>(work)); });
}

const Tensor& skeleton_of(const ArchiveBody& archive, const TensorEntry& entry) {
  return archive.tensors[static_cast<size_t>(&entry - archive.entries.data())];
}

}  // namespace
}  // namespace checkpoint

Tensor LazyTensor::load() const {
  return checkpoint::in_tensor(*archive_, *entry_, [&] {
    const Tensor& skeleton = checkpoint::skeleton_of(*archive_, *entry_);
    const Tensor tensor = skeleton.is_sparse() ? checkpoint::read_sparse(*archive_, skeleton)
                                               : checkpoint::read_tensor(*archive_, skeleton);
    if (entry_->requires_grad) tensor.requires_grad_();
    return tensor;
  });
}

Tensor LazyTensor::rows(int64_t begin, int64_t end) const { return slice(0, begin, end); }

Tensor LazyTensor::slice(int64_t dim, int64_t begin, int64_t end) const {
  return checkpoint::in_tensor(*archive_, *entry_, [&] {
    const checkpoint::Place* place = archive_->place_of(checkpoint::skeleton_of(*archive_, *entry_));
    if (!place) {
      throw Error(ErrorKind::unsupported, "only a dense tensor that has bytes can be read in part").hint("load() it.");
    }
    const checkpoint::Slice part = checkpoint::slice_of(entry_->sizes, dim, begin, end);
    return std::visit([&](const auto& known) { return checkpoint::read_slice(*archive_, known, part); }, *place);
  });
}

}  // namespace okibi
