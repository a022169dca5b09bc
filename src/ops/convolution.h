// ops/convolution.h: what convolutions have in common, transposed or not, over lines, planes and boxes.
#pragma once

#include "kernels/convolution.h"
#include "ops/op.h"

namespace okibi::ops {

// One number for each spatial dimension; a single one serves all.
struct ConvolutionNumbers {
  Dims stride, padding, dilation;
  bool transposed = false;
  Dims output_padding = {0};  // of transposed ones: so much is added at the end of each dimension
  int64_t groups = 1;
};

// The loops' numbers, once everything is checked: strides and the like are small enough that no product of two
// overflows. A transposed convolution is described as the convolution that it is the gradient of: its `in` is our
// output. x (batch, channels, *) of 1 to 3 spatial dimensions.
kernels::Convolution described(const Tensor& x, const Tensor& weight, const Tensor& bias,
                               const ConvolutionNumbers& numbers);

// aten::convolution, also for an x without a batch.
Tensor convolved(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionNumbers& numbers);

// How many dimensions a weight has behind its channels.
inline size_t spatial_of(const Tensor& weight) { return weight.sizes().size() < 3 ? 0 : weight.sizes().size() - 2; }

// Error(bad_argument) unless they are `spatial`; `family` is for the message: "conv" or "conv_transpose".
void check_spatial(const Tensor& weight, size_t spatial, std::string_view family);

}  // namespace okibi::ops
