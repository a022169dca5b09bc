#include "checkpoint/streamed_storages.h"

#include "base/crc32.h"
#include "checkpoint/elements.h"
#include "checkpoint/storages.h"
#include "io/read_ahead.h"
#include "tensor/invariants.h"

namespace okibi::checkpoint {
namespace {

constexpr uint64_t piece_bytes = uint64_t{8} << 20;  // a multiple of every element's size

// A storage with a length and no bytes.
std::shared_ptr<Storage> lend_bytes(uint64_t nbytes, const std::string& location) {
  return Storage::borrow(nullptr, nullptr, nbytes, Device(location));
}

}  // namespace

DType StreamedStorages::target_of(DType dtype, const Dims& sizes) const {
  return dtype_ && is_floating_point(dtype) && !sizes.empty() ? *dtype_ : dtype;
}

// The first tensor over a storage decides whether it is cast; a number taken out of a matrix goes with the matrix.
StreamedStorages::Lent& StreamedStorages::lend(const StorageRef& ref, const TensorSpec& spec) {
  auto [place, is_new] = by_key_.try_emplace(ref.key);
  Lent& lent = place->second;
  if (is_new) {
    const DType to = target_of(spec.dtype, spec.sizes);
    file_.extent_of(ref);  // is there, and as long as it should be
    const uint64_t nbytes = to == spec.dtype ? ref.nbytes : ref.nbytes / itemsize(spec.dtype) * itemsize(to);
    lent = {lend_bytes(nbytes, ref.location), PlacedTensor{ref, spec}, spec.dtype, to};
    by_storage_.emplace(lent.storage.get(), lent);
  } else if (lent.from != spec.dtype && lent.from != lent.to) {
    throw Error(ErrorKind::unsupported, "tensors of different dtypes share a storage, which cannot be cast then")
        .at("storage", ref.key);
  }
  return lent;
}

Tensor StreamedStorages::make(const StorageRef& ref, const TensorSpec& spec) {
  const Lent& lent = lend(ref, spec);
  const DType dtype = lent.from == spec.dtype ? lent.to : spec.dtype;
  return Tensor::over(lent.storage, dtype, spec.sizes, spec.strides, spec.storage_offset);
}

Tensor StreamedStorages::assemble(const Assembly& assembly) {
  const DType to = target_of(assembly.dtype, assembly.sizes);
  const uint64_t numel = static_cast<uint64_t>(numel_of(assembly.sizes));
  const Lent lent{lend_bytes(checked_mul(numel, itemsize(to), "the size of a tensor"), "cpu"), assembly, assembly.dtype,
                  to};
  by_storage_.emplace(lent.storage.get(), lent);
  return Tensor::over(lent.storage, to, assembly.sizes, contiguous_strides(assembly.sizes), 0);
}

Tensor StreamedStorages::with_numbers(const Tensor& tensor) {
  require_own_memory(tensor, "parts");
  const Tensor copy = empty(tensor.sizes(), {.dtype = tensor.dtype()});
  std::byte* end = copy.raw_data();
  read_elements(tensor, *this, [&](std::span<const std::byte> piece) { end = std::ranges::copy(piece, end).out; });
  return copy;
}

// Whoever reads a cast storage asks for whole elements.
void StreamedStorages::read(const Storage& storage, uint64_t begin, uint64_t size, const Take& take) const {
  const auto found = by_storage_.find(&storage);
  if (found == by_storage_.end()) return StorageBytes::read(storage, begin, size, take);
  const Lent& lent = found->second;
  if (lent.from == lent.to) return read_stored(lent, begin, size, take);
  const uint64_t from = itemsize(lent.from), to = itemsize(lent.to);
  read_stored(lent, begin / to * from, size / to * from, [&](std::span<const std::byte> piece) {
    const auto count = static_cast<int64_t>(piece.size() / from);
    auto bytes = Storage::borrow(nullptr, const_cast<std::byte*>(piece.data()), piece.size());
    const Tensor cast = Tensor::over(std::move(bytes), lent.from, {count}, {1}).to(lent.to);
    take({cast.raw_data(), cast.nbytes()});
  });
}

void StreamedStorages::read_stored(const Lent& lent, uint64_t begin, uint64_t size, const Take& take) const {
  if (size == 0) return;
  if (const auto* assembly = std::get_if<Assembly>(&lent.place)) return read_assembly(*assembly, begin, size, take);
  read_extent(std::get<PlacedTensor>(lent.place).storage, lent, begin, size, take);
}

void StreamedStorages::read_extent(const StorageRef& ref, const Lent& lent, uint64_t begin, uint64_t size,
                                   const Take& take) const {
  const Extent extent = file_.extent_of(ref);
  if (extent.record->deflated) {
    return deflated_.read(extent, begin, size, [&](std::span<std::byte> piece) {
      throw_if_stopped(options_.stop);
      if (extent.swapped) swap_bytes(piece, swap_unit(lent.from));
      take(piece);
    });
  }
  uint32_t crc = 0;
  io::ReadAhead pieces(*extent.source, extent.record->offset + begin, size, piece_bytes);
  for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
    throw_if_stopped(options_.stop);
    if (options_.check_crc) crc = extend_crc32(crc, piece);
    if (extent.swapped) swap_bytes(piece, swap_unit(lent.from));
    take(piece);
  }
  if (options_.check_crc && size == extent.record->size) zip::check_crc(*extent.source, *extent.record, crc);
}

// Row by row, or rather as many rows as make a piece. Dimensions of size 1 in front are no rows.
void StreamedStorages::read_assembly(const Assembly& assembly, uint64_t begin, uint64_t size, const Take& take) const {
  size_t dim = 0;
  while (dim + 1 < assembly.sizes.size() && assembly.sizes[dim] == 1) ++dim;
  if (assembly.sizes.empty()) {
    const Tensor whole = reader_.read(assembly);
    return take({whole.raw_data() + begin, size});
  }
  const auto all = static_cast<uint64_t>(numel_of(assembly.sizes)) * itemsize(assembly.dtype);
  const uint64_t row = all / static_cast<uint64_t>(assembly.sizes[dim]),
                 rows = std::max<uint64_t>(piece_bytes / row, 1);
  for (const uint64_t end = begin + size; begin < end;) {
    throw_if_stopped(options_.stop);
    const auto first = static_cast<int64_t>(begin / row);
    const auto last = std::min<int64_t>(first + static_cast<int64_t>(rows), assembly.sizes[dim]);
    const Tensor part = reader_.read(assembly, {dim, first, last}).contiguous();
    const uint64_t skipped = begin - static_cast<uint64_t>(first) * row;
    const uint64_t count = std::min(part.nbytes() - skipped, end - begin);
    take({part.raw_data() + skipped, count});
    begin += count;
  }
}

}  // namespace okibi::checkpoint
