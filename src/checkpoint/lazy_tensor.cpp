// One tensor, or a part of it, from an opened file.
#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "checkpoint/pickled/sparse_check.h"

namespace okibi {
namespace checkpoint {
namespace {

Tensor read_tensor(const ArchiveBody& archive, const Tensor& in_skeleton) {
  const Place* place = archive.place_of(in_skeleton);
  return place ? archive.reader.read(*place) : in_skeleton;
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
    return archive_->reader.read(*place, checkpoint::slice_of(entry_->sizes, dim, begin, end));
  });
}

}  // namespace okibi
