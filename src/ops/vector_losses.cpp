// Losses of vectors that should lie near or far from each other: rows of (n, dim), or one row (dim). Sums are in
// double.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/losses.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

// All but the last dimension.
Dims row_sizes(const Tensor& x) {
  Dims sizes = x.sizes();
  sizes.erase(sizes.size() - 1);
  return sizes;
}

template <class T>
struct Rows {
  Tensor tensor;
  int64_t dim;
  explicit Rows(const Tensor& x) : tensor(x.contiguous()), dim(x.size(-1)) {}
  double operator()(int64_t row, int64_t i) const { return static_cast<double>(tensor.data<T>()[row * dim + i]); }
};

// Undefined, or where the gradient of an input goes.
template <class T>
struct Slopes {
  Tensor tensor;
  int64_t dim;
  Slopes(bool needed, const Tensor& x) : tensor(needed ? zeros(x.sizes(), {x.dtype()}) : Tensor()), dim(x.size(-1)) {}
  void add(int64_t row, int64_t i, double value) const {
    if (tensor.defined()) tensor.data<T>()[row * dim + i] += static_cast<T>(value);
  }
};

void check_same(const char* loss, const Tensor& a, const Tensor& b) {
  if (a.sizes() == b.sizes() && a.dtype() == b.dtype()) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}: its inputs differ in sizes or dtype", loss))
      .expected(fmt::format("{} {}", name_of(a.dtype()), to_string(a.sizes())))
      .found(fmt::format("{} {}", name_of(b.dtype()), to_string(b.sizes())));
}

// ------------------------------------------------------------------------------------- 1 - cos, or max(cos - margin,
// 0)

struct CosineEmbedding {
  static constexpr std::string_view schema =
      "aten::cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, int reduction=Mean) "
      "-> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b, const Tensor& target, double, Reduction reduction) {
    check_reduction(reduction);
    if (target.dim() > 1) {
      throw Error(ErrorKind::bad_argument, "0D or 1D target tensor expected, multi-target not supported");
    }
    check_same("cosine_embedding_loss", a, b);
    if (a.dim() != target.dim() + 1) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("{}D target tensor expects {}D input tensors, but found inputs with sizes {} and {}.",
                              target.dim(), target.dim() + 1, to_string(a.sizes()), to_string(b.sizes())));
    }
    if (target.sizes() != row_sizes(a)) {
      throw Error(ErrorKind::bad_argument, "cosine_embedding_loss: there is one target for each row")
          .expected(to_string(row_sizes(a)))
          .found(to_string(target.sizes()));
    }
    return {reduction == Reduction::none ? target.sizes() : Dims{}, a.dtype()};
  }

  struct Angle {
    double dot = 0, a = 1e-12, b = 1e-12;  // lengths squared, kept off 0
    double cosine() const { return dot / std::sqrt(a * b); }
  };
  template <class T>
  static Angle angle(const Rows<T>& a, const Rows<T>& b, int64_t row) {
    Angle sums;
    for (int64_t i = 0; i < a.dim; ++i) {
      sums.dot += a(row, i) * b(row, i);
      sums.a += a(row, i) * a(row, i);
      sums.b += b(row, i) * b(row, i);
    }
    return sums;
  }
  static void forward(const Tensor& x, const Tensor& y, const Tensor& target, double margin, Reduction reduction,
                      const Tensor& out) {
    dispatch_floating(x.dtype(), "cosine_embedding_loss", [&]<class T>() {
      const Rows<T> a(x), b(y);
      const Tensor aims = target.to(float64).contiguous();
      reduce_rows<T>(target.numel(), reduction, static_cast<double>(target.numel()), out, [&](int64_t row) {
        const double aim = aims.data<double>()[row], cosine = angle(a, b, row).cosine();
        if (aim == 1) return 1 - cosine;
        return aim == -1 ? std::max(cosine - margin, 0.0) : 0.0;
      });
    });
  }

  static constexpr const char* backward_name = "CosineEmbeddingLossBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, SavedTensor, double, Reduction>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor& target, double margin, Reduction reduction,
                    const Tensor&) {
    check_has_no_gradient(target, "target");
    return {SavedTensor::input(a), SavedTensor::input(b), SavedTensor::input(target), margin, reduction};
  }
  // d cos / da = b / (|a| |b|) - cos · a / |a|²
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [first, second, targets, margin, reduction] = saved;
    const Tensor &x = first.get(), &y = second.get(), aims = targets.get().to(float64).contiguous();
    std::array<Tensor, 3> gradients;
    dispatch_floating(x.dtype(), "cosine_embedding_loss backward", [&]<class T>() {
      const Rows<T> a(x), b(y);
      const Slopes<T> by_a(edges.needed(0), x), by_b(edges.needed(1), y);
      const RowGradients<T> g(gradient, reduction, static_cast<double>(aims.numel()));
      for (int64_t row = 0; row < aims.numel(); ++row) {
        const Angle sums = angle(a, b, row);
        const double aim = aims.data<double>()[row], cosine = sums.cosine();
        const double sign = aim == 1 ? -1 : aim == -1 && cosine >= margin ? 1 : 0;
        const double slope = sign * g[row];
        for (int64_t i = 0; slope != 0 && i < a.dim; ++i) {
          const double length = std::sqrt(sums.a * sums.b);
          by_a.add(row, i, slope * (b(row, i) / length - cosine * a(row, i) / sums.a));
          by_b.add(row, i, slope * (a(row, i) / length - cosine * b(row, i) / sums.b));
        }
      }
      gradients = {by_a.tensor, by_b.tensor, Tensor()};
    });
    return gradients;
  }
};

// --------------------------------------------------------- max(margin + |anchor - positive| - |anchor - negative|, 0)

// The p-norm of u - v + eps, and how it grows with each of its numbers.
template <class T>
struct Distance {
  const Rows<T>&u, &v;
  double p, eps;

  double off(int64_t row, int64_t i) const { return u(row, i) - v(row, i) + eps; }
  double of(int64_t row) const {
    double sum = 0;
    for (int64_t i = 0; i < u.dim; ++i) {
      const double size = std::abs(off(row, i));
      if (std::isinf(p))
        sum = std::max(sum, size);
      else
        sum += p == 2 ? size * size : p == 1 ? size : p == 0 ? static_cast<double>(size != 0) : std::pow(size, p);
    }
    return std::isinf(p) || p == 0 || p == 1 ? sum : p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p);
  }
  // The greatest alone counts for p = ∞; those that are equally great share.
  double greatest(int64_t row, double norm) const {
    double count = 0;
    for (int64_t i = 0; i < u.dim; ++i) count += std::abs(off(row, i)) == norm ? 1 : 0;
    return count;
  }
  void add_slopes(int64_t row, double slope, const Slopes<T>& by_u, const Slopes<T>& by_v) const {
    const double norm = of(row);
    if (norm == 0 || slope == 0 || p == 0) return;
    const double shared = std::isinf(p) ? greatest(row, norm) : 1;
    for (int64_t i = 0; i < u.dim; ++i) {
      const double d = off(row, i), size = std::abs(d);
      if (size == 0) continue;
      const double grows = std::isinf(p) ? (size == norm ? 1 / shared : 0) : std::pow(size / norm, p - 1);
      by_u.add(row, i, slope * std::copysign(grows, d));
      by_v.add(row, i, -slope * std::copysign(grows, d));
    }
  }
};

struct TripletMargin {
  static constexpr std::string_view schema =
      "aten::triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, float p=2, float "
      "eps=1e-06, bool swap=False, int reduction=Mean) -> Tensor";
  static OutputSpec infer(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double, double p,
                          double, bool, Reduction reduction) {
    check_reduction(reduction);
    if (anchor.dim() == 0 || anchor.dim() != positive.dim() || anchor.dim() != negative.dim()) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("The anchor, positive, and negative tensors are expected to have the same number of "
                              "dimensions, but got: anchor {}D, positive {}D, and negative {}D inputs",
                              anchor.dim(), positive.dim(), negative.dim()));
    }
    check_same("triplet_margin_loss", anchor, positive);
    check_same("triplet_margin_loss", anchor, negative);
    if (!(p >= 0)) {
      throw Error(ErrorKind::unsupported, fmt::format("triplet_margin_loss with p = {} is not implemented", p));
    }
    return {reduction == Reduction::none ? row_sizes(anchor) : Dims{}, anchor.dtype()};
  }

  template <class T>
  struct Triplet {
    Rows<T> anchor, positive, negative;
    Distance<T> near, far, across;
    double margin;
    bool swap;
    Triplet(const Tensor& a, const Tensor& p, const Tensor& n, double margin_, double norm, double eps, bool swap_)
        : anchor(a),
          positive(p),
          negative(n),
          near{anchor, positive, norm, eps},
          far{anchor, negative, norm, eps},
          across{positive, negative, norm, eps},
          margin(margin_),
          swap(swap_) {}
    Triplet(const Triplet&) = delete;
    // With `swap` the nearer of the two to the negative: Balntas et al. 2016.
    bool is_swapped(int64_t row) const { return swap && across.of(row) < far.of(row); }
    double before_clamp(int64_t row) const {
      return margin + near.of(row) - (is_swapped(row) ? across.of(row) : far.of(row));
    }
  };
  static void forward(const Tensor& a, const Tensor& p, const Tensor& n, double margin, double norm, double eps,
                      bool swap, Reduction reduction, const Tensor& out) {
    dispatch_floating(a.dtype(), "triplet_margin_loss", [&]<class T>() {
      const Triplet<T> triplet(a, p, n, margin, norm, eps, swap);
      const int64_t rows = numel_of(row_sizes(a));
      reduce_rows<T>(rows, reduction, static_cast<double>(rows), out,
                     [&](int64_t row) { return std::max(triplet.before_clamp(row), 0.0); });
    });
  }

  static constexpr const char* backward_name = "TripletMarginLossBackward0";
  struct Saved {
    SavedTensor anchor, positive, negative;
    double margin, p, eps;
    bool swap;
    Reduction reduction;
  };
  static Saved save(const Tensor& a, const Tensor& p, const Tensor& n, double margin, double norm, double eps,
                    bool swap, Reduction reduction, const Tensor&) {
    return {SavedTensor::input(a), SavedTensor::input(p), SavedTensor::input(n), margin, norm, eps, swap, reduction};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = saved.anchor.get(), &p = saved.positive.get(), &n = saved.negative.get();
    std::array<Tensor, 3> gradients;
    dispatch_floating(a.dtype(), "triplet_margin_loss backward", [&]<class T>() {
      const Triplet<T> triplet(a, p, n, saved.margin, saved.p, saved.eps, saved.swap);
      const Slopes<T> by_a(edges.needed(0), a), by_p(edges.needed(1), p), by_n(edges.needed(2), n);
      const int64_t rows = numel_of(row_sizes(a));
      const RowGradients<T> g(gradient, saved.reduction, static_cast<double>(rows));
      for (int64_t row = 0; row < rows; ++row) {
        if (triplet.before_clamp(row) < 0) continue;
        const double slope = g[row];
        triplet.near.add_slopes(row, slope, by_a, by_p);
        if (triplet.is_swapped(row))
          triplet.across.add_slopes(row, -slope, by_p, by_n);
        else
          triplet.far.add_slopes(row, -slope, by_a, by_n);
      }
      gradients = {by_a.tensor, by_p.tensor, by_n.tensor};
    });
    return gradients;
  }
};

}  // namespace

std::span<const okibi::Op> vector_loss_ops() {
  static constexpr okibi::Op rows[] = {entry<CosineEmbedding>(), entry<TripletMargin>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& target, double margin,
                             Reduction reduction) {
  return ops::call<ops::CosineEmbedding>(a, b, target, margin, reduction);
}
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin,
                           double p, double eps, bool swap, Reduction reduction) {
  return ops::call<ops::TripletMargin>(anchor, positive, negative, margin, p, eps, swap, reduction);
}

}  // namespace okibi
