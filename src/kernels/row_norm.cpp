// Rows that max_norm keeps short. The order of operations is that of PyTorch's norm on x86-64 with AVX2, found by
// trying: which row is scaled, and by what, depends on the last bit.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/embedding.h"
#include "kernels/row_groups.h"

namespace okibi::kernels {
namespace {

// Σ x², in as many running sums as a vector of 32 bytes has numbers, multiplied and then added; these sums one after
// the other; then what is left over: four by four as before, the last ones fused.
template <class T>
T sum_of_squares(int64_t dim, const T* row) {
  constexpr int64_t lanes = 32 / sizeof(T), unfused = std::is_same_v<T, float> ? 4 : lanes;
  T sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= dim; i += lanes)
    for (int64_t lane = 0; lane < lanes; ++lane) sums[lane] += row[i + lane] * row[i + lane];
  T total = 0;
  for (const T sum : sums) total += sum;
  for (const int64_t end = i + (dim - i) / unfused * unfused; i < end; ++i) total += row[i] * row[i];
  for (; i < dim; ++i) total = std::fma(row[i], row[i], total);
  return total;
}

// A power as one rounding of the exact one, which is what PyTorch's float power comes to.
template <class T>
T power(T base, double exponent) {
  return static_cast<T>(std::pow(static_cast<double>(base), exponent));
}

template <class T>
T norm_of(int64_t dim, const T* row, double p) {
  if (p == 2) return std::sqrt(sum_of_squares(dim, row));
  const bool is_infinite = std::isinf(p);
  T total = p == -std::numeric_limits<double>::infinity() ? std::numeric_limits<T>::infinity() : T(0);
  for (int64_t i = 0; i < dim; ++i) {
    const T size = std::abs(row[i]);
    if (is_infinite)
      total = std::isnan(size) || std::isnan(total) ? total + size
              : p > 0                               ? std::max(total, size)
                                                    : std::min(total, size);
    else
      total += p == 0 ? T(size != 0) : p == 1 ? size : power(size, static_cast<T>(p));
  }
  return is_infinite || p == 0 || p == 1 ? total : power(total, T(1) / static_cast<T>(p));
}

template <class T>
double row_norm(int64_t dim, const T* row, double p) {
  if constexpr (is_small_float<T>) {
    const Scratch<float> wide(static_cast<size_t>(dim));
    std::transform(row, row + dim, wide.data(), [](T number) { return static_cast<float>(number); });
    return static_cast<float>(T(norm_of(dim, wide.data(), p)));
  } else {
    return norm_of(dim, row, p);
  }
}

}  // namespace

template <class T, class Index>
void renormalise(std::span<const Index> ids, int64_t rows, int64_t dim, double max_norm, double p, T* table) {
  const RowGroups groups(ids, rows);
  groups.share_rows(elementwise_grain / std::max<int64_t>(dim, 1) + 1, [&](size_t first, size_t last) {
    groups.for_each_row(first, last, [&](size_t begin, size_t) {
      T* const row = table + groups.row(begin) * dim;
      const double norm = row_norm(dim, row, p);
      if (!(norm > max_norm)) return;
      const T scale(static_cast<Wide<T>>(max_norm / (norm + 1e-7)));
      for (int64_t i = 0; i < dim; ++i) row[i] = T(static_cast<Wide<T>>(row[i]) * static_cast<Wide<T>>(scale));
    });
  });
}

#define INSTANTIATE(T)                                                                       \
  template void renormalise(std::span<const int32_t>, int64_t, int64_t, double, double, T*); \
  template void renormalise(std::span<const int64_t>, int64_t, int64_t, double, double, T*);
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(Half)
INSTANTIATE(BFloat16)
#undef INSTANTIATE

}  // namespace okibi::kernels
