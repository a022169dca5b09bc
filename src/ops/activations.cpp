// Activations.
#include <fmt/format.h>

#include <algorithm>
#include <complex>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

using kernels::Activation;
using kernels::Curve;

struct Relu {
  static constexpr std::string_view schema = "aten::relu(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) { return {x.sizes(), x.dtype()}; }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "relu", [&]<class T>() { kernels::relu(out.numel(), in.data<T>(), out.data<T>()); });
  }

  static constexpr const char* backward_name = "ReluBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor&, const Tensor& out) { return {SavedTensor::output(out)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor& out = std::get<0>(saved).get();
    const Tensor g = gradient.contiguous(), result = empty(out.sizes(), {out.dtype()});
    dispatch_floating(out.dtype(), "relu backward", [&]<class T>() {
      kernels::relu_backward(out.numel(), g.data<T>(), out.data<T>(), result.data<T>());
    });
    return {result};
  }
};

struct SigmoidOp {
  static constexpr std::string_view schema = "aten::sigmoid(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) { return {x.sizes(), is_floating_point(x.dtype()) ? x.dtype() : float32}; }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.to(out.dtype()).contiguous();
    dispatch_floating(out.dtype(), "sigmoid",
                      [&]<class T>() { kernels::sigmoid(out.numel(), in.data<T>(), out.data<T>()); });
  }

  static constexpr const char* backward_name = "SigmoidBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor&, const Tensor& out) { return {SavedTensor::output(out)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor& out = std::get<0>(saved).get();
    const Tensor g = gradient.contiguous(), result = empty(out.sizes(), {out.dtype()});
    dispatch_floating(out.dtype(), "sigmoid backward", [&]<class T>() {
      kernels::sigmoid_backward(out.numel(), g.data<T>(), out.data<T>(), result.data<T>());
    });
    return {result};
  }
};

// ---- made of a curve (kernels.h): Op::curve(numbers…) says which

std::string_view short_name(std::string_view schema) { return schema.substr(6, schema.find('(') - 6); }

template <class Op, class... Numbers>
struct Curved {
  static OutputSpec infer(const Tensor& x, Numbers... numbers) {
    Op::curve(numbers...);  // which checks them
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, Numbers... numbers, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), short_name(Op::schema), [&]<class T>() {
      kernels::activation(out.numel(), Op::curve(numbers...), in.data<T>(), out.data<T>());
    });
  }

  using Saved = std::tuple<SavedTensor, Activation>;
  static Saved save(const Tensor& x, Numbers... numbers, const Tensor& out) {
    const Activation f = Op::curve(numbers...);
    return {f.curve == Curve::tanh ? SavedTensor::output(out) : SavedTensor::input(x), f};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [tensor, f] = saved;
    const Tensor kept = tensor.get().contiguous(), g = gradient.contiguous();
    const Tensor result = empty(kept.sizes(), {kept.dtype()});
    dispatch_floating(kept.dtype(), Op::backward_name, [&]<class T>() {
      kernels::activation_backward(kept.numel(), f, g.data<T>(), kept.data<T>(), result.data<T>());
    });
    return {result};
  }
};

// Of integers too, the least of which stays what it is; of complex numbers their length.
struct Abs : Curved<Abs> {
  static constexpr std::string_view schema = "aten::abs(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "AbsBackward0";
  static Activation curve() { return {Curve::abs}; }
  static OutputSpec infer(const Tensor& x) {
    if (x.dtype() == complex64) return {x.sizes(), float32};
    if (x.dtype() == boolean) throw_cannot_compute("abs", boolean);
    return {x.sizes(), x.dtype() == complex128 ? float64 : x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.contiguous();
    if (x.dtype() == complex64) return lengths<float>(in, out);
    if (x.dtype() == complex128) return lengths<double>(in, out);
    if (is_floating_point(x.dtype())) return Curved<Abs>::forward(in, out);
    dispatch_numbers(x.dtype(), "abs", [&]<class T>() {
      map1<T>(in, out, [](T v) { return v < T(0) ? static_cast<T>(0 - static_cast<uint64_t>(v)) : v; });
    });
  }

 private:
  template <class T>
  static void lengths(const Tensor& in, const Tensor& out) {
    const auto* x = reinterpret_cast<const std::complex<T>*>(in.raw_data());
    for (int64_t i = 0; i < out.numel(); ++i) out.data<T>()[i] = std::abs(x[i]);
  }
};
struct Tanh : Curved<Tanh> {
  static constexpr std::string_view schema = "aten::tanh(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "TanhBackward0";
  static Activation curve() { return {Curve::tanh}; }
};
struct LeakyRelu : Curved<LeakyRelu, double> {
  static constexpr std::string_view schema = "aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor";
  static constexpr const char* backward_name = "LeakyReluBackward0";
  static Activation curve(double slope) { return {Curve::leaky_relu, slope}; }
};
struct Elu : Curved<Elu, double, double, double> {
  static constexpr std::string_view schema =
      "aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor";
  static constexpr const char* backward_name = "EluBackward0";
  static Activation curve(double alpha, double scale, double input_scale) {
    return {Curve::elu, alpha, scale, input_scale};
  }
};
struct Selu : Curved<Selu> {  // Klambauer et al. 2017: the two numbers keep mean 0 and variance 1
  static constexpr std::string_view schema = "aten::selu(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "EluBackward0";
  static Activation curve() {
    return {Curve::elu, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1};
  }
};
struct Celu : Curved<Celu, double> {
  static constexpr std::string_view schema = "aten::celu(Tensor self, Scalar alpha=1.0) -> Tensor";
  static constexpr const char* backward_name = "EluBackward0";
  static Activation curve(double alpha) {
    if (alpha == 0) throw Error(ErrorKind::bad_argument, "ZeroDivisionError: alpha cannot be 0 for CELU");
    return {Curve::elu, alpha, 1, 1 / alpha};
  }
};
struct Gelu : Curved<Gelu, const std::string&> {
  static constexpr std::string_view schema = "aten::gelu(Tensor self, *, str approximate='none') -> Tensor";
  static constexpr const char* backward_name = "GeluBackward0";
  static Activation curve(const std::string& approximate) {
    if (approximate == "none") return {Curve::gelu};
    if (approximate == "tanh") return {Curve::gelu_tanh};
    throw Error(ErrorKind::bad_argument, "approximate argument must be either none or tanh.").found(approximate);
  }
};
struct Silu : Curved<Silu> {
  static constexpr std::string_view schema = "aten::silu(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "SiluBackward0";
  static Activation curve() { return {Curve::silu}; }
};
struct Mish : Curved<Mish> {
  static constexpr std::string_view schema = "aten::mish(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "MishBackward0";
  static Activation curve() { return {Curve::mish}; }
};
struct Hardsigmoid : Curved<Hardsigmoid> {
  static constexpr std::string_view schema = "aten::hardsigmoid(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "HardsigmoidBackward0";
  static Activation curve() { return {Curve::hardsigmoid}; }
};
struct Hardswish : Curved<Hardswish> {
  static constexpr std::string_view schema = "aten::hardswish(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "HardswishBackward0";
  static Activation curve() { return {Curve::hardswish}; }
};
struct Hardtanh : Curved<Hardtanh, double, double> {
  static constexpr std::string_view schema =
      "aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor";
  static constexpr const char* backward_name = "HardtanhBackward0";
  static Activation curve(double least, double most) { return {Curve::hardtanh, least, most}; }
};
struct Relu6 : Curved<Relu6> {
  static constexpr std::string_view schema = "aten::relu6(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "HardtanhBackward0";
  static Activation curve() { return {Curve::hardtanh, 0, 6}; }
};
struct Softplus : Curved<Softplus, double, double> {
  static constexpr std::string_view schema =
      "aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor";
  static constexpr const char* backward_name = "SoftplusBackward0";
  static Activation curve(double beta, double threshold) { return {Curve::softplus, beta, threshold}; }
};
struct LogSigmoid : Curved<LogSigmoid> {
  static constexpr std::string_view schema = "aten::log_sigmoid(Tensor self) -> Tensor";
  static constexpr const char* backward_name = "LogSigmoidBackward0";
  static Activation curve() { return {Curve::log_sigmoid}; }
};

// ---- made of other operators

struct Threshold {
  static constexpr std::string_view schema =
      "aten::threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor";
  static Tensor compose(const Tensor& x, const Value& threshold, const Value& value) {
    const Tensor bound = number_tensor(threshold, x.dtype());
    return okibi::where(okibi::le(x, bound), number_tensor(value, x.dtype()), x);
  }
};

// Dauphin et al. 2017: the first half of a dimension, as much of it as the second half lets through.
struct Glu {
  static constexpr std::string_view schema = "aten::glu(Tensor self, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t dim) {
    if (x.dim() == 0) throw Error(ErrorKind::bad_argument, "glu does not support 0-dimensional tensors");
    if (!is_floating_point(x.dtype())) throw_cannot_compute("glu", x.dtype());
    const int64_t n = x.size(dim);
    if (n % 2 != 0) {
      throw Error(ErrorKind::bad_argument, "glu: Halving dimension must be even")
          .found(fmt::format("dimension {} of sizes {}", dim, to_string(x.sizes())));
    }
    return x.narrow(dim, 0, n / 2) * okibi::sigmoid(x.narrow(dim, n / 2, n / 2));
  }
};

// ---- one slope for all, or one for each channel (dimension 1), which learn: He et al. 2015

// x as (outer, channels, inner); one channel where there is one slope.
struct ByChannel {
  int64_t outer = 1, channels = 1, inner = 1;
  ByChannel(const Dims& sizes, int64_t slopes) {
    if (slopes == 1) {
      inner = numel_of(sizes);
      return;
    }
    outer = sizes[0], channels = slopes;
    for (size_t d = 2; d < sizes.size(); ++d) inner *= sizes[d];
  }
  // visit(channel, first, last): the elements of one channel that lie side by side.
  template <class Visit>
  void each(Visit&& visit) const {
    for (int64_t part = 0; part < outer * channels; ++part) visit(part % channels, part * inner, (part + 1) * inner);
  }
};

struct Prelu {
  static constexpr std::string_view schema = "aten::prelu(Tensor self, Tensor weight) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& weight) {
    if (x.dtype() != weight.dtype()) {
      throw Error(ErrorKind::bad_argument, "prelu: Type promoting not supported")
          .found(fmt::format("{} and {}", name_of(x.dtype()), name_of(weight.dtype())));
    }
    const int64_t slopes = weight.numel(), channels = x.dim() < 2 ? 1 : x.size(1);
    if (weight.dim() > 1 || (slopes != 1 && slopes != channels)) {
      throw Error(ErrorKind::bad_argument, fmt::format("Mismatch of parameter numbers and input channel size. Found "
                                                       "parameter numbers = {} and channel size = {}.",
                                                       slopes, channels));
    }
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& weight, const Tensor& out) {
    const Tensor in = x.contiguous(), w = weight.contiguous();
    dispatch_floating(x.dtype(), "prelu", [&]<class T>() {
      const T *from = in.data<T>(), *slopes = w.data<T>();
      T* to = out.data<T>();
      ByChannel(in.sizes(), w.numel()).each([&](int64_t channel, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) to[i] = from[i] > 0 ? from[i] : slopes[channel] * from[i];
      });
    });
  }

  static constexpr const char* backward_name = "PreluBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& x, const Tensor& weight, const Tensor&) {
    return {SavedTensor::input(x), SavedTensor::input(weight)};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor x = std::get<0>(saved).get().contiguous(), w = std::get<1>(saved).get().contiguous();
    const Tensor g = gradient.contiguous();
    const std::array<Tensor, 2> gradients = {empty(x.sizes(), {x.dtype()}), zeros(w.sizes(), {w.dtype()})};
    dispatch_floating(x.dtype(), "prelu backward", [&]<class T>() {
      const T *from = x.data<T>(), *slopes = w.data<T>(), *up = g.data<T>();
      T *by_x = gradients[0].data<T>(), *by_slope = gradients[1].data<T>();
      std::vector<double> sums(static_cast<size_t>(w.numel()));
      ByChannel(x.sizes(), w.numel()).each([&](int64_t channel, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          by_x[i] = from[i] > 0 ? up[i] : slopes[channel] * up[i];
          const double part = static_cast<double>(up[i]) * static_cast<double>(from[i]);
          sums[static_cast<size_t>(channel)] += from[i] > 0 ? 0 : part;
        }
      });
      std::ranges::transform(sums, by_slope, [](double sum) { return static_cast<T>(sum); });
    });
    return gradients;
  }
};

}  // namespace

std::span<const okibi::Op> activation_ops() {
  static constexpr okibi::Op rows[] = {
      entry<Relu>(),       entry<SigmoidOp>(), entry<Abs>(),   entry<Tanh>(), entry<LeakyRelu>(), entry<Elu>(),
      entry<Selu>(),       entry<Celu>(),      entry<Gelu>(),  entry<Silu>(), entry<Mish>(),      entry<Hardsigmoid>(),
      entry<Hardswish>(),  entry<Hardtanh>(),  entry<Relu6>(), entry<Softplus>(),
      entry<LogSigmoid>(), entry<Prelu>(),     entry<Threshold>(), entry<Glu>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor relu(const Tensor& x) { return ops::call<ops::Relu>(x); }
Tensor sigmoid(const Tensor& x) { return ops::call<ops::SigmoidOp>(x); }
Tensor abs(const Tensor& x) { return ops::call<ops::Abs>(x); }
Tensor tanh(const Tensor& x) { return ops::call<ops::Tanh>(x); }
Tensor leaky_relu(const Tensor& x, double negative_slope) { return ops::call<ops::LeakyRelu>(x, negative_slope); }
Tensor elu(const Tensor& x, double alpha) { return ops::call<ops::Elu>(x, alpha, 1.0, 1.0); }
Tensor selu(const Tensor& x) { return ops::call<ops::Selu>(x); }
Tensor celu(const Tensor& x, double alpha) { return ops::call<ops::Celu>(x, alpha); }
Tensor gelu(const Tensor& x, const std::string& approximate) { return ops::call<ops::Gelu>(x, approximate); }
Tensor silu(const Tensor& x) { return ops::call<ops::Silu>(x); }
Tensor mish(const Tensor& x) { return ops::call<ops::Mish>(x); }
Tensor hardsigmoid(const Tensor& x) { return ops::call<ops::Hardsigmoid>(x); }
Tensor hardswish(const Tensor& x) { return ops::call<ops::Hardswish>(x); }
Tensor hardtanh(const Tensor& x, double least, double most) { return ops::call<ops::Hardtanh>(x, least, most); }
Tensor relu6(const Tensor& x) { return ops::call<ops::Relu6>(x); }
Tensor softplus(const Tensor& x, double beta, double threshold) {
  return ops::call<ops::Softplus>(x, beta, threshold);
}
Tensor glu(const Tensor& x, int64_t dim) { return ops::Glu::compose(x, dim); }
Tensor softsign(const Tensor& x) { return div(x, add(abs(x), 1)); }
Tensor log_sigmoid(const Tensor& x) { return ops::call<ops::LogSigmoid>(x); }
Tensor prelu(const Tensor& x, const Tensor& weight) { return ops::call<ops::Prelu>(x, weight); }

}  // namespace okibi
