#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <cmath>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

const double nan = std::nan("");

TEST(Equal, NeedsTheSameDtypeSizesAndNumbers) {
  EXPECT_TRUE(equal(tensor({1, 2}), tensor({1, 2})));
  EXPECT_FALSE(equal(tensor({1, 2}), tensor({1, 3})));
  EXPECT_FALSE(equal(tensor({1, 2}), tensor({1.0, 2.0})));
  EXPECT_FALSE(equal(tensor({1, 2}), tensor({{1, 2}})));
  EXPECT_TRUE(equal(zeros({0, 2}), zeros({0, 2})));
  EXPECT_TRUE(equal(tensor({9007199254740993}), tensor({9007199254740993})));
  EXPECT_FALSE(equal(tensor({9007199254740993}), tensor({9007199254740992})));
}

TEST(Equal, ComparesNumbersNotBits) {
  EXPECT_TRUE(equal(tensor({0.0}), tensor({-0.0})));
  const Tensor not_a_number = tensor({nan});
  EXPECT_FALSE(equal(not_a_number, not_a_number));
  EXPECT_TRUE(equal(tensor({INFINITY}), tensor({INFINITY})));
}

TEST(Equal, LooksThroughStrides) {
  const Tensor t = tensor({{1, 2}, {3, 4}});
  EXPECT_TRUE(equal(t.t(), tensor({{1, 3}, {2, 4}})));
  EXPECT_FALSE(equal(t.t(), t));
}

TEST(Equal, ComparesSparseTensorsPartByPart) {
  const auto make = [](double value) { return sparse_coo_tensor(tensor({{1}}), tensor({value}), {3}); };
  EXPECT_TRUE(equal(make(1.5), make(1.5)));
  EXPECT_FALSE(equal(make(1.5), make(2.5)));
  EXPECT_FALSE(equal(make(1.5), zeros({3})));
}

TEST(Allclose, AllowsForBothTolerances) {
  EXPECT_TRUE(allclose(tensor({1.000001, 100.0}), tensor({1.0, 100.0005})));
  EXPECT_FALSE(allclose(tensor({1.0001}), tensor({1.0})));
  EXPECT_TRUE(allclose(tensor({1.0001}), tensor({1.0}), 1e-3));
  EXPECT_TRUE(allclose(tensor({1e-9}), tensor({0.0})));
  EXPECT_FALSE(allclose(tensor({1e-7}), tensor({0.0})));
  EXPECT_TRUE(allclose(tensor({1, 1}), tensor(1.0)));
}

TEST(Allclose, TakesInfinityForItselfAndNanForNothing) {
  EXPECT_TRUE(allclose(tensor({INFINITY}), tensor({INFINITY})));
  EXPECT_FALSE(allclose(tensor({INFINITY}), tensor({-INFINITY})));
  EXPECT_FALSE(allclose(tensor({1.0}), tensor({INFINITY})));
  EXPECT_FALSE(allclose(tensor({nan}), tensor({nan})));
}

TEST(MaxAbsDifference, IsTheLargest) {
  EXPECT_EQ(max_abs_difference(tensor({1.0, 2.0, 3.0}), tensor({1.5, 0.0, 3.0})), 2);
  EXPECT_EQ(max_abs_difference(zeros({0}), zeros({0})), 0);
  EXPECT_EQ(max_abs_difference(tensor({INFINITY}), tensor({INFINITY})), 0);
  EXPECT_EQ(max_abs_difference(tensor({INFINITY}), tensor({1.0})), INFINITY);
  expect_error(ErrorKind::bad_argument, "expected [2], found [3]", [] { max_abs_difference(zeros({2}), zeros({3})); });
}

TEST(MaxAbsDifference, IsNanWhereOnlyOneIs) {
  EXPECT_EQ(max_abs_difference(tensor({nan, 1.0}), tensor({nan, 3.0})), 2);
  EXPECT_TRUE(std::isnan(max_abs_difference(tensor({nan, 1.0}), tensor({0.0, 3.0}))));
  EXPECT_TRUE(std::isnan(max_abs_difference(tensor({1.0, 1.0}), tensor({2.0, nan}))));
}

}  // namespace
}  // namespace okibi
