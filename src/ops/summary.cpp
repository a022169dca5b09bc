// What sums up numbers: areas under curves, covariances, histograms, traces.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// Numbers that are whole count as such in the C++ functions; here a float stays one.
Tensor times(const Tensor& x, double number) { return call_named("aten::mul.Scalar", {x, number}).to_tensor(); }
Tensor over(const Tensor& x, double number) { return call_named("aten::div.Scalar", {x, number}).to_tensor(); }

// ------------------------------------------------------------------------------------------------ areas under a curve

struct Sides {
  Tensor left, right;
  Sides(const Tensor& x, int64_t dim) : left(x.slice(dim, 0, -1, 1)), right(x.slice(dim, 1, INT64_MAX, 1)) {}
  Tensor sum() const { return okibi::add(left, right); }
};

void require_no_truths(const Tensor& x, std::string_view name) {
  if (x.dtype() != boolean) return;
  refuse(fmt::format("{}: bool is not supported", name));
}

int64_t along(const Tensor& y, int64_t dim) { return static_cast<int64_t>(wrap_dim(dim, y.sizes().size())); }

// Of no points the area is 0.
Tensor no_area(const Tensor& y, int64_t dim) { return okibi::sum(y, dim).to(y.dtype()); }

// How far the points are apart; x in one dimension lies along `dim` of y.
Tensor widths(const Tensor& y, const Tensor& x, int64_t dim, std::string_view name) {
  require_no_truths(x, name);
  require_no_truths(y, name);
  if (x.dim() != 1) {
    Dims sizes = x.sizes();
    while (sizes.size() < y.sizes().size()) sizes.insert(0, 1);
    const Sides sides(x.reshape(sizes), dim);
    return okibi::sub(sides.right, sides.left);
  }
  if (x.size(0) != y.size(dim)) {
    throw Error(ErrorKind::bad_argument, fmt::format("{}: There must be one `x` value for each sample point", name))
        .expected(std::to_string(y.size(dim)))
        .found(std::to_string(x.size(0)));
  }
  Dims sizes(y.sizes().size(), 1);
  sizes[static_cast<size_t>(dim)] = x.size(0);
  const Sides sides(x.reshape(sizes), dim);
  return okibi::sub(sides.right, sides.left);
}

void require_dims(const Tensor& y, std::string_view name) {
  if (y.dim() > 0) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} wants points along a dimension", name)).found("a 0-dim tensor");
}

struct TrapezoidX {
  static constexpr std::string_view schema = "aten::trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& y, const Tensor& x, int64_t dim) {
    require_dims(y, "trapezoid");
    const int64_t at = along(y, dim);
    if (y.size(at) == 0) return no_area(y, at);
    const Tensor area = okibi::mul(Sides(y, at).sum(), widths(y, x, at, "trapezoid"));
    return over(okibi::sum(area, at), 2.0);
  }
};
Tensor trapezoid(const Tensor& y, double dx, int64_t dim) {
  require_dims(y, "trapezoid");
  require_no_truths(y, "trapezoid");
  const int64_t at = along(y, dim);
  if (y.size(at) == 0) return no_area(y, at);
  return times(okibi::sum(Sides(y, at).sum(), at), dx / 2);
}
struct TrapezoidDx {
  static constexpr std::string_view schema = "aten::trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& y, double dx, int64_t dim) { return trapezoid(y, dx, dim); }
};
struct TrapzDx {
  static constexpr std::string_view schema = "aten::trapz.dx(Tensor y, *, float dx=1., int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& y, double dx, int64_t dim) { return trapezoid(y, dx, dim); }
};
struct CumulativeTrapezoidX {
  static constexpr std::string_view schema =
      "aten::cumulative_trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& y, const Tensor& x, int64_t dim) {
    require_dims(y, "cumulative_trapezoid");
    const int64_t at = along(y, dim);
    const Tensor area = okibi::mul(Sides(y, at).sum(), widths(y, x, at, "cumulative_trapezoid"));
    return over(okibi::cumsum(area, at), 2.0);
  }
};
struct CumulativeTrapezoidDx {
  static constexpr std::string_view schema =
      "aten::cumulative_trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& y, double dx, int64_t dim) {
    require_dims(y, "cumulative_trapezoid");
    require_no_truths(y, "cumulative_trapezoid");
    const int64_t at = along(y, dim);
    return okibi::cumsum(times(Sides(y, at).sum(), dx / 2), at);
  }
};

// --------------------------------------------------------------------------------------------------------- covariances

void check_weights(const Tensor& weights, int64_t observations, bool are_counts) {
  const char* name = are_counts ? "fweights" : "aweights";
  if (weights.dim() > 1 || weights.numel() != observations) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("cov(): expected {} to have one number for each observation", name))
        .expected(std::to_string(observations))
        .found(to_string(weights.sizes()));
  }
  if (are_counts != is_integral(weights.dtype()) || (!are_counts && !is_floating_point(weights.dtype()))) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("cov(): expected {} to have {} dtype", name, are_counts ? "integral" : "floating point"))
        .found(std::string(name_of(weights.dtype())));
  }
  if (weights.numel() > 0 && okibi::amin(weights).to(float64).item<double>() < 0) {
    refuse(fmt::format("cov(): {} cannot be negative", name));
  }
}

// Rows are variables, columns observations.
struct Cov {
  static constexpr std::string_view schema =
      "aten::cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor";
  static Tensor compose(const Tensor& tensor, int64_t correction, const Tensor& counts, const Tensor& shares) {
    require_no_truths(tensor, "cov()");
    if (tensor.dim() > 2) {
      throw Error(ErrorKind::bad_argument, "cov(): expected input to have two or fewer dimensions")
          .found(to_string(tensor.sizes()));
    }
    const Tensor x = tensor.dim() < 2 ? tensor.reshape({1, -1}) : tensor;
    if (counts.defined()) check_weights(counts, x.size(1), true);
    if (shares.defined()) check_weights(shares, x.size(1), false);
    const Tensor weights = counts.defined() && shares.defined() ? okibi::mul(counts, shares)
                           : counts.defined()                   ? counts
                                                                : shares;
    const Tensor weighed = weights.defined() ? okibi::mul(x, weights) : x;
    const Tensor total = weights.defined() ? okibi::sum(weights) : count_tensor(x.size(1));
    const Tensor off = okibi::sub(x, okibi::div(okibi::sum(weighed, 1), total).unsqueeze(1));
    const Tensor products = okibi::mm(off, (weights.defined() ? okibi::mul(off, weights) : off).t());
    return okibi::div(products, divisor(weights, shares, total, correction)).squeeze();
  }

 private:
  static Tensor count_tensor(int64_t count) { return number_tensor(count, int64); }
  static Tensor divisor(const Tensor& weights, const Tensor& shares, const Tensor& total, int64_t correction) {
    Tensor by = okibi::sub(total, count_tensor(correction));
    if (weights.defined() && shares.defined() && correction != 0) {
      const Tensor squares = okibi::div(okibi::sum(okibi::mul(weights, shares)), total);
      by = okibi::sub(total, okibi::mul(squares, count_tensor(correction)));
    }
    return okibi::clamp(by, 0.0);
  }
};

struct Corrcoef {
  static constexpr std::string_view schema = "aten::corrcoef(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) {
    if (x.dim() > 2) {
      throw Error(ErrorKind::bad_argument, "corrcoef(): expected input to have two or fewer dimensions")
          .found(to_string(x.sizes()));
    }
    const Tensor c = Cov::compose(x, 1, {}, {});
    if (c.dim() == 0) return okibi::div(c, c);
    const Tensor deviation = okibi::sqrt(call_named("aten::diagonal", {c, 0, 0, 1}).to_tensor());
    return okibi::clamp(okibi::div(okibi::div(c, deviation.unsqueeze(1)), deviation.unsqueeze(0)), -1.0, 1.0);
  }
};

struct Trace {
  static constexpr std::string_view schema = "aten::trace(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) {
    if (x.dim() != 2) {
      refuse(fmt::format("trace: expected a matrix, but got tensor with dim {}", x.dim()));
    }
    return okibi::sum(call_named("aten::diagonal", {x, 0, 0, 1}).to_tensor());
  }
};

// ---------------------------------------------------------------------------------------------------------- histograms

struct Histc {
  static constexpr std::string_view schema =
      "aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t bins, double least, double most) {
    if (x.dtype() != float32 && x.dtype() != float64) throw_cannot_compute("histc", x.dtype());
    if (bins <= 0) throw Error(ErrorKind::bad_argument, "histc(): bins must be > 0").found(std::to_string(bins));
    if (!std::isfinite(least) || !std::isfinite(most)) {
      throw Error(ErrorKind::bad_argument, "histc(): the range is not finite")
          .found(fmt::format("{} to {}", least, most));
    }
    if (least > most) {
      throw Error(ErrorKind::bad_argument, "histc(): max must be larger than min")
          .found(fmt::format("{} to {}", least, most));
    }
    return {{bins}, x.dtype()};
  }
  // Where no range is given, that of the numbers; of one number alone, one more to both sides.
  template <class T>
  static std::pair<T, T> range(const T* x, int64_t n, T least, T most) {
    if (least == most && n > 0) {
      for (int64_t i = 0; i < n; ++i) {
        least = i == 0 || x[i] < least || std::isnan(x[i]) ? x[i] : least;
        most = i == 0 || x[i] > most || std::isnan(x[i]) ? x[i] : most;
      }
    }
    if (!std::isfinite(least) || !std::isfinite(most)) {
      throw Error(ErrorKind::bad_argument, "histc(): the range of the numbers is not finite")
          .found(fmt::format("{} to {}", least, most));
    }
    return least == most ? std::pair(least - 1, most + 1) : std::pair(least, most);
  }
  static void forward(const Tensor& x, int64_t bins, double min, double max, const Tensor& out) {
    out.zero_();
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "histc", [&]<class T>() {
      const T* const numbers = in.data<T>();
      const auto [least, most] = range(numbers, in.numel(), static_cast<T>(min), static_cast<T>(max));
      for (int64_t i = 0; i < in.numel(); ++i) {
        if (!(numbers[i] >= least && numbers[i] <= most)) continue;
        const T at = (numbers[i] - least) * static_cast<T>(bins) / (most - least);
        out.data<T>()[std::clamp<int64_t>(std::isfinite(at) ? static_cast<int64_t>(at) : 0, 0, bins - 1)] += 1;
      }
    });
  }
};

}  // namespace

std::span<const okibi::Op> summary_ops() {
  static constexpr okibi::Op rows[] = {entry<TrapezoidX>(),
                                       entry<TrapezoidDx>(),
                                       entry<TrapzDx>(),
                                       entry<CumulativeTrapezoidX>(),
                                       entry<CumulativeTrapezoidDx>(),
                                       entry<Cov>(),
                                       entry<Corrcoef>(),
                                       entry<Trace>(),
                                       entry<Histc>()};
  return rows;
}

}  // namespace okibi::ops
