// Layers by the names that PyTorch has for parts of them: paddings by their number of dimensions, convolutions by their
// algorithm, bags of embeddings with all that they compute.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/convolution.h"
#include "ops/dispatch.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------------ paddings

Tensor padded(const Tensor& x, const Dims& padding, size_t spatial, const std::string& mode) {
  const size_t rank = x.sizes().size();
  const bool has_rank = rank == spatial + 1 || rank == spatial + 2;
  const bool has_sides = has_rank && std::all_of(x.sizes().end() - static_cast<int64_t>(spatial) - 1, x.sizes().end(),
                                                 [](int64_t n) { return n > 0; });
  if (!has_sides) {
    refuse(
        fmt::format("Expected {}D or {}D (batch mode) tensor with possibly 0 batch size and other non-zero "
                    "dimensions for input, but got: {}",
                    spatial + 1, spatial + 2, to_string(x.sizes())));
  }
  if (padding.size() != 2 * spatial) refuse(fmt::format("padding size is expected to be {}", 2 * spatial));
  return computed("aten::pad", x, padding, mode, Value());
}

#define OKIBI_PADDING(Name, word, mode, spatial, numbers)                                                            \
  struct Name {                                                                                                      \
    static constexpr std::string_view schema = "aten::" word "(Tensor self, SymInt[" numbers "] padding) -> Tensor"; \
    static Tensor compose(const Tensor& x, const Dims& padding) { return padded(x, padding, spatial, mode); }        \
  };
OKIBI_PADDING(ReflectionPad1d, "reflection_pad1d", "reflect", 1, "2")
OKIBI_PADDING(ReflectionPad2d, "reflection_pad2d", "reflect", 2, "4")
OKIBI_PADDING(ReflectionPad3d, "reflection_pad3d", "reflect", 3, "6")
OKIBI_PADDING(ReplicationPad1d, "replication_pad1d", "replicate", 1, "2")
OKIBI_PADDING(ReplicationPad2d, "replication_pad2d", "replicate", 2, "4")
OKIBI_PADDING(ReplicationPad3d, "replication_pad3d", "replicate", 3, "6")
#undef OKIBI_PADDING

struct PadCircular {
  static constexpr std::string_view schema = "aten::_pad_circular(Tensor self, SymInt[] pad) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& pad) {
    return computed("aten::pad", x, pad, std::string("circular"), Value());
  }
};
struct PadEnum {
  static constexpr std::string_view schema =
      "aten::_pad_enum(Tensor self, SymInt[] pad, int mode, float? value=None) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& pad, int64_t mode, std::optional<double> value) {
    static constexpr const char* modes[] = {"reflect", "replicate", "circular", "constant"};
    if (mode < 0 || mode > 3) refuse(fmt::format("Unrecognised padding mode: {}", mode));
    return computed("aten::pad", x, pad, std::string(modes[mode]), value);
  }
};

// -------------------------------------------------------------------------------------------------------- convolutions

void check_kernel(const Tensor& weight, const Dims& kernel, size_t spatial, std::string_view name) {
  const size_t rank = weight.sizes().size();
  const bool fits = rank == spatial + 2 && kernel.size() == spatial &&
                    std::ranges::equal(kernel, std::span<const int64_t>(weight.sizes()).last(spatial));
  if (fits) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}: kernel_size is not that of the weight", name))
      .expected(to_string(weight.sizes()))
      .found(to_string(kernel));
}

template <size_t spatial>
struct SlowConv {
  static constexpr std::string_view schema =
      spatial == 2
          ? "aten::thnn_conv2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, SymInt[2] "
            "stride=[1, 1], SymInt[2] padding=[0, 0]) -> Tensor"
          : "aten::slow_conv3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias=None, SymInt[3] "
            "stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0]) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Dims& kernel, const Tensor& bias,
                        const Dims& stride, const Dims& padding) {
    check_kernel(weight, kernel, spatial, "slow_conv");
    return convolved(x, weight, bias, {stride, padding, Dims(spatial, 1)});
  }
};
template <size_t spatial>
struct SlowConvDilated {
  static constexpr std::string_view schema =
      spatial == 2 ? "aten::slow_conv_dilated2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, "
                     "SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1]) -> Tensor"
                   : "aten::slow_conv_dilated3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias=None, "
                     "SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1]) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Dims& kernel, const Tensor& bias,
                        const Dims& stride, const Dims& padding, const Dims& dilation) {
    check_kernel(weight, kernel, spatial, "slow_conv_dilated");
    return convolved(x, weight, bias, {stride, padding, dilation});
  }
};
template <size_t spatial>
struct SlowConvTranspose {
  static constexpr std::string_view schema =
      spatial == 2
          ? "aten::slow_conv_transpose2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, "
            "SymInt[2] "
            "stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt[2] dilation=[1, 1]) -> "
            "Tensor"
          : "aten::slow_conv_transpose3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias=None, "
            "SymInt[3] "
            "stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt[3] dilation=[1, "
            "1, 1]) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Dims& kernel, const Tensor& bias,
                        const Dims& stride, const Dims& padding, const Dims& output_padding, const Dims& dilation) {
    check_kernel(weight, kernel, spatial, "slow_conv_transpose");
    return convolved(x, weight, bias, {stride, padding, dilation, true, output_padding});
  }
};
// Each channel on its own.
template <size_t spatial>
struct ConvDepthwise {
  static constexpr std::string_view schema =
      spatial == 2
          ? "aten::_conv_depthwise2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias, SymInt[2] "
            "stride, SymInt[2] padding, SymInt[2] dilation) -> Tensor"
          : "aten::conv_depthwise3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias, SymInt[3] "
            "stride, SymInt[3] padding, SymInt[3] dilation) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Dims& kernel, const Tensor& bias,
                        const Dims& stride, const Dims& padding, const Dims& dilation) {
    check_kernel(weight, kernel, spatial, "conv_depthwise");
    const int64_t rank = static_cast<int64_t>(spatial) + 1;
    if (x.dim() < rank) refuse(fmt::format("conv_depthwise: an input of {} has no channels", to_string(x.sizes())));
    return convolved(x, weight, bias, {stride, padding, dilation, false, {0}, x.size(-rank)});
  }
};
// x (steps, batch, channels), weight (width, channels, filters)
struct ConvTbc {
  static constexpr std::string_view schema =
      "aten::conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t pad) {
    if (x.dim() != 3) refuse("Input must have 3 dims: time, batch, in_channel");
    if (weight.dim() != 3) refuse("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.");
    const Tensor out = convolved(x.permute({1, 2, 0}), weight.permute({2, 1, 0}), bias, {{1}, {pad}, {1}});
    return out.permute({2, 0, 1}).contiguous();
  }
};

// ---------------------------------------------------------------------------------------------------------- embeddings

std::array<Tensor, 4> bag_outputs(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool by_freq,
                                  int64_t mode, bool sparse, const Tensor& weights, bool include_last,
                                  std::optional<int64_t> padding) {
  const Value all = call_named("aten::embedding_bag.padding_idx", weight, indices, offsets, by_freq, mode, sparse,
                               weights, include_last, padding);
  return {all[0].to_tensor(), all[1].to_tensor(), all[2].to_tensor(), all[3].to_tensor()};
}
struct EmbeddingBag {
  static constexpr std::string_view schema =
      "aten::embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, "
      "bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, "
      "Tensor)";
  static std::array<Tensor, 4> compose(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool by_freq,
                                       int64_t mode, bool sparse, const Tensor& weights, bool include_last) {
    return bag_outputs(weight, indices, offsets, by_freq, mode, sparse, weights, include_last, std::nullopt);
  }
};
struct EmbeddingRenorm {
  static constexpr std::string_view schema =
      "aten::embedding_renorm(Tensor self, Tensor indices, float max_norm, float norm_type) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor&, double, double) { return {x.sizes(), x.dtype()}; }
  static void forward(const Tensor& x, const Tensor& indices, double max_norm, double norm_type, const Tensor& out) {
    out.copy_(x);
    okibi::embedding_renorm_(out, indices, max_norm, norm_type);
  }
};

// -------------------------------------------------------------------------------------------------------------- others

// Jaderberg et al. 2015: where each place of an output of these sizes lies in the input, of matrices theta (n, 2, 3),
// or (n, 3, 4) for volumes.
struct AffineGrid {
  static constexpr std::string_view schema =
      "aten::affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor";
  static Tensor compose(const Tensor& theta, const Dims& size, bool align_corners) {
    if (size.size() != 4 && size.size() != 5) {
      refuse("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.");
    }
    const auto spatial = static_cast<int64_t>(size.size()) - 2;
    if (theta.sizes() != Dims{size[0], spatial, spatial + 1}) {
      refuse(fmt::format("Expected a batch of {}D affine matrices of shape Nx{}x{} for size {}. Got {}.", spatial,
                         spatial, spatial + 1, to_string(size), to_string(theta.sizes())));
    }
    const Tensor base = base_grid(size, align_corners).to(theta.dtype());
    Dims sizes = {size[0]};
    for (size_t d = 2; d < size.size(); ++d) sizes.push_back(size[d]);
    sizes.push_back(spatial);
    return okibi::matmul(base, theta.transpose(1, 2)).reshape(sizes);
  }

 private:
  // (places, spatial + 1): x, y and z from -1 to 1, and a one.
  static Tensor base_grid(const Dims& size, bool align_corners) {
    const size_t spatial = size.size() - 2;
    int64_t places = 1;
    for (size_t d = 2; d < size.size(); ++d) {
      if (size[d] < 0) refuse(fmt::format("affine_grid_generator: sizes may not be negative: {}", to_string(size)));
      places = size_product(places, size[d], "affine_grid_generator");
    }
    const Tensor base = ones({places, static_cast<int64_t>(spatial) + 1}, {float64});
    double* to = base.data<double>();
    for (int64_t i = 0; i < places; ++i, to += spatial + 1) {
      int64_t rest = i;
      for (size_t d = 0; d < spatial; ++d) {
        const int64_t n = size[size.size() - 1 - d];
        to[d] = from_minus_one(rest % n, n, align_corners);
        rest /= n;
      }
    }
    return base;
  }
  static double from_minus_one(int64_t i, int64_t n, bool align_corners) {
    if (n <= 1) return 0;
    const double at = -1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1);
    return align_corners ? at : at * static_cast<double>(n - 1) / static_cast<double>(n);
  }
};

}  // namespace

std::span<const okibi::Op> layer_name_ops() {
  static constexpr okibi::Op rows[] = {
      entry<ReflectionPad1d>(),
      entry<ReflectionPad2d>(),
      entry<ReflectionPad3d>(),
      entry<ReplicationPad1d>(),
      entry<ReplicationPad2d>(),
      entry<ReplicationPad3d>(),
      entry<PadCircular>(),
      entry<PadEnum>(),
      entry<SlowConv<2>>(),
      entry<SlowConv<3>>(),
      entry<SlowConvDilated<2>>(),
      entry<SlowConvDilated<3>>(),
      entry<SlowConvTranspose<2>>(),
      entry<SlowConvTranspose<3>>(),
      entry<ConvDepthwise<2>>(),
      entry<ConvDepthwise<3>>(),
      entry<ConvTbc>(),
      entry<EmbeddingBag>(),
      entry<EmbeddingRenorm>(),
      entry<AffineGrid>(),
  };
  return rows;
}

}  // namespace okibi::ops
