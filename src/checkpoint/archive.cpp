// open(): the index and the pickle only.
#include <fmt/format.h>

#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "checkpoint/formats/looks_like.h"
#include "checkpoint/storages.h"
#include "checkpoint/formats/torch_zip.h"
#include "tensor/nearest.h"

namespace okibi {
namespace checkpoint {
namespace {

// Makes meta tensors, and remembers where the real ones lie.
class PlacesOnly final : public TensorMaker {
 public:
  PlacesOnly(const zip::Reader& records, std::unordered_map<const TensorBody*, PlacedTensor>& places)
      : records_(records), places_(places) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override {
    const zip::Record& record = record_of(records_, storage);
    // The check is that of real tensors, over a storage with a length and no bytes.
    Tensor::over(Storage::borrow(nullptr, nullptr, record.size), spec.dtype, spec.sizes, spec.strides,
                 spec.storage_offset);
    Tensor tensor = empty_meta(spec.sizes, spec.dtype);
    if (tensor.strides() != spec.strides) tensor = tensor.as_strided(spec.sizes, spec.strides, 0);
    places_.emplace(tensor.body(), PlacedTensor{storage, spec});
    return tensor;
  }

 private:
  const zip::Reader& records_;
  std::unordered_map<const TensorBody*, PlacedTensor>& places_;
};

uint64_t nbytes_of(const Tensor& tensor) {
  if (!tensor.is_sparse()) return tensor.nbytes();
  return tensor.indices().nbytes() + tensor.values().nbytes();
}

TensorEntry entry_of(const ArchiveBody& archive, NamedTensor named) {
  const Tensor& tensor = named.tensor;
  TensorEntry entry{.name = std::move(named.name),
                    .path = std::move(named.path),
                    .dtype = tensor.dtype(),
                    .layout = tensor.layout(),
                    .device = tensor.device(),
                    .sizes = tensor.sizes()};
  entry.requires_grad = tensor.requires_grad();
  if (!tensor.is_sparse()) entry.strides = tensor.strides();
  const PlacedTensor* place = archive.placed(tensor.is_sparse() ? tensor.values() : tensor);
  if (!place) return entry;  // a meta tensor in the file, too
  entry.device = Device(place->storage.location);
  entry.storage = place->storage.key;
  entry.storage_offset = place->spec.storage_offset;
  entry.storage_nbytes = place->storage.nbytes;
  entry.nbytes = nbytes_of(tensor);
  return entry;
}

}  // namespace
}  // namespace checkpoint

ArchiveBody::ArchiveBody(std::shared_ptr<const io::Source> source, const LoadOptions& load_options)
    : options(load_options), records(std::move(source), load_options.limits) {
  checkpoint::check_is_checkpoint(records);
  swapped = checkpoint::is_swapped(records);
  const pickle::Graph graph = checkpoint::read_pickle(records, options.limits);
  checkpoint::PlacesOnly maker(records, places);
  skeleton = checkpoint::resolve(graph, maker, options);
  for (auto& named : checkpoint::list_tensors(skeleton, graph.end_offset())) {
    tensors.push_back(named.tensor);
    entries.push_back(checkpoint::entry_of(*this, std::move(named)));
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    by_name.emplace(entries[i].name, i);
    by_body.emplace(tensors[i].body(), i);
  }
}

const PlacedTensor* ArchiveBody::placed(const Tensor& in_skeleton) const noexcept {
  const auto found = places.find(in_skeleton.body());
  return found == places.end() ? nullptr : &found->second;
}

Archive open(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return checkpoint::in_file(*source, [&] {
    if (!zip::is_zip(*source)) checkpoint::throw_no_checkpoint(*source);
    return Archive(std::make_shared<const ArchiveBody>(source, options));
  });
}

Archive open(const std::string& uri, const LoadOptions& options) {
  return open(store::default_store().open(uri), options);
}

const std::string& Archive::format() const noexcept { return body_->format; }
std::string Archive::name() const { return body_->file().name(); }
const std::vector<TensorEntry>& Archive::tensors() const noexcept { return body_->entries; }
const Value& Archive::skeleton() const noexcept { return body_->skeleton; }

LazyTensor Archive::tensor(std::string_view name) const {
  const auto found = body_->by_name.find(name);
  if (found != body_->by_name.end()) return LazyTensor(body_, &body_->entries[found->second]);
  std::vector<std::string_view> names;
  for (const TensorEntry& entry : body_->entries) names.push_back(entry.name);
  throw Error(ErrorKind::not_found, fmt::format("the file has no tensor \"{}\"", name))
      .hint(did_you_mean(nearest_names(name, names)))
      .at("", this->name());
}

const TensorEntry* Archive::entry_of(const Tensor& in_skeleton) const noexcept {
  const auto found = body_->by_body.find(in_skeleton.body());
  return found == body_->by_body.end() ? nullptr : &body_->entries[found->second];
}

}  // namespace okibi
