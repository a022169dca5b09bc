// Convolutions over lines (batch, channels, width) and planes (batch, channels, height, width).
#include "kernels/convolution.h"

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

[[noreturn]] void throw_not_fitting(std::string what, const Tensor& x, const Tensor& weight) {
  throw Error(ErrorKind::bad_argument, std::move(what))
      .found(fmt::format("an input of sizes {} and a weight of sizes {}", to_string(x.sizes()),
                         to_string(weight.sizes())));
}

// One number for each of the `spatial` dimensions; a single one serves all.
kernels::Convolution::Plane plane(const Dims& numbers, size_t spatial, const char* what, int64_t least) {
  if (numbers.size() != 1 && numbers.size() != spatial) {
    throw Error(ErrorKind::bad_argument, fmt::format("convolution: {} needs {} numbers, or one", what, spatial))
        .found(to_string(numbers));
  }
  for (const int64_t number : numbers) {
    if (number >= least) continue;
    throw Error(ErrorKind::bad_argument, fmt::format("convolution: {} may not be less than {}", what, least))
        .found(to_string(numbers));
  }
  return {spatial == 1 ? least : numbers[0], numbers.back()};
}

struct Convolution {
  static constexpr std::string_view schema =
      "aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] "
      "dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor";

  static OutputSpec infer(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                          const Dims& padding, const Dims& dilation, bool transposed, const Dims&, int64_t groups) {
    const kernels::Convolution c = described(x, weight, bias, stride, padding, dilation, transposed, groups);
    Dims sizes{c.batch, c.filters, c.out.height, c.out.width};
    if (x.dim() == 3) sizes.erase(2);
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                      const Dims& padding, const Dims& dilation, bool transposed, const Dims&, int64_t groups,
                      const Tensor& out) {
    const kernels::Convolution c = described(x, weight, bias, stride, padding, dilation, transposed, groups);
    const Tensor in = x.contiguous(), w = weight.contiguous(), b = bias.defined() ? bias.contiguous() : bias;
    dispatch_floating(out.dtype(), "convolution", [&]<class T>() {
      kernels::convolve<T>(c, in.data<T>(), w.data<T>(), b.defined() ? b.data<T>() : nullptr, out.data<T>());
    });
  }

  static constexpr const char* backward_name = "ConvolutionBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, kernels::Convolution>;
  static Saved save(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride, const Dims& padding,
                    const Dims& dilation, bool transposed, const Dims&, int64_t groups, const Tensor&) {
    return {SavedTensor::input(x), SavedTensor::input(weight),
            described(x, weight, bias, stride, padding, dilation, transposed, groups)};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [x, weight, c] = saved;
    const Tensor g = gradient.contiguous();
    std::array<Tensor, 3> gradients;
    if (edges.needed(0)) gradients[0] = of_input(c, g, weight.get().contiguous(), x.get().sizes());
    if (edges.needed(1)) gradients[1] = of_weight(c, g, x.get().contiguous(), weight.get().sizes());
    if (edges.needed(2)) {  // (batch, filters, places) → (filters)
      gradients[2] = okibi::sum(okibi::sum(g.view({c.batch, c.filters, c.out.size()}), 2), 0);
    }
    return gradients;
  }

 private:
  using Plane = kernels::Convolution::Plane;

  static Tensor of_input(const kernels::Convolution& c, const Tensor& g, const Tensor& weight, const Dims& sizes) {
    const Tensor out = empty(sizes, {g.dtype()});
    dispatch_floating(g.dtype(), "convolution", [&]<class T>() {
      kernels::convolve_backward_input<T>(c, g.data<T>(), weight.data<T>(), out.data<T>());
    });
    return out;
  }
  static Tensor of_weight(const kernels::Convolution& c, const Tensor& g, const Tensor& x, const Dims& sizes) {
    const Tensor out = empty(sizes, {g.dtype()});
    dispatch_floating(g.dtype(), "convolution", [&]<class T>() {
      kernels::convolve_backward_weight<T>(c, g.data<T>(), x.data<T>(), out.data<T>());
    });
    return out;
  }

  static int64_t output_length(int64_t n, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return (n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  }

  // Everything is checked here; the strides and the like are small enough that no product of two overflows.
  static kernels::Convolution described(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                                        const Dims& padding, const Dims& dilation, bool transposed, int64_t groups) {
    check(x, weight, bias, transposed, groups);
    const size_t spatial = x.sizes().size() - 2;
    const auto last_two = [&](const Tensor& t) { return Plane{spatial == 1 ? 1 : t.size(-2), t.size(-1)}; };
    kernels::Convolution c{.batch = x.size(0),
                           .channels = x.size(1),
                           .filters = weight.size(0),
                           .groups = groups,
                           .in = last_two(x),
                           .kernel = last_two(weight),
                           .out = {},
                           .stride = plane(stride, spatial, "stride", 1),
                           .padding = plane(padding, spatial, "padding", 0),
                           .dilation = plane(dilation, spatial, "dilation", 1)};
    check_kernel(c, x, weight);
    c.out = {output_length(c.in.height, c.kernel.height, c.stride.height, c.padding.height, c.dilation.height),
             output_length(c.in.width, c.kernel.width, c.stride.width, c.padding.width, c.dilation.width)};
    return c;
  }
  static void check(const Tensor& x, const Tensor& weight, const Tensor& bias, bool transposed, int64_t groups) {
    if (transposed) throw Error(ErrorKind::unsupported, "okibi has no transposed convolutions");
    if (weight.dim() != x.dim() || (x.dim() != 3 && x.dim() != 4)) {
      throw_not_fitting("convolution takes (batch, channels, width) or (batch, channels, height, width)", x, weight);
    }
    if (x.dtype() != weight.dtype() || (bias.defined() && bias.dtype() != x.dtype())) {
      throw Error(ErrorKind::bad_argument, "convolution: input, weight and bias need the same dtype")
          .found(fmt::format("{} and {}", name_of(x.dtype()), name_of(weight.dtype())));
    }
    if (groups < 1 || weight.size(0) % groups != 0 || x.size(1) % groups != 0 || x.size(1) / groups != weight.size(1)) {
      throw_not_fitting(fmt::format("convolution: with {} group(s) the input needs {} channels", groups,
                                    std::max<int64_t>(groups, 1) * weight.size(1)),
                        x, weight);
    }
    if (bias.defined() && bias.sizes() != Dims{weight.size(0)}) {
      throw Error(ErrorKind::bad_argument, "convolution: the bias has one number for each filter")
          .expected(to_string(Dims{weight.size(0)}))
          .found(to_string(bias.sizes()));
    }
  }
  static void check_kernel(const kernels::Convolution& c, const Tensor& x, const Tensor& weight) {
    constexpr int64_t most = int64_t{1} << 30;
    const auto fits = [](int64_t n, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
      return kernel >= 1 && std::max({n, kernel, stride, padding, dilation}) < most &&
             dilation * (kernel - 1) < n + 2 * padding;
    };
    if (fits(c.in.height, c.kernel.height, c.stride.height, c.padding.height, c.dilation.height) &&
        fits(c.in.width, c.kernel.width, c.stride.width, c.padding.width, c.dilation.width)) {
      return;
    }
    throw_not_fitting("Kernel size can't be greater than actual input size, padding and dilation counted", x, weight);
  }
};

// Sums over the one batch of an input without a batch, as PyTorch takes it.
Tensor convolved(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  const auto call_it = [&](const Tensor& batch) {
    return call<Convolution>(batch, weight, bias, options.stride, options.padding, options.dilation, false, Dims{0},
                             options.groups);
  };
  return x.dim() + 1 == weight.dim() ? call_it(x.unsqueeze(0)).squeeze(0) : call_it(x);
}

struct Conv1d {
  static constexpr std::string_view schema =
      "aten::conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] "
      "dilation=1, SymInt groups=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& dilation, int64_t groups) {
    return convolved(x, weight, bias, {stride, padding, dilation, groups});
  }
};

struct Conv2d {
  static constexpr std::string_view schema =
      "aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] "
      "dilation=1, SymInt groups=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& dilation, int64_t groups) {
    return convolved(x, weight, bias, {stride, padding, dilation, groups});
  }
};

// What tracing puts down. The last four choose between libraries that are not here.
struct TracedConvolution {
  static constexpr std::string_view schema =
      "aten::_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] "
      "dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool "
      "cudnn_enabled, bool allow_tf32) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& dilation, bool transposed, const Dims& output_padding,
                        int64_t groups, bool, bool, bool, bool) {
    return call<Convolution>(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups);
  }
};

}  // namespace

std::span<const okibi::Op> convolution_ops() {
  static constexpr okibi::Op rows[] = {entry<Convolution>(), entry<TracedConvolution>(), entry<Conv1d>(),
                                       entry<Conv2d>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return ops::convolved(x, weight, bias, options);
}

}  // namespace okibi
