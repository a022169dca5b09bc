// One tensor, or a part of it, from an opened file.
#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "checkpoint/pickled/sparse_check.h"
#include "checkpoint/storages.h"

namespace okibi {

std::shared_ptr<const std::vector<std::byte>> LastInflated::get(const zip::Reader& records, const zip::Record& record) {
  const std::lock_guard lock(mutex_);
  if (record_ != &record) {
    record_ = nullptr, bytes_ = nullptr;  // two records at a time would be one too many
    bytes_ = std::make_shared<const std::vector<std::byte>>(records.read(record.name));
    record_ = &record;
  }
  return bytes_;
}

namespace checkpoint {
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
  const zip::Record& record = record_of(archive.records, ref);
  if (record.deflated) {
    const auto all = archive.last_inflated.get(archive.records, record);
    auto storage = Storage::allocate(size, Device(ref.location));
    std::copy_n(all->begin() + static_cast<ptrdiff_t>(begin), size, storage->data());
    return storage;
  }
  auto storage = Storage::allocate(size, Device(ref.location));
  const std::span<std::byte> into(storage->data(), size);
  if (size == record.size) {
    read_records(archive.file(), {{&record, into}}, archive.options);
  } else {
    archive.records.read_part(record, begin, into);
  }
  return storage;
}

}  // namespace

Tensor read_elements(const ArchiveBody& archive, const StorageRef& ref, const TensorSpec& spec) {
  const auto item = static_cast<int64_t>(itemsize(spec.dtype));
  const int64_t span = span_of(spec.sizes, spec.strides);
  const int64_t begin = span > 0 ? spec.storage_offset * item : 0;
  auto storage = read_bytes(archive, ref, static_cast<uint64_t>(begin), static_cast<uint64_t>(span * item));
  if (archive.swapped) swap_bytes({storage->data(), storage->nbytes()}, swap_unit(spec.dtype));
  Tensor tensor = Tensor::over(std::move(storage), spec.dtype, spec.sizes, spec.strides, 0);
  // A column of a matrix brings the whole matrix along, which must not stay with it. An expanded tensor is left as it
  // is: written out it could be larger than any memory.
  return span > tensor.numel() ? tensor.contiguous() : tensor;
}

namespace {

// Python's rules for the ends of a slice.
int64_t clamp_end(int64_t end, int64_t size) { return std::clamp<int64_t>(end < 0 ? end + size : end, 0, size); }

TensorSpec sliced(TensorSpec spec, int64_t dim, int64_t begin, int64_t end) {
  const auto rank = static_cast<int64_t>(spec.sizes.size());
  if (dim < -rank || dim >= rank) {
    throw Error(ErrorKind::out_of_range, fmt::format("Dimension out of range (expected to be in range of [{}, {}], but "
                                                     "got {})",
                                                     -rank, rank - 1, dim));
  }
  const auto at = static_cast<size_t>(dim < 0 ? dim + rank : dim);
  const int64_t first = clamp_end(begin, spec.sizes[at]);
  spec.storage_offset += first * spec.strides[at];
  spec.sizes[at] = std::max<int64_t>(clamp_end(end, spec.sizes[at]) - first, 0);
  return spec;
}

Tensor read_whole(const ArchiveBody& archive, const Tensor& in_skeleton) {
  const PlacedTensor* place = archive.placed(in_skeleton);
  return place ? read_elements(archive, place->storage, place->spec) : in_skeleton;
}

Tensor read_sparse(const ArchiveBody& archive, const Tensor& in_skeleton) {
  Tensor indices = read_whole(archive, in_skeleton.indices()), values = read_whole(archive, in_skeleton.values());
  check_sparse_indices(indices, in_skeleton.sizes());
  return sparse_coo_tensor(indices, values, in_skeleton.sizes(), in_skeleton.is_coalesced());
}

template <class Work>
Tensor in_tensor(const ArchiveBody& archive, const TensorEntry& entry, Work&& work) {
  return in_file(archive.file(), [&] { return in_context("tensor", entry.name, std::forward<Work>(work)); });
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
                                               : checkpoint::read_whole(*archive_, skeleton);
    if (entry_->requires_grad) tensor.requires_grad_();
    return tensor;
  });
}

Tensor LazyTensor::rows(int64_t begin, int64_t end) const { return slice(0, begin, end); }

Tensor LazyTensor::slice(int64_t dim, int64_t begin, int64_t end) const {
  return checkpoint::in_tensor(*archive_, *entry_, [&] {
    const PlacedTensor* place = archive_->placed(checkpoint::skeleton_of(*archive_, *entry_));
    if (!place) {
      throw Error(ErrorKind::unsupported, "only a dense tensor that has bytes can be read in part").hint("load() it.");
    }
    return checkpoint::read_elements(*archive_, place->storage, checkpoint::sliced(place->spec, dim, begin, end));
  });
}

}  // namespace okibi
