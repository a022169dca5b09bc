// One tensor, or a part of it, from an opened file.
#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"

namespace okibi {
namespace checkpoint {
namespace {

Tensor read_tensor(const ArchiveBody& archive, const Tensor& in_skeleton);

// What the tensor of the skeleton is besides its numbers.
Tensor dressed(const ArchiveBody& archive, Tensor tensor, const Tensor& in_skeleton) {
  if (in_skeleton.is_conj()) tensor = tensor.conj();
  if (in_skeleton.is_neg()) tensor = tensor.neg_view();
  if (in_skeleton.is_quantized()) {
    Quantizer quantizer = in_skeleton.quantizer();
    for (Tensor* list : {&quantizer.scales, &quantizer.zero_points})
      if (list->defined()) *list = read_tensor(archive, *list);
    tensor = quantized_tensor(tensor, quantizer);
  }
  if (in_skeleton.device().type() != "meta") tensor = on_device(tensor, in_skeleton.device());
  return tensor;
}

Tensor read_composite(const ArchiveBody& archive, const Tensor& in_skeleton) {
  const auto part = [&](const Tensor& of) { return read_tensor(archive, of); };
  const Tensor values = part(in_skeleton.values());
  Tensor tensor;
  if (in_skeleton.is_nested()) {
    tensor = nested_tensor(values, part(in_skeleton.nested_sizes()), part(in_skeleton.nested_strides()),
                           part(in_skeleton.nested_storage_offsets()));
  } else if (in_skeleton.is_sparse()) {
    tensor = sparse_coo_tensor(part(in_skeleton.indices()), values, in_skeleton.sizes(), in_skeleton.is_coalesced());
  } else {
    tensor = sparse_compressed_tensor(in_skeleton.layout(), part(in_skeleton.compressed_indices()),
                                      part(in_skeleton.plain_indices()), values, in_skeleton.sizes());
  }
  check_invariants(tensor);
  return tensor;
}

Tensor read_tensor(const ArchiveBody& archive, const Tensor& in_skeleton) {
  if (in_skeleton.layout() != Layout::strided) return read_composite(archive, in_skeleton);
  const Place* place = archive.place_of(in_skeleton);
  if (!place) return in_skeleton;
  return dressed(archive, archive.reader.read(*place), in_skeleton);
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
    Tensor tensor = checkpoint::read_tensor(*archive_, skeleton);
    if (const TensorClass* seen_as = tensor_class(skeleton)) tensor = with_tensor_class(tensor, *seen_as);
    if (entry_->requires_grad) tensor.requires_grad_();
    return tensor;
  });
}

Tensor LazyTensor::rows(int64_t begin, int64_t end) const { return slice(0, begin, end); }

Tensor LazyTensor::slice(int64_t dim, int64_t begin, int64_t end) const {
  return checkpoint::in_tensor(*archive_, *entry_, [&] {
    const Tensor& skeleton = checkpoint::skeleton_of(*archive_, *entry_);
    const checkpoint::Place* place = archive_->place_of(skeleton);
    if (!place || (skeleton.is_quantized() && skeleton.quantizer().scales.defined())) {
      throw Error(ErrorKind::unsupported, "only a dense tensor that has bytes can be read in part").hint("load() it.");
    }
    const Tensor numbers = archive_->reader.read(*place, checkpoint::slice_of(entry_->sizes, dim, begin, end));
    return checkpoint::dressed(*archive_, numbers, skeleton);
  });
}

}  // namespace okibi
