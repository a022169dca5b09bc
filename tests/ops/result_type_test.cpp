// The dtypes of results: what tests/interop compares with PyTorch is of one dtype alone, so those that mix stand here.
// All expectations are what torch.result_type of PyTorch 2.15 says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/op_table.h>

#include <cmath>
#include <limits>

#include "samples.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

Tensor called(std::string_view name, std::vector<Value> arguments) {
  return find_op(name)->call(arguments).to_tensor();
}

Tensor of(DType dtype, Dims sizes = {2}) { return ones(std::move(sizes), {dtype}); }

TEST(ResultType, OfATensorWithoutDimensionsCountsByItsKindAlone) {
  EXPECT_EQ(add(of(float32), of(float64, {})).dtype(), float32);
  EXPECT_EQ(add(of(float64, {}), of(float32)).dtype(), float32);
  EXPECT_EQ(add(of(float32), of(float64)).dtype(), float64);
  EXPECT_EQ(add(of(float32, {}), of(float64, {})).dtype(), float64);
  EXPECT_EQ(add(of(int32), of(int64, {})).dtype(), int32);
  EXPECT_EQ(add(of(int32), of(float64, {})).dtype(), float64);
  EXPECT_EQ(add(of(boolean), of(int32, {})).dtype(), int32);
  EXPECT_EQ(mul(of(int64), of(float32, {})).dtype(), float32);
}

TEST(ResultType, OfANumberCountsByItsKindAlone) {
  EXPECT_EQ(called("aten::div.Scalar", {of(float32, {}), 2}).dtype(), float32);
  EXPECT_EQ(called("aten::sub.Scalar", {of(int32), 1, 1.0}).dtype(), int32);
  EXPECT_EQ(called("aten::sub.Scalar", {of(int32), 1.5, 1.0}).dtype(), float32);
  EXPECT_EQ(called("aten::pow.Tensor_Scalar", {of(int64), 0.5}).dtype(), float32);
  EXPECT_EQ(called("aten::clamp", {of(int64), 0.5, nullptr}).dtype(), float32);
  EXPECT_EQ(called("aten::add.Scalar", {of(int64), 2.0, 1.0}).dtype(), float32);
  EXPECT_EQ(called("aten::mul.Scalar", {of(int64), 2.0}).dtype(), float32);
  EXPECT_EQ(called("aten::add.Scalar", {of(boolean), 1, 1}).dtype(), int64);
  EXPECT_EQ(called("aten::mul.Scalar", {of(boolean), true}).dtype(), boolean);
  EXPECT_EQ(called("aten::floor_divide.Scalar", {of(boolean), 2}).dtype(), int64);
}

TEST(ResultType, OfAWholeNumberOfCppIsThatOfAnInt) {
  EXPECT_EQ((of(int64) + 2).dtype(), int64);
  EXPECT_EQ((of(int64) * 2.5).dtype(), float32);
  EXPECT_EQ(clamp(of(int32), 0.0, 1.0).dtype(), int32);
  EXPECT_EQ(pow(of(int64), 2).dtype(), int64);
}

TEST(Powers, OfIntegersWrapAround) {
  const Tensor large = tensor({int64_t{1} << 40, (int64_t{1} << 31) + 1});
  EXPECT_EQ(pow(large, 2).to_vector<int64_t>(), (std::vector<int64_t>{0, (int64_t{1} << 62) + (int64_t{1} << 32) + 1}));
}

TEST(Comparisons, OfIntegersAreExact) {
  const Tensor large = tensor({(int64_t{1} << 53) + 1});
  EXPECT_EQ(called("aten::eq.Scalar", {large, int64_t{1} << 53}).item<bool>(), false);
  EXPECT_EQ(called("aten::gt.Scalar", {large, int64_t{1} << 53}).item<bool>(), true);
}

TEST(WholeDivision, ByZeroIsAnErrorOfIntegersAndInfiniteOfOthers) {
  expect_error(ErrorKind::bad_argument, "ZeroDivisionError", [] {
    called("aten::floor_divide", {tensor({1}), tensor({0})});
  });
  expect_error(ErrorKind::bad_argument, "ZeroDivisionError", [] {
    called("aten::remainder.Scalar", {tensor({1}), 0});
  });
  EXPECT_EQ(called("aten::floor_divide", {tensor({1.0}), tensor({0.0})}).item<float>(),
            std::numeric_limits<float>::infinity());
  const int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(called("aten::floor_divide", {tensor({least}), tensor({-1})}).item<int64_t>(), least);
  EXPECT_EQ(called("aten::remainder.Scalar", {tensor({least}), -1}).item<int64_t>(), 0);
}

TEST(Extremes, SayWhereTheyStandAndTakeNaNFirst) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto [values, indices] = max(tensor({{1, 3, 3}, {nan, 5, nan}}), 1);
  EXPECT_EQ(indices.to_vector<int64_t>(), (std::vector<int64_t>{1, 0}));
  EXPECT_TRUE(std::isnan(values.to_vector<float>()[1]));
  EXPECT_EQ(min(tensor({{4, 1, 1}}), 1).indices.to_vector<int64_t>(), (std::vector<int64_t>{1}));
  EXPECT_TRUE(std::isnan(maximum(tensor({1.0}), tensor({nan})).item<float>()));
  EXPECT_TRUE(std::isnan(minimum(tensor({nan}), tensor({1.0})).item<float>()));
  EXPECT_TRUE(std::isnan(clamp(tensor({nan}), 0.0, 1.0).item<float>()));
  expect_error(ErrorKind::bad_argument, "nothing to choose from", [] { max(ones({2, 0}), 1); });
}

TEST(Reductions, RefuseDimensionsThatAreNoneOrNamedTwice) {
  expect_error(ErrorKind::bad_argument, "appears twice", [] { sum(ones({2, 3}), Dims{1, -1}); });
  EXPECT_THROW(mean(ones({2, 3}), Dims{2}), Error);
  EXPECT_EQ(sum(ones({}), Dims{-1}).item<float>(), 1);
}

}  // namespace
}  // namespace okibi
