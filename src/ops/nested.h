// ops/nested.h: sequences of different lengths as one nested tensor.
#pragma once

#include <span>

#include <okibi/ops.h>

namespace okibi::ops {

// Of (length, width) each, of one width and dtype.
inline Tensor nested_of(std::span<const Tensor> sequences, int64_t width, DType dtype) {
  const auto count = static_cast<int64_t>(sequences.size());
  const Tensor sizes = empty({count, 2}, {int64}), strides = empty({count, 2}, {int64}),
               offsets = empty({count}, {int64});
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& sequence = sequences[static_cast<size_t>(i)];
    parts.push_back(sequence.flatten());
    sizes.data<int64_t>()[2 * i] = sequence.size(0), sizes.data<int64_t>()[2 * i + 1] = width;
    strides.data<int64_t>()[2 * i] = width, strides.data<int64_t>()[2 * i + 1] = 1;
    offsets.data<int64_t>()[i] = at;
    at += sequence.numel();
  }
  return nested_tensor(parts.empty() ? empty({0}, {dtype}) : okibi::cat(parts), sizes, strides, offsets);
}

}  // namespace okibi::ops
