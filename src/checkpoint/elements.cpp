#include "checkpoint/elements.h"

#include <algorithm>
#include <numeric>

namespace okibi::checkpoint {
namespace {

constexpr uint64_t most_together = uint64_t{32} << 20;  // bytes: of a part of the tensor, and of storage read for it

// How many elements of the storage lie from the first to the last one of a view.
uint64_t span_of(const Tensor& view) {
  int64_t last = 0;
  for (int64_t dim = 0; dim < view.dim(); ++dim) last += (view.size(dim) - 1) * view.stride(dim);
  return static_cast<uint64_t>(last) + 1;
}

uint64_t span_bytes(const Tensor& view) { return span_of(view) * itemsize(view.dtype()); }

uint64_t offset_bytes(const Tensor& view) {
  return static_cast<uint64_t>(view.storage_offset()) * itemsize(view.dtype());
}

// The dimension to halve a view in: the first one that has two of anything.
int64_t first_wide(const Tensor& view) {
  int64_t dim = 0;
  while (view.size(dim) == 1) ++dim;
  return dim;
}

Tensor half_of(const Tensor& view, int64_t dim, bool later) {
  const int64_t size = view.size(dim), half = size / 2;
  return later ? view.narrow(dim, half, size - half) : view.narrow(dim, 0, half);
}

// The dimensions in the order of their strides, so that halves of the first ones lie apart in the storage.
Dims storage_order(const Tensor& view) {
  Dims order(static_cast<size_t>(view.dim()), 0);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return view.stride(a) > view.stride(b); });
  return order;
}

// The bytes that a view spans, brought to memory as the same view of them.
Tensor brought(const Tensor& view, const StorageBytes& bytes) {
  auto memory = Storage::allocate(span_bytes(view));
  size_t filled = 0;
  bytes.read(*view.storage(), offset_bytes(view), memory->nbytes(), [&](std::span<const std::byte> piece) {
    std::ranges::copy(piece, memory->data() + filled);
    filled += piece.size();
  });
  Tensor same = Tensor::over(std::move(memory), view.dtype(), view.sizes(), view.strides(), 0);
  if (view.is_conj()) same = same.conj();
  return view.is_neg() ? same.neg_view() : same;
}

// All elements of a view that is small itself, though it may be strewn over a large storage.
Tensor gathered(const Tensor& view, const StorageBytes& bytes) {
  const Tensor part = empty(view.sizes(), {view.dtype()});
  const Dims order = storage_order(view);
  std::vector<std::pair<Tensor, Tensor>> copies = {{part.permute(order), view.permute(order)}};
  while (!copies.empty()) {
    const auto [to, from] = std::move(copies.back());
    copies.pop_back();
    if (span_bytes(from) <= most_together || from.numel() == 1) {
      to.copy_(brought(from, bytes));
      continue;
    }
    const int64_t dim = first_wide(from);
    for (bool later : {true, false}) copies.emplace_back(half_of(to, dim, later), half_of(from, dim, later));
  }
  return part;
}

}  // namespace

void read_elements(const Tensor& tensor, const StorageBytes& bytes, const StorageBytes::Take& take) {
  if (tensor.numel() == 0) return;
  const NoGrad no_grad;
  if (tensor.is_contiguous() && !tensor.is_conj() && !tensor.is_neg()) {
    return bytes.read(*tensor.storage(), offset_bytes(tensor), tensor.nbytes(), take);
  }
  std::vector<Tensor> parts = {tensor.detach()};  // in order, the next one last
  while (!parts.empty()) {
    const Tensor part = std::move(parts.back());
    parts.pop_back();
    if (part.nbytes() <= most_together || part.numel() == 1) {
      const Tensor elements = gathered(part, bytes);
      take({elements.raw_data(), elements.nbytes()});
      continue;
    }
    for (bool later : {true, false}) parts.push_back(half_of(part, first_wide(part), later));
  }
}

}  // namespace okibi::checkpoint
