// open(): the index and the pickle only.
#include <fmt/format.h>

#include <functional>

#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "tensor/nearest.h"

namespace okibi {
namespace checkpoint {
namespace {

// Makes meta tensors, and remembers where the real ones lie.
class PlacesOnly final : public TensorMaker {
 public:
  PlacesOnly(const OpenedFile& file, std::unordered_map<const TensorBody*, Place>& places)
      : file_(file), places_(places) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override {
    file_.extent_of(storage);  // is there, and as long as it should be
    // The check is that of real tensors, over a storage with a length and no bytes.
    Tensor::over(Storage::borrow(nullptr, nullptr, storage.nbytes), spec.dtype, spec.sizes, spec.strides,
                 spec.storage_offset);
    Tensor tensor = empty_meta(spec.sizes, spec.dtype);
    if (tensor.strides() != spec.strides) tensor = tensor.as_strided(spec.sizes, spec.strides, 0);
    places_.insert_or_assign(tensor.body(), PlacedTensor{storage, spec});
    alive_.push_back(tensor);
    return tensor;
  }

  Tensor assemble(const Assembly& assembly) override {
    const Tensor tensor = empty_meta(assembly.sizes, assembly.dtype);
    places_.insert_or_assign(tensor.body(), assembly);
    alive_.push_back(tensor);
    return tensor;
  }

  void also_made(const Tensor& same, const Tensor& made) override {
    const auto place = places_.find(made.body());
    if (place == places_.end()) return;
    const Place known = place->second;
    places_.insert_or_assign(same.body(), known);
    alive_.push_back(same);
  }

 private:
  const OpenedFile& file_;
  std::unordered_map<const TensorBody*, Place>& places_;
  std::vector<Tensor> alive_;  // so that no other tensor gets the address of one that has a place
};

uint64_t nbytes_of(const Tensor& tensor) {
  if (tensor.layout() == Layout::strided) return tensor.nbytes();
  const uint64_t values = tensor.values().nbytes();
  if (tensor.is_sparse()) return tensor.indices().nbytes() + values;
  if (tensor.is_sparse_compressed())
    return tensor.compressed_indices().nbytes() + tensor.plain_indices().nbytes() + values;
  return 2 * tensor.nested_sizes().nbytes() + tensor.nested_storage_offsets().nbytes() + values;
}

// Pieces of an assembly are nobody else's: its own name stands for them.
void describe_storage(TensorEntry& entry, const Place& place) {
  if (const auto* placed = std::get_if<PlacedTensor>(&place)) {
    entry.device = Device(placed->storage.location);
    entry.storage = placed->storage.key;
    entry.storage_offset = placed->spec.storage_offset;
    entry.storage_nbytes = placed->storage.nbytes;
  } else {
    entry.device = Device();
    entry.storage = entry.name;
    entry.storage_nbytes = entry.nbytes;
  }
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
  const bool is_strided = tensor.layout() == Layout::strided;
  if (is_strided) entry.strides = tensor.strides();
  const Place* place = archive.place_of(is_strided ? tensor : tensor.values());
  if (!place) return entry;  // a meta tensor in the file, too
  entry.nbytes = nbytes_of(tensor);
  describe_storage(entry, *place);
  return entry;
}

}  // namespace
}  // namespace checkpoint

ArchiveBody::ArchiveBody(std::unique_ptr<const checkpoint::OpenedFile> opened, const LoadOptions& load_options)
    : options(load_options), file(std::move(opened)), reader(*file, options) {
  checkpoint::PlacesOnly maker(*file, places);
  skeleton = file->object(maker);
  for (auto& named : checkpoint::list_tensors(skeleton, file->index_bytes())) {
    tensors.push_back(named.tensor);
    entries.push_back(checkpoint::entry_of(*this, std::move(named)));
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    by_name.emplace(entries[i].name, i);
    by_body.emplace(tensors[i].body(), i);
  }
}

const checkpoint::Place* ArchiveBody::place_of(const Tensor& in_skeleton) const noexcept {
  const auto found = places.find(in_skeleton.body());
  return found == places.end() ? nullptr : &found->second;
}

namespace checkpoint {
namespace {

std::shared_ptr<const ArchiveBody> archive_of(std::unique_ptr<const OpenedFile> file, const LoadOptions& options) {
  return in_file(file->name(), [&] { return std::make_shared<const ArchiveBody>(std::move(file), options); });
}

}  // namespace
}  // namespace checkpoint

Archive open(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return Archive(checkpoint::archive_of(checkpoint::open_file(std::move(source), options), options));
}

Archive open(const std::string& uri, const LoadOptions& options) {
  return Archive(checkpoint::archive_of(checkpoint::open_file(uri, options), options));
}

Format Archive::format() const noexcept { return body_->file->format(); }
std::string Archive::name() const { return body_->file->name(); }
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

LazyTensor Archive::tensor(const TensorEntry& entry) const {
  const std::less_equal<const TensorEntry*> no_later;  // of pointers that may be of different arrays
  const TensorEntry* first = body_->entries.data();
  if (no_later(first, &entry) && no_later(&entry + 1, first + body_->entries.size())) return LazyTensor(body_, &entry);
  throw Error(ErrorKind::bad_argument, "the entry is none of this archive's tensors()").at("", name());
}

const TensorEntry* Archive::entry_of(const Tensor& in_skeleton) const noexcept {
  const auto found = body_->by_body.find(in_skeleton.body());
  return found == body_->by_body.end() ? nullptr : &body_->entries[found->second];
}

}  // namespace okibi
