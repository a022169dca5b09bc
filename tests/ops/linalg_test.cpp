// Linear algebra: what is refused, singular matrices, and what decompositions multiply to.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include <algorithm>
#include <cmath>

#include "samples_linalg.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using samples::identity;

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
  expect_error(ErrorKind::bad_argument,
               "linalg.solve: Expected A and B to have the same dtype, but found A of type float32 and B of type int64", [] {
                 computed("aten::linalg_solve", {zeros({2, 2}), ones({2}, {int64}), true});
               });
  expect_error(ErrorKind::limit, "linalg.svd: the matrix is too large", [] {
    call("aten::linalg_svd", {zeros({1, 1}).expand({30'000, 30'000}), true, nullptr});
  });
}

TEST(MatrixExponentials, TurnRound) {
  const Tensor turned = computed("aten::matrix_exp", {tensor({{0.0, 30.0}, {-30.0, 0.0}}, float64)});
  expect_close(turned, tensor({{std::cos(30.0), std::sin(30.0)}, {-std::sin(30.0), std::cos(30.0)}}, float64));
}

// One exponent for all would lose those that are small beside the largest, or not look at any beside a NaN.
TEST(MatrixExponentials, DoNotDependOnTheRestOfTheBatch) {
  const auto exponentials = [](const std::vector<double>& numbers) {
    const Tensor x = empty({static_cast<int64_t>(numbers.size()), 1, 1}, {float64});
    std::ranges::copy(numbers, x.data<double>());
    return computed("aten::matrix_exp", {x}).to_vector<double>();
  };
  const auto huge = exponentials({1e300, 1});
  EXPECT_EQ(huge[0], INFINITY);
  EXPECT_NEAR(huge[1], std::exp(1.0), 1e-14);
  const auto beside_nan = exponentials({NAN, 20});
  EXPECT_TRUE(std::isnan(beside_nan[0]));
  EXPECT_NEAR(beside_nan[1] / std::exp(20.0), 1, 1e-13);
  const std::vector<double> numbers = {0, 0.25, 0.6, 3, -40};
  const auto found = exponentials(numbers);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i] / std::exp(numbers[i]), 1, 1e-12) << numbers[i];
}

// LAPACK counts what it works in, 32 numbers a column, in ints.
TEST(LinearAlgebra, RefusesWhatLapackCannotCount) {
  for (const int64_t columns : {int64_t{1} << 26, int64_t{1} << 27}) {
    expect_error(ErrorKind::limit, "linalg.qr: the matrix has too many columns", [&] {
      call("aten::linalg_qr", {zeros({1, 1}).expand({1, columns}), "reduced"});
    });
  }
  const int64_t too_many = (int64_t{1} << 32) + 1;  // of which an int keeps 1
  const Tensor wide = zeros({1, 1}).expand({1, too_many});
  expect_error(ErrorKind::limit, "linalg.solve: a side of the matrix is too long", [&] {
    computed("aten::linalg_solve", {ones({1, 1}), wide, true});
  });
  expect_error(ErrorKind::limit, "cholesky_solve: a side of the matrix is too long", [&] {
    computed("aten::cholesky_solve", {wide, ones({1, 1}), false});
  });
}

TEST(LinearAlgebra, CountsNothingInABatchOfNone) {
  const Tensor none = empty({0, 1 << 20, 1 << 25});
  EXPECT_EQ(call("aten::linalg_lu_factor", {none, true})[0].to_tensor().sizes(), none.sizes());
  EXPECT_EQ(call("aten::linalg_qr", {none, "r"})[1].to_tensor().sizes(), none.sizes());
}

// What has no gradient says so, or the factors would be constants without a word.
TEST(LinearAlgebra, SaysWhereThereIsNoGradient) {
  const Tensor x = some_matrices({3, 2}).requires_grad_();
  expect_error(ErrorKind::unsupported, "linalg.qr has no gradient yet", [&] {
    call("aten::linalg_qr", {x, "reduced"});
  });
  expect_error(ErrorKind::unsupported, "the factors L and U have no gradient yet", [&] {
    call("aten::linalg_lu", {x, true});
  });
  expect_error(ErrorKind::unsupported, "the factors L and U have no gradient yet", [&] {
    call("aten::linalg_lu_factor", {x, true});
  });
  expect_error(ErrorKind::unsupported, "the factors L and U have no gradient yet", [&] {
    call("aten::linalg_lu_factor_ex", {x, true, false});
  });
  expect_error(ErrorKind::unsupported, "linalg.svd of full matrices has no gradient here", [&] {
    call("aten::linalg_svd", {x, true, nullptr});
  });
  const NoGrad no_grad;
  EXPECT_FALSE(call("aten::linalg_qr", {x, "reduced"})[1].to_tensor().requires_grad());
}

// One matrix for many right sides is factored once, and so has one info, and one gradient.
TEST(LinearAlgebra, OneMatrixServesManyEquations) {
  const Tensor a = samples::regular({3, 3}).requires_grad_(), b = some_matrices({5, 3, 2});
  const Value solved = call("aten::linalg_solve_ex", {a, b, true, false});
  EXPECT_EQ(solved[1].to_tensor().sizes(), Dims{});
  expect_close(matmul(a.detach(), solved[0].to_tensor().detach()), b);
  EXPECT_EQ(call("aten::linalg_solve_ex", {stack({a, a}).reshape({2, 1, 3, 3}), b, true, false})[1].to_tensor().sizes(),
            (Dims{2, 1}));
  solved[0].to_tensor().backward(ones({5, 3, 2}, {float64}));
  const Tensor apart = a.detach().expand({5, 3, 3}).clone().requires_grad_();
  computed("aten::linalg_solve", {apart, b, true}).backward(ones({5, 3, 2}, {float64}));
  expect_close(a.grad(), sum(apart.grad(), 0));
}

TEST(LinearAlgebra, SingularValuesAloneAreThoseWithVectors) {
  for (const Dims& sizes : {Dims{3, 5, 2}, Dims{2, 2, 6}, Dims{40, 7}}) {
    const Tensor x = some_matrices(sizes);
    expect_close(computed("aten::linalg_svdvals", {x, nullptr}),
                 call("aten::linalg_svd", {x, false, nullptr})[1].to_tensor());
    const Tensor leaf = x.clone().requires_grad_();
    expect_close(computed("aten::linalg_svdvals", {leaf, nullptr}).detach(),
                 computed("aten::linalg_svdvals", {x, nullptr}));
    EXPECT_TRUE(computed("aten::linalg_svdvals", {leaf, nullptr}).requires_grad());
  }
}

TEST(LinearAlgebra, ChainsAreMultipliedInTheCheapestOrder) {
  // From left to right the first product alone would have 2^40 numbers, which is more than there is memory for.
  const int64_t n = int64_t{1} << 20;
  const Tensor column = ones({n, 1}, {float64}), row = ones({1, n}, {float64}), last = ones({n, 1}, {float64});
  const Tensor product = computed("aten::linalg_multi_dot", {List{column, row, last}});
  EXPECT_EQ(product.sizes(), (Dims{n, 1}));
  EXPECT_EQ(product.select(0, 7).item<double>(), static_cast<double>(n));
  const Tensor a = some_matrices({2, 3}), b = some_matrices({3, 7}), c = some_matrices({7, 1}), d = some_matrices({1, 4});
  expect_close(computed("aten::linalg_multi_dot", {List{a, b, c, d}}), matmul(matmul(matmul(a, b), c), d));
  const List many;
  for (int i = 0; i < 501; ++i) many.push_back(identity(1));
  expect_error(ErrorKind::limit, "multi_dot(): at most 500 tensors are multiplied",
               [&] { computed("aten::linalg_multi_dot", {many}); });
}

// A dtype that is the tensor's own is no narrowing, for halves neither.
TEST(VectorNorms, OfHalvesAreOfHalvesWhereTheyAreAsked) {
  for (const DType half : {float16, bfloat16}) {
    const Tensor x = tensor({3.0, 4.0}).to(half).requires_grad_();
    const Tensor norm = computed("aten::linalg_vector_norm", {x, 2, nullptr, false, Value(half)});
    EXPECT_EQ(norm.dtype(), half);
    EXPECT_EQ(norm.item<double>(), 5);
    norm.backward();
    EXPECT_EQ(x.grad().dtype(), half);
    EXPECT_NEAR(x.grad().select(0, 0).item<double>(), 0.6, 2e-3);
    EXPECT_EQ(computed("aten::linalg_norm", {x, nullptr, nullptr, false, Value(half)}).item<double>(), 5);
    EXPECT_EQ(computed("aten::linalg_vector_norm", {x, 1, nullptr, false, Value(float32)}).dtype(), float32);
    EXPECT_EQ(computed("aten::linalg_vector_norm", {x, 1, nullptr, false, Value()}).dtype(), half);
    const DType other = half == float16 ? bfloat16 : float16;
    expect_error(ErrorKind::bad_argument, "convertible to it without narrowing",
                 [&] { computed("aten::linalg_vector_norm", {x, 2, nullptr, false, Value(other)}); });
  }
}

}  // namespace
}  // namespace okibi
