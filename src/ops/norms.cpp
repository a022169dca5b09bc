// Normalising within one sample: LayerNorm (Ba et al. 2016), RMSNorm (Zhang and Sennrich 2019), GroupNorm (Wu and He
// 2018). What is normalised lies side by side, as rows; backward reads their means and factors.
#include <fmt/format.h>

#include <limits>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/optional.h"

namespace okibi::ops {
namespace {

using kernels::NormRows;

void check_dtype(const Tensor& x, const Tensor& other, const char* name) {
  if (!other.defined() || other.dtype() == x.dtype()) return;
  throw Error(ErrorKind::bad_argument, fmt::format("the {} has another dtype than the input", name))
      .expected(std::string(name_of(x.dtype())))
      .found(std::string(name_of(other.dtype())));
}

std::array<OutputSpec, 2> specs_of(const Tensor& x, const NormRows& shape) {
  return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{{shape.rows, 2}, x.dtype()}};
}

void norm_into(const NormRows& shape, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& out,
               const Tensor& stats) {
  if (x.numel() == 0) return void(stats.fill_(std::numeric_limits<double>::quiet_NaN()));
  const Tensor in = x.contiguous(), w = contiguous_or_none(weight), b = contiguous_or_none(bias);
  dispatch_floating(x.dtype(), "normalising", [&]<class T>() {
    kernels::norm_rows(shape, in.data<T>(), data_or_null<T>(w), data_or_null<T>(b), out.data<T>(), stats.data<T>());
  });
}

struct SavedNorm {
  NormRows shape;
  SavedTensor x, stats, weight;
  Dims weight_sizes;  // of the bias too
};

// The gradients of x, weight and bias.
std::array<Tensor, 3> norm_backward(const Tensor& gradient, const SavedNorm& saved, const std::array<bool, 3>& needed) {
  const Tensor x = saved.x.get().contiguous(), g = gradient.contiguous();
  const Tensor w = contiguous_or_none(saved.weight.get());
  std::array<Tensor, 3> gradients;
  const std::array<Dims, 3> sizes = {x.sizes(), saved.weight_sizes, saved.weight_sizes};
  for (size_t i = 0; i < 3; ++i) {
    if (needed[i]) gradients[i] = zeros(sizes[i], {x.dtype()});
  }
  if (x.numel() == 0) return gradients;
  const auto into = [&]<class T>(size_t i) { return needed[i] ? gradients[i].data<T>() : nullptr; };
  dispatch_floating(x.dtype(), "normalising backward", [&]<class T>() {
    kernels::norm_rows_backward(saved.shape, saved.stats.get().data<T>(), g.data<T>(), x.data<T>(), data_or_null<T>(w),
                                into.template operator()<T>(0), into.template operator()<T>(1),
                                into.template operator()<T>(2));
  });
  return gradients;
}

SavedNorm saved_norm(const NormRows& shape, const Tensor& x, const Tensor& weight, const Dims& weight_sizes,
                     const Tensor& stats) {
  return {shape, SavedTensor::input(x), SavedTensor::output(stats), SavedTensor::input(weight), weight_sizes};
}

// ---- over the last dimensions

void check_is_shape(const Tensor& tensor, const char* name, const Dims& shape) {
  if (!tensor.defined() || tensor.sizes() == shape) return;
  refuse(
      fmt::format("Expected {} to be of same shape as normalized_shape, but got {} of shape {} and "
                  "normalized_shape = {}",
                  name, name, to_string(tensor.sizes()), to_string(shape)));
}

bool ends_with(const Dims& sizes, const Dims& last) {
  if (sizes.size() < last.size()) return false;
  const std::span<const int64_t> all = sizes, tail = last;
  return std::ranges::equal(all.last(tail.size()), tail);
}

std::string with_commas(const Dims& sizes) {
  std::string text;
  for (const int64_t size : sizes) text += fmt::format(", {}", size);
  return text;
}

NormRows rows_of(const Tensor& x, const Dims& shape, const Tensor& weight, const Tensor& bias, bool centred,
                 double eps) {
  if (shape.empty()) {
    refuse(
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
        "normalized_shape = []");
  }
  check_is_shape(weight, "weight", shape);
  check_is_shape(bias, "bias", shape);
  if (!ends_with(x.sizes(), shape)) {
    refuse(fmt::format("Given normalized_shape={}, expected input with shape [*{}], but got input of size{}",
                       to_string(shape), with_commas(shape), to_string(x.sizes())));
  }
  check_dtype(x, weight, "weight");
  check_dtype(x, bias, "bias");
  const int64_t n = numel_of(shape);
  return {.rows = n == 0 ? 0 : x.numel() / n, .groups = 1, .channels = n, .inner = 1, .centred = centred, .eps = eps};
}

struct LayerNorm {
  static constexpr std::string_view schema =
      "aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float "
      "eps=1e-05, bool cudnn_enable=True) -> Tensor";
  static constexpr size_t hidden = 1;
  static std::array<OutputSpec, 2> infer(const Tensor& x, const Dims& shape, const Tensor& weight, const Tensor& bias,
                                         double eps, bool) {
    return specs_of(x, rows_of(x, shape, weight, bias, true, eps));
  }
  static void forward(const Tensor& x, const Dims& shape, const Tensor& weight, const Tensor& bias, double eps, bool,
                      const Tensor& out, const Tensor& stats) {
    norm_into(rows_of(x, shape, weight, bias, true, eps), x, weight, bias, out, stats);
  }

  static constexpr const char* backward_name = "NativeLayerNormBackward0";
  using Saved = SavedNorm;
  static Saved save(const Tensor& x, const Dims& shape, const Tensor& weight, const Tensor& bias, double eps, bool,
                    const Tensor&, const Tensor& stats) {
    return saved_norm(rows_of(x, shape, weight, bias, true, eps), x, weight, shape, stats);
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return norm_backward(gradient, saved, {edges.needed(0), edges.needed(1), edges.needed(2)});
  }
};

struct RmsNorm {
  static constexpr std::string_view schema =
      "aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor";
  static constexpr size_t hidden = 1;
  static NormRows rows(const Tensor& x, const Dims& shape, const Tensor& weight, std::optional<double> eps) {
    const double smallest = x.dtype() == float64 ? std::numeric_limits<double>::epsilon()
                                                 : static_cast<double>(std::numeric_limits<float>::epsilon());
    return rows_of(x, shape, weight, {}, false, eps.value_or(smallest));
  }
  static std::array<OutputSpec, 2> infer(const Tensor& x, const Dims& shape, const Tensor& weight,
                                         std::optional<double> eps) {
    return specs_of(x, rows(x, shape, weight, eps));
  }
  static void forward(const Tensor& x, const Dims& shape, const Tensor& weight, std::optional<double> eps,
                      const Tensor& out, const Tensor& stats) {
    norm_into(rows(x, shape, weight, eps), x, weight, {}, out, stats);
  }

  static constexpr const char* backward_name = "RmsNormBackward0";
  using Saved = SavedNorm;
  static Saved save(const Tensor& x, const Dims& shape, const Tensor& weight, std::optional<double> eps, const Tensor&,
                    const Tensor& stats) {
    return saved_norm(rows(x, shape, weight, eps), x, weight, shape, stats);
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto all = norm_backward(gradient, saved, {edges.needed(0), edges.needed(1), false});
    return {all[0], all[1]};
  }
};

// ---- over groups of channels: x (n, channels, *)

void check_is_vector(const Tensor& x, const Tensor& tensor, const char* name) {
  if (!tensor.defined() || tensor.sizes() == Dims{x.size(1)}) return;
  refuse(
      fmt::format("Expected {} to be a vector of size equal to the number of channels in input, but got {} of shape "
                  "{} and input of shape {}",
                  name, name, to_string(tensor.sizes()), to_string(x.sizes())));
}

struct GroupNorm {
  static constexpr std::string_view schema =
      "aten::group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool "
      "cudnn_enabled=True) -> Tensor";
  static constexpr size_t hidden = 1;
  static NormRows rows(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
    if (x.dim() < 2) {
      refuse(fmt::format("Expected at least 2 dimensions for input tensor but received {}", x.dim()));
    }
    if (groups <= 0) refuse(fmt::format("Expected num groups to be greater than 0, got {}", groups));
    if (x.size(1) % groups != 0) {
      refuse(
          fmt::format("Expected number of channels in input to be divisible by num_groups, but got input of shape {} "
                      "and num_groups={}",
                      to_string(x.sizes()), groups));
    }
    check_is_vector(x, weight, "weight");
    check_is_vector(x, bias, "bias");
    check_dtype(x, weight, "weight");
    check_dtype(x, bias, "bias");
    const int64_t channels = x.size(1) / groups, inner = x.numel() == 0 ? 0 : x.numel() / (x.size(0) * x.size(1));
    return {.rows = x.size(0) * groups,
            .groups = groups,
            .channels = channels,
            .inner = inner,
            .centred = true,
            .eps = eps};
  }
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                                         double eps, bool) {
    return specs_of(x, rows(x, groups, weight, bias, eps));
  }
  static void forward(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps, bool,
                      const Tensor& out, const Tensor& stats) {
    norm_into(rows(x, groups, weight, bias, eps), x, weight, bias, out, stats);
  }

  static constexpr const char* backward_name = "NativeGroupNormBackward0";
  using Saved = SavedNorm;
  static Saved save(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps, bool,
                    const Tensor&, const Tensor& stats) {
    return saved_norm(rows(x, groups, weight, bias, eps), x, weight, {x.size(1)}, stats);
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return norm_backward(gradient, saved, {edges.needed(0), edges.needed(1), edges.needed(2)});
  }
};

// ---- with their means and factors, 1 / √(variance + eps), which have no gradient

std::array<Tensor, 3> with_stats(const std::array<Tensor, 2>& made, const Dims& sizes) {
  const auto& [out, stats] = made;
  return {out, stats.select(1, 0).reshape(sizes), stats.select(1, 1).reshape(sizes)};
}

struct NativeLayerNorm {
  static constexpr std::string_view schema =
      "aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> "
      "(Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, const Dims& shape, const Tensor& weight, const Tensor& bias,
                                       double eps) {
    const auto made = call_all<LayerNorm>(x, shape, weight, bias, eps, true);
    Dims sizes = x.sizes();
    for (size_t d = sizes.size() - shape.size(); d < sizes.size(); ++d) sizes[d] = 1;
    return with_stats(made, sizes);
  }
};

struct NativeGroupNorm {
  static constexpr std::string_view schema =
      "aten::native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, "
      "float eps) -> (Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t n, int64_t c,
                                       int64_t hxw, int64_t groups, double eps) {
    const bool fits = n >= 0 && c >= 0 && hxw >= 0 && numel_of({n, c, hxw}) == x.numel() && x.dim() >= 2 &&
                      x.size(0) == n && x.size(1) == c;
    if (!fits) {
      throw Error(ErrorKind::bad_argument, "native_group_norm: N, C and HxW are not those of the input")
          .expected(to_string(x.sizes()))
          .found(to_string(Dims{n, c, hxw}));
    }
    return with_stats(call_all<GroupNorm>(x, groups, weight, bias, eps, true), {n, groups});
  }
};

}  // namespace

std::span<const okibi::Op> norm_ops() {
  static constexpr okibi::Op rows[] = {entry<LayerNorm>(), entry<RmsNorm>(), entry<GroupNorm>(),
                                       entry<NativeLayerNorm>(), entry<NativeGroupNorm>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor layer_norm(const Tensor& x, const Dims& normalized_shape, const Tensor& weight, const Tensor& bias, double eps) {
  return ops::call<ops::LayerNorm>(x, normalized_shape, weight, bias, eps, true);
}
Tensor rms_norm(const Tensor& x, const Dims& normalized_shape, const Tensor& weight, std::optional<double> eps) {
  return ops::call<ops::RmsNorm>(x, normalized_shape, weight, eps);
}
Tensor group_norm(const Tensor& x, int64_t num_groups, const Tensor& weight, const Tensor& bias, double eps) {
  return ops::call<ops::GroupNorm>(x, num_groups, weight, bias, eps, true);
}

}  // namespace okibi
