#include "checkpoint/storages.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crc32.h"

namespace okibi::checkpoint {
namespace {

constexpr uint64_t most_copied_together = uint64_t{64} << 20;  // or one piece, where that is larger

}  // namespace

Tensor view_of(const Tensor& whole, const Assembly::Box& box) {
  Tensor view = whole;
  for (size_t dim = 0; dim < box.sizes.size(); ++dim) {
    view = view.narrow(static_cast<int64_t>(dim), box.offsets[dim], box.sizes[dim]);
  }
  return view;
}

Tensor WholeStorages::make(const StorageRef& ref, const TensorSpec& spec) {
  Entry* entry = by_key_.find(ref.key);
  if (!entry) {
    const Extent extent = file_.extent_of(ref);
    entry = &by_key_.add(ref.key, {allocate(ref, extent), swap_unit(spec.dtype), extent.swapped});
    if (entry->swapped) to_swap_.push_back(*entry);
  }
  if (spec.dtype == DType::boolean && !std::exchange(entry->is_of_bools, true)) of_bool_.push_back(entry->storage);
  if (entry->swapped && entry->unit != swap_unit(spec.dtype)) {
    throw Error(ErrorKind::unsupported, "tensors of different dtypes share a storage of the other byte order");
  }
  return Tensor::over(entry->storage, spec.dtype, spec.sizes, spec.strides, spec.storage_offset);
}

std::shared_ptr<Storage> WholeStorages::allocate(const StorageRef& ref, const Extent& extent) {
  const Device device(ref.location);
  if (extent.record->deflated) return inflate(extent, device);
  if (options_.mmap) {
    if (auto storage = map(ref, extent)) return storage;
  }
  auto storage = Storage::allocate(extent.record->size, device);
  waiting_.push_back({extent.source, extent.record, {storage->data(), storage->nbytes()}});
  return storage;
}

// The size is a claim until the bytes are there, but only what is written is taken from the system.
std::shared_ptr<Storage> WholeStorages::inflate(const Extent& extent, const Device& device) {
  auto storage = Storage::allocate(extent.record->size, device);
  zip::read_record_into(*extent.source, *extent.record, {storage->data(), storage->nbytes()});
  return storage;
}

// Null where the source cannot be mapped, or where the record does not lie as elements must.
std::shared_ptr<Storage> WholeStorages::map(const StorageRef& ref, const Extent& extent) {
  constexpr uint64_t strictest = 8;  // alignment of any element, where a storage does not say of what it is
  if (extent.record->offset % (ref.untyped ? strictest : swap_unit(ref.dtype)) != 0) return nullptr;
  auto [place, is_new] = mappings_.try_emplace(extent.source);
  if (is_new) place->second = extent.source->map(0, extent.source->size());
  if (!place->second) return nullptr;
  std::byte* const bytes = place->second.get() + extent.record->offset;
  mapped_.push_back({extent.source, extent.record, {bytes, extent.record->size}});
  return Storage::borrow(place->second, bytes, extent.record->size, Device(ref.location));
}

// The pieces are there before memory is taken for the whole.
void WholeStorages::check_pieces(const Assembly& assembly) const {
  for (const Assembly::Box& box : assembly.boxes) file_.extent_of(file_.piece(box.piece).storage);
}

Tensor WholeStorages::assemble(const Assembly& assembly) {
  check_pieces(assembly);
  const Tensor whole = empty(assembly.sizes, {assembly.dtype});
  if (assembly.dtype == DType::boolean) of_bool_.push_back(whole.storage());
  for (const Assembly::Box& box : assembly.boxes) add_piece(assembly, box, whole);
  return whole;
}

void WholeStorages::add_piece(const Assembly& assembly, const Assembly::Box& box, const Tensor& whole) {
  const PlacedTensor piece = file_.piece(box.piece);
  const Extent extent = file_.extent_of(piece.storage);
  const Tensor part = view_of(whole, box);
  // Checks the geometry against the storage.
  Tensor::over(Storage::borrow(nullptr, nullptr, extent.record->size), assembly.dtype, piece.spec.sizes,
               piece.spec.strides, piece.spec.storage_offset);
  const bool is_run = part.is_contiguous() && piece.spec.strides == contiguous_strides(box.sizes);
  if (!is_run || extent.record->deflated || extent.swapped) {
    to_copy_.push_back({part, piece, extent.record->size});
    return;
  }
  const auto item = itemsize(assembly.dtype);
  waiting_.push_back({extent.source,
                      extent.record,
                      {part.raw_data(), part.nbytes()},
                      static_cast<uint64_t>(piece.spec.storage_offset) * item});
}

// What is to be copied afterwards is read in waves, so that only some of it is in memory beside the whole.
void WholeStorages::read_now() {
  check_mapped();
  const std::vector<Copy> copies = std::exchange(to_copy_, {});
  uint64_t done = 0, total = 0;
  for (const RecordRead& read : waiting_) done += read.into.size();
  for (const Copy& copy : copies) total += copy.nbytes;
  total += done;
  read_waiting(0, total);
  for (std::span<const Copy> rest = copies; !rest.empty();) {
    const auto wave = next_wave(rest);
    copy_wave(wave, done, total);
    for (const Copy& copy : wave) done += copy.nbytes;
    if (options_.progress) options_.progress(done, total);
    rest = rest.subspan(wave.size());
  }
  mend_bools();
}

// In memory a bool is 0 or 1, and nothing else: what is read as one and is neither is true.
void WholeStorages::mend_bools() {
  for (const auto& storage : std::exchange(of_bool_, {})) {
    for (std::byte& byte : std::span(storage->data(), storage->nbytes())) {
      if (byte > std::byte{1}) byte = std::byte{1};
    }
  }
}

void WholeStorages::check_mapped() {
  const auto mapped = std::exchange(mapped_, {});
  if (!options_.check_mapped) return;
  parallel_for(0, static_cast<int64_t>(mapped.size()), 1, [&](int64_t first, int64_t last) {
    for (const RecordRead& one :
         std::span(mapped).subspan(static_cast<size_t>(first), static_cast<size_t>(last - first))) {
      throw_if_stopped(options_.stop);
      zip::check_crc(*one.source, *one.record, extend_crc32(0, one.into));
    }
  });
}

// The progress is a part of the whole one.
void WholeStorages::read_waiting(uint64_t done, uint64_t total) {
  LoadOptions options = options_;
  if (options.progress) {
    options.progress = [&](uint64_t now, uint64_t) { options_.progress(done + now, total); };
  }
  read_records(std::exchange(waiting_, {}), options);
  for (const Entry& entry : std::exchange(to_swap_, {})) {
    swap_bytes({entry.storage->data(), entry.storage->nbytes()}, entry.unit);
  }
}

std::span<const WholeStorages::Copy> WholeStorages::next_wave(std::span<const Copy> copies) const {
  uint64_t room = most_copied_together;
  size_t count = 0;
  do {
    room -= std::min(room, copies[count++].nbytes);
  } while (count < copies.size() && copies[count].nbytes <= room);
  return copies.first(count);
}

void WholeStorages::copy_wave(std::span<const Copy> wave, uint64_t done, uint64_t total) {
  std::vector<Tensor> pieces;
  for (const Copy& copy : wave) {
    const auto& [ref, spec] = copy.from;
    const Extent extent = file_.extent_of(ref);
    const auto storage = allocate(ref, extent);
    if (extent.swapped) to_swap_.push_back({storage, swap_unit(spec.dtype), true});
    pieces.push_back(Tensor::over(storage, spec.dtype, spec.sizes, spec.strides, spec.storage_offset));
  }
  check_mapped();
  read_waiting(done, total);
  for (size_t i = 0; i < wave.size(); ++i) wave[i].to.copy_(pieces[i]);
}

}  // namespace okibi::checkpoint
