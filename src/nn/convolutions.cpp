#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nn/initial.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* conv1d_class = "torch.nn.modules.conv.Conv1d";
constexpr const char* conv2d_class = "torch.nn.modules.conv.Conv2d";

// Where each attribute stands in the row of src/nn/layer_table.cpp.
enum Place : size_t { kernel_place = 2, stride_place, padding_place, dilation_place, groups_place = 8, mode_place };

Dims each(const Extent& extent, size_t dimensions) {
  if (extent.numbers.size() == dimensions) return extent.numbers;
  if (extent.numbers.size() == 1) return Dims(dimensions, extent.numbers[0]);
  throw_bad(fmt::format("a convolution over {} dimension(s) takes one number, or one for each", dimensions),
            to_string(extent.numbers));
}

// They may come from a file: what is computed of them must not overflow.
Dims as_dims(const Value& numbers) {
  constexpr int64_t far = int64_t{1} << 30;
  Dims dims;
  for (size_t i = 0; i < numbers.size(); ++i) {
    dims.push_back(numbers[i].to_int());
    if (dims.back() < 0 || dims.back() > far)
      throw_bad("a convolution's lengths are between 0 and 2³⁰", std::to_string(dims.back()));
  }
  return dims;
}

void check(int64_t in_channels, int64_t out_channels, const Dims& stride, const ConvOptions& options) {
  constexpr std::array modes = {"zeros", "reflect", "replicate", "circular"};
  const std::string& name = options.padding.name;
  if (options.groups <= 0) throw_bad("groups must be a positive integer", std::to_string(options.groups));
  if (in_channels % options.groups != 0) throw_bad("in_channels must be divisible by groups", std::to_string(in_channels));
  if (out_channels % options.groups != 0)
    throw_bad("out_channels must be divisible by groups", std::to_string(out_channels));
  if (!name.empty() && name != "same" && name != "valid")
    throw_bad("the padding is numbers, \"same\" or \"valid\"", name);
  if (name == "same" && std::ranges::any_of(stride, [](int64_t step) { return step != 1; }))
    throw_bad("padding='same' is not supported for strided convolutions", to_string(stride));
  if (std::ranges::find(modes, options.padding_mode) == modes.end())
    throw_bad("padding_mode must be zeros, reflect, replicate or circular", options.padding_mode);
}

// How much is added before and behind each dimension, the last dimension first: PyTorch keeps it so.
Dims reversed_twice(const std::string& name, const Dims& numbers, const Dims& kernel, const Dims& dilation) {
  Dims twice;
  for (size_t d = kernel.size(); d-- > 0;) {
    const int64_t total = name == "same" ? dilation[d] * (kernel[d] - 1) : 0;
    twice.push_back(name.empty() ? numbers[d] : total / 2);
    twice.push_back(name.empty() ? numbers[d] : total - total / 2);
  }
  return twice;
}

Value reversed_value(const std::string& name, const Dims& twice) {
  if (name.empty()) return as_tuple(twice);
  return List(std::vector<Value>(twice.begin(), twice.end()));
}

// Which of n elements stands at place i, before the first or behind the last as the mode says.
int64_t source_of(int64_t i, int64_t n, const std::string& mode) {
  if (mode == "replicate") return std::clamp<int64_t>(i, 0, n - 1);
  if (mode == "circular") return (i + n) % n;
  return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

Tensor repeated(const Tensor& x, int64_t dim, int64_t before, int64_t behind, const std::string& mode) {
  const int64_t n = x.size(dim), most = mode == "circular" ? n : mode == "reflect" ? n - 1 : INT64_MAX;
  if (n == 0 || before > most || behind > most) {
    throw Error(ErrorKind::bad_argument, fmt::format("padding_mode {}: the padding does not fit the input", mode))
        .found(fmt::format("a padding of {} and {} for a dimension of {}", before, behind, n));
  }
  const Tensor index = empty({before + n + behind}, {int64});
  for (int64_t i = 0; i < index.numel(); ++i) index.data<int64_t>()[i] = source_of(i - before, n, mode);
  return index_select(x, dim, index);
}

Tensor with_zeros_behind(const Tensor& x, int64_t dim, int64_t count) {
  Dims sizes = x.sizes();
  sizes[sizes.size() - static_cast<size_t>(-dim)] = count;
  return cat({x, zeros(sizes, {x.dtype()})}, dim);
}

// The input as far as it must be padded beforehand, and the padding that is left to the convolution.
struct Padded {
  Tensor x;
  Dims padding;
};

Padded padded(Tensor x, const Dims& twice, const std::string& mode) {
  const size_t dimensions = twice.size() / 2;
  Dims left(dimensions, 0);
  for (size_t d = 0; d < dimensions; ++d) {
    const int64_t dim = -1 - static_cast<int64_t>(d), before = twice[2 * d], behind = twice[2 * d + 1];
    if (mode != "zeros")
      x = repeated(x, dim, before, behind, mode);
    else if (behind > before)  // "same" for an even kernel
      x = with_zeros_behind(x, dim, behind - before);
    if (mode == "zeros") left[dimensions - 1 - d] = before;
  }
  return {x, left};
}

}  // namespace

Convolution::Convolution(const char* python_class, size_t dimensions, int64_t in_channels, int64_t out_channels,
                         const Extent& kernel_size, const ConvOptions& options)
    : Module(python_class), dimensions_(dimensions) {
  const Dims kernel = each(kernel_size, dimensions), stride = each(options.stride, dimensions);
  const Dims padding = each(options.padding, dimensions), dilation = each(options.dilation, dimensions);
  check(in_channels, out_channels, stride, options);
  Dims sizes{out_channels, in_channels / options.groups};
  for (const int64_t length : kernel) sizes.push_back(length);
  const int64_t fan_in = sizes[1] * numel_of(kernel);
  register_parameter("weight", uniform(sizes, weight_bound(fan_in)));  // drawn before the bias
  register_parameter("bias", options.bias ? uniform({out_channels}, bias_bound(fan_in)) : Tensor());
  const std::string& name = options.padding.name;
  const Dims twice = reversed_twice(name, padding, kernel, dilation);
  set_layer_attributes({in_channels, out_channels, as_tuple(kernel), as_tuple(stride),
                        name.empty() ? as_tuple(padding) : Value(name), as_tuple(dilation), false,
                        as_tuple(Dims(dimensions, 0)), options.groups, options.padding_mode,
                        reversed_value(name, twice)});
}

Convolution::Convolution(const char* python_class, size_t dimensions) : Module(python_class), dimensions_(dimensions) {
  register_parameter("weight", {});
  register_parameter("bias", {});
  const Value ones = as_tuple(Dims(dimensions, 1)), zeros = as_tuple(Dims(dimensions, 0));
  set_layer_attributes({0, 0, ones, ones, zeros, ones, false, zeros, 1, "zeros", as_tuple(Dims(2 * dimensions, 0))});
}

Tensor Convolution::forward(const Tensor& x) const {
  const int64_t spatial = static_cast<int64_t>(dimensions_);
  if (x.dim() != spatial + 1 && x.dim() != spatial + 2) {
    throw Error(ErrorKind::bad_argument, fmt::format("Expected {}D (unbatched) or {}D (batched) input to {}", spatial + 1,
                                                     spatial + 2, class_name()))
        .found(to_string(x.sizes()));
  }
  const Value& padding = attribute(padding_place);
  const std::string name = padding.is_string() ? padding.to_string() : "";
  const Dims numbers = name.empty() ? as_dims(padding) : Dims();
  const Dims kernel = as_dims(attribute(kernel_place)), dilation = as_dims(attribute(dilation_place));
  if (kernel.size() != dimensions_ || dilation.size() != dimensions_ || (name.empty() && numbers.size() != dimensions_))
    throw_bad("a convolution has one number for each dimension", to_string(kernel));
  const Padded in = padded(x, reversed_twice(name, numbers, kernel, dilation), attribute(mode_place).to_string());
  return convolution(in.x, weight(), bias(),
                     {as_dims(attribute(stride_place)), in.padding, dilation, attribute(groups_place).to_int()});
}

Conv1d::Conv1d(int64_t in_channels, int64_t out_channels, const Extent& kernel_size, const ConvOptions& options)
    : Convolution(conv1d_class, 1, in_channels, out_channels, kernel_size, options) {}
Conv1d::Conv1d(Unfilled) : Convolution(conv1d_class, 1) {}

Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, const Extent& kernel_size, const ConvOptions& options)
    : Convolution(conv2d_class, 2, in_channels, out_channels, kernel_size, options) {}
Conv2d::Conv2d(Unfilled) : Convolution(conv2d_class, 2) {}

}  // namespace okibi::nn
