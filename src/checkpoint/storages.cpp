#include "checkpoint/storages.h"

#include <fmt/format.h>

#include <algorithm>

namespace okibi::checkpoint {

const zip::Record& record_of(const zip::Reader& records, const StorageRef& storage) {
  const std::string name = "data/" + storage.key;
  const zip::Record* record = records.find(name);
  if (!record) {
    throw Error(ErrorKind::bad_file, "the file has no such record, though a tensor lies in it")
        .hint("The file is incomplete; copy it again, or save it again.")
        .at("record", name);
  }
  if (record->size != storage.nbytes) {
    throw Error(ErrorKind::bad_file, "the record is not as long as the pickle says")
        .expected(fmt::format("{} bytes ({} elements of {})", storage.nbytes, storage.numel, name_of(storage.dtype)))
        .found(record->size)
        .at("record", name);
  }
  return *record;
}

size_t swap_unit(DType dtype) { return is_complex(dtype) ? itemsize(dtype) / 2 : itemsize(dtype); }

void swap_bytes(std::span<std::byte> bytes, size_t unit) {
  if (unit < 2) return;
  for (size_t at = 0; at + unit <= bytes.size(); at += unit) {
    std::ranges::reverse(bytes.subspan(at, unit));
  }
}

Tensor WholeStorages::make(const StorageRef& ref, const TensorSpec& spec) {
  auto found = by_key_.find(ref.key);
  if (found == by_key_.end()) {
    found = by_key_.emplace(ref.key, Entry{allocate(ref), swap_unit(spec.dtype)}).first;
    if (swapped_) to_swap_.push_back(ref.key);
  }
  if (swapped_ && found->second.unit != swap_unit(spec.dtype)) {
    throw Error(ErrorKind::unsupported, "tensors of different dtypes share a storage of the other byte order");
  }
  return Tensor::over(found->second.storage, spec.dtype, spec.sizes, spec.strides, spec.storage_offset);
}

std::shared_ptr<Storage> WholeStorages::allocate(const StorageRef& ref) {
  const zip::Record& record = record_of(records_, ref);
  Device device(ref.location);
  if (record.deflated) return inflate(record, device);
  if (options_.mmap) {
    if (auto storage = map(record, device)) return storage;
  }
  auto storage = Storage::allocate(record.size, device);
  waiting_.push_back({&record, {storage->data(), storage->nbytes()}});
  return storage;
}

// A deflated record's size is a claim until it is inflated: memory must not be taken by it.
std::shared_ptr<Storage> WholeStorages::inflate(const zip::Record& record, const Device& device) {
  auto bytes = std::make_shared<std::vector<std::byte>>(records_.read(record.name));
  return Storage::borrow(bytes, bytes->data(), bytes->size(), device);
}

// Null where the source cannot be mapped, or where the record does not lie as elements must.
std::shared_ptr<Storage> WholeStorages::map(const zip::Record& record, const Device& device) {
  constexpr uint64_t strictest = 16;  // alignment of any element
  if (cannot_map_ || record.offset % strictest != 0) return nullptr;
  if (!mapping_) mapping_ = records_.source().map(0, records_.source().size());
  cannot_map_ = !mapping_;
  if (cannot_map_) return nullptr;
  return Storage::borrow(mapping_, mapping_.get() + record.offset, record.size, device);
}

void WholeStorages::read_now() {
  read_records(records_.source(), std::exchange(waiting_, {}), options_);
  for (const std::string& key : std::exchange(to_swap_, {})) {
    const Entry& entry = by_key_.at(key);
    swap_bytes({entry.storage->data(), entry.storage->nbytes()}, entry.unit);
  }
}

}  // namespace okibi::checkpoint
