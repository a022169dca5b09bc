// okibi/nn/convolutions.h: convolutions over lines and planes.
//
//   nn::Conv2d edges(1, 8, 3, {.stride = 2, .padding = 1});
//   Tensor y = edges(x);  // (batch, 1, height, width) → (batch, 8, …); the batch may be missing
#pragma once

#include <okibi/nn/module.h>

#include <concepts>

namespace okibi::nn {

// One number for all dimensions, or one for each: 3 or {3, 5}.
struct Extent {
  Dims numbers;
  Extent(std::integral auto number) : numbers{static_cast<int64_t>(number)} {}
  Extent(std::initializer_list<int64_t> each) : numbers(each) {}
};
// Numbers, or "same" (the output is as large as the input; for a stride of 1) or "valid" (no padding).
struct Padding : Extent {
  std::string name = {};
  using Extent::Extent;
  Padding(const char* word) : Extent(0), name(word) {}
};

struct ConvOptions {
  Extent stride = 1;
  Padding padding = 0;
  Extent dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";  // or "reflect", "replicate", "circular"
};

// What Conv1d and Conv2d have in common. Parameters begin as Linear's do, with in_channels / groups · the kernel's size
// as their fan-in.
class Convolution : public Module {
 public:
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (out_channels, in_channels / groups, kernel…)
  const Tensor& bias() const noexcept { return parameter(1); }    // (out_channels), or undefined

 protected:
  Convolution(const char* python_class, size_t dimensions, int64_t in_channels, int64_t out_channels,
              const Extent& kernel_size, const ConvOptions& options);
  Convolution(const char* python_class, size_t dimensions);

 private:
  size_t dimensions_;
};

class Conv1d : public Convolution {  // (batch, in_channels, width) → (batch, out_channels, width)
 public:
  Conv1d(int64_t in_channels, int64_t out_channels, const Extent& kernel_size, const ConvOptions& options = {});
  explicit Conv1d(Unfilled);
};

class Conv2d : public Convolution {  // (batch, in_channels, height, width) → (batch, out_channels, height, width)
 public:
  Conv2d(int64_t in_channels, int64_t out_channels, const Extent& kernel_size, const ConvOptions& options = {});
  explicit Conv2d(Unfilled);
};

}  // namespace okibi::nn
