// Batch normalisation: Ioffe and Szegedy 2015. x (n, channels, *): each channel by its own mean and variance, of this
// batch or of all that came before.
#include <fmt/format.h>

#include <cmath>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/optional.h"

namespace okibi::ops {
namespace {

using kernels::Channels;

Channels channels_of(const Tensor& x) {
  Channels shape{.outer = x.size(0), .channels = x.size(1), .inner = 1};
  for (size_t d = 2; d < x.sizes().size(); ++d) shape.inner *= x.sizes()[d];
  return shape;
}

void check_elements(const Tensor& x, const Tensor& tensor, const char* name) {
  if (!tensor.defined()) return;
  if (tensor.numel() != x.size(1)) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("{} should contain {} elements not {}", name, x.size(1), tensor.numel()));
  }
  const bool is_mixed = is_half(x.dtype()) && tensor.dtype() == float32;  // as those who train in halves have it
  if (tensor.dtype() != x.dtype() && !is_mixed) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} has another dtype than the input", name))
        .expected(std::string(name_of(x.dtype())))
        .found(std::string(name_of(tensor.dtype())));
  }
}

// running = momentum · fresh(channel) + (1 - momentum) · running, through any strides.
template <class T, class Fresh>
void move_towards(const Tensor& running, double momentum, Fresh fresh) {
  if (!running.defined()) return;
  const Tensor before = running.contiguous(), after = empty(running.sizes(), {running.dtype()});
  for (int64_t c = 0; c < running.numel(); ++c) {
    const double kept = (1 - momentum) * static_cast<double>(before.data<T>()[c]);
    after.data<T>()[c] = static_cast<T>(momentum * fresh(c) + kept);
  }
  running.copy_(after);
}

// One number for each channel.
template <class T>
struct Each {
  Tensor numbers;
  explicit Each(int64_t channels) : numbers(empty({channels}, {dtype_of<T>})) {}
  T* data() const { return numbers.data<T>(); }
};

template <class T>
T number_or(const Tensor& tensor, int64_t index, T fallback) {
  return tensor.defined() ? tensor.data<T>()[index] : fallback;
}

struct BatchNorm {
  static constexpr std::string_view schema =
      "aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool "
      "training, float momentum, float eps, bool cudnn_enabled) -> Tensor";
  static constexpr size_t hidden = 1;  // (2, channels): means, and 1/√(variance + eps)
  static std::array<OutputSpec, 2> infer(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                                         const Tensor& variance, bool training, double, double, bool) {
    if (x.dim() < 2) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("batch_norm expects at least 2 dimensions (n, channels, *), got {}", x.dim()));
    }
    check_elements(x, mean, "running_mean");
    check_elements(x, variance, "running_var");
    check_elements(x, weight, "weight");
    check_elements(x, bias, "bias");
    if (!training && (!mean.defined() || !variance.defined())) {
      throw Error(ErrorKind::bad_argument, "running_mean and running_var must be defined in evaluation mode");
    }
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{{2, x.size(1)}, x.dtype()}};
  }

  // The batch's own statistics into `stats`, and what they do to the running ones.
  template <class T>
  static void measure(const Channels& shape, const T* x, const Tensor& mean, const Tensor& variance, double momentum,
                      double eps, T* stats) {
    const Each<T> square(shape.channels);
    kernels::channel_stats(shape, x, stats, square.data());
    const auto count = static_cast<double>(shape.count());
    const auto squares = [&](int64_t c) { return static_cast<double>(square.data()[c]); };
    for (int64_t c = 0; c < shape.channels; ++c) {
      stats[shape.channels + c] = static_cast<T>(1 / std::sqrt(squares(c) / count + eps));
    }
    move_towards<T>(mean, momentum, [&](int64_t c) { return static_cast<double>(stats[c]); });
    // What runs is unbiased, what normalises is not.
    move_towards<T>(variance, momentum, [&](int64_t c) { return squares(c) / (count - 1); });
  }
  template <class T>
  static void take_running(const Tensor& mean, const Tensor& variance, double eps, int64_t channels, T* stats) {
    const Tensor means = mean.contiguous(), variances = variance.contiguous();
    for (int64_t c = 0; c < channels; ++c) {
      stats[c] = means.data<T>()[c];
      stats[channels + c] = static_cast<T>(1 / std::sqrt(static_cast<double>(variances.data<T>()[c]) + eps));
    }
  }
  static void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                      const Tensor& variance, bool training, double momentum, double eps, bool, const Tensor& out,
                      const Tensor& stats) {
    if (x.numel() == 0) return void(stats.fill_(std::nan("")));
    const Channels shape = channels_of(x);
    const Tensor in = x.contiguous(), w = contiguous_or_none(weight), b = contiguous_or_none(bias);
    dispatch_floating(x.dtype(), "batch_norm", [&]<class T>() {
      T *means = stats.data<T>(), *inverse = means + shape.channels;
      if (training)
        measure(shape, in.data<T>(), mean, variance, momentum, eps, means);
      else
        take_running(mean, variance, eps, shape.channels, means);
      const Each<T> factor(shape.channels), shift(shape.channels);
      for (int64_t c = 0; c < shape.channels; ++c) {
        factor.data()[c] = inverse[c] * number_or(w, c, T(1));
        shift.data()[c] = number_or(b, c, T(0));
      }
      kernels::channel_scale(shape, in.data<T>(), means, factor.data(), shift.data(), out.data<T>());
    });
  }

  // Running statistics that are halves have moved in float32.
  static void take_back(const auto& arguments, const auto& copies) {
    if (!std::get<5>(arguments)) return;
    const NoGrad no_grad;
    const auto take = [](const Tensor& running, const Tensor& moved) {
      if (has_half(running)) running.copy_(moved);
    };
    take(std::get<3>(arguments), std::get<3>(copies));
    take(std::get<4>(arguments), std::get<4>(copies));
  }

  static constexpr const char* backward_name = "NativeBatchNormBackward0";
  struct Saved {
    SavedTensor x, weight, stats;
    Dims weight_sizes, bias_sizes;
    bool training;
  };
  static Saved save(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor&, const Tensor&,
                    bool training, double, double, bool, const Tensor&, const Tensor& stats) {
    return {SavedTensor::input(x),
            SavedTensor::input(weight),
            SavedTensor::output(stats),
            weight.defined() ? weight.sizes() : Dims(),
            bias.defined() ? bias.sizes() : Dims(),
            training};
  }

  // With sum = Σ g and dot = Σ g·(x - mean) of each channel: the weight's gradient is dot · inverse, the bias's is sum,
  // and x's is w · inverse · (g - sum/n - (x - mean) · inverse² · dot/n), in eval mode w · inverse · g.
  static std::array<Tensor, 5> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor x = saved.x.get().contiguous(), g = gradient.contiguous();
    const Tensor w = contiguous_or_none(saved.weight.get());
    const Channels shape = channels_of(x);
    std::array<Tensor, 5> gradients;
    if (edges.needed(0)) gradients[0] = zeros(x.sizes(), {x.dtype()});
    if (edges.needed(1)) gradients[1] = zeros(saved.weight_sizes, {x.dtype()});
    if (edges.needed(2)) gradients[2] = zeros(saved.bias_sizes, {x.dtype()});
    if (x.numel() == 0) return gradients;
    dispatch_floating(x.dtype(), "batch_norm backward", [&]<class T>() {
      const T *means = saved.stats.get().data<T>(), *inverse = means + shape.channels;
      const Each<T> sum(shape.channels), dot(shape.channels), factor(shape.channels), slope(shape.channels),
          shift(shape.channels);
      kernels::channel_gradients(shape, g.data<T>(), x.data<T>(), means, sum.data(), dot.data());
      for (int64_t c = 0; c < shape.channels; ++c) {
        const T k = inverse[c] * number_or(w, c, T(1)), n = static_cast<T>(shape.count());
        factor.data()[c] = k;
        slope.data()[c] = saved.training ? -k * inverse[c] * inverse[c] * dot.data()[c] / n : T(0);
        shift.data()[c] = saved.training ? -k * sum.data()[c] / n : T(0);
        if (edges.needed(1)) gradients[1].data<T>()[c] = dot.data()[c] * inverse[c];
        if (edges.needed(2)) gradients[2].data<T>()[c] = sum.data()[c];
      }
      if (!edges.needed(0)) return;
      kernels::channel_backward(shape, g.data<T>(), x.data<T>(), means, factor.data(), slope.data(), shift.data(),
                                gradients[0].data<T>());
    });
    return gradients;
  }
};

// ---- by its inner names: with what the batch's statistics were; nothing of them in eval mode

std::array<Tensor, 3> batch_normalised(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                                       const Tensor& variance, bool training, double momentum, double eps) {
  const auto [out, stats] = call_all<BatchNorm>(x, weight, bias, mean, variance, training, momentum, eps, true);
  if (!training) return {out, zeros({0}, {x.dtype()}), zeros({0}, {x.dtype()})};
  return {out, stats.select(0, 0), stats.select(0, 1)};
}

constexpr char native_batch_norm_schema[] =
    "aten::native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, "
    "bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)";
constexpr char native_batch_norm_legit_schema[] =
    "aten::_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, Tensor(b!) "
    "running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)";
template <const char* text>
struct NativeBatchNorm {
  static constexpr std::string_view schema = text;
  static std::array<Tensor, 3> compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                                       const Tensor& variance, bool training, double momentum, double eps) {
    return batch_normalised(x, weight, bias, mean, variance, training, momentum, eps);
  }
};
struct NativeBatchNormNoStats {
  static constexpr std::string_view schema =
      "aten::_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float "
      "momentum, float eps) -> (Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, const Tensor& weight, const Tensor& bias, bool training,
                                       double momentum, double eps) {
    return batch_normalised(x, weight, bias, {}, {}, training, momentum, eps);
  }
};
struct NativeBatchNormNoTraining {
  static constexpr std::string_view schema =
      "aten::_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, "
      "Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                                       const Tensor& variance, double momentum, double eps) {
    return batch_normalised(x, weight, bias, mean, variance, false, momentum, eps);
  }
};

}  // namespace

std::span<const okibi::Op> batch_norm_ops() {
  static constexpr okibi::Op rows[] = {entry<BatchNorm>(), entry<NativeBatchNorm<native_batch_norm_schema>>(),
                                       entry<NativeBatchNorm<native_batch_norm_legit_schema>>(),
                                       entry<NativeBatchNormNoStats>(), entry<NativeBatchNormNoTraining>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, bool training, double momentum, double eps) {
  return ops::call<ops::BatchNorm>(x, weight, bias, running_mean, running_var, training, momentum, eps, true);
}

}  // namespace okibi
