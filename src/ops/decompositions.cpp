// Matrices as products of others: by Cholesky, by triangles, by eigenvectors, and Q times R.
#include <cmath>
#include <limits>

#include "ops/linalg.h"
#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// The lower triangle with half of its diagonal.
Tensor half_below(const Tensor& x) {
  return okibi::sub(okibi::tril(x), okibi::mul(okibi::mul(identity(x.size(-1), x.dtype()), 0.5), x));
}

// ---------------------------------------------------------------------------------------------------------- triangles

struct SolveTriangle {
  static OutputSpec infer(const Tensor&, const Tensor& b, bool, bool, bool) { return {b.sizes(), b.dtype()}; }
  static void forward(const Tensor& a, const Tensor& b, bool upper, bool is_transposed, bool unit, const Tensor& out) {
    out.copy_(b);
    const Tensor triangle = a.contiguous();
    const int64_t n = a.size(-1), k = b.size(-1);
    dispatch_floating(a.dtype(), "solve_triangular", [&]<class T>() {
      for_each_matrix(matrices_in(b), cost_of(n, n, k), [&](int64_t i) {
        kernels::solve_triangle({true, upper, is_transposed, unit}, n, k, triangle.data<T>() + i * n * n,
                                out.data<T>() + i * n * k);
      });
    });
  }

  static constexpr const char* backward_name = "LinalgSolveTriangularBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, std::array<bool, 3>>;
  static Saved save(const Tensor& a, const Tensor&, bool upper, bool is_transposed, bool unit, const Tensor& out) {
    return {SavedTensor::input(a), SavedTensor::output(out), {upper, is_transposed, unit}};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &x = std::get<1>(saved).get();
    const auto& [upper, is_transposed, unit] = std::get<2>(saved);
    const Tensor of_b = call<SolveTriangle>(a, gradient, upper, !is_transposed, unit);
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) {
      const Tensor whole =
          okibi::mul(is_transposed ? okibi::matmul(x, transposed(of_b)) : okibi::matmul(of_b, transposed(x)), -1);
      gradients[0] = upper ? okibi::triu(whole, unit ? 1 : 0) : okibi::tril(whole, unit ? -1 : 0);
    }
    if (edges.needed(1)) gradients[1] = of_b;
    return gradients;
  }
};

struct LinalgSolveTriangular {
  static constexpr std::string_view schema =
      "aten::linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) "
      "-> "
      "Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, bool upper, bool left, bool unit) {
    require_fitting(a, b, left, "linalg.solve_triangular", "B");
    if (left) return solved_triangle(a, b, {.upper = upper, .unit = unit});
    return transposed(solved_triangle(a, transposed(b), {.upper = upper, .transposed = true, .unit = unit}))
        .contiguous();
  }
};
struct TriangularSolve {
  static constexpr std::string_view schema =
      "aten::triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) "
      "-> "
      "(Tensor solution, Tensor cloned_coefficient)";
  static std::array<Tensor, 2> compose(const Tensor& b, const Tensor& a, bool upper, bool transpose, bool unit) {
    require_fitting(a, b, true, "triangular_solve", "b");
    const Tensor x = solved_triangle(a, b, {.upper = upper, .transposed = transpose, .unit = unit});
    return {x, repeated_to(common_batch(a, b), a).clone()};
  }
};

// ----------------------------------------------------------------------------------------------------------- Cholesky

// x = L·Lᵀ, of which the lower triangle is read; or x = Uᵀ·U and the upper one.
struct Factor {
  static std::array<OutputSpec, 2> infer(const Tensor& x, bool) {
    require_square(x, "linalg.cholesky");
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{batch_of(x), int32}};
  }
  static void forward(const Tensor& x, bool upper, const Tensor& out, const Tensor& info) {
    out.copy_(upper ? okibi::triu(x) : okibi::tril(x));
    const int64_t n = x.size(-1);
    dispatch_floating(x.dtype(), "cholesky", [&]<class T>() {
      for_each_matrix(matrices_in(x), cost_of(n, n, n), [&](int64_t i) {
        info.data<int32_t>()[i] = static_cast<int32_t>(kernels::cholesky(n, upper, out.data<T>() + i * n * n));
      });
    });
  }

  // Murray 2016, "Differentiation of the Cholesky decomposition". The gradient is symmetric, as x is.
  static constexpr const char* backward_name = "LinalgCholeskyExBackward0";
  using Saved = std::tuple<SavedTensor, bool>;
  static Saved save(const Tensor&, bool upper, const Tensor& out, const Tensor&) {
    return {SavedTensor::output(out), upper};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const bool upper = std::get<1>(saved);
    const Tensor &factor = std::get<0>(saved).get(), lower = upper ? transposed(factor) : factor;
    const Tensor up = upper ? transposed(gradient) : gradient;
    const Tensor middle = half_below(okibi::matmul(transposed(lower), up));
    const Tensor left = solved_triangle(lower, middle, {.upper = false, .transposed = true});  // L⁻ᵀ·middle
    const Tensor whole = transposed(solved_triangle(lower, transposed(left), {.upper = false, .transposed = true}));
    return {okibi::mul(okibi::add(whole, transposed(whole)), 0.5)};
  }
};

void check_factored(const Tensor& info) {
  check_info(info, "linalg.cholesky", [](int32_t minor) {
    return fmt::format(
        "The factorization could not be completed because the input is not positive-definite (the leading "
        "minor of order {} is not positive-definite).",
        minor);
  });
}
struct LinalgCholesky {
  static constexpr std::string_view schema = "aten::linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor";
  static Tensor compose(const Tensor& x, bool upper) {
    const auto [factor, info] = call_all<Factor>(x, upper);
    check_factored(info);
    return factor;
  }
};
struct LinalgCholeskyEx {
  static constexpr std::string_view schema =
      "aten::linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)";
  static std::array<Tensor, 2> compose(const Tensor& x, bool upper, bool check_errors) {
    auto both = call_all<Factor>(x, upper);
    if (check_errors) check_factored(both[1]);
    return both;
  }
};

// L·Lᵀ·x = b, of the factor.
struct CholeskySolve {
  static constexpr std::string_view schema =
      "aten::cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor";
  static Tensor compose(const Tensor& b, const Tensor& factor, bool upper) {
    require_fitting(factor, b, true, "cholesky_solve", "b");
    const Tensor y = solved_triangle(factor, b, {.upper = upper, .transposed = upper});
    return solved_triangle(factor, y, {.upper = upper, .transposed = !upper});
  }
};
struct CholeskyInverse {
  static constexpr std::string_view schema = "aten::cholesky_inverse(Tensor self, bool upper=False) -> Tensor";
  static Tensor compose(const Tensor& factor, bool upper) {
    require_square(factor, "cholesky_inverse");
    return CholeskySolve::compose(identity(factor.size(-1), factor.dtype()).expand(factor.sizes()), factor, upper);
  }
};

// ------------------------------------------------------------------------------------------------------- eigenvectors

// Of symmetric matrices: the values w (*, n), rising, and where wanted the vectors v (*, n, n), a column for each.
struct Eigen {
  static constexpr size_t gradients_of = 2;
  static std::array<OutputSpec, 2> infer(const Tensor& x, bool, bool wants_vectors) {
    require_square(x, "linalg.eigh");
    require_moderate(x, "linalg.eigh");
    return {OutputSpec{with_vector(batch_of(x), x.size(-1)), x.dtype()},
            OutputSpec{wants_vectors ? x.sizes() : Dims{0}, x.dtype()}};
  }
  static void forward(const Tensor& x, bool upper, bool wants_vectors, const Tensor& w, const Tensor& v) {
    const Tensor work = x.clone(), info = zeros(batch_of(x), {int32});
    const int64_t n = x.size(-1);
    dispatch_floating(x.dtype(), "linalg_eigh", [&]<class T>() {
      for_each_matrix(matrices_in(x), cost_of(n, n, n), [&](int64_t i) {
        info.data<int32_t>()[i] = static_cast<int32_t>(
            kernels::symmetric_eigen(n, upper, wants_vectors, work.data<T>() + i * n * n, w.data<T>() + i * n));
      });
    });
    check_info(info, "linalg.eigh", [](int32_t found) {
      return fmt::format(
          "The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
          "repeated eigenvalues (error code: {}).",
          found);
    });
    if (wants_vectors) v.copy_(transposed(work));
  }

  static constexpr const char* backward_name = "LinalgEighBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor&, bool, bool, const Tensor& w, const Tensor& v) {
    return {SavedTensor::output(w), SavedTensor::output(v)};
  }
  // V·(diag(gw) + VᵀgV / (w_j - w_i))·Vᵀ
  static std::array<Tensor, 1> backward(std::span<const Tensor> gradients, const Saved& saved, const Edges&) {
    const Tensor &w = std::get<0>(saved).get(), &v = std::get<1>(saved).get();
    Tensor middle = zeros(v.sizes(), {v.dtype()});
    if (gradients[1].defined()) {
      const Tensor apart = okibi::sub(w.unsqueeze(-2), w.unsqueeze(-1)), same = identity(v.size(-1), v.dtype());
      const Tensor parts = okibi::matmul(transposed(v), gradients[1]);
      middle = okibi::div(okibi::masked_fill(parts, same.to(boolean), 0), okibi::add(apart, same));
    }
    if (gradients[0].defined()) {
      middle = okibi::add(middle, computed("aten::diag_embed", gradients[0], 0, -2, -1));
    }
    return {okibi::matmul(okibi::matmul(v, middle), transposed(v))};
  }
};

bool is_upper(const std::string& triangle) {
  if (triangle.size() == 1 && (triangle[0] == 'U' || triangle[0] == 'u')) return true;
  if (triangle.size() == 1 && (triangle[0] == 'L' || triangle[0] == 'l')) return false;
  refuse(fmt::format("Expected UPLO argument to be 'L' or 'U', but got {}", printable(triangle, 20)));
}
struct LinalgEigh {
  static constexpr std::string_view schema =
      "aten::linalg_eigh(Tensor self, str UPLO=\"L\") -> (Tensor eigenvalues, Tensor eigenvectors)";
  static std::array<Tensor, 2> compose(const Tensor& x, const std::string& triangle) {
    return call_all<Eigen>(x, is_upper(triangle), true);
  }
};
struct LinalgEigvalsh {
  static constexpr std::string_view schema = "aten::linalg_eigvalsh(Tensor self, str UPLO=\"L\") -> Tensor";
  static Tensor compose(const Tensor& x, const std::string& triangle) {
    const bool wants_vectors = grad_enabled() && x.requires_grad();
    return call<Eigen>(x, is_upper(triangle), wants_vectors);
  }
};

// ---------------------------------------------------------------------------------------------------------- Q times R

struct LinalgQr {
  static constexpr const char* no_gradient = "linalg.qr has no gradient yet";
  static constexpr std::string_view schema = "aten::linalg_qr(Tensor A, str mode=\"reduced\") -> (Tensor Q, Tensor R)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, const std::string& mode) {
    require_matrices(x, "linalg.qr");
    require_countable(x);
    if (mode != "reduced" && mode != "complete" && mode != "r") {
      refuse(
          fmt::format("qr received unrecognized mode '{}' but expected one of 'reduced' (default), 'r', or 'complete'",
                      printable(mode, 40)));
    }
    const int64_t m = x.size(-2), n = x.size(-1), k = mode == "complete" ? m : std::min(m, n);
    const Dims batch = batch_of(x);
    return {OutputSpec{mode == "r" ? Dims{0} : with_matrix(batch, m, k), x.dtype()},
            OutputSpec{with_matrix(batch, k, n), x.dtype()}};
  }
  static void forward(const Tensor& x, const std::string& mode, const Tensor& q, const Tensor& r) {
    const int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n), columns = r.size(-2);
    const bool has_q = mode != "r";
    // Stored by columns: those of x, and behind them those that Q has more.
    const int64_t width = std::max(n, has_q ? columns : 0);
    const Tensor work = zeros(with_matrix(batch_of(x), width, m), {x.dtype()});
    work.narrow(-2, 0, n).copy_(transposed(x));
    const Tensor factors = zeros(with_vector(batch_of(x), k), {x.dtype()});
    dispatch_floating(x.dtype(), "linalg_qr", [&]<class T>() {
      const auto place = [&](int64_t i) { return work.data<T>() + i * width * m; };
      for_each_matrix(matrices_in(x), cost_of(m, n, k),
                      [&](int64_t i) { kernels::qr(m, n, place(i), factors.data<T>() + i * k); });
      r.copy_(okibi::triu(transposed(work).narrow(-1, 0, n).narrow(-2, 0, columns)));
      if (!has_q) return;
      for_each_matrix(matrices_in(x), cost_of(m, columns, k),
                      [&](int64_t i) { kernels::qr_vectors(m, columns, k, place(i), factors.data<T>() + i * k); });
      q.copy_(transposed(work.narrow(-2, 0, columns)));
    });
  }

 private:
  // LAPACK works in 32 numbers for each column, and counts them in ints.
  static void require_countable(const Tensor& x) {
    if (x.size(-1) <= int64_t{1} << 25) return;
    throw Error(ErrorKind::limit, "linalg.qr: the matrix has too many columns").found(to_string(x.sizes()));
  }
};

}  // namespace

Tensor solved_triangle(const Tensor& a, const Tensor& b, const kernels::Triangle& t) {
  const Dims batch = common_batch(a, b);
  return call<SolveTriangle>(repeated_to(batch, a), repeated_to(batch, b), t.upper, t.transposed, t.unit);
}

std::span<const okibi::Op> decomposition_ops() {
  static constexpr okibi::Op rows[] = {
      entry<LinalgSolveTriangular>(),
      entry<TriangularSolve>(),
      entry<LinalgCholesky>(),
      entry<LinalgCholeskyEx>(),
      entry<CholeskySolve>(),
      entry<CholeskyInverse>(),
      entry<LinalgEigh>(),
      entry<LinalgEigvalsh>(),
      entry<LinalgQr>(),
  };
  return rows;
}

}  // namespace okibi::ops
