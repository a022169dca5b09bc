// okibi/nn/pooling.h: the largest number, or the mean, of each window of a line or a plane.
//
//   nn::MaxPool2d half(2);                 // (batch, channels, height, width) → (batch, channels, height/2, width/2)
//   nn::AdaptiveAvgPool2d over_all(1);     // … → (batch, channels, 1, 1)
//
// The batch may be missing. Sizes are one number for all dimensions, or one for each.
#pragma once

#include <okibi/nn/convolutions.h>

#include <optional>

namespace okibi::nn {

struct MaxPoolOptions {
  std::optional<Extent> stride = {};  // as large as the window where it is not given
  Extent padding = 0;                 // counts as less than every number; at most half of the window
  Extent dilation = 1;
  bool ceil_mode = false;  // a window may hang over the end, too
};

class MaxPool1d : public Module {  // (batch, channels, width)
 public:
  explicit MaxPool1d(const Extent& kernel_size, const MaxPoolOptions& options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class MaxPool2d : public Module {  // (batch, channels, height, width)
 public:
  explicit MaxPool2d(const Extent& kernel_size, const MaxPoolOptions& options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

struct AvgPoolOptions {
  std::optional<Extent> stride = {};
  Extent padding = 0;  // counts as zeros
  bool ceil_mode = false;
  bool count_include_pad = true;                 // or: the mean of what stands in the input alone
  std::optional<int64_t> divisor_override = {};  // AvgPool2d alone: what sums are divided by
};

class AvgPool1d : public Module {
 public:
  explicit AvgPool1d(const Extent& kernel_size, const AvgPoolOptions& options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const Extent& kernel_size, const AvgPoolOptions& options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// As many windows as the output has places, which divide the input among themselves as evenly as can be. In files a
// size may be None, which leaves that dimension as it is.
class AdaptiveAvgPool1d : public Module {
 public:
  explicit AdaptiveAvgPool1d(const Extent& output_size);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(const Extent& output_size);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class AdaptiveMaxPool1d : public Module {
 public:
  explicit AdaptiveMaxPool1d(const Extent& output_size);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class AdaptiveMaxPool2d : public Module {
 public:
  explicit AdaptiveMaxPool2d(const Extent& output_size);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace okibi::nn
