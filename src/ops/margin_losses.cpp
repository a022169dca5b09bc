// Losses of numbers that should lie on one side of others, and of counts.
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/losses.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

Tensor reduced(const Tensor& loss, Reduction reduction) {
  check_reduction(reduction);
  if (reduction == Reduction::none) return loss;
  return reduction == Reduction::mean ? okibi::mean(loss) : okibi::sum(loss);
}

// A float stays one, whole or not.
Tensor plus(const Tensor& x, double number) { return call_named("aten::add.Scalar", {x, number, 1}).to_tensor(); }
Tensor zero_of(const Tensor& x) { return zeros({}, {x.dtype()}); }
Tensor number_of(double number, const Tensor& x) { return full({}, number, {x.dtype()}); }

// max(0, margin - y (a - b))
struct MarginRanking {
  static constexpr std::string_view schema =
      "aten::margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> "
      "Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, const Tensor& target, double margin, Reduction reduction) {
    if (a.dim() != b.dim() || a.dim() != target.dim()) {
      throw Error(ErrorKind::bad_argument, "margin_ranking_loss : All input tensors should have same dimension")
          .found(fmt::format("sizes {}, {} and {}", to_string(a.sizes()), to_string(b.sizes()),
                             to_string(target.sizes())));
    }
    const Tensor off = okibi::mul(okibi::neg(target), okibi::sub(a, b));
    return reduced(okibi::clamp(plus(off, margin), 0.0), reduction);
  }
};

// x where the target is 1, max(0, margin - x) where it is -1, and both together elsewhere.
struct HingeEmbedding {
  static constexpr std::string_view schema =
      "aten::hinge_embedding_loss(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& target, double margin, Reduction reduction) {
    const Tensor short_of = okibi::clamp(plus(okibi::neg(x), margin), 0.0), none = zero_of(x);
    const Tensor apart = okibi::where(okibi::ne(target, number_of(1, target)), short_of, none);
    const Tensor near = okibi::where(okibi::ne(target, number_of(-1, target)), x, none);
    return reduced(okibi::add(apart, near), reduction);
  }
};

// log (1 + exp(-y x))
struct SoftMargin {
  static constexpr std::string_view schema =
      "aten::soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& target, Reduction reduction) {
    check_has_no_gradient(target, "target");
    const Tensor exponential = okibi::exp(okibi::mul(okibi::neg(x), target));
    return reduced(call_named("aten::log1p", {exponential}).to_tensor(), reduction);
  }
};

// Of counts with the mean x, or exp(x): x - y log x, and with `full` Stirling's approximation of log y!.
struct PoissonNll {
  static constexpr std::string_view schema =
      "aten::poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> "
      "Tensor";
  static Tensor compose(const Tensor& x, const Tensor& target, bool log_input, bool full, double eps,
                        Reduction reduction) {
    const Tensor log = log_input ? x : okibi::log(plus(x, eps));
    Tensor loss = okibi::sub(log_input ? okibi::exp(x) : x, okibi::mul(target, log));
    if (full) {
      const Tensor half_log = okibi::mul(okibi::log(okibi::mul(target, 2 * std::numbers::pi)), 0.5);
      const Tensor stirling = okibi::add(okibi::sub(okibi::mul(target, okibi::log(target)), target), half_log);
      loss = okibi::add(loss, okibi::where(okibi::le(target, number_of(1, target)), zero_of(stirling), stirling));
    }
    return reduced(loss, reduction);
  }
};

// Σ over the other classes of max(0, margin - x_y + x_c)^p · w_y, over the number of classes. x (n, c) or (c).
struct MultiMargin {
  static constexpr std::string_view schema =
      "aten::multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int "
      "reduction=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& target, double p, double margin, const Tensor& weight,
                        Reduction reduction) {
    check(x, target, p, weight);
    check_has_no_gradient(weight, "weight");
    const int64_t classes = x.size(-1);
    const Tensor rows = x.reshape({-1, classes}), of = target.reshape({-1, 1});
    const Tensor other = okibi::ne(of, okibi::arange(classes));
    const Tensor off = okibi::clamp(plus(okibi::sub(rows, okibi::gather(rows, 1, of)), margin), 0.0);
    Tensor each = okibi::where(other, p == 2 ? okibi::square(off) : off, zero_of(x));
    if (weight.defined()) each = okibi::mul(each, okibi::index_select(weight, 0, of.reshape({-1})).unsqueeze(1));
    const Tensor count = number_of(static_cast<double>(classes), x);
    return reduced(okibi::div(okibi::sum(each, 1), count).reshape(target.sizes()), reduction);
  }

 private:
  static void check(const Tensor& x, const Tensor& target, double p, const Tensor& weight) {
    if (p != 1 && p != 2)
      throw Error(ErrorKind::bad_argument, "only p == 1 and p == 2 supported").found(fmt::format("{}", p));
    if (x.dim() < 1 || x.dim() > 2 || x.size(-1) == 0) {
      throw Error(ErrorKind::bad_argument, "Expected non-empty vector or matrix with optional 0-dim batch size")
          .found(to_string(x.sizes()));
    }
    const int64_t rows = x.dim() == 1 ? 1 : x.size(0);
    if (target.dim() > 1 || target.numel() != rows || (target.dim() == 0 && x.dim() == 2) || target.dtype() != int64) {
      throw Error(ErrorKind::bad_argument, "multi_margin_loss: there is one class for each row, in int64")
          .expected(fmt::format("[{}]", rows))
          .found(fmt::format("{} {}", name_of(target.dtype()), to_string(target.sizes())));
    }
    for (const int64_t index : target.contiguous().to_vector<int64_t>()) {
      if (index >= 0 && index < x.size(-1)) continue;
      throw Error(ErrorKind::out_of_range, "target out of range").found(std::to_string(index));
    }
    if (weight.defined() && (weight.dim() != 1 || weight.size(0) != x.size(-1))) {
      throw Error(ErrorKind::bad_argument, "inconsistent weight size").found(to_string(weight.sizes()));
    }
  }
};

// The buffer is what PyTorch's backward reads.
struct LogSigmoidForward {
  static constexpr std::string_view schema = "aten::log_sigmoid_forward(Tensor self) -> (Tensor output, Tensor buffer)";
  static std::array<Tensor, 2> compose(const Tensor& x) {
    return {okibi::log_sigmoid(x), okibi::exp(okibi::neg(okibi::abs(x.detach())))};
  }
};

}  // namespace

std::span<const okibi::Op> margin_loss_ops() {
  static constexpr okibi::Op rows[] = {entry<MarginRanking>(), entry<HingeEmbedding>(), entry<SoftMargin>(),
                                       entry<PoissonNll>(),    entry<MultiMargin>(),    entry<LogSigmoidForward>()};
  return rows;
}

}  // namespace okibi::ops
