// L and U as results: of a matrix, apart, and for solving.
#include "ops/linalg.h"

namespace okibi::ops {
namespace {

constexpr char no_gradient_of_lu[] = "the factors L and U have no gradient yet";

struct LuFactorEx {
  static constexpr const char* no_gradient = no_gradient_of_lu;
  static constexpr std::string_view schema =
      "aten::linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, "
      "Tensor info)";
  static std::array<OutputSpec, 3> infer(const Tensor& x, bool pivot, bool) {
    require_matrices(x, "torch.linalg.lu_factor");
    if (!pivot) refuse("linalg.lu_factor: LU without pivoting is not implemented on the CPU");
    const Dims batch = batch_of(x);
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{with_vector(batch, std::min(x.size(-1), x.size(-2))), int32},
            OutputSpec{batch, int32}};
  }
  static void forward(const Tensor& x, bool, bool check_errors, const Tensor& lu, const Tensor& pivots,
                      const Tensor& info) {
    const Factors factors(x);
    if (check_errors) check(factors.info);
    lu.copy_(transposed(factors.lu));
    pivots.copy_(factors.pivots);
    info.copy_(factors.info);
  }
  static void check(const Tensor& info) {
    check_info(info, "torch.linalg.lu_factor", [](int32_t pivot) {
      return fmt::format(
          "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still "
          "want to perform the factorization, consider calling linalg.lu(A, pivot) or "
          "linalg.lu_factor_ex(A, pivot)",
          pivot);
    });
  }
};
struct LuFactor {
  static constexpr const char* no_gradient = no_gradient_of_lu;
  static constexpr std::string_view schema =
      "aten::linalg_lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, bool pivot) {
    const auto specs = LuFactorEx::infer(x, pivot, true);
    return {specs[0], specs[1]};
  }
  static void forward(const Tensor& x, bool pivot, const Tensor& lu, const Tensor& pivots) {
    LuFactorEx::forward(x, pivot, true, lu, pivots, empty(batch_of(x), {int32}));
  }
};

// The order of m rows that k exchanges of `pivots` make.
std::vector<int64_t> order_of(const int32_t* pivots, int64_t k, int64_t m) {
  std::vector<int64_t> order(static_cast<size_t>(m));
  for (int64_t row = 0; row < m; ++row) order[static_cast<size_t>(row)] = row;
  for (int64_t row = 0; row < k; ++row) {
    const int64_t other = pivots[row] - int64_t{1};
    if (other < 0 || other >= m) {
      throw Error(ErrorKind::out_of_range,
                  "pivots passed to lu_unpack must be between 1 and LU_data.size(-2) inclusive")
          .found(std::to_string(other + 1));
    }
    std::swap(order[static_cast<size_t>(row)], order[static_cast<size_t>(other)]);
  }
  return order;
}
// The rows that `pivots` (*, k) exchanges, as matrices (*, m, m) that undo it.
Tensor permutation(const Tensor& pivots, int64_t m, DType dtype) {
  const int64_t k = pivots.size(-1);
  Dims batch = pivots.sizes();
  batch.erase(batch.size() - 1);
  const Tensor result = zeros(with_matrix(batch, m, m), {dtype}), from = pivots.contiguous();
  dispatch_floating(dtype, "lu_unpack", [&]<class T>() {
    for (int64_t i = 0; i < numel_of(batch); ++i) {
      const std::vector<int64_t> order = order_of(from.data<int32_t>() + i * k, k, m);
      T* const matrix = result.data<T>() + i * m * m;
      for (int64_t column = 0; column < m; ++column) matrix[order[static_cast<size_t>(column)] * m + column] = 1;
    }
  });
  return result;
}
void require_pivots(const Tensor& lu, const Tensor& pivots, std::string_view name) {
  require_matrices(lu, name, "LU");
  const bool fits =
      pivots.dtype() == int32 && pivots.sizes() == with_vector(batch_of(lu), std::min(lu.size(-1), lu.size(-2)));
  if (fits) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("{}: the pivots are expected to be those of LU, in torch.int32", name))
      .found(fmt::format("{} of {} for {}", to_string(pivots.sizes()), name_of(pivots.dtype()), to_string(lu.sizes())));
}
std::array<Tensor, 2> triangles_of(const Tensor& lu) {
  const int64_t k = std::min(lu.size(-1), lu.size(-2));
  const Tensor square = identity(k, lu.dtype());
  const Tensor below = zeros({lu.size(-2) - k, k}, {lu.dtype()}), wide = okibi::cat({square, below}, 0);
  return {okibi::add(okibi::tril(lu.narrow(-1, 0, k), -1), wide), okibi::triu(lu.narrow(-2, 0, k))};
}

struct LuUnpack {
  static constexpr std::string_view schema =
      "aten::lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> (Tensor P, "
      "Tensor L, Tensor U)";
  static std::array<Tensor, 3> compose(const Tensor& lu, const Tensor& pivots, bool unpack_data, bool unpack_pivots) {
    require_pivots(lu, pivots, "lu_unpack");
    const Tensor none = zeros({0}, {lu.dtype()});
    const auto triangles = unpack_data ? triangles_of(lu) : std::array<Tensor, 2>{none, none};
    return {unpack_pivots ? permutation(pivots, lu.size(-2), lu.dtype()) : none, triangles[0], triangles[1]};
  }
};
struct LinalgLu {
  static constexpr const char* no_gradient = no_gradient_of_lu;
  static constexpr std::string_view schema =
      "aten::linalg_lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)";
  static std::array<OutputSpec, 3> infer(const Tensor& x, bool pivot) {
    LuFactorEx::infer(x, pivot, false);
    const Dims batch = batch_of(x);
    const int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
    return {OutputSpec{with_matrix(batch, m, m), x.dtype()}, OutputSpec{with_matrix(batch, m, k), x.dtype()},
            OutputSpec{with_matrix(batch, k, n), x.dtype()}};
  }
  static void forward(const Tensor& x, bool, const Tensor& order, const Tensor& lower, const Tensor& upper) {
    const Factors factors(x);
    const auto triangles = triangles_of(transposed(factors.lu));
    order.copy_(permutation(factors.pivots, x.size(-2), x.dtype()));
    lower.copy_(triangles[0]);
    upper.copy_(triangles[1]);
  }
};

// By what is known of the factors: P·L·U·x = b.
Tensor solved_by_factors(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left, bool adjoint) {
  require_square(lu, "linalg.lu_solve", "LU");
  require_pivots(lu, pivots, "linalg.lu_solve");
  require_matrices(b, "linalg.lu_solve", "B");
  if (b.dtype() != lu.dtype() || b.size(left ? -2 : -1) != lu.size(-1)) {
    refuse(fmt::format("linalg.lu_solve: Incompatible shapes or dtypes of LU and B ({} and {})", to_string(lu.sizes()),
                       to_string(b.sizes())));
  }
  const bool is_transposed = left == adjoint;
  const auto [lower, upper] = triangles_of(lu);
  const Tensor order = permutation(pivots, lu.size(-1), lu.dtype()), right = left ? b : transposed(b);
  Tensor x;
  if (!is_transposed) {
    const Tensor y = solved_triangle(lower, okibi::matmul(transposed(order), right), {.upper = false, .unit = true});
    x = solved_triangle(upper, y, {});
  } else {
    const Tensor y = solved_triangle(upper, right, {.transposed = true});
    x = okibi::matmul(order, solved_triangle(lower, y, {.upper = false, .transposed = true, .unit = true}));
  }
  return left ? x : transposed(x).contiguous();
}
struct LuSolve {
  static constexpr std::string_view schema = "aten::lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor";
  static Tensor compose(const Tensor& b, const Tensor& lu, const Tensor& pivots) {
    return solved_by_factors(lu, pivots, b, true, false);
  }
};
struct LinalgLuSolve {
  static constexpr std::string_view schema =
      "aten::linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor";
  static Tensor compose(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left, bool adjoint) {
    return solved_by_factors(lu, pivots, b, left, adjoint);
  }
};

}  // namespace

std::span<const okibi::Op> lu_factor_ops() {
  static constexpr okibi::Op rows[] = {
      entry<LuFactorEx>(), entry<LuFactor>(), entry<LinalgLu>(),
      entry<LuUnpack>(),   entry<LuSolve>(),  entry<LinalgLuSolve>(),
  };
  return rows;
}

}  // namespace okibi::ops
