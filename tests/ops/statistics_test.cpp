// Statistics, products and functions of several numbers: what they refuse, and their corners.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include <cmath>
#include <limits>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

Value call(std::string_view name, std::vector<Value> arguments) { return find_op(name)->call(arguments); }
Tensor computed(std::string_view name, std::vector<Value> arguments) {
  return call(name, std::move(arguments)).to_tensor();
}

TEST(ExtremesOfAll, ShareTheGradientAmongEqualOnes) {
  const Tensor x = tensor({1.0, 3.0, 3.0, 2.0}).requires_grad_();
  max(x).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({0.0, 0.5, 0.5, 0.0})));
  const Tensor y = tensor({nan, 3.0, nan}).requires_grad_();
  const Tensor least = min(y);
  EXPECT_TRUE(std::isnan(least.item<double>()));
  least.backward();
  EXPECT_TRUE(equal(y.grad(), tensor({0.5, 0.0, 0.5})));
}

TEST(ExtremesOfAll, OfNothingAreErrors) {
  expect_error(ErrorKind::bad_argument, "max(): Expected reduction dim to be specified for input.numel() == 0", [] {
    max(zeros({2, 0}));
  });
}

TEST(Variances, AreNanWhereNothingIsLeftToDivideBy) {
  EXPECT_TRUE(std::isnan(var(tensor({2.0})).item<double>()));
  EXPECT_TRUE(std::isinf(var(tensor({2.0, 3.0}), {}, 3).item<double>()));
  EXPECT_TRUE(std::isnan(var(zeros({0})).item<double>()));
  expect_error(ErrorKind::bad_argument, "std and var only support floating point and complex dtypes: found int64",
               [] { var(arange(3)); });
}

TEST(Variances, GiveGradientsOfBothResults) {
  const Tensor x = tensor({{1.0, 2.0, 4.0}}, float64).requires_grad_();
  const Value both = call("aten::var_mean.correction", {x, List{1}, 1, false});
  (both[0].to_tensor() + both[1].to_tensor() * 3).backward(ones({1}, {float64}));
  const Tensor mean = tensor(7.0 / 3, float64);
  EXPECT_TRUE(allclose(x.grad(), (x.detach() - mean) + 1.0));
}

TEST(Variances, OfAConstantHaveADeviationWithoutSlope) {
  const Tensor x = ones({3}).requires_grad_();
  okibi::std(x).backward();
  EXPECT_TRUE(equal(x.grad(), zeros({3})));
}

TEST(Products, OfIntegersWrapAround) {
  EXPECT_EQ(prod(tensor({INT64_MIN, int64_t{-1}})).item<int64_t>(), INT64_MIN);
  EXPECT_EQ(prod(zeros({0, 3}), 0).to_vector<float>(), (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(prod(tensor({true, false})).dtype(), int64);
  expect_error(ErrorKind::out_of_range, "Dimension out of range", [] { prod(zeros({2}), INT64_MIN); });
}

TEST(Norms, OfNothing) {
  EXPECT_EQ(norm(zeros({0})).item<double>(), 0);
  expect_error(ErrorKind::bad_argument, "linalg.vector_norm cannot compute the inf norm on an empty tensor", [] {
    norm(zeros({2, 0}), infinity, {1});
  });
  expect_error(ErrorKind::bad_argument,
               "norm(): the input dtype should be either floating point or complex: found int64",
               [] { norm(arange(3)); });
  EXPECT_EQ(norm(tensor({nan, 1.0}), infinity).to_vector<float>().size(), 1u);
  EXPECT_TRUE(std::isnan(norm(tensor({nan, 1.0}), infinity).item<double>()));
}

TEST(Logsumexp, OfInfinitiesIsInfinite) {
  EXPECT_EQ(computed("aten::logsumexp", {tensor({-infinity, -infinity}), List{0}, false}).item<double>(), -infinity);
  EXPECT_EQ(computed("aten::logsumexp", {tensor({infinity, 0.0}), List{0}, false}).item<double>(), infinity);
}

TEST(RoundedDivision, SaysWhatItRefuses) {
  expect_error(ErrorKind::bad_argument, "div expected rounding_mode to be one of None, 'trunc', or 'floor': found up",
               [] {
                 computed("aten::div.Tensor_mode", {ones({2}), ones({2}), "up"});
               });
  for (const char* mode : {"trunc", "floor"}) {
    expect_error(ErrorKind::bad_argument, "ZeroDivisionError", [&] {
      computed("aten::div.Tensor_mode", {arange(2), arange(2), mode});
    });
    EXPECT_EQ(computed("aten::div.Scalar_mode", {tensor({INT64_MIN}), -1, mode}).item<int64_t>(), INT64_MIN);
  }
  expect_error(ErrorKind::bad_argument, "ZeroDivisionError", [] { computed("aten::fmod.Scalar", {arange(2), 0}); });
  EXPECT_EQ(computed("aten::fmod.Scalar", {tensor({INT64_MIN}), -1}).item<int64_t>(), 0);
  EXPECT_EQ(computed("aten::abs", {tensor({INT64_MIN, int64_t{-3}})}).to_vector<int64_t>(),
            (std::vector<int64_t>{INT64_MIN, 3}));
}

TEST(Bounds, ThatAreNanStayNan) {
  const Tensor bounded =
      computed("aten::clamp.Tensor", {tensor({1.0, nan, 5.0}), tensor({nan, 0.0, 7.0}), tensor(6.0)});
  EXPECT_TRUE(std::isnan(bounded[0].item<double>()));
  EXPECT_TRUE(std::isnan(bounded[1].item<double>()));
  EXPECT_EQ(bounded[2].item<double>(), 6);
  expect_error(ErrorKind::bad_argument, "At least one of 'min' or 'max' must not be None", [] {
    computed("aten::clamp.Tensor", {ones({2}), nullptr, nullptr});
  });
}

TEST(BitwiseLogic, WithATruthStaysOne) {
  const Tensor both = computed("aten::bitwise_and.Scalar", {tensor({true, false}), true});
  EXPECT_EQ(both.dtype(), boolean);
  EXPECT_TRUE(equal(both, tensor({true, false})));
  expect_error(ErrorKind::bad_argument, "and, or and xor is for integers and booleans: found float32", [] {
    computed("aten::__or__.Scalar", {arange(2), 1.5});
  });
}

TEST(Reductions, TakeNoMoreThan64Dimensions) {
  const Tensor x = ones(Dims(64, 1)).unsqueeze(0);
  expect_error(ErrorKind::limit, "reductions are over tensors of at most 64 dimensions: found 65", [&] { sum(x, 64); });
}

TEST(WeightNorm, RefusesDimensionsThatAreNotThere) {
  expect_error(ErrorKind::out_of_range, "_weight_norm: there is no such dimension: found 7", [] {
    computed("aten::_weight_norm", {ones({2, 2}), ones({2, 1}), 7});
  });
}

TEST(Padding, ByWhatIsThereNeedsEnoughOfIt) {
  expect_error(ErrorKind::bad_argument, "pad: there is not so much to reflect from: found 3 and 0 for a dimension of 3",
               [] {
                 computed("aten::pad", {ones({1, 3}), List{3, 0}, "reflect", nullptr});
               });
  expect_error(ErrorKind::bad_argument, "Unrecognised padding mode", [] {
    computed("aten::pad", {ones({1, 3}), List{1, 0}, "mirror", nullptr});
  });
  expect_error(ErrorKind::bad_argument, "pad: the result would have no size", [] {
    computed("aten::pad", {ones({1, 3}), List{INT64_MAX, INT64_MAX}, "replicate", nullptr});
  });
}

}  // namespace
}  // namespace okibi
