// Losses: elementwise, then reduced.
#include <fmt/format.h>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

OutputSpec infer_loss(const Tensor& input, const Tensor& target, Reduction reduction, const char* name) {
  if (input.sizes() != target.sizes()) {
    throw Error(ErrorKind::bad_argument, fmt::format("{}: Target size ({}) must be the same as input size ({})", name,
                                                     to_string(target.sizes()), to_string(input.sizes())));
  }
  if (reduction != Reduction::none && reduction != Reduction::mean && reduction != Reduction::sum) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("{} is not a valid value for reduction", static_cast<int>(reduction)));
  }
  return {reduction == Reduction::none ? input.sizes() : Dims{}, input.dtype()};
}

// Per element with `kernel`, then reduced into `out`.
template <class T, class Kernel>
void reduce_into(const Tensor& input, const Tensor& target, Reduction reduction, const Tensor& out, Kernel kernel) {
  const Tensor x = input.contiguous(), y = target.to(input.dtype()).contiguous();
  const Tensor each = reduction == Reduction::none ? out : empty(x.sizes(), {x.dtype()});
  kernel(x.numel(), x.data<T>(), y.data<T>(), each.data<T>());
  if (reduction == Reduction::none) return;
  const T total = kernels::sum(x.numel(), each.data<T>());
  *out.data<T>() = reduction == Reduction::mean ? total / static_cast<T>(x.numel()) : total;
}

// The gradient per element, times what came from above.
Tensor scaled(const Tensor& each, const Tensor& gradient, Reduction reduction) {
  if (reduction == Reduction::none) return okibi::mul(each, gradient);
  const double factor =
      gradient.item<double>() / (reduction == Reduction::mean ? static_cast<double>(each.numel()) : 1);
  return okibi::mul(each, factor);
}

struct BceWithLogits {
  static constexpr std::string_view schema =
      "aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? "
      "pos_weight=None, int "
      "reduction=Mean) -> Tensor";
  static OutputSpec infer(const Tensor& input, const Tensor& target, const Tensor& weight, const Tensor& pos_weight,
                          Reduction reduction) {
    if (weight.defined() || pos_weight.defined()) {
      throw Error(ErrorKind::unsupported,
                  "binary_cross_entropy_with_logits with weight or pos_weight is not implemented");
    }
    return infer_loss(input, target, reduction, "binary_cross_entropy_with_logits");
  }
  static void forward(const Tensor& input, const Tensor& target, const Tensor&, const Tensor&, Reduction reduction,
                      const Tensor& out) {
    dispatch_floating(input.dtype(), "binary_cross_entropy_with_logits",
                      [&]<class T>() { reduce_into<T>(input, target, reduction, out, &kernels::bce_with_logits<T>); });
  }

  static constexpr const char* backward_name = "BinaryCrossEntropyWithLogitsBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, Reduction>;
  static Saved save(const Tensor& input, const Tensor& target, const Tensor&, const Tensor&, Reduction reduction,
                    const Tensor&) {
    return {SavedTensor::input(input), SavedTensor::input(target), reduction};
  }
  static std::array<Tensor, 4> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [input, target, reduction] = saved;
    const Tensor x = input.get().contiguous(), y = target.get().to(x.dtype()).contiguous();
    std::array<Tensor, 4> gradients;
    if (edges.needed(0)) {
      const Tensor each = empty(x.sizes(), {x.dtype()});
      dispatch_floating(x.dtype(), "binary_cross_entropy_with_logits backward", [&]<class T>() {
        kernels::bce_with_logits_backward(x.numel(), x.data<T>(), y.data<T>(), each.data<T>());
      });
      gradients[0] = scaled(each, gradient, reduction);
    }
    if (edges.needed(1)) gradients[1] = scaled(okibi::mul(x, -1), gradient, reduction).to(target.get().dtype());
    return gradients;
  }
};

struct Mse {
  static constexpr std::string_view schema = "aten::mse_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor";
  static OutputSpec infer(const Tensor& input, const Tensor& target, Reduction reduction) {
    return infer_loss(input, target, reduction, "mse_loss");
  }
  static void forward(const Tensor& input, const Tensor& target, Reduction reduction, const Tensor& out) {
    dispatch_floating(input.dtype(), "mse_loss",
                      [&]<class T>() { reduce_into<T>(input, target, reduction, out, &kernels::squared_error<T>); });
  }

  static constexpr const char* backward_name = "MseLossBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, Reduction>;
  static Saved save(const Tensor& input, const Tensor& target, Reduction reduction, const Tensor&) {
    return {SavedTensor::input(input), SavedTensor::input(target), reduction};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [input, target, reduction] = saved;
    const Tensor each = okibi::mul(okibi::sub(input.get(), target.get()), 2);  // d/dx (x - y)² = 2 (x - y)
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = scaled(each, gradient, reduction);
    if (edges.needed(1)) gradients[1] = okibi::mul(scaled(each, gradient, reduction), -1);
    return gradients;
  }
};

}  // namespace

std::span<const okibi::Op> loss_ops() {
  static constexpr okibi::Op rows[] = {entry<BceWithLogits>(), entry<Mse>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, Reduction reduction) {
  return ops::call<ops::BceWithLogits>(input, target, Tensor(), Tensor(), reduction);
}
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return ops::call<ops::Mse>(input, target, reduction);
}

}  // namespace okibi
