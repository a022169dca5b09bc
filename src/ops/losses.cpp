// Losses of numbers and their targets, one by one, then reduced.
#include <fmt/format.h>

#include <algorithm>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/losses.h"
#include "ops/op.h"
#include "ops/optional.h"

namespace okibi::ops {

void check_reduction(Reduction reduction) {
  if (reduction == Reduction::none || reduction == Reduction::mean || reduction == Reduction::sum) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("{} is not a valid value for reduction", static_cast<int>(reduction)));
}

void check_has_no_gradient(const Tensor& tensor, const char* name) {
  if (!needs_gradient(tensor)) return;
  throw Error(ErrorKind::unsupported, fmt::format("the derivative for '{}' is not implemented", name))
      .hint("Use tensor.detach().");
}

namespace {

using kernels::PairLoss;

OutputSpec infer_loss(const Tensor& input, const Tensor& target, Reduction reduction, const char* name) {
  if (input.sizes() != target.sizes()) {
    throw Error(ErrorKind::bad_argument, fmt::format("{}: Target size ({}) must be the same as input size ({})", name,
                                                     to_string(target.sizes()), to_string(input.sizes())));
  }
  check_reduction(reduction);
  return {reduction == Reduction::none ? input.sizes() : Dims{}, input.dtype()};
}

// Contiguous, of the input's sizes and dtype; undefined where it is left out.
Tensor fit(const Tensor& tensor, const Tensor& input) {
  if (!tensor.defined()) return tensor;
  if (tensor.dtype() == input.dtype() && tensor.sizes() == input.sizes()) return tensor.contiguous();
  return tensor.to(input.dtype()).expand(input.sizes()).contiguous();
}

// Per element, weighed, then reduced into `out`. `positive` weighs what is true, in BCEWithLogits.
void loss_into(const PairLoss& loss, const char* name, const Tensor& input, const Tensor& target, const Tensor& weight,
               const Tensor& positive, Reduction reduction, const Tensor& out) {
  const Tensor x = input.contiguous(), y = fit(target, x), w = fit(weight, x), p = fit(positive, x);
  dispatch_floating(x.dtype(), name, [&]<class T>() {
    const Tensor each = reduction == Reduction::none ? out : empty(x.sizes(), {x.dtype()});
    kernels::pair_loss(x.numel(), loss, x.data<T>(), y.data<T>(), data_or_null<T>(p), each.data<T>());
    if (w.defined()) kernels::mul(x.numel(), each.data<T>(), w.data<T>(), each.data<T>());
    if (reduction == Reduction::none) return;
    const T total = kernels::sum(x.numel(), each.data<T>());
    *out.data<T>() = reduction == Reduction::mean ? total / static_cast<T>(x.numel()) : total;
  });
}

struct SavedLoss {
  PairLoss loss;
  Reduction reduction;
  SavedTensor input, target, weight, positive;
};

SavedLoss saved_loss(const PairLoss& loss, Reduction reduction, const Tensor& input, const Tensor& target,
                     const Tensor& weight = {}, const Tensor& positive = {}) {
  check_has_no_gradient(weight, "weight");
  check_has_no_gradient(positive, "pos_weight");
  return {loss,
          reduction,
          SavedTensor::input(input),
          SavedTensor::input(target),
          SavedTensor::input(weight),
          SavedTensor::input(positive)};
}

// How the loss grows per element, times what came from above.
template <class T, class Kernel>
void slope_into(const SavedLoss& saved, Kernel kernel, const Tensor& gradient, const Tensor& x, const Tensor& y,
                const Tensor& w, const Tensor& p, const Tensor& out) {
  const int64_t n = x.numel();
  kernel(n, saved.loss, x.data<T>(), y.data<T>(), data_or_null<T>(p), out.data<T>());
  if (w.defined()) kernels::mul(n, out.data<T>(), w.data<T>(), out.data<T>());
  if (saved.reduction == Reduction::none) {
    const Tensor g = gradient.contiguous();
    return kernels::mul(n, out.data<T>(), g.data<T>(), out.data<T>());
  }
  const double factor = gradient.item<double>() / (saved.reduction == Reduction::mean ? static_cast<double>(n) : 1);
  kernels::scale(n, out.data<T>(), static_cast<T>(factor), out.data<T>());
}

template <size_t inputs>
std::array<Tensor, inputs> loss_backward(const Tensor& gradient, const SavedLoss& saved, const Edges& edges) {
  const Tensor x = saved.input.get().contiguous(), y = fit(saved.target.get(), x), w = fit(saved.weight.get(), x),
               p = fit(saved.positive.get(), x);
  std::array<Tensor, inputs> gradients;
  dispatch_floating(x.dtype(), "loss backward", [&]<class T>() {
    const auto slope = [&](auto kernel) {
      const Tensor out = empty(x.sizes(), {x.dtype()});
      slope_into<T>(saved, kernel, gradient, x, y, w, p, out);
      return out;
    };
    if (edges.needed(0)) gradients[0] = slope(&kernels::pair_loss_by_input<T>);
    if (edges.needed(1)) gradients[1] = slope(&kernels::pair_loss_by_target<T>).to(saved.target.get().dtype());
  });
  return gradients;
}

// Those with a number or none beside the reduction: Op::loss(numbers…) says which.
template <class Op, class... Numbers>
struct Plain {
  static OutputSpec infer(const Tensor& input, const Tensor& target, Reduction reduction, Numbers... numbers) {
    Op::loss(numbers...);  // which checks them
    return infer_loss(input, target, reduction, Op::name);
  }
  static void forward(const Tensor& input, const Tensor& target, Reduction reduction, Numbers... numbers,
                      const Tensor& out) {
    loss_into(Op::loss(numbers...), Op::name, input, target, {}, {}, reduction, out);
  }

  using Saved = SavedLoss;
  static Saved save(const Tensor& input, const Tensor& target, Reduction reduction, Numbers... numbers, const Tensor&) {
    return saved_loss(Op::loss(numbers...), reduction, input, target);
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return loss_backward<2>(gradient, saved, edges);
  }
};

struct Mse : Plain<Mse> {
  static constexpr std::string_view schema = "aten::mse_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor";
  static constexpr const char *name = "mse_loss", *backward_name = "MseLossBackward0";
  static PairLoss loss() { return {PairLoss::squared}; }
};
struct L1 : Plain<L1> {
  static constexpr std::string_view schema = "aten::l1_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor";
  static constexpr const char *name = "l1_loss", *backward_name = "L1LossBackward0";
  static PairLoss loss() { return {PairLoss::absolute}; }
};
struct SmoothL1 : Plain<SmoothL1, double> {
  static constexpr std::string_view schema =
      "aten::smooth_l1_loss(Tensor self, Tensor target, int reduction=Mean, float beta=1.0) -> Tensor";
  static constexpr const char *name = "smooth_l1_loss", *backward_name = "SmoothL1LossBackward0";
  static PairLoss loss(double beta) {
    if (beta < 0) throw Error(ErrorKind::bad_argument, "smooth_l1_loss does not support negative values for beta.");
    return {beta == 0 ? PairLoss::absolute : PairLoss::smooth_l1, beta};
  }
};
struct Huber : Plain<Huber, double> {
  static constexpr std::string_view schema =
      "aten::huber_loss(Tensor self, Tensor target, int reduction=Mean, float delta=1.0) -> Tensor";
  static constexpr const char *name = "huber_loss", *backward_name = "HuberLossBackward0";
  static PairLoss loss(double delta) {
    if (!(delta > 0))
      throw Error(ErrorKind::bad_argument, "huber_loss does not support non-positive values for delta.");
    return {PairLoss::huber, delta};
  }
};
struct KlDiv : Plain<KlDiv, bool> {
  static constexpr std::string_view schema =
      "aten::kl_div(Tensor self, Tensor target, int reduction=Mean, *, bool log_target=False) -> Tensor";
  static constexpr const char *name = "kl_div", *backward_name = "KlDivBackward0";
  static PairLoss loss(bool log_target) { return {log_target ? PairLoss::kl_div_of_logs : PairLoss::kl_div}; }
};

// Of inputs that are probabilities.
struct Bce {
  static constexpr std::string_view schema =
      "aten::binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=Mean) -> Tensor";
  static constexpr PairLoss loss = {PairLoss::bce};
  static OutputSpec infer(const Tensor& input, const Tensor& target, const Tensor&, Reduction reduction) {
    return infer_loss(input, target, reduction, "binary_cross_entropy");
  }
  template <class T>
  static void check_probabilities(const Tensor& x) {
    const std::span<const T> all(x.data<T>(), static_cast<size_t>(x.numel()));
    const auto outside = std::ranges::find_if(all, [](T p) { return p < 0 || p > 1; });
    if (outside == all.end()) return;
    throw Error(ErrorKind::bad_argument, "all elements of input should be between 0 and 1")
        .found(fmt::format("{} at element {}", *outside, outside - all.begin()))
        .hint("For logits there is binary_cross_entropy_with_logits.");
  }
  static void forward(const Tensor& input, const Tensor& target, const Tensor& weight, Reduction reduction,
                      const Tensor& out) {
    const Tensor x = input.contiguous();
    dispatch_floating(x.dtype(), "binary_cross_entropy", [&]<class T>() { check_probabilities<T>(x); });
    loss_into(loss, "binary_cross_entropy", x, target, weight, {}, reduction, out);
  }

  static constexpr const char* backward_name = "BinaryCrossEntropyBackward0";
  using Saved = SavedLoss;
  static Saved save(const Tensor& input, const Tensor& target, const Tensor& weight, Reduction reduction,
                    const Tensor&) {
    return saved_loss(loss, reduction, input, target, weight);
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return loss_backward<3>(gradient, saved, edges);
  }
};

struct BceWithLogits {
  static constexpr std::string_view schema =
      "aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? "
      "pos_weight=None, int reduction=Mean) -> Tensor";
  static constexpr const char *name = "binary_cross_entropy_with_logits",
                              *backward_name = "BinaryCrossEntropyWithLogitsBackward0";
  static constexpr PairLoss loss = {PairLoss::bce_with_logits};
  static OutputSpec infer(const Tensor& input, const Tensor& target, const Tensor&, const Tensor&,
                          Reduction reduction) {
    return infer_loss(input, target, reduction, name);
  }
  static void forward(const Tensor& input, const Tensor& target, const Tensor& weight, const Tensor& pos_weight,
                      Reduction reduction, const Tensor& out) {
    loss_into(loss, name, input, target, weight, pos_weight, reduction, out);
  }

  using Saved = SavedLoss;
  static Saved save(const Tensor& input, const Tensor& target, const Tensor& weight, const Tensor& pos_weight,
                    Reduction reduction, const Tensor&) {
    return saved_loss(loss, reduction, input, target, weight, pos_weight);
  }
  static std::array<Tensor, 4> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return loss_backward<4>(gradient, saved, edges);
  }
};

}  // namespace

std::span<const okibi::Op> loss_ops() {
  static constexpr okibi::Op rows[] = {entry<BceWithLogits>(), entry<Bce>(),   entry<Mse>(),  entry<L1>(),
                                       entry<SmoothL1>(),      entry<Huber>(), entry<KlDiv>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, Reduction reduction,
                                        const Tensor& weight, const Tensor& pos_weight) {
  return ops::call<ops::BceWithLogits>(input, target, weight, pos_weight, reduction);
}
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, Reduction reduction, const Tensor& weight) {
  return ops::call<ops::Bce>(input, target, weight, reduction);
}
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return ops::call<ops::Mse>(input, target, reduction);
}
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return ops::call<ops::L1>(input, target, reduction);
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, double beta) {
  return ops::call<ops::SmoothL1>(input, target, reduction, beta);
}
Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta) {
  return ops::call<ops::Huber>(input, target, reduction, delta);
}
Tensor kl_div(const Tensor& input, const Tensor& target, Reduction reduction, bool log_target) {
  if (reduction != Reduction::batchmean) return ops::call<ops::KlDiv>(input, target, reduction, log_target);
  const Tensor total = ops::call<ops::KlDiv>(input, target, Reduction::sum, log_target);
  return div(total, full({}, static_cast<double>(input.size(0)), {total.dtype()}));
}

}  // namespace okibi
