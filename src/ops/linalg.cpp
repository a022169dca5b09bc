// Systems of equations, inverses and determinants: all by the factors L and U.
#include "ops/linalg.h"

#include <cmath>
#include <limits>

#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {

namespace {
[[noreturn]] void refuse(std::string sentence) { throw Error(ErrorKind::bad_argument, std::move(sentence)); }
}  // namespace

void require_matrices(const Tensor& x, std::string_view name, std::string_view argument) {
  if (x.dim() < 2) {
    refuse(fmt::format("{}: The input tensor {} must have at least 2 dimensions.", name, argument));
  }
  if (x.dtype() != float32 && x.dtype() != float64) {
    throw Error(ErrorKind::bad_argument, fmt::format("{}: Expected a floating point or complex tensor as input. Got {}",
                                                     name, name_of(x.dtype())))
        .hint("Convert with .to(okibi::float32) first.");
  }
  constexpr int64_t most = int64_t{1} << 30;  // LAPACK counts in ints
  if (std::max(x.size(-1), x.size(-2)) > most) {
    throw Error(ErrorKind::limit, fmt::format("{}: a side of the matrix is too long", name))
        .found(to_string(x.sizes()));
  }
}
void require_square(const Tensor& x, std::string_view name, std::string_view argument) {
  require_matrices(x, name, argument);
  if (x.size(-1) == x.size(-2)) return;
  refuse(fmt::format("{}: {} must be batches of square matrices, but they are {} by {} matrices", name, argument,
                     x.size(-2), x.size(-1)));
}

Dims batch_sizes(const Tensor& x) { return Dims(std::span<const int64_t>(x.sizes()).first(x.sizes().size() - 2)); }
Dims with_matrix(Dims batch, int64_t m, int64_t n) {
  batch.push_back(m);
  batch.push_back(n);
  return batch;
}
Dims with_vector(Dims batch, int64_t n) {
  batch.push_back(n);
  return batch;
}
Tensor identity_like(const Tensor& x) {
  const int64_t n = x.size(-1);
  const Tensor identity = zeros({n, n}, {x.dtype()});
  if (n > 0) identity.as_strided({n}, {n + 1}, 0).fill_(1);
  return identity;
}

namespace {

// L and U of each matrix, in one by columns: `lu` (*, n, m) is the transposed one, stored by rows.
struct Factors {
  Tensor lu, pivots, info;
  explicit Factors(const Tensor& x)
      : lu(by_columns(x)),
        pivots(empty(with_vector(batch_sizes(x), std::min(x.size(-1), x.size(-2))), {int32})),
        info(zeros(batch_sizes(x), {int32})) {
    const int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
    dispatch_floating(x.dtype(), "lu", [&]<class T>() {
      for_each_matrix(info.numel(), m * n * k, [&](int64_t i) {
        info.data<int32_t>()[i] =
            static_cast<int32_t>(kernels::lu_factor(m, n, lu.data<T>() + i * m * n, pivots.data<int32_t>() + i * k));
      });
    });
  }
};

// x (*, k, n) by rows, that is (*, n, k) by columns, becomes the solutions.
void solve_in_place(const Factors& factors, bool is_transposed, const Tensor& x) {
  const int64_t n = factors.lu.size(-1), k = x.size(-2);
  dispatch_floating(x.dtype(), "lu_solve", [&]<class T>() {
    for_each_matrix(factors.info.numel(), n * n * k, [&](int64_t i) {
      kernels::lu_solve(n, k, factors.lu.data<T>() + i * n * n, factors.pivots.data<int32_t>() + i * n, is_transposed,
                        x.data<T>() + i * n * k);
    });
  });
}

// ------------------------------------------------------------------------------------------------------------ solving

// a (*, n, n) and b (*, n, k) of one batch.
struct Solve {
  static std::array<OutputSpec, 2> infer(const Tensor& a, const Tensor& b) {
    return {OutputSpec{b.sizes(), b.dtype()}, OutputSpec{batch_sizes(a), int32}};
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out, const Tensor& info) {
    const Factors factors(a);
    const Tensor x = by_columns(b);
    solve_in_place(factors, false, x);
    out.copy_(transposed(x));
    info.copy_(factors.info);
  }

  static constexpr const char* backward_name = "LinalgSolveExBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;  // a, and the solution
  static Saved save(const Tensor& a, const Tensor&, const Tensor& out, const Tensor&) {
    return {SavedTensor::input(a), SavedTensor::output(out)};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &x = std::get<1>(saved).get();
    const Tensor of_b = call<Solve>(transposed(a), gradient);
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = okibi::mul(okibi::matmul(of_b, transposed(x)), -1);
    if (edges.needed(1)) gradients[1] = of_b;
    return gradients;
  }
};

// b is a batch of vectors where it has the sizes of a without its last dimension; or one of matrices.
struct Equations {
  Tensor a, b;
  bool is_vector, left;

  Equations(const Tensor& given_a, const Tensor& given_b, bool from_left, std::string_view name) : left(from_left) {
    require_square(given_a, name);
    if (given_b.dtype() != given_a.dtype()) {
      refuse(fmt::format("{}: Expected A and B to have the same dtype, but found A of type {} and B of type {} instead",
                         name, name_of(given_a.dtype()), name_of(given_b.dtype())));
    }
    is_vector = is_batch_of_vectors(given_a, given_b);
    if (given_b.dim() == 0) refuse(fmt::format("{}: B must have at least 1 dimension", name));
    if (is_vector && !left)
      refuse(
          fmt::format("{}: Vector broadcasting of the left hand side is not supported for "
                      "left=False",
                      name));
    const Tensor matrix = is_vector ? given_b.unsqueeze(-1) : given_b;
    if (matrix.dim() < 2 || matrix.size(left ? -2 : -1) != given_a.size(-1)) {
      refuse(fmt::format("{}: Incompatible shapes of A and B for the equation {} ({}x{} and {}x{})", name,
                         left ? "AX = B" : "XA = B", given_a.size(-2), given_a.size(-1),
                         matrix.dim() < 2 ? 1 : matrix.size(-2), matrix.size(-1)));
    }
    const Dims batch = broadcast_sizes(batch_sizes(given_a), batch_sizes(matrix));
    a = given_a.expand(with_matrix(batch, given_a.size(-2), given_a.size(-1)));
    b = matrix.expand(with_matrix(batch, matrix.size(-2), matrix.size(-1)));
  }
  // The solution as b was given, and the infos.
  std::array<Tensor, 2> solution() const {
    const auto [x, info] = left ? call_all<Solve>(a, b) : call_all<Solve>(transposed(a), transposed(b));
    const Tensor whole = left ? x : transposed(x).contiguous();
    return {is_vector ? whole.squeeze(-1) : whole, info};
  }

 private:
  static bool is_batch_of_vectors(const Tensor& a, const Tensor& b) {
    if (b.dim() == 1) return true;
    const std::span<const int64_t> sizes = a.sizes();
    return b.dim() + 1 == a.dim() &&
           std::ranges::equal(std::span<const int64_t>(b.sizes()), sizes.first(sizes.size() - 1));
  }
};

void check_solved(const Tensor& info) {
  check_info(info, "torch.linalg.solve",
             [](int32_t) { return "The solver failed because the input matrix is singular."; });
}

struct LinalgSolve {
  static constexpr std::string_view schema = "aten::linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, bool left) {
    const auto [x, info] = Equations(a, b, left, "linalg.solve").solution();
    check_solved(info);
    return x;
  }
};
struct LinalgSolveEx {
  static constexpr std::string_view schema =
      "aten::linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor "
      "info)";
  static std::array<Tensor, 2> compose(const Tensor& a, const Tensor& b, bool left, bool check_errors) {
    auto both = Equations(a, b, left, "linalg.solve").solution();
    if (check_errors) check_solved(both[1]);
    return both;
  }
};

// ------------------------------------------------------------------------------------------------------------ inverses

struct Inverse {
  static std::array<OutputSpec, 2> infer(const Tensor& x) {
    require_square(x, "linalg.inv");
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{batch_sizes(x), int32}};
  }
  static void forward(const Tensor& x, const Tensor& out, const Tensor& info) {
    Solve::forward(x, identity_like(x).expand(x.sizes()), out, info);
  }

  static constexpr const char* backward_name = "LinalgInvExBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor&, const Tensor& out, const Tensor&) { return {SavedTensor::output(out)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor back = transposed(std::get<0>(saved).get());
    return {okibi::mul(okibi::matmul(okibi::matmul(back, gradient), back), -1)};
  }
};

void check_inverted(const Tensor& info) {
  check_info(info, "linalg.inv", [](int32_t pivot) {
    return fmt::format(
        "The diagonal element {} is zero, the inversion could not be completed because the input matrix is "
        "singular.",
        pivot);
  });
}

constexpr char linalg_inv_schema[] = "aten::linalg_inv(Tensor A) -> Tensor";
constexpr char inverse_schema[] = "aten::inverse(Tensor self) -> Tensor";
template <const char* text>
struct Inverted {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) { return inverse_of(x); }
};
struct LinalgInvEx {
  static constexpr std::string_view schema =
      "aten::linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)";
  static std::array<Tensor, 2> compose(const Tensor& x, bool check_errors) {
    auto both = call_all<Inverse>(x);
    if (check_errors) check_inverted(both[1]);
    return both;
  }
};

// -------------------------------------------------------------------------------------------------------- determinants

// The sign of the determinant and the logarithm of its size, by the diagonal of U and how often rows were exchanged.
struct Slogdet {
  static constexpr size_t gradients_of = 2;
  static std::array<OutputSpec, 2> infer(const Tensor& x) {
    const OutputSpec each{batch_sizes(x), x.dtype()};
    return {each, each};
  }
  static void forward(const Tensor& x, const Tensor& sign, const Tensor& logarithm) {
    const Factors factors(x);
    const int64_t n = x.size(-1);
    dispatch_floating(x.dtype(), "slogdet", [&]<class T>() {
      for (int64_t i = 0; i < sign.numel(); ++i) {
        T product = 1, sum = 0;
        for (int64_t d = 0; d < n; ++d) {
          const T number = factors.lu.data<T>()[(i * n + d) * n + d];
          const bool exchanged = factors.pivots.data<int32_t>()[i * n + d] != d + 1;
          product *= (exchanged ? T(-1) : T(1)) * (number < 0 ? T(-1) : number > 0 ? T(1) : number);
          sum += std::log(std::abs(number));
        }
        sign.data<T>()[i] = product;
        logarithm.data<T>()[i] = sum;
      }
    });
  }

  static constexpr const char* backward_name = "LinalgSlogdetBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor& x, const Tensor&, const Tensor&) { return {SavedTensor::input(x)}; }
  static std::array<Tensor, 1> backward(std::span<const Tensor> gradients, const Saved& saved, const Edges&) {
    const Tensor& x = std::get<0>(saved).get();
    if (!gradients[1].defined()) return {zeros(x.sizes(), {x.dtype()})};
    const Tensor inverse = call<Inverse>(x);
    return {okibi::mul(transposed(inverse), gradients[1].unsqueeze(-1).unsqueeze(-1))};
  }
};

constexpr char linalg_slogdet_schema[] = "aten::linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)";
constexpr char slogdet_schema[] = "aten::slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)";
template <const char* text>
struct SignAndLogarithm {
  static constexpr std::string_view schema = text;
  static std::array<Tensor, 2> compose(const Tensor& x) {
    require_square(x, "linalg.slogdet");
    return call_all<Slogdet>(x);
  }
};
struct Logdet {
  static constexpr std::string_view schema = "aten::logdet(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) {
    require_square(x, "logdet");
    const auto [sign, logarithm] = call_all<Slogdet>(x);
    const Tensor nothing = full({}, std::numeric_limits<double>::quiet_NaN(), {x.dtype()});
    return okibi::where(okibi::lt(sign, zeros({}, {x.dtype()})), nothing, logarithm);
  }
};

struct Determinant {
  static OutputSpec infer(const Tensor& x) { return {batch_sizes(x), x.dtype()}; }
  static void forward(const Tensor& x, const Tensor& out) {
    const Factors factors(x);
    const int64_t n = x.size(-1);
    dispatch_floating(x.dtype(), "det", [&]<class T>() {
      for (int64_t i = 0; i < out.numel(); ++i) {
        T product = 1;
        for (int64_t d = 0; d < n; ++d) {
          const T number = factors.lu.data<T>()[(i * n + d) * n + d];
          product *= factors.pivots.data<int32_t>()[i * n + d] != d + 1 ? -number : number;
        }
        out.data<T>()[i] = product;
      }
    });
  }

  static constexpr const char* backward_name = "LinalgDetBackward0";
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor& x, const Tensor&) { return {SavedTensor::input(x)}; }
  // The cofactors: det(U·V) · U · diag(products of all other singular values) · Vᵀ, which needs no inverse.
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor& x = std::get<0>(saved).get();
    const SingularValues parts = svd_of(x);
    const Tensor sign = okibi::mul(call<Determinant>(parts.u), call<Determinant>(parts.vh));
    const Tensor scaled = okibi::mul(parts.u, products_of_others(parts.s).unsqueeze(-2));
    const Tensor up = okibi::mul(gradient, sign);
    return {okibi::mul(okibi::matmul(scaled, parts.vh), up.unsqueeze(-1).unsqueeze(-1))};
  }

 private:
  static Tensor products_of_others(const Tensor& s) {
    const int64_t n = s.size(-1);
    const Tensor out = empty(s.sizes(), {s.dtype()});
    dispatch_floating(s.dtype(), "det backward", [&]<class T>() {
      for (int64_t i = 0; i < s.numel(); ++i) {
        const T* row = s.data<T>() + i / n * n;
        T product = 1;
        for (int64_t j = 0; j < n; ++j) product *= j == i % n ? T(1) : row[j];
        out.data<T>()[i] = product;
      }
    });
    return out;
  }
};

constexpr char linalg_det_schema[] = "aten::linalg_det(Tensor A) -> Tensor";
constexpr char det_schema[] = "aten::det(Tensor self) -> Tensor";
template <const char* text>
struct Det {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) {
    require_square(x, "linalg.det");
    return call<Determinant>(x);
  }
};

// ------------------------------------------------------------------------------------------------------------- factors

struct LuFactorEx {
  static constexpr std::string_view schema =
      "aten::linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, "
      "Tensor info)";
  static std::array<OutputSpec, 3> infer(const Tensor& x, bool pivot, bool) {
    require_matrices(x, "torch.linalg.lu_factor");
    if (!pivot) refuse("linalg.lu_factor: LU without pivoting is not implemented on the CPU");
    const Dims batch = batch_sizes(x);
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
  static constexpr std::string_view schema =
      "aten::linalg_lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, bool pivot) {
    const auto specs = LuFactorEx::infer(x, pivot, true);
    return {specs[0], specs[1]};
  }
  static void forward(const Tensor& x, bool pivot, const Tensor& lu, const Tensor& pivots) {
    LuFactorEx::forward(x, pivot, true, lu, pivots, empty(batch_sizes(x), {int32}));
  }
};

// The rows that `pivots` (*, k) exchanges, as matrices (*, m, m) that undo it.
Tensor permutation(const Tensor& pivots, int64_t m, DType dtype) {
  const int64_t k = pivots.size(-1), count = k == 0 ? 0 : pivots.numel() / k;
  Dims batch = pivots.sizes();
  batch.erase(batch.size() - 1);
  const Tensor result = zeros(with_matrix(batch, m, m), {dtype}), from = pivots.contiguous();
  std::vector<int64_t> order(static_cast<size_t>(m));
  for (int64_t i = 0; i < (k == 0 ? numel_of(batch) : count); ++i) {
    for (int64_t row = 0; row < m; ++row) order[static_cast<size_t>(row)] = row;
    for (int64_t row = 0; row < k; ++row) {
      const int64_t other = from.data<int32_t>()[i * k + row] - 1;
      if (other < 0 || other >= m) {
        throw Error(ErrorKind::out_of_range,
                    "pivots passed to lu_unpack must be between 1 and LU_data.size(-2) inclusive")
            .found(std::to_string(other + 1));
      }
      std::swap(order[static_cast<size_t>(row)], order[static_cast<size_t>(other)]);
    }
    dispatch_floating(dtype, "lu_unpack", [&]<class T>() {
      for (int64_t column = 0; column < m; ++column) {
        result.data<T>()[(i * m + order[static_cast<size_t>(column)]) * m + column] = 1;
      }
    });
  }
  return result;
}
void require_pivots(const Tensor& lu, const Tensor& pivots, std::string_view name) {
  require_matrices(lu, name, "LU");
  const bool fits =
      pivots.dtype() == int32 && pivots.sizes() == with_vector(batch_sizes(lu), std::min(lu.size(-1), lu.size(-2)));
  if (fits) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("{}: the pivots are expected to be those of LU, in torch.int32", name))
      .found(fmt::format("{} of {} for {}", to_string(pivots.sizes()), name_of(pivots.dtype()), to_string(lu.sizes())));
}
std::array<Tensor, 2> triangles_of(const Tensor& lu) {
  const int64_t k = std::min(lu.size(-1), lu.size(-2));
  const Tensor square = identity_like(lu.narrow(-1, 0, k));
  const Tensor wide = lu.size(-2) > k ? okibi::cat({square, zeros({lu.size(-2) - k, k}, {lu.dtype()})}, 0) : square;
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
  static constexpr std::string_view schema =
      "aten::linalg_lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)";
  static std::array<OutputSpec, 3> infer(const Tensor& x, bool pivot) {
    LuFactorEx::infer(x, pivot, false);
    const Dims batch = batch_sizes(x);
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

Tensor inverse_of(const Tensor& x) {
  const auto [inverse, info] = call_all<Inverse>(x);
  check_inverted(info);
  return inverse;
}
std::array<Tensor, 2> solved(const Tensor& a, const Tensor& b) { return call_all<Solve>(a, b); }

std::span<const okibi::Op> linalg_ops() {
  static constexpr okibi::Op rows[] = {
      entry<LinalgSolve>(),
      entry<LinalgSolveEx>(),
      entry<Inverted<linalg_inv_schema>>(),
      entry<Inverted<inverse_schema>>(),
      entry<LinalgInvEx>(),
      entry<SignAndLogarithm<linalg_slogdet_schema>>(),
      entry<SignAndLogarithm<slogdet_schema>>(),
      entry<Logdet>(),
      entry<Det<linalg_det_schema>>(),
      entry<Det<det_schema>>(),
      entry<LuFactorEx>(),
      entry<LuFactor>(),
      entry<LinalgLu>(),
      entry<LuUnpack>(),
      entry<LuSolve>(),
      entry<LinalgLuSolve>(),
  };
  return rows;
}

}  // namespace okibi::ops
