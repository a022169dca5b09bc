// ops/linalg.h: what the operators of linear algebra have in common: batches (*, m, n) of matrices, of float32 or
// float64.
#pragma once

#include <fmt/format.h>

#include "kernels/linalg.h"
#include "kernels/split.h"
#include "ops/by_name.h"
#include "ops/dispatch.h"

namespace okibi::ops {

// Error(bad_argument), in PyTorch's words, unless x is such a batch, of square matrices where that is wanted.
void require_matrices(const Tensor& x, std::string_view name, std::string_view argument = "A");
void require_square(const Tensor& x, std::string_view name, std::string_view argument = "A");

// Of two operands of A·X = b, or X·A = b: A square, both of one dtype, and of sides that fit.
void require_fitting(const Tensor& a, const Tensor& b, bool left, std::string_view name, std::string_view b_name);

Dims batch_of(const Tensor& x);  // the *
Dims common_batch(const Tensor& a, const Tensor& b);
Dims with_matrix(Dims batch, int64_t m, int64_t n);
Dims with_vector(Dims batch, int64_t n);
Tensor repeated_to(const Dims& batch, const Tensor& x);  // a view, with the matrices repeated
inline Tensor transposed(const Tensor& x) { return x.transpose(-2, -1); }
inline Tensor by_columns(const Tensor& x) { return transposed(x).clone(); }  // a copy that LAPACK may work in
Tensor identity(int64_t n, DType dtype);

// Error(bad_argument) where one of the infos (*) is not 0; text(info) says what that means.
template <class Text>
void check_info(const Tensor& info, std::string_view name, Text&& text) {
  for (int64_t i = 0; i < info.numel(); ++i) {
    const int32_t found = info.data<int32_t>()[i];
    if (found == 0) continue;
    const std::string where = info.dim() > 0 ? fmt::format("(Batch element {}): ", i) : std::string();
    throw Error(ErrorKind::bad_argument, fmt::format("{}: {}{}", name, where, text(found)));
  }
}

// What a matrix costs, in multiplications. In a batch of none the sides may be such that no integer holds the product.
inline double cost_of(int64_t m, int64_t n, int64_t k) {
  return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
}
// work(i) for each of `count` matrices that cost so much each.
template <class Work>
void for_each_matrix(int64_t count, double cost, Work&& work) {
  constexpr double worth_a_thread = 1 << 18;
  const auto grain = static_cast<int64_t>(std::max(worth_a_thread / std::max(cost, 1.0), 1.0));
  kernels::split(count, grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) work(i);
  });
}

inline int64_t matrices_in(const Tensor& x) { return numel_of(batch_of(x)); }
// Error(limit): what LAPACK works in grows with the square of a side, which it counts in ints.
void require_moderate(const Tensor& x, std::string_view name);

// L and U of each matrix, in one by columns: `lu` (*, n, m) is the transposed one, stored by rows.
struct Factors {
  Tensor lu, pivots, info;  // (*, min(m, n)) and (*) in int32
  explicit Factors(const Tensor& x);
};

// ---- with gradients, in C++
Tensor inverse_of(const Tensor& x);                                                    // Error where it is singular
Tensor solved_triangle(const Tensor& a, const Tensor& b, const kernels::Triangle& t);  // (*, n, n) and (*, n, k)
struct SingularValues {
  Tensor u, s, vh;  // (*, m, k), (*, k), (*, k, n) with k = min(m, n)
};
SingularValues svd_of(const Tensor& x);
Tensor singular_values_of(const Tensor& x);  // s alone, which costs a fraction where no gradient is wanted

}  // namespace okibi::ops
