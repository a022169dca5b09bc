#include "inspect/pieces.h"

#include <algorithm>

namespace okibi::inspect {
namespace {

constexpr uint64_t most_of_piece = uint64_t{32} << 20;

bool is_strided(const TensorEntry& entry) {
  return entry.layout == Layout::strided && entry.strides.size() == entry.sizes.size();
}

// The dimension with the largest stride, of those that have several steps.
size_t outermost(const TensorEntry& entry) {
  size_t found = 0;
  for (size_t dim = 1; dim < entry.sizes.size(); ++dim) {
    const bool is_better = entry.sizes[found] == 1 || entry.strides[dim] > entry.strides[found];
    if (entry.sizes[dim] > 1 && is_better) found = dim;
  }
  return found;
}

}  // namespace

Cut cut_of(const TensorEntry& entry) {
  if (entry.nbytes <= most_of_piece || !is_strided(entry)) return {};
  const size_t dim = outermost(entry);
  const uint64_t row = entry.nbytes / static_cast<uint64_t>(entry.sizes[dim]);
  const auto step = static_cast<int64_t>(std::max<uint64_t>(1, most_of_piece / std::max<uint64_t>(row, 1)));
  return {static_cast<int64_t>(dim), step};
}

void for_each_piece(const LazyTensor& tensor, const std::stop_token& stop, const TakePiece& take) {
  const Cut cut = cut_of(tensor.entry());
  if (cut.step == 0) return take(tensor.load().detach());
  const int64_t size = tensor.entry().sizes[static_cast<size_t>(cut.dim)];
  for (int64_t begin = 0; begin < size; begin += cut.step) {
    throw_if_stopped(stop);
    take(tensor.slice(cut.dim, begin, std::min(size, begin + cut.step)));
  }
}

bool is_dequantised(const TensorEntry& entry) {
  return entry.layout == Layout::strided && (entry.dtype == qint8 || entry.dtype == quint8 || entry.dtype == qint32);
}

Tensor numbers_of(const Tensor& tensor) {
  if (tensor.is_sparse() || tensor.is_sparse_compressed()) return tensor.values().detach();
  return tensor.is_quantized() ? tensor.dequantize() : tensor;
}

bool has_readable_elements(const TensorEntry& entry) {
  if (entry.device.type() == "meta") return false;
  if (!is_strided(entry) || entry.storage.empty()) return true;
  return entry.nbytes / Limits{}.max_view_repeats <= std::max<uint64_t>(entry.storage_nbytes, 1 << 20);
}

}  // namespace okibi::inspect
