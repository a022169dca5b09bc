// Dropout: Srivastava et al. 2014. The noise is drawn as PyTorch draws it.
#include <fmt/format.h>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

// Bernoulli noise over 1 - p: numbers kept are multiplied by this.
double kept_scale(double p) { return p == 1 ? 0 : 1 / (1 - p); }

Tensor masked(const Tensor& x, const Tensor& mask, double scale) {
  const Tensor in = x.contiguous(), out = empty(x.sizes(), {x.dtype()});
  dispatch_floating(x.dtype(), "dropout", [&]<class T>() {
    kernels::apply_mask(x.numel(), in.data<T>(), mask.data<bool>(), static_cast<T>(scale), out.data<T>());
  });
  return out;
}

struct NativeDropout {
  static constexpr std::string_view schema =
      "aten::native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, double p, bool) {
    if (!(p >= 0 && p <= 1)) {
      throw Error(ErrorKind::bad_argument, fmt::format("dropout probability has to be between 0 and 1, but got {}", p));
    }
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{x.sizes(), boolean}};
  }
  static void forward(const Tensor& x, double p, bool train, const Tensor& out, const Tensor& mask) {
    const std::span<bool> bits(mask.data<bool>(), static_cast<size_t>(mask.numel()));
    if (train)
      default_generator().bernoulli(bits, 1 - p);
    else
      std::fill(bits.begin(), bits.end(), true);
    out.copy_(masked(x, mask, train ? kept_scale(p) : 1));
  }

  static constexpr const char* backward_name = "NativeDropoutBackward0";
  using Saved = std::tuple<SavedTensor, double>;
  static Saved save(const Tensor&, double p, bool train, const Tensor&, const Tensor& mask) {
    return {SavedTensor::output(mask), train ? kept_scale(p) : 1};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {masked(gradient, std::get<0>(saved).get(), std::get<1>(saved))};
  }
};

}  // namespace

std::span<const okibi::Op> dropout_ops() {
  static constexpr okibi::Op rows[] = {entry<NativeDropout>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor dropout(const Tensor& x, double p, bool training) {
  if (training && p != 0) return ops::call<ops::NativeDropout>(x, p, true);
  ops::NativeDropout::infer(x, p, false);  // an impossible p is an error in either mode
  return x;
}

}  // namespace okibi
