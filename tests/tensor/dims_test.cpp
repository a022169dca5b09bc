#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <limits>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(Dims, HoldManyAsWellAsFew) {
  Dims dims;
  for (int64_t i = 0; i < 20; ++i) {
    dims.push_back(i);
    ASSERT_EQ(dims.size(), static_cast<size_t>(i + 1));
    for (int64_t j = 0; j <= i; ++j) ASSERT_EQ(dims[static_cast<size_t>(j)], j);
  }
  while (dims.size() > 3) dims.erase(0);
  EXPECT_EQ(dims, (Dims{17, 18, 19}));
}

TEST(Dims, InsertAndEraseAnywhere) {
  Dims dims{1, 2, 3, 4, 5};
  dims.insert(2, 9);
  EXPECT_EQ(dims, (Dims{1, 2, 9, 3, 4, 5}));
  dims.erase(5);
  dims.erase(0);
  EXPECT_EQ(dims, (Dims{2, 9, 3, 4}));
}

TEST(Dims, AreCopiedAndMovedWhole) {
  const Dims few{1, 2}, many{1, 2, 3, 4, 5, 6, 7};
  Dims a = many, b = few;
  std::swap(a, b);
  EXPECT_EQ(a, few);
  EXPECT_EQ(b, many);
  Dims moved = std::move(b);
  EXPECT_EQ(moved, many);
  moved = Dims(moved);
  EXPECT_EQ(moved.back(), 7);
  EXPECT_NE(few, many);
}

TEST(Dims, PrintAsAList) {
  EXPECT_EQ(to_string(Dims{2, 3}), "[2, 3]");
  EXPECT_EQ(to_string(Dims{}), "[]");
}

TEST(Sizes, MultiplyToTheNumberOfElements) {
  EXPECT_EQ(numel_of({}), 1);
  EXPECT_EQ(numel_of({3, 4, 5}), 60);
  EXPECT_EQ(numel_of({int64_t{1} << 62, 4, 0}), 0);
}

TEST(Sizes, MustNotOverflowOrBeNegative) {
  expect_error(ErrorKind::bad_argument, "cannot have", [] { numel_of({int64_t{1} << 32, int64_t{1} << 32}); });
  expect_error(ErrorKind::bad_argument, "Trying to create tensor with negative dimension -1: [2, -1]", [] {
    numel_of({2, -1});
  });
  expect_error(ErrorKind::bad_argument, "cannot have", [] { empty({0, int64_t{1} << 62, 4}); });
}

TEST(Sizes, HaveRowMajorStrides) {
  EXPECT_EQ(contiguous_strides({2, 3, 4}), (Dims{12, 4, 1}));
  EXPECT_EQ(contiguous_strides({2, 0, 4}), (Dims{4, 4, 1}));
  EXPECT_EQ(contiguous_strides({}), Dims{});
}

TEST(Broadcast, FollowsNumPysRules) {
  EXPECT_EQ(broadcast_sizes({2, 3}, {3}), (Dims{2, 3}));
  EXPECT_EQ(broadcast_sizes({3}, {2, 1}), (Dims{2, 3}));
  EXPECT_EQ(broadcast_sizes({}, {4}), (Dims{4}));
  EXPECT_EQ(broadcast_sizes({1, 0}, {5, 1}), (Dims{5, 0}));
}

TEST(Broadcast, SaysWhichSizesDoNotFit) {
  expect_error(
      ErrorKind::bad_argument,
      "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1: the shapes are "
      "[2, 3] and [4]",
      [] {
        broadcast_sizes({2, 3}, {4});
      });
  expect_error(ErrorKind::bad_argument, "The size of tensor a (4) must match the size of tensor b (3)", [] {
    broadcast_sizes({4}, {2, 3});
  });
}

}  // namespace
}  // namespace okibi
