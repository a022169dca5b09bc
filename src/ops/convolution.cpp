// Convolutions over lines (batch, channels, width), planes (…, height, width) and boxes (…, depth, height, width).
#include "ops/convolution.h"

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/optional.h"

namespace okibi::ops {
namespace {

// Of x and the other end of a convolution: (batch, channels, spatial dimensions)
Dims sizes_of(int64_t batch, int64_t channels, const kernels::Convolution::Box& box, size_t spatial) {
  const Dims lengths = {box.depth, box.height, box.width};
  Dims sizes = {batch, channels};
  for (size_t d = 3 - spatial; d < 3; ++d) sizes.push_back(lengths[d]);
  return sizes;
}

// The loops over tensors that are contiguous.
Tensor convolve(const kernels::Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Tensor& out) {
  if (out.numel() == 0) return out;
  dispatch_floating(out.dtype(), "convolution", [&]<class T>() {
    kernels::convolve<T>(c, x.data<T>(), weight.data<T>(), data_or_null<T>(bias), out.data<T>());
  });
  return out;
}
Tensor convolve_transposed(const kernels::Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& out) {
  if (out.numel() == 0) return out;
  dispatch_floating(out.dtype(), "convolution", [&]<class T>() {
    kernels::convolve_backward_input<T>(c, x.data<T>(), weight.data<T>(), data_or_null<T>(bias), out.data<T>());
  });
  return out;
}

// By the weight: of what lies on the side of c's outputs, and what on that of its inputs.
Tensor gradient_of_weight(const kernels::Convolution& c, const Tensor& outputs, const Tensor& inputs, const Tensor& out) {
  if (outputs.numel() == 0 || inputs.numel() == 0) return out.zero_();
  dispatch_floating(out.dtype(), "convolution", [&]<class T>() {
    kernels::convolve_backward_weight<T>(c, outputs.data<T>(), inputs.data<T>(), out.data<T>());
  });
  return out;
}

Tensor like(const Tensor& x) { return empty(x.sizes(), {x.dtype()}); }

// (batch, filters, *) → (filters)
Tensor gradient_of_bias(const Tensor& g) {
  int64_t places = 1;
  for (size_t d = 2; d < g.sizes().size(); ++d) places *= g.sizes()[d];
  return okibi::sum(okibi::sum(g.view({g.size(0), g.size(1), places}), 2), 0);
}

struct Convolution {
  static constexpr std::string_view schema =
      "aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] "
      "dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor";

  static OutputSpec infer(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                          const Dims& padding, const Dims& dilation, bool transposed, const Dims& output_padding,
                          int64_t groups) {
    const auto c = described(x, weight, bias, {stride, padding, dilation, transposed, output_padding, groups});
    const size_t spatial = spatial_of(weight);
    return {transposed ? sizes_of(c.batch, c.channels, c.in, spatial) : sizes_of(c.batch, c.filters, c.out, spatial),
            x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                      const Dims& padding, const Dims& dilation, bool transposed, const Dims& output_padding,
                      int64_t groups, const Tensor& out) {
    const auto c = described(x, weight, bias, {stride, padding, dilation, transposed, output_padding, groups});
    const auto run = transposed ? convolve_transposed : convolve;
    run(c, x.contiguous(), weight.contiguous(), contiguous_or_none(bias), out);
  }

  static constexpr const char* backward_name = "ConvolutionBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, kernels::Convolution, bool>;
  static Saved save(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride, const Dims& padding,
                    const Dims& dilation, bool transposed, const Dims& output_padding, int64_t groups, const Tensor&) {
    return {SavedTensor::input(x), SavedTensor::input(weight),
            described(x, weight, bias, {stride, padding, dilation, transposed, output_padding, groups}), transposed};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [x, weight, c, transposed] = saved;
    const Tensor g = gradient.contiguous(), w = weight.get().contiguous();
    std::array<Tensor, 3> gradients;
    if (edges.needed(0)) {
      const auto run = transposed ? convolve : convolve_transposed;
      gradients[0] = run(c, g, w, {}, like(x.get()));
    }
    if (edges.needed(1)) {
      const Tensor in = x.get().contiguous();
      gradients[1] = gradient_of_weight(c, transposed ? in : g, transposed ? g : in, like(w));
    }
    if (edges.needed(2)) gradients[2] = gradient_of_bias(g);
    return gradients;
  }
};

}  // namespace

Tensor convolved(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionNumbers& numbers) {
  const auto call_it = [&](const Tensor& batch) {
    return call<Convolution>(batch, weight, bias, numbers.stride, numbers.padding, numbers.dilation,
                             numbers.transposed, numbers.output_padding, numbers.groups);
  };
  return x.dim() + 1 == weight.dim() ? call_it(x.unsqueeze(0)).squeeze(0) : call_it(x);
}

namespace {

// How many places more than one a kernel covers along the d-th spatial dimension.
int64_t reach(const Tensor& weight, const Dims& dilation, size_t d) {
  constexpr int64_t most = int64_t{1} << 30;
  const int64_t kernel = weight.sizes()[d + 2], wide = dilation.empty() ? 0 : dilation[std::min(d, dilation.size() - 1)];
  if (kernel >= 1 && kernel < most && wide >= 1 && wide < most) return wide * (kernel - 1);
  throw Error(ErrorKind::bad_argument, "convolution: a length or dilation is none that can be worked on")
      .found(fmt::format("a weight of sizes {} and the dilation {}", to_string(weight.sizes()), to_string(dilation)));
}

// So that the output has the sizes of the input. What does not come out even, PyTorch puts behind.
Tensor with_same_padding(Tensor x, const Tensor& weight, const Tensor& bias, const ConvolutionNumbers& numbers) {
  if (std::ranges::any_of(numbers.stride, [](int64_t n) { return n != 1; })) {
    throw Error(ErrorKind::bad_argument, "padding='same' is not supported for strided convolutions")
        .found(to_string(numbers.stride));
  }
  const size_t spatial = spatial_of(weight);
  if (x.sizes().size() < spatial) throw Error(ErrorKind::bad_argument, "convolution: the input has too few dimensions");
  ConvolutionNumbers padded = numbers;
  padded.padding = {};
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t total = reach(weight, numbers.dilation, d);
    padded.padding.push_back(total / 2);
    if (total % 2 == 0) continue;
    Dims one = x.sizes();
    one[one.size() - spatial + d] = 1;
    x = okibi::cat({x, zeros(one, {x.dtype()})}, static_cast<int64_t>(one.size() - spatial + d));
  }
  return convolved(x, weight, bias, padded);
}

// `padding` is "same" or "valid".
Tensor padded_by_name(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                      const std::string& padding, const Dims& dilation, int64_t groups) {
  const ConvolutionNumbers numbers{.stride = stride, .padding = {0}, .dilation = dilation, .groups = groups};
  if (padding == "valid") return convolved(x, weight, bias, numbers);
  if (padding == "same") return with_same_padding(x, weight, bias, numbers);
  throw Error(ErrorKind::bad_argument, "convolution: Invalid padding string")
      .expected("same or valid")
      .found(printable(padding, 40));
}

template <size_t spatial>
struct ConvNames;
#define OKIBI_CONV(n)                                                                                                 \
  template <>                                                                                                         \
  struct ConvNames<n> {                                                                                               \
    static constexpr std::string_view numbers =                                                                       \
        "aten::conv" #n "d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[" #n "] stride=1, SymInt[" #n       \
        "] padding=0, SymInt[" #n "] dilation=1, SymInt groups=1) -> Tensor";                                         \
    static constexpr std::string_view by_name =                                                                       \
        "aten::conv" #n "d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[" #n                        \
        "] stride=1, str padding=\"valid\", SymInt[" #n "] dilation=1, SymInt groups=1) -> Tensor";                   \
  };
OKIBI_CONV(1)
OKIBI_CONV(2)
OKIBI_CONV(3)
#undef OKIBI_CONV

template <size_t spatial>
struct Conv {
  static constexpr std::string_view schema = ConvNames<spatial>::numbers;
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& dilation, int64_t groups) {
    check_spatial(weight, spatial, "conv");
    return convolved(x, weight, bias,
                     {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
  }
};

template <size_t spatial>
struct ConvPadded {
  static constexpr std::string_view schema = ConvNames<spatial>::by_name;
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const std::string& padding, const Dims& dilation, int64_t groups) {
    check_spatial(weight, spatial, "conv");
    return padded_by_name(x, weight, bias, stride, padding, dilation, groups);
  }
};

// What tracing puts down. The last ones choose between libraries that are not here.
struct TracedConvolution {
  static constexpr std::string_view schema =
      "aten::_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] "
      "dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool "
      "cudnn_enabled, bool allow_tf32) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& dilation, bool transposed, const Dims& output_padding,
                        int64_t groups, bool, bool, bool, bool) {
    return convolved(x, weight, bias, {stride, padding, dilation, transposed, output_padding, groups});
  }
};
struct OldTracedConvolution {
  static constexpr std::string_view schema =
      "aten::_convolution.deprecated(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, "
      "SymInt[] dilation, bool transposed, int[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool "
      "cudnn_enabled) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& dilation, bool transposed, const Dims& output_padding,
                        int64_t groups, bool, bool, bool) {
    return convolved(x, weight, bias, {stride, padding, dilation, transposed, output_padding, groups});
  }
};
struct TracedPadded {
  static constexpr std::string_view schema =
      "aten::_convolution_mode(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, str padding, SymInt[] "
      "dilation, SymInt groups) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const std::string& padding, const Dims& dilation, int64_t groups) {
    return padded_by_name(x, weight, bias, stride, padding, dilation, groups);
  }
};

}  // namespace

std::span<const okibi::Op> convolution_ops() {
  static constexpr okibi::Op rows[] = {entry<Convolution>(),          entry<TracedConvolution>(),
                                       entry<OldTracedConvolution>(), entry<TracedPadded>(),
                                       entry<Conv<1>>(),              entry<ConvPadded<1>>(),
                                       entry<Conv<2>>(),              entry<ConvPadded<2>>(),
                                       entry<Conv<3>>(),              entry<ConvPadded<3>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return ops::convolved(x, weight, bias,
                        {.stride = options.stride,
                         .padding = options.padding,
                         .dilation = options.dilation,
                         .groups = options.groups});
}

}  // namespace okibi
