// Systems of equations, inverses and determinants: all by the factors L and U.
#include "ops/linalg.h"

#include <cmath>
#include <limits>

#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {

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

void require_moderate(const Tensor& x, std::string_view name) {
  constexpr int64_t most = 20'000;
  if (std::min(x.size(-1), x.size(-2)) <= most && std::max(x.size(-1), x.size(-2)) <= int64_t{1} << 26) return;
  throw Error(ErrorKind::limit, fmt::format("{}: the matrix is too large", name)).found(to_string(x.sizes()));
}

void require_fitting(const Tensor& a, const Tensor& b, bool left, std::string_view name, std::string_view b_name) {
  require_square(a, name);
  if (a.dtype() != b.dtype()) {
    refuse(
        fmt::format("{0}: Expected A and {1} to have the same dtype, but found A of type {2} and {1} of type {3} "
                    "instead",
                    name, b_name, name_of(a.dtype()), name_of(b.dtype())));
  }
  require_matrices(b, name, b_name);
  if (a.size(-1) == b.size(left ? -2 : -1)) return;
  refuse(fmt::format("{}: Incompatible shapes of A and {} for the equation {} ({}x{} and {}x{})", name, b_name,
                     left ? "AX = B" : "XA = B", a.size(-2), a.size(-1), b.size(-2), b.size(-1)));
}

Dims batch_of(const Tensor& x) { return Dims(std::span<const int64_t>(x.sizes()).first(x.sizes().size() - 2)); }
Dims common_batch(const Tensor& a, const Tensor& b) { return broadcast_sizes(batch_of(a), batch_of(b)); }
Tensor repeated_to(const Dims& batch, const Tensor& x) { return x.expand(with_matrix(batch, x.size(-2), x.size(-1))); }
Dims with_matrix(Dims batch, int64_t m, int64_t n) {
  batch.push_back(m);
  batch.push_back(n);
  return batch;
}
Dims with_vector(Dims batch, int64_t n) {
  batch.push_back(n);
  return batch;
}
Tensor identity(int64_t n, DType dtype) {
  const Tensor result = zeros({n, n}, {dtype});
  if (n > 0) result.as_strided({n}, {n + 1}, 0).fill_(1);
  return result;
}

namespace {

// For each matrix of `batch` the number of the one that it repeats, of those in a smaller batch.
Tensor repeated_numbers(const Dims& of, const Dims& batch) {
  return arange(numel_of(of)).reshape(of).expand(batch).contiguous();
}

// x (*, k, n) by rows, that is (*, n, k) by columns, becomes the solutions. Each matrix is factored once, however many
// of * it serves.
void solve_in_place(const Factors& factors, const Tensor& x) {
  const int64_t n = factors.lu.size(-1), k = x.size(-2);
  const Tensor numbers = repeated_numbers(factors.info.sizes(), batch_of(x));
  dispatch_floating(x.dtype(), "lu_solve", [&]<class T>() {
    for_each_matrix(matrices_in(x), cost_of(n, n, k), [&](int64_t i) {
      const int64_t which = numbers.data<int64_t>()[i];
      kernels::lu_solve(n, k, factors.lu.data<T>() + which * n * n, factors.pivots.data<int32_t>() + which * n,
                        x.data<T>() + i * n * k);
    });
  });
}

// ------------------------------------------------------------------------------------------------------------ solving

// a (+, n, n) and b (*, n, k), where + broadcasts to *. The infos are of +.
struct Solve {
  static std::array<OutputSpec, 2> infer(const Tensor& a, const Tensor& b) {
    return {OutputSpec{b.sizes(), b.dtype()}, OutputSpec{batch_of(a), int32}};
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out, const Tensor& info) {
    const Factors factors(a);
    const Tensor x = by_columns(b);
    solve_in_place(factors, x);
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
    if (edges.needed(0)) gradients[0] = sum_to(okibi::mul(okibi::matmul(of_b, transposed(x)), -1), a.sizes());
    if (edges.needed(1)) gradients[1] = of_b;
    return gradients;
  }
};

// b is a batch of vectors where it has the sizes of a without its last dimension; or one of matrices.
struct Equations {
  Tensor a, b;
  bool is_vector, left;

  Equations(const Tensor& given_a, const Tensor& given_b, bool from_left, std::string_view name)
      : a(given_a), left(from_left) {
    require_square(a, name);
    if (given_b.dim() == 0) refuse(fmt::format("{}: B must have at least 1 dimension", name));
    is_vector = is_batch_of_vectors(a, given_b);
    if (is_vector && !left) {
      refuse(fmt::format("{}: Vector broadcasting of the left hand side is not supported for left=False", name));
    }
    const Tensor matrix = is_vector ? given_b.unsqueeze(-1) : given_b;
    require_fitting(a, matrix, left, name, "B");
    b = repeated_to(common_batch(a, matrix), matrix);
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
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{batch_of(x), int32}};
  }
  static void forward(const Tensor& x, const Tensor& out, const Tensor& info) {
    Solve::forward(x, identity(x.size(-1), x.dtype()).expand(x.sizes()), out, info);
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
    const OutputSpec each{batch_of(x), x.dtype()};
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
  static OutputSpec infer(const Tensor& x) { return {batch_of(x), x.dtype()}; }
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

}  // namespace

Tensor inverse_of(const Tensor& x) {
  const auto [inverse, info] = call_all<Inverse>(x);
  check_inverted(info);
  return inverse;
}

Factors::Factors(const Tensor& x)
    : lu(by_columns(x)),
      pivots(empty(with_vector(batch_of(x), std::min(x.size(-1), x.size(-2))), {int32})),
      info(zeros(batch_of(x), {int32})) {
  const int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
  dispatch_floating(x.dtype(), "lu", [&]<class T>() {
    for_each_matrix(info.numel(), cost_of(m, n, k), [&](int64_t i) {
      info.data<int32_t>()[i] =
          static_cast<int32_t>(kernels::lu_factor(m, n, lu.data<T>() + i * m * n, pivots.data<int32_t>() + i * k));
    });
  });
}

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
  };
  return rows;
}

}  // namespace okibi::ops
