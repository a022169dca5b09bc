#include "tensor/strided.h"

#include "tensor/geometry.h"

namespace okibi {

StridedBytes strided_bytes(std::byte* first, const Dims& strides, size_t itemsize) {
  StridedBytes side{first, strides};
  for (int64_t& stride : side.strides) stride = wrapping_mul(stride, static_cast<int64_t>(itemsize));
  return side;
}

PairWalk::PairWalk(Dims sizes, StridedBytes to, StridedBytes from)
    : to_{to.first, {}}, from_{from.first, {}}, numel_(numel_of(sizes)) {
  const auto continues = [](const Dims& outer, int64_t size, int64_t stride) {
    return outer.back() == wrapping_mul(size, stride);
  };
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1) continue;
    if (!sizes_.empty() && continues(to_.strides, sizes[i], to.strides[i]) &&
        continues(from_.strides, sizes[i], from.strides[i])) {
      const size_t last = sizes_.size() - 1;
      sizes_[last] *= sizes[i];
      to_.strides[last] = to.strides[i];
      from_.strides[last] = from.strides[i];
      continue;
    }
    sizes_.push_back(sizes[i]);
    to_.strides.push_back(to.strides[i]);
    from_.strides.push_back(from.strides[i]);
  }
  if (!sizes_.empty()) return;
  sizes_.push_back(1);
  to_.strides.push_back(0);
  from_.strides.push_back(0);
}

PairWalk::Offsets PairWalk::offsets_of_row(int64_t row) const noexcept {
  Offsets offsets;
  for (size_t i = sizes_.size() - 1; i-- > 0;) {
    const int64_t index = row % sizes_[i];
    row /= sizes_[i];
    offsets.to += index * to_.strides[i];
    offsets.from += index * from_.strides[i];
  }
  return offsets;
}

}  // namespace okibi
