// Losses of classes: x (n, classes, *) or (classes), targets (n, *) or () of class indices, or probabilities of x's
// sizes. What belongs to one target lies side by side here, as a row.
#include <fmt/format.h>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/losses.h"
#include "ops/op.h"
#include "ops/optional.h"

namespace okibi::ops {
namespace {

size_t class_dim(const Tensor& x) { return x.dim() == 1 ? 0 : 1; }

// (rows, classes), and back.
Tensor as_rows(const Tensor& x) {
  if (x.dim() <= 2) return x.contiguous();
  return x.reshape({x.size(0), x.size(1), -1}).transpose(1, 2).contiguous();
}
Tensor from_rows(const Tensor& rows, const Dims& sizes) {
  if (sizes.size() <= 2) return rows.view(sizes);
  const int64_t inner = numel_of(sizes) / std::max<int64_t>(sizes[0] * sizes[1], 1);
  return rows.view({sizes[0], inner, sizes[1]}).transpose(1, 2).contiguous().view(sizes);
}

Dims without_classes(const Tensor& x) {
  Dims sizes = x.sizes();
  sizes.erase(class_dim(x));
  return sizes;
}

void check_weight(const Tensor& x, const Tensor& weight) {
  const int64_t classes = x.sizes()[class_dim(x)];
  if (!weight.defined()) return;
  if (weight.dim() == 1 && weight.size(0) == classes && weight.dtype() == x.dtype()) return;
  throw Error(
      ErrorKind::bad_argument,
      fmt::format("weight tensor should be defined either for all {} classes or no classes but got weight tensor "
                  "of shape: {} and dtype {}",
                  classes, to_string(weight.sizes()), name_of(weight.dtype())));
}

void check_has_classes(const Tensor& x) {
  if (x.dim() >= 1 && x.sizes()[class_dim(x)] > 0) return;
  throw Error(ErrorKind::bad_argument, "the input of a loss of classes has the sizes (n, classes, *) or (classes)")
      .found(to_string(x.sizes()));
}

void check_indices(const Tensor& x, const Tensor& target) {
  if (target.dtype() != int64 && target.dtype() != int32) {
    throw Error(ErrorKind::bad_argument, fmt::format("expected scalar type Long but found {}", name_of(target.dtype())))
        .hint("Class indices are int64; probabilities have the sizes of the input.");
  }
  const Dims expected = without_classes(x);
  if (target.sizes() == expected) return;
  if (x.dim() >= 2 && target.dim() >= 1 && x.size(0) != target.size(0)) {
    throw Error(ErrorKind::bad_argument, fmt::format("Expected input batch_size ({}) to match target batch_size ({}).",
                                                     x.size(0), target.size(0)));
  }
  throw Error(ErrorKind::bad_argument, "the target has another size than the input without its classes")
      .expected(to_string(expected))
      .found(to_string(target.sizes()));
}

// Of each row the class, or -1 where it is ignored. Checked.
struct Classes {
  Tensor indices;
  const int64_t* all;
  int64_t ignored, classes;
  Classes(const Tensor& target, int64_t ignore_index, int64_t count)
      : indices(target.to(int64).contiguous()), all(indices.data<int64_t>()), ignored(ignore_index), classes(count) {}
  int64_t operator[](int64_t row) const {
    const int64_t index = all[row];
    if (index == ignored) return -1;
    if (index >= 0 && index < classes) return index;
    throw Error(ErrorKind::out_of_range, fmt::format("Target {} is out of bounds.", index))
        .expected(fmt::format("a class from 0 to {}, or {} for none", classes - 1, ignored))
        .found(fmt::format("{} at element {} of the target", index, row));
  }
};

template <class T>
T weight_of(const Tensor& weight, int64_t index) {
  return weight.defined() ? weight.data<T>()[index] : T(1);
}

// What a mean divides by: the weights of the targets that count.
template <class T>
double total_weight(const Classes& classes, const Tensor& weight) {
  double total = 0;
  for (int64_t row = 0; row < classes.indices.numel(); ++row) {
    const int64_t index = classes[row];
    if (index >= 0) total += static_cast<double>(weight_of<T>(weight, index));
  }
  return total;
}

// ------------------------------------------------------------------------------------------------- of logarithms:
// -x[y]

struct NllLoss {
  static constexpr std::string_view schema =
      "aten::nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=Mean, SymInt "
      "ignore_index=-100) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& target, const Tensor& weight, Reduction reduction, int64_t) {
    check_reduction(reduction);
    check_has_classes(x);
    check_indices(x, target);
    check_weight(x, weight);
    return {reduction == Reduction::none ? target.sizes() : Dims{}, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& target, const Tensor& weight, Reduction reduction,
                      int64_t ignore_index, const Tensor& out) {
    const Tensor rows = as_rows(x), w = contiguous_or_none(weight);
    const Classes classes(target, ignore_index, x.sizes()[class_dim(x)]);
    dispatch_floating(x.dtype(), "nll_loss", [&]<class T>() {
      reduce_rows<T>(target.numel(), reduction, total_weight<T>(classes, w), out, [&](int64_t row) {
        const int64_t index = classes[row];
        if (index < 0) return 0.0;
        return -static_cast<double>(weight_of<T>(w, index) * rows.data<T>()[row * classes.classes + index]);
      });
    });
  }

  static constexpr const char* backward_name = "NllLossBackward0";
  struct Saved {
    Dims sizes;
    DType dtype;
    SavedTensor target, weight;
    Reduction reduction;
    int64_t ignore_index;
  };
  static Saved save(const Tensor& x, const Tensor& target, const Tensor& weight, Reduction reduction,
                    int64_t ignore_index, const Tensor&) {
    check_has_no_gradient(weight, "weight");
    return {x.sizes(), x.dtype(), SavedTensor::input(target), SavedTensor::input(weight), reduction, ignore_index};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor w = contiguous_or_none(saved.weight.get());
    const int64_t count = saved.sizes[saved.sizes.size() == 1 ? 0 : 1];
    const Classes classes(saved.target.get(), saved.ignore_index, count);
    const int64_t rows = classes.indices.numel();
    const Tensor result = zeros({rows, count}, {saved.dtype});
    dispatch_floating(saved.dtype, "nll_loss backward", [&]<class T>() {
      const RowGradients<T> g(gradient, saved.reduction, total_weight<T>(classes, w));
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t index = classes[row];
        if (index < 0) continue;
        const double slope = -g[row] * static_cast<double>(weight_of<T>(w, index));
        result.data<T>()[row * count + index] = static_cast<T>(slope);
      }
    });
    return {from_rows(result, saved.sizes)};
  }
};

// -------------------------------------------------------------------------------------- of logits: -log softmax(x)[y]
//
// Each row has numbers q for its classes, and the loss Σ q_c · (log Σ exp(x) - x_c): q is w_y at the class y (or w_c
// times the class's probability), smoothed over all classes by Szegedy et al. 2015. Its gradient is Q · softmax(x) - q,
// with Q = Σ q_c.

struct CrossEntropy {
  static constexpr std::string_view schema =
      "aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=Mean, SymInt "
      "ignore_index=-100, float label_smoothing=0.0) -> Tensor";
  static constexpr size_t hidden = 1;  // (rows, 2): log Σ exp(x) in two parts (kernels.h)

  static bool has_probabilities(const Tensor& x, const Tensor& target) { return x.sizes() == target.sizes(); }
  static void check_probabilities(const Tensor& target, int64_t ignore_index) {
    if (!is_floating_point(target.dtype())) {
      throw Error(ErrorKind::bad_argument, fmt::format("Expected floating point type for target with class "
                                                       "probabilities, got {}",
                                                       name_of(target.dtype())));
    }
    if (ignore_index >= 0) {
      throw Error(ErrorKind::bad_argument, "ignore_index is not supported for floating point target");
    }
  }
  static std::array<OutputSpec, 2> infer(const Tensor& x, const Tensor& target, const Tensor& weight,
                                         Reduction reduction, int64_t ignore_index, double smoothing) {
    check_reduction(reduction);
    check_has_classes(x);
    if (has_probabilities(x, target))
      check_probabilities(target, ignore_index);
    else
      check_indices(x, target);
    check_weight(x, weight);
    if (!(smoothing >= 0 && smoothing <= 1)) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("label_smoothing must be between 0.0 and 1.0. Got: {}", smoothing));
    }
    const Dims each = without_classes(x);
    return {OutputSpec{reduction == Reduction::none ? each : Dims{}, x.dtype()},
            OutputSpec{{numel_of(each), 2}, x.dtype()}};
  }

  // What both directions walk over.
  template <class T>
  struct Work {
    int64_t count;  // classes
    Tensor x, target, weight;
    bool by_probability;
    std::optional<Classes> classes;
    double smoothing;

    Work(const Tensor& input, const Tensor& aim, const Tensor& w, int64_t ignore_index, double smooth)
        : count(input.sizes()[class_dim(input)]),
          x(as_rows(input)),
          weight(contiguous_or_none(w)),
          by_probability(has_probabilities(input, aim)),
          smoothing(smooth) {
      if (by_probability)
        target = as_rows(aim.to(input.dtype()));
      else
        classes.emplace(aim, ignore_index, count);
    }
    int64_t rows() const { return x.numel() / count; }
    double divisor() const { return by_probability ? static_cast<double>(rows()) : total_weight<T>(*classes, weight); }
    double weight_at(int64_t c) const { return static_cast<double>(weight_of<T>(weight, c)); }
    double all_weights() const {
      double total = 0;
      for (int64_t c = 0; c < count; ++c) total += weight_at(c);
      return total;
    }
    // q of a row whose target is given as probabilities.
    double q(int64_t row, int64_t c) const {
      const double p = static_cast<double>(target.data<T>()[row * count + c]);
      return weight_at(c) * (p * (1 - smoothing) + smoothing / static_cast<double>(count));
    }
  };

  template <class T>
  static double loss_of_row(const Work<T>& work, const T* log_sum, int64_t row) {
    const T* x = work.x.template data<T>() + row * work.count;
    const auto minus_log = [&](int64_t c) { return static_cast<double>((log_sum[0] - x[c]) + log_sum[1]); };
    double loss = 0;
    if (work.by_probability) {
      for (int64_t c = 0; c < work.count; ++c) {
        const double q = work.q(row, c);
        if (q != 0) loss += q * minus_log(c);
      }
      return loss;
    }
    const int64_t index = (*work.classes)[row];
    if (index < 0) return 0;
    loss = (1 - work.smoothing) * work.weight_at(index) * minus_log(index);
    if (work.smoothing == 0) return loss;
    double smooth = 0;
    for (int64_t c = 0; c < work.count; ++c) smooth += work.weight_at(c) * minus_log(c);
    return loss + work.smoothing / static_cast<double>(work.count) * smooth;
  }
  static void forward(const Tensor& x, const Tensor& target, const Tensor& weight, Reduction reduction,
                      int64_t ignore_index, double smoothing, const Tensor& out, const Tensor& log_sums) {
    dispatch_floating(x.dtype(), "cross_entropy_loss", [&]<class T>() {
      const Work<T> work(x, target, weight, ignore_index, smoothing);
      T* parts = log_sums.data<T>();
      kernels::log_sums(work.rows(), work.count, work.x.template data<T>(), parts);
      reduce_rows<T>(work.rows(), reduction, work.divisor(), out,
                     [&](int64_t row) { return loss_of_row(work, parts + 2 * row, row); });
    });
  }

  static constexpr const char* backward_name = "CrossEntropyLossBackward0";
  struct Saved {
    SavedTensor x, target, weight, log_sums;
    Reduction reduction;
    int64_t ignore_index;
    double smoothing;
  };
  static Saved save(const Tensor& x, const Tensor& target, const Tensor& weight, Reduction reduction,
                    int64_t ignore_index, double smoothing, const Tensor&, const Tensor& log_sums) {
    check_has_no_gradient(weight, "weight");
    return {SavedTensor::input(x),
            SavedTensor::input(target),
            SavedTensor::input(weight),
            SavedTensor::output(log_sums),
            reduction,
            ignore_index,
            smoothing};
  }

  // g · Q of each row.
  template <class T>
  static Tensor row_factors(const Work<T>& work, const RowGradients<T>& g) {
    const Tensor factors = empty({work.rows()}, {work.x.dtype()});
    const double spread = work.smoothing / static_cast<double>(work.count) * work.all_weights();
    for (int64_t row = 0; row < work.rows(); ++row) {
      double q = 0;
      if (work.by_probability) {
        for (int64_t c = 0; c < work.count; ++c) q += work.q(row, c);
      } else if (const int64_t index = (*work.classes)[row]; index >= 0) {
        q = (1 - work.smoothing) * work.weight_at(index) + spread;
      }
      factors.data<T>()[row] = static_cast<T>(g[row] * q);
    }
    return factors;
  }
  // Takes g · q off a row that is g · Q · softmax(x).
  template <class T>
  static void subtract_target(const Work<T>& work, double g, int64_t row, T* slopes) {
    if (work.by_probability) {
      for (int64_t c = 0; c < work.count; ++c) slopes[c] -= static_cast<T>(g * work.q(row, c));
      return;
    }
    const int64_t index = (*work.classes)[row];
    if (index < 0) {
      std::fill_n(slopes, work.count, T(0));  // whatever the row held
      return;
    }
    slopes[index] -= static_cast<T>(g * (1 - work.smoothing) * work.weight_at(index));
    if (work.smoothing == 0) return;
    const double each = g * work.smoothing / static_cast<double>(work.count);
    for (int64_t c = 0; c < work.count; ++c) slopes[c] -= static_cast<T>(each * work.weight_at(c));
  }
  template <class T>
  static Tensor by_target(const Work<T>& work, const RowGradients<T>& g, const T* log_sums) {
    const Tensor result = empty(work.x.sizes(), {work.x.dtype()});
    for (int64_t row = 0; row < work.rows(); ++row) {
      for (int64_t c = 0; c < work.count; ++c) {
        const T x = work.x.template data<T>()[row * work.count + c];
        const double minus_log = static_cast<double>((log_sums[2 * row] - x) + log_sums[2 * row + 1]);
        const double slope = g[row] * work.weight_at(c) * (1 - work.smoothing) * minus_log;
        result.data<T>()[row * work.count + c] = static_cast<T>(slope);
      }
    }
    return result;
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &x = saved.x.get(), &target = saved.target.get();
    std::array<Tensor, 3> gradients;
    dispatch_floating(x.dtype(), "cross_entropy_loss backward", [&]<class T>() {
      const Work<T> work(x, target, saved.weight.get(), saved.ignore_index, saved.smoothing);
      const RowGradients<T> g(gradient, saved.reduction, work.divisor());
      const T* log_sums = saved.log_sums.get().template data<T>();
      if (edges.needed(0)) {
        const Tensor result = empty(work.x.sizes(), {x.dtype()});
        kernels::softmax_times(work.rows(), work.count, work.x.template data<T>(), log_sums,
                               row_factors(work, g).template data<T>(), result.data<T>());
        for (int64_t row = 0; row < work.rows(); ++row) {
          subtract_target(work, g[row], row, result.data<T>() + row * work.count);
        }
        gradients[0] = from_rows(result, x.sizes());
      }
      if (edges.needed(1)) gradients[1] = from_rows(by_target(work, g, log_sums), x.sizes()).to(target.dtype());
    });
    return gradients;
  }
};

}  // namespace

std::span<const okibi::Op> class_loss_ops() {
  static constexpr okibi::Op rows[] = {entry<NllLoss>(), entry<CrossEntropy>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor nll_loss(const Tensor& input, const Tensor& target, Reduction reduction, const Tensor& weight,
                int64_t ignore_index) {
  return ops::call<ops::NllLoss>(input, target, weight, reduction, ignore_index);
}
Tensor cross_entropy(const Tensor& input, const Tensor& target, Reduction reduction, const Tensor& weight,
                     int64_t ignore_index, double label_smoothing) {
  return ops::call<ops::CrossEntropy>(input, target, weight, reduction, ignore_index, label_smoothing);
}

}  // namespace okibi
