// How far rows are apart, each from each or one from one, and at what angles they lie.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// √Σ (x - y)², of eight running sums, which the compiler makes vectors of.
template <class T>
T euclidean(const T* x, const T* y, int64_t n) {
  std::array<T, 8> sums = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int64_t lane = 0; lane < 8; ++lane) {
      const T off = x[i + lane] - y[i + lane];
      sums[lane] += off * off;
    }
  }
  for (; i < n; ++i) sums[0] += (x[i] - y[i]) * (x[i] - y[i]);
  T total = 0;
  for (const T sum : sums) total += sum;
  return std::sqrt(total);
}

template <class T>
T distance(const T* x, const T* y, int64_t n, double p) {
  if (p == 2) return euclidean(x, y, n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double size = std::abs(static_cast<double>(x[i] - y[i]));
    if (std::isinf(p))
      sum = size > sum || std::isnan(size) ? size : sum;
    else
      sum += p == 0 ? (size != 0 ? 1 : 0) : p == 1 ? size : std::pow(size, p);
  }
  return static_cast<T>(std::isinf(p) || p == 0 || p == 1 ? sum : std::pow(sum, 1 / p));
}

// How the distance grows with a number that is `off` from the other one's. Of several that are the greatest each counts
// in full, as in PyTorch.
double slope(double off, double distance, double p) {
  const double size = std::abs(off), sign = (off > 0) - (off < 0);
  if (p == 0 || distance == 0) return 0;
  if (p == 1) return sign;
  if (std::isinf(p)) return size == distance ? sign : 0;
  if (p == 2) return off / distance;
  return size == 0 ? 0 : sign * std::pow(size / distance, p - 1);
}

// to_x and to_y, which may be null, get their shares of a gradient.
template <class T>
struct Growth {
  int64_t n;
  double p;
  void add(const T* x, const T* y, double distance, double up, T* to_x, T* to_y) const {
    if (up == 0) return;
    for (int64_t i = 0; i < n; ++i) {
      const double share = up * slope(static_cast<double>(x[i] - y[i]), distance, p);
      if (to_x != nullptr) to_x[i] += static_cast<T>(share);
      if (to_y != nullptr) to_y[i] -= static_cast<T>(share);
    }
  }
};

void require_norm(double p, std::string_view name) {
  if (p >= 0) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} only supports non-negative p values", name))
      .found(fmt::format("{}", p));
}
// ------------------------------------------------------------------------------------------------------ each from each

// (*, p, m) and (*, r, m) → (*, p, r). Whatever the mode, the differences themselves are squared: where PyTorch goes by
// matrix products, rows that are near to each other are exacter here.
struct Cdist {
  static constexpr std::string_view schema =
      "aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& y, double p, std::optional<int64_t> mode) {
    for (const Tensor* one : {&x, &y}) {
      require_floating(*one, "cdist");
      if (one->dim() >= 2) continue;
      refuse(fmt::format("cdist only supports at least 2D tensors, got {}D", one->dim()));
    }
    if (x.dtype() != y.dtype() || x.size(-1) != y.size(-1)) {
      throw Error(ErrorKind::bad_argument, "cdist: X1 and X2 must have the same dtype and number of columns")
          .found(fmt::format("{} {} and {} {}", name_of(x.dtype()), to_string(x.sizes()), name_of(y.dtype()),
                             to_string(y.sizes())));
    }
    require_norm(p, "cdist");
    if (mode && (*mode < 0 || *mode > 2)) {
      throw Error(ErrorKind::bad_argument, "possible modes of cdist: 0, 1, 2").found(std::to_string(*mode));
    }
    Dims sizes = batch_of(x, y);
    sizes.push_back(x.size(-2));
    sizes.push_back(y.size(-2));
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& y, double p, std::optional<int64_t>, const Tensor& out) {
    if (out.numel() == 0) return;
    const Tensor a = spread(x, batch_of(x, y)), b = spread(y, batch_of(x, y));
    const int64_t m = a.size(-1), rows = a.size(-2), columns = b.size(-2);
    dispatch_floating(x.dtype(), "cdist", [&]<class T>() {
      const int64_t grain = std::max<int64_t>(kernels::elementwise_grain / std::max<int64_t>(m * columns, 1), 1);
      kernels::split(out.numel() / columns, grain, [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row) {
          const T* const others = b.data<T>() + row / rows * columns * m;
          for (int64_t j = 0; j < columns; ++j) {
            out.data<T>()[row * columns + j] = distance(a.data<T>() + row * m, others + j * m, m, p);
          }
        }
      });
    });
  }

  static constexpr const char* backward_name = "CdistBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, SavedTensor, double>;
  static Saved save(const Tensor& x, const Tensor& y, double p, std::optional<int64_t>, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::input(y), SavedTensor::output(out), p};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &x = std::get<0>(saved).get(), &y = std::get<1>(saved).get();
    const Tensor a = spread(x, batch_of(x, y)), b = spread(y, batch_of(x, y)), g = gradient.contiguous(),
                 out = std::get<2>(saved).get().contiguous();
    const Tensor to_a = edges.needed(0) ? zeros(a.sizes(), {x.dtype()}) : Tensor();
    const Tensor to_b = edges.needed(1) ? zeros(b.sizes(), {x.dtype()}) : Tensor();
    const int64_t m = a.size(-1), rows = a.size(-2), columns = b.size(-2);
    dispatch_floating(x.dtype(), "cdist", [&]<class T>() {
      const Growth<T> growth{m, std::get<3>(saved)};
      const auto row_of = [m](const Tensor& to, int64_t row) {
        return to.defined() ? to.data<T>() + row * m : nullptr;
      };
      for (int64_t at = 0; at < out.numel(); ++at) {
        const int64_t row = at / columns, other = row / rows * columns + at % columns;
        growth.add(a.data<T>() + row * m, b.data<T>() + other * m, static_cast<double>(out.data<T>()[at]),
                   static_cast<double>(g.data<T>()[at]), row_of(to_a, row), row_of(to_b, other));
      }
    });
    return {to_a.defined() ? sum_to(to_a, x.sizes()) : Tensor(), to_b.defined() ? sum_to(to_b, y.sizes()) : Tensor()};
  }

 private:
  static Dims without_matrix(const Tensor& x) {
    return Dims(std::span<const int64_t>(x.sizes()).first(x.sizes().size() - 2));
  }
  static Dims batch_of(const Tensor& x, const Tensor& y) {
    return broadcast_sizes(without_matrix(x), without_matrix(y));
  }
  static Tensor spread(const Tensor& x, Dims sizes) {
    sizes.push_back(x.size(-2));
    sizes.push_back(x.size(-1));
    return x.expand(sizes).contiguous();
  }
};

// Of n rows those of each with all behind it: n (n - 1) / 2.
struct Pdist {
  static constexpr std::string_view schema = "aten::pdist(Tensor self, float p=2.) -> Tensor";
  static constexpr int64_t most = int64_t{1} << 31;
  static OutputSpec infer(const Tensor& x, double p) {
    if (x.dim() != 2) refuse(fmt::format("pdist only supports 2D tensors, got: {}D", x.dim()));
    require_floating(x, "pdist");
    require_norm(p, "pdist");
    const int64_t n = x.size(0);
    if (n > most) throw Error(ErrorKind::limit, "pdist: so many rows have too many distances").found(std::to_string(n));
    return {{n * (n - 1) / 2}, x.dtype()};
  }
  // visit(row, a row behind it, place in the result)
  template <class Visit>
  static void for_each_pair(int64_t n, Visit&& visit) {
    int64_t at = 0;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) visit(i, j, at++);
    }
  }
  static void forward(const Tensor& x, double p, const Tensor& out) {
    const Tensor in = x.contiguous();
    const int64_t m = x.size(1);
    dispatch_floating(x.dtype(), "pdist", [&]<class T>() {
      for_each_pair(x.size(0), [&](int64_t i, int64_t j, int64_t at) {
        out.data<T>()[at] = distance(in.data<T>() + i * m, in.data<T>() + j * m, m, p);
      });
    });
  }

  static constexpr const char* backward_name = "PdistBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, double>;
  static Saved save(const Tensor& x, double p, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out), p};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor x = std::get<0>(saved).get().contiguous(), out = std::get<1>(saved).get().contiguous();
    const Tensor g = gradient.contiguous(), result = zeros(x.sizes(), {x.dtype()});
    const int64_t m = x.size(1);
    dispatch_floating(x.dtype(), "pdist", [&]<class T>() {
      const Growth<T> growth{m, std::get<2>(saved)};
      for_each_pair(x.size(0), [&](int64_t i, int64_t j, int64_t at) {
        growth.add(x.data<T>() + i * m, x.data<T>() + j * m, static_cast<double>(out.data<T>()[at]),
                   static_cast<double>(g.data<T>()[at]), result.data<T>() + i * m, result.data<T>() + j * m);
      });
    });
    return {result};
  }
};

// -------------------------------------------------------------------------------------------------------- one from one

struct PairwiseDistance {
  static constexpr std::string_view schema =
      "aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) "
      "-> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& y, double p, double eps, bool keepdim) {
    const int64_t last = std::max<int64_t>({x.dim(), y.dim(), 1}) - 1;
    return okibi::norm(okibi::add(okibi::sub(x, y), eps), p, Dims{last}, keepdim);
  }
};

struct CosineSimilarity {
  static constexpr std::string_view schema =
      "aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& y, int64_t dim, double eps) {
    const OutputSpec spec = promoted(x, y);
    if (!is_floating_point(spec.dtype)) {
      throw Error(ErrorKind::bad_argument, "cosine_similarity: expected common dtype to be floating point")
          .found(std::string(name_of(spec.dtype)));
    }
    if (is_half(spec.dtype)) return compose(widened(x), widened(y), dim, eps).to(spec.dtype);  // eps is no half
    const Tensor a = x.to(spec.dtype).expand(spec.sizes), b = y.to(spec.dtype).expand(spec.sizes);
    const auto direction = [&](const Tensor& of) {
      return okibi::div(of, okibi::clamp(okibi::norm(of, 2, Dims{dim}, true), eps));
    };
    return okibi::sum(okibi::mul(direction(a), direction(b)), dim);
  }
};

}  // namespace

std::span<const okibi::Op> distance_ops() {
  static constexpr okibi::Op rows[] = {entry<Cdist>(), entry<Pdist>(), entry<PairwiseDistance>(),
                                       entry<CosineSimilarity>()};
  return rows;
}

}  // namespace okibi::ops
