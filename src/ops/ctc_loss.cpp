// Connectionist temporal classification (Graves et al. 2006): how likely a sequence of labels is when at each step a
// label or a blank is read, repeated ones once.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/losses.h"
#include "ops/op.h"
#include "ops/special_functions.h"

namespace okibi::ops {
namespace {

using special::log_sum;
constexpr double nothing = -std::numeric_limits<double>::infinity();

// One of the batch: the labels with a blank before, between and behind them, and log probabilities (steps, classes),
// `step` numbers apart.
template <class T>
struct Sequence {
  const T* log_probs;
  int64_t step, steps, blank;
  std::span<const int64_t> labels;
  int64_t classes;

  size_t width() const { return 2 * labels.size() + 1; }
  int64_t label(size_t s) const { return s % 2 == 0 ? blank : labels[s / 2]; }
  double log_prob(int64_t t, size_t s) const { return static_cast<double>(log_probs[t * step + label(s)]); }
  // Whether the blank between two labels may be left out, because they differ.
  bool skips_to(size_t s) const { return s >= 3 && s % 2 == 1 && labels[s / 2] != labels[s / 2 - 1]; }

  // log α of step t from those of the step before, which does not count at the first.
  void advance(int64_t t, std::span<const double> before, std::span<double> alpha) const {
    for (size_t s = 0; s < width(); ++s) {
      double sum = t == 0 ? (s < 2 ? 0 : nothing) : before[s];
      if (t > 0 && s >= 1) sum = log_sum(sum, before[s - 1]);
      if (t > 0 && skips_to(s)) sum = log_sum(sum, before[s - 2]);
      alpha[s] = sum == nothing ? nothing : sum + log_prob(t, s);
    }
  }
  // log β of step t from those of the step behind it.
  void retreat(int64_t t, std::span<const double> behind, std::span<double> beta) const {
    for (size_t s = 0; s < width(); ++s) {
      const bool is_last = t == steps - 1;
      double sum = is_last ? (s + 2 >= width() ? 0 : nothing) : behind[s];
      if (!is_last && s + 1 < width()) sum = log_sum(sum, behind[s + 1]);
      if (!is_last && s + 2 < width() && skips_to(s + 2)) sum = log_sum(sum, behind[s + 2]);
      beta[s] = sum == nothing ? nothing : sum + log_prob(t, s);
    }
  }
  double loss_of(std::span<const double> last) const {
    const double sum = width() > 1 ? log_sum(last[width() - 1], last[width() - 2]) : last[0];
    return -sum;
  }
  double loss() const {
    if (steps == 0) return labels.empty() ? 0 : -nothing;
    std::vector<double> before(width()), alpha(width());
    for (int64_t t = 0; t < steps; ++t) {
      advance(t, before, alpha);
      before.swap(alpha);
    }
    return loss_of(before);
  }
  // As PyTorch has it: of numbers that a log_softmax gave, with that one's part exp(log_prob) already in it.
  void set_gradient(double up, T* to) const {
    if (steps == 0) return;
    const size_t n = width();
    const Tensor table = empty({steps, static_cast<int64_t>(n)}, {float64});
    double* const alphas = table.data<double>();
    const auto row = [&](int64_t t) { return std::span(alphas + t * static_cast<int64_t>(n), n); };
    for (int64_t t = 0; t < steps; ++t) advance(t, t > 0 ? row(t - 1) : row(0), row(t));
    const double total = loss_of(row(steps - 1));
    std::vector<double> behind(n), beta(n), by_class;
    for (int64_t t = steps - 1; t >= 0; --t, behind.swap(beta)) {
      retreat(t, behind, beta);
      by_class.assign(static_cast<size_t>(classes), nothing);
      for (size_t s = 0; s < n; ++s) {
        double& sum = by_class[static_cast<size_t>(label(s))];
        sum = log_sum(sum, row(t)[s] + beta[s]);
      }
      for (int64_t c = 0; c < classes; ++c) {
        const double log_prob = static_cast<double>(log_probs[t * step + c]);
        const double share = std::exp(by_class[static_cast<size_t>(c)] + total - log_prob);
        to[t * step + c] = static_cast<T>((std::exp(log_prob) - share) * up);
      }
    }
  }
};

// log_probs (steps, batch, classes), targets (batch, most) or all in one row, lengths (batch) in int64.
struct Batch {
  Tensor log_probs, targets, steps, counts;
  int64_t blank;

  Batch(const Tensor& x, const Tensor& labels, const Tensor& input_lengths, const Tensor& target_lengths,
        int64_t blank_)
      : log_probs(x.contiguous()),
        targets(labels.to(int64).contiguous()),
        steps(input_lengths.to(int64).contiguous()),
        counts(target_lengths.to(int64).contiguous()),
        blank(blank_) {}
  int64_t size() const { return log_probs.size(1); }

  // work(which, its sequence), one after the other.
  template <class T, class Work>
  void each(Work&& work) const {
    const int64_t classes = log_probs.size(2);
    for (int64_t b = 0, at = 0; b < size(); ++b) {
      const int64_t count = counts.data<int64_t>()[b], begin = targets.dim() == 2 ? b * targets.size(1) : at;
      const int64_t* const labels = targets.data<int64_t>() + begin;
      work(b, Sequence<T>{log_probs.data<T>() + b * classes,
                          size() * classes,
                          steps.data<int64_t>()[b],
                          blank,
                          {labels, static_cast<size_t>(count)},
                          classes});
      at += count;
    }
  }
};

void check_lengths(const Tensor& lengths, int64_t batch, int64_t most, const char* name) {
  if (lengths.numel() != batch || lengths.dim() > 1 || !is_integral(lengths.dtype())) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} must be of size batch_size, in integers", name))
        .expected(std::to_string(batch))
        .found(fmt::format("{} {}", name_of(lengths.dtype()), to_string(lengths.sizes())));
  }
  for (const int64_t length : lengths.to(int64).contiguous().to_vector<int64_t>()) {
    if (length >= 0 && length <= most) continue;
    throw Error(ErrorKind::bad_argument, fmt::format("Expected {} to have values from 0 to {}", name, most))
        .found(std::to_string(length));
  }
}

void check_labels(std::span<const int64_t> labels, int64_t classes) {
  for (const int64_t label : labels) {
    if (label >= 0 && label < classes) continue;
    throw Error(ErrorKind::out_of_range, "ctc_loss: a target is no class")
        .expected(fmt::format("0 to {}", classes - 1))
        .found(std::to_string(label));
  }
}

// A step of the operators, (batch): -log of the likelihood of each.
struct EachCtcLoss {
  static OutputSpec infer(const Tensor& x, const Tensor& targets, const Tensor& steps, const Tensor& counts,
                          int64_t blank, bool) {
    require_floating(x, "ctc_loss");
    if (blank < 0 || blank >= x.size(2)) {
      throw Error(ErrorKind::bad_argument, "blank must be in label range").found(std::to_string(blank));
    }
    if (!is_integral(targets.dtype()) || targets.dim() < 1 || targets.dim() > 2 ||
        (targets.dim() == 2 && targets.size(0) != x.size(1))) {
      throw Error(ErrorKind::bad_argument,
                  "ctc_loss: targets are integers of the sizes (batch, labels) or (all labels)")
          .found(fmt::format("{} {}", name_of(targets.dtype()), to_string(targets.sizes())));
    }
    check_lengths(steps, x.size(1), x.size(0), "input_lengths");
    check_lengths(counts, x.size(1), targets.size(-1), "target_lengths");
    const auto all = counts.to(int64).contiguous().to_vector<int64_t>();
    int64_t left = targets.size(-1);
    for (const int64_t count : all) {
      if (targets.dim() == 1 && (left -= count) < 0) {
        refuse("ctc_loss: the target_lengths add up to more labels than there are");
      }
    }
    return {{x.size(1)}, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& targets, const Tensor& steps, const Tensor& counts, int64_t blank,
                      bool, const Tensor& out) {
    const Batch batch(x, targets, steps, counts, blank);
    dispatch_floating(x.dtype(), "ctc_loss", [&]<class T>() {
      batch.each<T>([&](int64_t b, const Sequence<T>& one) {
        check_labels(one.labels, one.classes);
        out.data<T>()[b] = static_cast<T>(one.loss());
      });
    });
  }

  static constexpr const char* backward_name = "CtcLossBackward0";
  struct Saved {
    SavedTensor x, targets, steps, counts, losses;
    int64_t blank;
    bool zero_infinity;
  };
  static Saved save(const Tensor& x, const Tensor& targets, const Tensor& steps, const Tensor& counts, int64_t blank,
                    bool zero_infinity, const Tensor& out) {
    return {SavedTensor::input(x),
            SavedTensor::input(targets),
            SavedTensor::input(steps),
            SavedTensor::input(counts),
            SavedTensor::output(out),
            blank,
            zero_infinity};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Batch batch(saved.x.get(), saved.targets.get(), saved.steps.get(), saved.counts.get(), saved.blank);
    const Tensor g = gradient.contiguous(), losses = saved.losses.get();
    const Tensor result = zeros(batch.log_probs.sizes(), {g.dtype()});
    dispatch_floating(g.dtype(), "ctc_loss", [&]<class T>() {
      batch.each<T>([&](int64_t b, const Sequence<T>& one) {
        if (saved.zero_infinity && std::isinf(losses.data<T>()[b])) return;
        one.set_gradient(static_cast<double>(g.data<T>()[b]), result.data<T>() + b * one.classes);
      });
    });
    return {result};
  }
};

Tensor ctc_loss(const Tensor& x, const Tensor& targets, const Tensor& steps, const Tensor& counts, int64_t blank,
                Reduction reduction, bool zero_infinity) {
  check_reduction(reduction);
  if (x.dim() != 2 && x.dim() != 3) {
    throw Error(ErrorKind::bad_argument,
                "ctc_loss: log_probs has the sizes (steps, batch, classes) or (steps, classes)")
        .found(to_string(x.sizes()));
  }
  const Tensor batched = x.dim() == 3 ? x : x.unsqueeze(1);
  Tensor loss = call<EachCtcLoss>(batched, targets, steps, counts, blank, zero_infinity);
  if (zero_infinity) {
    const Tensor endless = full({}, -nothing, {loss.dtype()});
    loss = okibi::where(okibi::eq(loss, endless), zeros({}, {loss.dtype()}), loss);
  }
  if (reduction == Reduction::sum) return okibi::sum(loss);
  if (reduction == Reduction::mean) {
    const Tensor divisor = okibi::clamp(counts.to(int64).reshape({-1}), 1.0).to(loss.dtype());
    return okibi::mean(okibi::div(loss, divisor));
  }
  return x.dim() == 3 ? loss : loss.squeeze(0);
}

Tensor tensor_of(const Dims& numbers) {
  const Tensor out = empty({static_cast<int64_t>(numbers.size())}, {int64});
  std::copy(numbers.begin(), numbers.end(), out.data<int64_t>());
  return out;
}

struct CtcLoss {
  static constexpr std::string_view schema =
      "aten::ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int "
      "blank=0, int reduction=1, bool zero_infinity=False) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& targets, const Tensor& steps, const Tensor& counts,
                        int64_t blank, Reduction reduction, bool zero_infinity) {
    return ctc_loss(x, targets, steps, counts, blank, reduction, zero_infinity);
  }
};
struct CtcLossOfLists {
  static constexpr std::string_view schema =
      "aten::ctc_loss.IntList(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int "
      "blank=0, int reduction=1, bool zero_infinity=False) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& targets, const Dims& steps, const Dims& counts, int64_t blank,
                        Reduction reduction, bool zero_infinity) {
    return ctc_loss(x, targets, tensor_of(steps), tensor_of(counts), blank, reduction, zero_infinity);
  }
};

}  // namespace

std::span<const okibi::Op> ctc_loss_ops() {
  static constexpr okibi::Op rows[] = {entry<CtcLoss>(), entry<CtcLossOfLists>()};
  return rows;
}

}  // namespace okibi::ops
