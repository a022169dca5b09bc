// What layers are beside products and convolutions: channels moved about, classes as unit vectors, instance norm,
// softmax by its inner names.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/arranging.h"
#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------------ channels

void check_shuffled(const Tensor& x, int64_t factor, std::string_view name, std::string_view factor_name) {
  if (x.dim() < 3) {
    refuse(fmt::format("{} expects input to have at least 3 dimensions, but got input with {} dimension(s)", name,
                       x.dim()));
  }
  if (factor <= 0) refuse(fmt::format("{} expects a positive {}, but got {}", name, factor_name, factor));
}

Dims batch_of(const Tensor& x, size_t but) {
  return Dims(std::span<const int64_t>(x.sizes()).first(x.sizes().size() - but));
}
Dims joined(Dims sizes, std::initializer_list<int64_t> more) {
  for (const int64_t size : more) sizes.push_back(size);
  return sizes;
}
// The same for the last of many dimensions: `order` counts from the end of the batch.
Tensor permuted(const Tensor& x, size_t batch, std::initializer_list<int64_t> order) {
  Dims all;
  for (size_t d = 0; d < batch; ++d) all.push_back(static_cast<int64_t>(d));
  for (const int64_t d : order) all.push_back(static_cast<int64_t>(batch) + d);
  return x.permute(all);
}

// Shi et al. 2016: (*, c·r², h, w) → (*, c, h·r, w·r)
struct PixelShuffle {
  static constexpr std::string_view schema = "aten::pixel_shuffle(Tensor self, int upscale_factor) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t r) {
    check_shuffled(x, r, "pixel_shuffle", "upscale_factor");
    const int64_t channels = x.size(-3), h = x.size(-2), w = x.size(-1);
    const int64_t square = size_product(r, r, "pixel_shuffle");
    if (channels % square != 0) {
      refuse(
          fmt::format("pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
                      "upscale_factor, but input.size(-3)={} is not divisible by {}",
                      channels, square));
    }
    const Dims batch = batch_of(x, 3);
    const Tensor parts = x.reshape(joined(batch, {channels / square, r, r, h, w}));
    const Dims sizes =
        joined(batch, {channels / square, size_product(h, r, "pixel_shuffle"), size_product(w, r, "pixel_shuffle")});
    return permuted(parts, batch.size(), {0, 3, 1, 4, 2}).clone().view(sizes);
  }
};
struct PixelUnshuffle {
  static constexpr std::string_view schema = "aten::pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t r) {
    check_shuffled(x, r, "pixel_unshuffle", "downscale_factor");
    const int64_t channels = x.size(-3), h = x.size(-2), w = x.size(-1);
    check_side(h, r, "height", -2);
    check_side(w, r, "width", -1);
    const Dims batch = batch_of(x, 3);
    const Tensor parts = x.reshape(joined(batch, {channels, h / r, r, w / r, r}));
    const int64_t square = size_product(r, r, "pixel_unshuffle");
    const Dims sizes = joined(batch, {size_product(channels, square, "pixel_unshuffle"), h / r, w / r});
    return permuted(parts, batch.size(), {0, 2, 4, 1, 3}).clone().view(sizes);
  }

 private:
  static void check_side(int64_t size, int64_t r, std::string_view side, int dim) {
    if (size % r == 0) return;
    refuse(
        fmt::format("pixel_unshuffle expects {} to be divisible by downscale_factor, but input.size({})={} is not "
                    "divisible by {}",
                    side, dim, size, r));
  }
};

// Zhang et al. 2018: (n, g·c, *) with the groups as the faster dimension of the channels.
Tensor shuffled(const Tensor& x, int64_t groups) {
  if (x.dim() <= 2) {
    refuse(
        fmt::format("channel_shuffle expects input with > 2 dims, but got input with sizes {}", to_string(x.sizes())));
  }
  if (groups <= 0) {
    refuse(fmt::format("Number of groups to divide channels in must be positive. Value of groups:{}", groups));
  }
  const int64_t channels = x.size(1);
  if (channels % groups != 0) {
    refuse(fmt::format("Number of channels must be divisible by groups. Got {} channels and {} groups.", channels,
                       groups));
  }
  Dims parts = x.sizes();
  parts[1] = groups;
  parts.insert(2, channels / groups);
  return x.reshape(parts).transpose(1, 2).clone().view(x.sizes());
}
constexpr char channel_shuffle_schema[] = "aten::channel_shuffle(Tensor self, SymInt groups) -> Tensor";
constexpr char native_channel_shuffle_schema[] = "aten::native_channel_shuffle(Tensor self, SymInt groups) -> Tensor";
template <const char* text>
struct ChannelShuffle {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x, int64_t groups) { return shuffled(x, groups); }
};

struct OneHot {
  static constexpr std::string_view schema = "aten::one_hot(Tensor self, int num_classes=-1) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t num_classes) {
    if (x.dtype() != int64) {
      throw Error(ErrorKind::bad_argument, "one_hot is only applicable to index tensor of type LongTensor.")
          .found(std::string(name_of(x.dtype())));
    }
    Dims sizes = x.sizes();
    sizes.push_back(classes_of(x, num_classes));
    return {sizes, int64};
  }
  static void forward(const Tensor& x, int64_t, const Tensor& out) {
    out.zero_();
    const Tensor in = x.contiguous();
    const int64_t classes = out.sizes().back();
    for (int64_t i = 0; i < in.numel(); ++i) out.data<int64_t>()[i * classes + in.data<int64_t>()[i]] = 1;
  }

 private:
  static int64_t classes_of(const Tensor& x, int64_t num_classes) {
    if (x.numel() == 0) {
      if (num_classes > 0) return num_classes;
      refuse("Can not infer total number of classes from empty tensor.");
    }
    const NoGrad no_grad;
    const int64_t least = okibi::min(x).item<int64_t>(), most = okibi::max(x).item<int64_t>();
    if (least < 0) refuse("Class values must be non-negative.");
    if (num_classes != -1 && num_classes <= most) refuse("Class values must be smaller than num_classes.");
    return num_classes == -1 ? std::min(most, INT64_MAX - 1) + 1 : num_classes;  // which no memory holds
  }
};

// --------------------------------------------------------------------------------------------------------------- norms

// Ulyanov et al. 2016: each channel of each sample on its own, as the channels of one large sample.
struct InstanceNorm {
  static constexpr std::string_view schema =
      "aten::instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool "
      "use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                        const Tensor& running_var, bool use_input_stats, double momentum, double eps, bool) {
    if (!use_input_stats && (!running_mean.defined() || !running_var.defined())) {
      refuse("Expected running_mean and running_var to be defined when use_input_stats is false");
    }
    if (x.dim() < 2) refuse(fmt::format("instance_norm takes (batch, channels, *), but got {}", to_string(x.sizes())));
    const int64_t batch = x.size(0), channels = x.size(1);
    Dims sizes = x.sizes();
    sizes[0] = 1;
    sizes[1] = size_product(batch, channels, "instance_norm");
    const auto repeated = [&](const Tensor& each) { return each.defined() ? repeat(each, {batch}) : each; };
    const Tensor mean = repeated(running_mean), variance = repeated(running_var);
    const Tensor out = okibi::batch_norm(x.contiguous().view(sizes), mean, variance, repeated(weight), repeated(bias),
                                         use_input_stats, momentum, eps);
    if (use_input_stats) {
      move_back(running_mean, mean, batch, channels);
      move_back(running_var, variance, batch, channels);
    }
    return out.view(x.sizes());
  }

 private:
  static void move_back(const Tensor& running, const Tensor& moved, int64_t batch, int64_t channels) {
    if (!running.defined()) return;
    const NoGrad no_grad;
    running.copy_(okibi::mean(moved.view({batch, channels}), {0}));
  }
};

// ------------------------------------------------------------------------------------------------------------- softmax

void refuse_half_to_float(const Tensor& x, bool half_to_float) {
  if (half_to_float && x.dtype() != float16) refuse("conversion is supported for Half type only");
}
struct PlainSoftmax {
  static constexpr std::string_view schema = "aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t dim, bool half_to_float) {
    refuse_half_to_float(x, half_to_float);
    return okibi::softmax(half_to_float ? x.to(float32) : x, dim);
  }
};
struct PlainLogSoftmax {
  static constexpr std::string_view schema = "aten::_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t dim, bool half_to_float) {
    refuse_half_to_float(x, half_to_float);
    return okibi::log_softmax(half_to_float ? x.to(float32) : x, dim);
  }
};

}  // namespace

std::span<const okibi::Op> layer_ops() {
  static constexpr okibi::Op rows[] = {
      entry<PixelShuffle>(),
      entry<PixelUnshuffle>(),
      entry<ChannelShuffle<channel_shuffle_schema>>(),
      entry<ChannelShuffle<native_channel_shuffle_schema>>(),
      entry<OneHot>(),
      entry<InstanceNorm>(),
      entry<PlainSoftmax>(),
      entry<PlainLogSoftmax>(),
  };
  return rows;
}

}  // namespace okibi::ops
