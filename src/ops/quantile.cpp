// Quantiles: between which two of the numbers in order a share of them lies.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/losses.h"
#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

using MaybeDim = std::optional<int64_t>;

enum class Between { linear, lower, higher, midpoint, nearest };

Between between_named(const std::string& name) {
  constexpr std::array<std::string_view, 5> names = {"linear", "lower", "higher", "midpoint", "nearest"};
  for (size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<Between>(i);
  }
  throw Error(ErrorKind::bad_argument,
              "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest")
      .found(printable(name, 40));
}

void check(const Tensor& x, const Tensor& q) {
  if (x.numel() == 0) refuse("quantile() input tensor must be non-empty");
  if (q.dim() > 1) {
    throw Error(ErrorKind::bad_argument, "quantile() q must be a scalar or 1D tensor").found(to_string(q.sizes()));
  }
  if (x.dtype() != float32 && x.dtype() != float64) {
    throw Error(ErrorKind::bad_argument, "quantile() input tensor must be either float or double dtype")
        .found(std::string(name_of(x.dtype())));
  }
  if (q.dtype() != x.dtype()) {
    throw Error(ErrorKind::bad_argument, "quantile() q tensor must be same dtype as the input tensor")
        .found(fmt::format("{} and {}", name_of(q.dtype()), name_of(x.dtype())));
  }
  for (const double share : q.to(float64).contiguous().to_vector<double>()) {
    if (share >= 0 && share <= 1) continue;
    throw Error(ErrorKind::bad_argument, "quantile() q values must be in the range [0, 1]")
        .found(fmt::format("{}", share));
  }
}

// For each row of (rows, n) numbers in order, NaN last, and each share: the place below, the place above, and how far
// it is to that.
struct Ranks {
  Tensor below, above, weights;
};

// Of how many numbers the share is: those that are none of NaN, which come last. A row with NaN has that as all
// quantiles, unless those do not count.
template <class T>
T rank_of(T share, int64_t count, int64_t n, bool ignores_nan) {
  if (!ignores_nan && count < n) return static_cast<T>(n - 1);
  return share * static_cast<T>(std::max<int64_t>(count - 1, 0));
}

template <class T>
T rounded(T rank, Between between) {
  if (between == Between::lower) return std::floor(rank);
  if (between == Between::higher) return std::ceil(rank);
  return between == Between::nearest ? std::nearbyint(rank) : rank;
}

template <class T>
Ranks ranks_of(const Tensor& ordered, const Tensor& q, Between between, bool ignores_nan) {
  const int64_t n = ordered.size(-1), rows = ordered.numel() / n, many = q.numel();
  const Ranks ranks = {empty({rows, many}, {int64}), empty({rows, many}, {int64}), empty({rows, many}, {q.dtype()})};
  const auto place = [n](T rank) { return std::min(static_cast<int64_t>(rank), n - 1); };  // a float rounds large ones
  for (int64_t at = 0; at < rows * many;) {
    const std::span<const T> row(ordered.data<T>() + at / many * n, static_cast<size_t>(n));
    const int64_t count = std::ranges::partition_point(row, [](T v) { return v == v; }) - row.begin();
    for (int64_t i = 0; i < many; ++i, ++at) {
      const T rank = rounded(rank_of(q.data<T>()[i], count, n, ignores_nan), between), low = std::floor(rank);
      ranks.below.data<int64_t>()[at] = place(low);
      ranks.above.data<int64_t>()[at] = place(std::ceil(rank));
      ranks.weights.data<T>()[at] = between == Between::midpoint ? T(0.5) : rank - low;
    }
  }
  return ranks;
}

// (…, q) → (q, …), with the dimension where it was.
Tensor arranged(const Tensor& result, const Tensor& x, const Tensor& q, MaybeDim dim, bool keepdim) {
  Dims sizes = {q.numel()};
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    const bool is_reduced = !dim || d == wrap_dim(*dim, x.sizes().size());
    if (!is_reduced || keepdim) sizes.push_back(is_reduced ? 1 : x.sizes()[d]);
  }
  const Tensor first = result.transpose(0, 1).reshape(sizes);
  return q.dim() == 0 ? first.squeeze(0) : first;
}

Tensor quantile(const Tensor& x, const Tensor& q, MaybeDim dim, bool keepdim, const std::string& name,
                bool ignores_nan) {
  const Between between = between_named(name);
  check(x, q);
  check_has_no_gradient(q, "q");
  if (dim) wrap_dim(*dim, x.sizes().size());
  const bool in_one = !dim || x.dim() == 0;
  const Tensor moved = in_one ? x.reshape({-1}) : computed("aten::movedim.int", x, *dim, int64_t{-1});
  const Tensor ordered = okibi::sort(moved.reshape({-1, moved.size(-1)}), -1).values;
  Ranks ranks;
  dispatch_floating(x.dtype(), "quantile", [&]<class T>() {
    ranks = ranks_of<T>(ordered.detach().contiguous(), q.detach().contiguous(), between, ignores_nan);
  });
  Tensor result = okibi::gather(ordered, -1, ranks.below);
  if (between == Between::linear || between == Between::midpoint) {
    const Tensor above = okibi::gather(ordered, -1, ranks.above);
    result = call_named("aten::lerp.Tensor", {result, above, ranks.weights}).to_tensor();
  }
  return arranged(result, x, q, dim, keepdim);
}

template <bool ignores_nan>
struct Quantile {
  static constexpr std::string_view schema =
      ignores_nan ? "aten::nanquantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str "
                    "interpolation=\"linear\") -> Tensor"
                  : "aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str "
                    "interpolation=\"linear\") -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& q, MaybeDim dim, bool keepdim, const std::string& between) {
    return quantile(x, q, dim, keepdim, between, ignores_nan);
  }
};
template <bool ignores_nan>
struct QuantileOfNumber {
  static constexpr std::string_view schema =
      ignores_nan ? "aten::nanquantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str "
                    "interpolation=\"linear\") -> Tensor"
                  : "aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str "
                    "interpolation=\"linear\") -> Tensor";
  static Tensor compose(const Tensor& x, double q, MaybeDim dim, bool keepdim, const std::string& between) {
    return quantile(x, full({}, q, {x.dtype()}), dim, keepdim, between, ignores_nan);
  }
};

}  // namespace

std::span<const okibi::Op> quantile_ops() {
  static constexpr okibi::Op rows[] = {entry<Quantile<false>>(), entry<QuantileOfNumber<false>>(),
                                       entry<Quantile<true>>(), entry<QuantileOfNumber<true>>()};
  return rows;
}

}  // namespace okibi::ops
