#include <okibi/nn/pooling.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

// Where each attribute stands in the rows of src/nn/layer_table.cpp.
enum Place : size_t { kernel_place, stride_place, padding_place };
enum MaxPlace : size_t { dilation_place = 3, return_indices_place, max_ceil_mode_place };
enum AvgPlace : size_t { avg_ceil_mode_place = 3, count_place, divisor_place };

// As PyTorch's layers keep sizes: a number, or a tuple of several.
Value as_given(const Extent& extent) {
  return extent.numbers.size() == 1 ? Value(extent.numbers[0]) : as_tuple(extent.numbers);
}

// And as AvgPool1d alone does: always a tuple.
Value as_single(const Extent& extent) { return as_tuple(extent.numbers); }

Dims sizes_in(const Value& attribute) { return attribute.is_int() ? Dims{attribute.to_int()} : dims_of(attribute); }

void require_no_indices(const Value& return_indices) {
  if (!return_indices.to_bool()) return;
  throw Error(ErrorKind::unsupported, "a pooling layer with return_indices gives two tensors, which no layer here does")
      .hint("Call okibi::max_pool2d_with_indices and its like.");
}

// A size that is None in a file leaves that dimension as it is.
Dims output_sizes(const Value& attribute, const Tensor& x, int64_t spatial) {
  if (attribute.is_int()) return {attribute.to_int()};
  Dims sizes;
  for (size_t i = 0; i < attribute.size(); ++i) {
    const Value size = attribute[i];
    if (size.is_none() && x.dim() < spatial)
      throw_bad("pooling: the input has too few dimensions", to_string(x.sizes()));
    sizes.push_back(size.is_none() ? x.size(static_cast<int64_t>(i) - spatial) : size.to_int());
  }
  return sizes;
}

}  // namespace

MaxPool1d::MaxPool1d(const Extent& kernel_size, const MaxPoolOptions& options)
    : Module("torch.nn.modules.pooling.MaxPool1d") {
  set_layer_attributes({as_given(kernel_size), as_given(options.stride.value_or(kernel_size)),
                        as_given(options.padding), as_given(options.dilation), false, options.ceil_mode});
}
Tensor MaxPool1d::forward(const Tensor& x) const {
  require_no_indices(attribute(return_indices_place));
  return max_pool1d(x, sizes_in(attribute(kernel_place)),
                    {sizes_in(attribute(stride_place)), sizes_in(attribute(padding_place)),
                     sizes_in(attribute(dilation_place)), attribute(max_ceil_mode_place).to_bool()});
}

MaxPool2d::MaxPool2d(const Extent& kernel_size, const MaxPoolOptions& options)
    : Module("torch.nn.modules.pooling.MaxPool2d") {
  set_layer_attributes({as_given(kernel_size), as_given(options.stride.value_or(kernel_size)),
                        as_given(options.padding), as_given(options.dilation), false, options.ceil_mode});
}
Tensor MaxPool2d::forward(const Tensor& x) const {
  require_no_indices(attribute(return_indices_place));
  return max_pool2d(x, sizes_in(attribute(kernel_place)),
                    {sizes_in(attribute(stride_place)), sizes_in(attribute(padding_place)),
                     sizes_in(attribute(dilation_place)), attribute(max_ceil_mode_place).to_bool()});
}

AvgPool1d::AvgPool1d(const Extent& kernel_size, const AvgPoolOptions& options)
    : Module("torch.nn.modules.pooling.AvgPool1d") {
  if (options.divisor_override) throw_bad("AvgPool1d: there is no divisor_override", "one");
  set_layer_attributes({as_single(kernel_size), as_single(options.stride.value_or(kernel_size)),
                        as_single(options.padding), options.ceil_mode, options.count_include_pad});
}
Tensor AvgPool1d::forward(const Tensor& x) const {
  return avg_pool1d(x, sizes_in(attribute(kernel_place)),
                    {sizes_in(attribute(stride_place)), sizes_in(attribute(padding_place)),
                     attribute(avg_ceil_mode_place).to_bool(), attribute(count_place).to_bool()});
}

AvgPool2d::AvgPool2d(const Extent& kernel_size, const AvgPoolOptions& options)
    : Module("torch.nn.modules.pooling.AvgPool2d") {
  set_layer_attributes({as_given(kernel_size), as_given(options.stride.value_or(kernel_size)),
                        as_given(options.padding), options.ceil_mode, options.count_include_pad,
                        options.divisor_override ? Value(*options.divisor_override) : Value()});
}
Tensor AvgPool2d::forward(const Tensor& x) const {
  const Value& divisor = attribute(divisor_place);
  return avg_pool2d(
      x, sizes_in(attribute(kernel_place)),
      {sizes_in(attribute(stride_place)), sizes_in(attribute(padding_place)), attribute(avg_ceil_mode_place).to_bool(),
       attribute(count_place).to_bool(), divisor.is_none() ? std::nullopt : std::optional(divisor.to_int())});
}

AdaptiveAvgPool1d::AdaptiveAvgPool1d(const Extent& output_size) : Module("torch.nn.modules.pooling.AdaptiveAvgPool1d") {
  set_layer_attributes({as_given(output_size)});
}
Tensor AdaptiveAvgPool1d::forward(const Tensor& x) const {
  return adaptive_avg_pool1d(x, output_sizes(attribute(0), x, 1));
}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(const Extent& output_size) : Module("torch.nn.modules.pooling.AdaptiveAvgPool2d") {
  set_layer_attributes({as_given(output_size)});
}
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) const {
  return adaptive_avg_pool2d(x, output_sizes(attribute(0), x, 2));
}

AdaptiveMaxPool1d::AdaptiveMaxPool1d(const Extent& output_size) : Module("torch.nn.modules.pooling.AdaptiveMaxPool1d") {
  set_layer_attributes({as_given(output_size), false});
}
Tensor AdaptiveMaxPool1d::forward(const Tensor& x) const {
  require_no_indices(attribute(1));
  return adaptive_max_pool1d(x, output_sizes(attribute(0), x, 1)).values;
}

AdaptiveMaxPool2d::AdaptiveMaxPool2d(const Extent& output_size) : Module("torch.nn.modules.pooling.AdaptiveMaxPool2d") {
  set_layer_attributes({as_given(output_size), false});
}
Tensor AdaptiveMaxPool2d::forward(const Tensor& x) const {
  require_no_indices(attribute(1));
  return adaptive_max_pool2d(x, output_sizes(attribute(0), x, 2)).values;
}

}  // namespace okibi::nn
