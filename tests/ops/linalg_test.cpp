// Linear algebra: what is refused, singular matrices, and what decompositions multiply to.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include <cmath>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

Value call(std::string_view name, std::vector<Value> arguments) { return find_op(name)->call(arguments); }
Tensor computed(std::string_view name, std::vector<Value> arguments) {
  return call(name, std::move(arguments)).to_tensor();
}
Tensor transposed(const Tensor& x) { return x.transpose(-2, -1); }
Tensor some_matrices(Dims sizes) {
  const Tensor x = empty(sizes, {float64});
  for (int64_t i = 0; i < x.numel(); ++i) x.data<double>()[i] = std::sin(static_cast<double>(i * i + 3 * i + 1));
  return x;
}
Tensor identity(int64_t n) { return computed("aten::diag_embed", {ones({n}, {float64}), 0, -2, -1}); }

void expect_close(const Tensor& a, const Tensor& b) { EXPECT_LE(max_abs_difference(a, b), 1e-12) << a << "\n" << b; }

TEST(LinearAlgebra, DecompositionsMultiplyToTheirMatrix) {
  for (const Dims& sizes : {Dims{4, 4}, Dims{3, 5, 2}, Dims{2, 2, 6}, Dims{1, 1}, Dims{300, 7}}) {
    const Tensor x = some_matrices(sizes);
    for (const bool full : {false, true}) {
      const Value svd = call("aten::linalg_svd", {x, full, nullptr});
      const Tensor u = svd[0].to_tensor(), s = svd[1].to_tensor(), vh = svd[2].to_tensor();
      const int64_t k = s.size(-1);
      expect_close(matmul(u.narrow(-1, 0, k) * s.unsqueeze(-2), vh.narrow(-2, 0, k)), x);
      expect_close(matmul(transposed(u), u), identity(u.size(-1)).expand(matmul(transposed(u), u).sizes()));
    }
    for (const char* mode : {"reduced", "complete"}) {
      const Value qr = call("aten::linalg_qr", {x, mode});
      expect_close(matmul(qr[0].to_tensor(), qr[1].to_tensor()), x);
      const Tensor square = matmul(transposed(qr[0].to_tensor()), qr[0].to_tensor());
      expect_close(square, identity(square.size(-1)).expand(square.sizes()));
    }
    const Value lu = call("aten::linalg_lu", {x, true});
    expect_close(matmul(lu[0].to_tensor(), matmul(lu[1].to_tensor(), lu[2].to_tensor())), x);
    const Tensor symmetric = matmul(x, transposed(x));
    const Value eigen = call("aten::linalg_eigh", {symmetric, "L"});
    const Tensor w = eigen[0].to_tensor(), v = eigen[1].to_tensor();
    EXPECT_LE(max_abs_difference(matmul(v * w.unsqueeze(-2), transposed(v)), symmetric), 1e-11);
  }
}

// Of x + xᵀ, since the operator looks at one triangle.
TEST(LinearAlgebra, EigenvectorsHaveGradients) {
  const Tensor x = some_matrices({4, 4});
  const auto weighed = [](const Tensor& y) {
    const Value eigen = call("aten::linalg_eigh", {y + transposed(y), "L"});
    return sum(eigen[0].to_tensor() * some_matrices({4})) + sum(square(eigen[1].to_tensor()) * some_matrices({4, 4}));
  };
  const Tensor leaf = x.clone().requires_grad_();
  weighed(leaf).backward();
  for (int64_t i = 0; i < x.numel(); ++i) {
    const Tensor above = x.clone(), below = x.clone();
    above.data<double>()[i] += 1e-6;
    below.data<double>()[i] -= 1e-6;
    const double slope = (weighed(above) - weighed(below)).item<double>() / 2e-6;
    EXPECT_NEAR(leaf.grad().data<double>()[i], slope, 1e-6);
  }
}

TEST(LinearAlgebra, SaysWhichMatrixIsSingular) {
  const Tensor zero = zeros({2, 2}), both = stack({identity(2).to(float32), zero});
  expect_error(
      ErrorKind::bad_argument,
      "linalg.inv: The diagonal element 1 is zero, the inversion could not be completed because the input matrix "
      "is singular.",
      [&] { computed("aten::inverse", {zero}); });
  expect_error(ErrorKind::bad_argument, "linalg.inv: (Batch element 1): The diagonal element 1 is zero",
               [&] { computed("aten::linalg_inv", {both}); });
  expect_error(ErrorKind::bad_argument, "torch.linalg.solve: The solver failed because the input matrix is singular.",
               [&] {
                 computed("aten::linalg_solve", {zero, ones({2}), true});
               });
  expect_error(ErrorKind::bad_argument,
               "linalg.cholesky: (Batch element 1): The factorization could not be completed because the input is not "
               "positive-definite (the leading minor of order 1 is not positive-definite).",
               [&] {
                 computed("aten::linalg_cholesky", {both, false});
               });
  expect_error(ErrorKind::bad_argument, "torch.linalg.lu_factor: U[1,1] is zero", [&] {
    call("aten::linalg_lu_factor", {zero, true});
  });
  EXPECT_EQ(call("aten::linalg_inv_ex", {both, false})[1].to_tensor().to_vector<int32_t>(),
            (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(computed("aten::det", {zero}).item<double>(), 0);
  EXPECT_EQ(computed("aten::logdet", {zero}).item<double>(), -INFINITY);
  EXPECT_TRUE(std::isnan(computed("aten::logdet", {identity(3) * -1}).item<double>()));
}

// The cofactors of a singular matrix are not those of its inverse, which it has none of.
TEST(LinearAlgebra, DeterminantsOfSingularMatricesHaveGradients) {
  const Tensor x = tensor({{1.0, 2.0}, {2.0, 4.0}}, float64).requires_grad_();
  computed("aten::det", {x}).backward();
  expect_close(x.grad(), tensor({{4.0, -2.0}, {-2.0, 1.0}}, float64));
}

TEST(LinearAlgebra, RefusesWhatDoesNotFit) {
  expect_error(ErrorKind::bad_argument,
               "linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices", [] {
                 computed("aten::linalg_inv", {zeros({2, 3})});
               });
  expect_error(ErrorKind::bad_argument, "linalg.inv: The input tensor A must have at least 2 dimensions.",
               [] { computed("aten::linalg_inv", {zeros({3})}); });
  expect_error(ErrorKind::bad_argument, "linalg.inv: Expected a floating point or complex tensor as input. Got int64",
               [] {
                 computed("aten::linalg_inv", {zeros({2, 2}, {int64})});
               });
  expect_error(ErrorKind::bad_argument,
               "linalg.solve: Incompatible shapes of A and B for the equation AX = B (2x2 and 3x1)", [] {
                 computed("aten::linalg_solve", {zeros({2, 2}), ones({3}), true});
               });
  expect_error(ErrorKind::bad_argument,
               "linalg.svd: The algorithm failed to converge because the input matrix contained "
               "non-finite values.",
               [] {
                 call("aten::linalg_svd", {full({2, 2}, NAN), true, nullptr});
               });
  expect_error(ErrorKind::bad_argument, "Expected UPLO argument to be 'L' or 'U', but got x", [] {
    call("aten::linalg_eigh", {zeros({2, 2}), "x"});
  });
  expect_error(ErrorKind::out_of_range, "pivots passed to lu_unpack must be between 1 and", [] {
    call("aten::lu_unpack", {zeros({2, 2}), tensor({0, 7}).to(int32), true, true});
  });
  expect_error(ErrorKind::limit, "linalg.svd: the matrix is too large", [] {
    call("aten::linalg_svd", {zeros({1, 1}).expand({30'000, 30'000}), true, nullptr});
  });
}

TEST(MatrixExponentials, TurnRound) {
  const Tensor turned = computed("aten::matrix_exp", {tensor({{0.0, 30.0}, {-30.0, 0.0}}, float64)});
  expect_close(turned, tensor({{std::cos(30.0), std::sin(30.0)}, {-std::sin(30.0), std::cos(30.0)}}, float64));
}

}  // namespace
}  // namespace okibi
