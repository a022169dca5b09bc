#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include "tensor/body.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

// 0, 1, 2 … in these sizes
Tensor counted(const Dims& sizes) { return arange(numel_of(sizes)).view(sizes); }

std::vector<int64_t> numbers(const Tensor& tensor) { return tensor.to_vector<int64_t>(); }

TEST(View, SharesTheStorage) {
  const Tensor base = counted({2, 3}), view = base.view({3, 2});
  view[2].fill_(9);
  EXPECT_EQ(numbers(base), (std::vector<int64_t>{0, 1, 2, 3, 9, 9}));
  EXPECT_EQ(view.storage(), base.storage());
}

TEST(View, InfersOneSize) {
  EXPECT_EQ(counted({4, 6}).view({3, -1}).sizes(), (Dims{3, 8}));
  EXPECT_EQ(counted({0}).view({-1, 2}).sizes(), (Dims{0, 2}));
}

TEST(View, FollowsStridesWhereTheyPermit) {
  const Tensor columns = counted({4, 6}).slice(1, 0, 3);  // rows of 3, 6 apart
  EXPECT_EQ(columns.view({2, 2, 3}).strides(), (Dims{12, 6, 1}));
  EXPECT_EQ(columns.view({4, 3, 1}).strides(), (Dims{6, 1, 1}));
  EXPECT_EQ(counted({6, 4}).t().view({2, 2, 6}).strides(), (Dims{2, 1, 4}));
  EXPECT_EQ(counted({2, 1, 3}).expand({2, 5, 3}).view({2, 5, 3, 1}).strides(), (Dims{3, 0, 1, 1}));
  EXPECT_EQ(counted({}).view({1, 1}).strides(), (Dims{1, 1}));
}

TEST(View, RefusesWhatStridesDoNotPermit) {
  expect_error(ErrorKind::bad_argument, "view size is not compatible with input tensor's size and stride", [] {
    counted({2, 3}).t().view({6});
  });
  expect_error(ErrorKind::bad_argument, "Use .reshape(...) instead.", [] {
    counted({4, 6}).slice(1, 0, 3).view({12});
  });
}

TEST(View, RefusesSizesThatDoNotFit) {
  expect_error(ErrorKind::bad_argument, "shape '[2, 3]' is invalid for input of size 5", [] {
    arange(5).view({2, 3});
  });
  expect_error(ErrorKind::bad_argument, "shape '[2, -1]' is invalid for input of size 5", [] {
    arange(5).view({2, -1});
  });
  expect_error(ErrorKind::bad_argument, "only one dimension can be inferred", [] { arange(4).view({-1, -1}); });
  expect_error(ErrorKind::bad_argument, "invalid shape dimension -2", [] { arange(4).view({-2, 2}); });
  expect_error(ErrorKind::bad_argument, "can be any value and is ambiguous", [] { arange(0).view({-1, 0}); });
}

TEST(Reshape, CopiesOnlyWhereItMust) {
  const Tensor base = counted({2, 3});
  EXPECT_EQ(base.reshape({6}).storage(), base.storage());
  const Tensor copy = base.t().reshape({6});
  EXPECT_NE(copy.storage(), base.storage());
  EXPECT_EQ(numbers(copy), (std::vector<int64_t>{0, 3, 1, 4, 2, 5}));
}

TEST(Flatten, JoinsARunOfDimensions) {
  EXPECT_EQ(counted({2, 3, 4}).flatten().sizes(), (Dims{24}));
  EXPECT_EQ(counted({2, 3, 4}).flatten(1).sizes(), (Dims{2, 12}));
  EXPECT_EQ(counted({2, 3, 4}).flatten(-3, 1).sizes(), (Dims{6, 4}));
  EXPECT_EQ(counted({}).flatten().sizes(), (Dims{1}));
  EXPECT_EQ(counted({2, 0, 4}).flatten(1).sizes(), (Dims{2, 0}));
  expect_error(ErrorKind::bad_argument, "start_dim cannot come after end_dim", [] { counted({2, 3}).flatten(1, 0); });
}

TEST(Slice, CutsItsEndsAsPythonDoes) {
  const Tensor t = arange(10);
  EXPECT_EQ(numbers(t.slice(0, 2, 5)), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(numbers(t.slice(0, -3, 100)), (std::vector<int64_t>{7, 8, 9}));
  EXPECT_EQ(numbers(t.slice(0, -100, 2)), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(numbers(t.slice(0, 1, 9, 3)), (std::vector<int64_t>{1, 4, 7}));
  EXPECT_EQ(numbers(t.slice(0, 0, INT64_MAX, INT64_MAX)), (std::vector<int64_t>{0}));
  EXPECT_EQ(t.slice(0, INT64_MIN, INT64_MAX).numel(), 10);
  EXPECT_EQ(t.slice(0, 7, 3).numel(), 0);
  EXPECT_EQ(t.rows(8, 10).storage_offset(), 8);
}

TEST(Slice, RefusesAStepThatIsNotPositive) {
  expect_error(ErrorKind::bad_argument, "slice step must be positive", [] { arange(3).slice(0, 0, 3, 0); });
  expect_error(ErrorKind::out_of_range, "slice() cannot be applied to a 0-dim tensor.",
               [] { tensor(1).slice(0, 0, 1); });
}

TEST(Narrow, MustLieWithin) {
  EXPECT_EQ(numbers(arange(6).narrow(0, -2, 2)), (std::vector<int64_t>{4, 5}));
  EXPECT_EQ(arange(6).narrow(0, 6, 0).numel(), 0);
  expect_error(ErrorKind::out_of_range, "start (5) + length (3) exceeds dimension size (6).",
               [] { arange(6).narrow(0, 5, 3); });
  expect_error(ErrorKind::out_of_range, "start (5) + length", [] { arange(6).narrow(0, 5, INT64_MAX); });
  expect_error(ErrorKind::out_of_range, "start out of range (expected to be in range of [-6, 6], but got 7)",
               [] { arange(6).narrow(0, 7, 0); });
  expect_error(ErrorKind::bad_argument, "length must be non-negative", [] { arange(6).narrow(0, 0, -1); });
}

TEST(Select, DropsTheDimension) {
  EXPECT_EQ(numbers(counted({2, 3}).select(1, -1)), (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(counted({2, 3})[1][2].item<int>(), 5);
  expect_error(ErrorKind::out_of_range, "index 5 is out of bounds for dimension 0 with size 3", [] { arange(3)[5]; });
  expect_error(ErrorKind::out_of_range, "index -4 is out of bounds for dimension 0 with size 3", [] { arange(3)[-4]; });
  expect_error(ErrorKind::out_of_range, "index 3 is out of bounds", [] { arange(3)[3]; });
  expect_error(ErrorKind::out_of_range, "cannot be applied to a 0-dim tensor", [] { tensor(1)[0]; });
}

TEST(Transpose, SwapsTwoDimensions) {
  EXPECT_EQ(numbers(counted({2, 3}).transpose(0, -1)), (std::vector<int64_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(counted({2, 3}).t().sizes(), (Dims{3, 2}));
  EXPECT_EQ(counted({3}).t().sizes(), (Dims{3}));
  expect_error(ErrorKind::bad_argument, "t() expects a tensor with <= 2 dimensions, but self is 3D", [] {
    counted({1, 2, 3}).t();
  });
  expect_error(ErrorKind::out_of_range, "(expected to be in range of [-2, 1], but got 2)", [] {
    counted({2, 3}).transpose(0, 2);
  });
}

TEST(Permute, OrdersAllDimensions) {
  EXPECT_EQ(counted({2, 3, 4}).permute({2, 0, -2}).strides(), (Dims{1, 12, 4}));
  expect_error(ErrorKind::bad_argument, "duplicate dims are not allowed", [] { counted({2, 3}).permute({0, -2}); });
  expect_error(ErrorKind::bad_argument, "input.dim() = 2 is not equal to len(dims) = 1", [] {
    counted({2, 3}).permute({0});
  });
}

TEST(Squeeze, DropsSizesOfOne) {
  EXPECT_EQ(counted({1, 2, 1, 3}).squeeze().sizes(), (Dims{2, 3}));
  EXPECT_EQ(counted({1, 2, 1}).squeeze(0).sizes(), (Dims{2, 1}));
  EXPECT_EQ(counted({1, 2, 1}).squeeze(1).sizes(), (Dims{1, 2, 1}));
  EXPECT_EQ(counted({}).squeeze(-1).sizes(), Dims{});
}

TEST(Unsqueeze, AddsASizeOfOne) {
  EXPECT_EQ(counted({2, 3}).unsqueeze(1).sizes(), (Dims{2, 1, 3}));
  EXPECT_EQ(counted({2, 3}).unsqueeze(1).strides(), (Dims{3, 3, 1}));
  EXPECT_EQ(counted({2, 3}).unsqueeze(-1).strides(), (Dims{3, 1, 1}));
  EXPECT_EQ(counted({}).unsqueeze(0).sizes(), (Dims{1}));
  expect_error(ErrorKind::out_of_range, "(expected to be in range of [-3, 2], but got 3)", [] {
    counted({2, 3}).unsqueeze(3);
  });
}

TEST(Expand, RepeatsWithoutCopying) {
  const Tensor t = counted({3, 1}).expand({2, -1, 4});
  EXPECT_EQ(t.sizes(), (Dims{2, 3, 4}));
  EXPECT_EQ(t.strides(), (Dims{0, 1, 0}));
  EXPECT_EQ(numbers(t[1][2]), (std::vector<int64_t>{2, 2, 2, 2}));
}

TEST(Expand, RefusesOtherSizes) {
  expect_error(
      ErrorKind::bad_argument,
      "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 0.  Target "
      "sizes: [3].  Tensor sizes: [2]",
      [] { arange(2).expand({3}); });
  expect_error(ErrorKind::bad_argument, "the number of sizes provided (1) must be greater or equal", [] {
    counted({2, 3}).expand({3});
  });
  expect_error(ErrorKind::bad_argument, "The expanded size of the tensor (-1) isn't allowed in a leading", [] {
    arange(2).expand({-1, 2});
  });
}

TEST(AsStrided, StaysWithinTheStorage) {
  EXPECT_EQ(numbers(arange(6).as_strided({2, 2}, {1, 2}, 1)), (std::vector<int64_t>{1, 3, 2, 4}));
  expect_error(ErrorKind::bad_argument, "does not fit its storage", [] { arange(6).as_strided({7}, {1}, 0); });
}

TEST(MetaTensor, HasViewsToo) {
  const Tensor view = empty_meta({2, 3}, float32).t();
  EXPECT_TRUE(view.is_meta());
  EXPECT_EQ(view.device().text(), "meta");
  EXPECT_EQ(view.clone().sizes(), (Dims{3, 2}));
  EXPECT_TRUE(view.to(float16).is_meta());
}

}  // namespace
}  // namespace okibi
