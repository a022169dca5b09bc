#include "checkpoint/formats/boxes.h"

#include <gtest/gtest.h>
#include <okibi/base.h>

#include <random>
#include <vector>

namespace okibi::checkpoint {
namespace {

struct Box {
  std::vector<int64_t> offsets, sizes;
};

std::string verdict(const Dims& sizes, const std::vector<Box>& boxes, BoxBudget budget = {}) {
  std::vector<BoxView> views;
  for (const Box& box : boxes) views.push_back({box.offsets, box.sizes});
  try {
    check_boxes(sizes, views, budget);
    return "good";
  } catch (const Error& error) {
    return error.sentence();
  }
}

constexpr auto overlap = "two chunks of a tensor overlap";
constexpr auto holes = "the chunks of a tensor leave holes";
constexpr auto outside = "a chunk lies outside its tensor";

TEST(Boxes, CoverEachElementOnce) {
  EXPECT_EQ(verdict({4, 4}, {{{0, 0}, {4, 4}}}), "good");
  EXPECT_EQ(verdict({5}, {{{3}, {2}}, {{0}, {3}}}), "good");
  EXPECT_EQ(verdict({}, {{{}, {}}}), "good");
  EXPECT_EQ(verdict({0, 3}, {}), "good");
  EXPECT_EQ(verdict({4}, {{{0}, {2}}}), holes);
  EXPECT_EQ(verdict({4}, {}), holes);
  EXPECT_EQ(verdict({4}, {{{0}, {3}}, {{2}, {1}}}), overlap);
  EXPECT_EQ(verdict({4}, {{{0}, {4}}, {{0}, {4}}}), overlap);
  EXPECT_EQ(verdict({}, {{{}, {}}, {{}, {}}}), "a tensor of one element lies in several chunks");
}

TEST(Boxes, LieWithinTheTensor) {
  EXPECT_EQ(verdict({4}, {{{2}, {3}}}), outside);
  EXPECT_EQ(verdict({4}, {{{5}, {1}}}), outside);
  EXPECT_EQ(verdict({4}, {{{-1}, {2}}}), outside);
  EXPECT_EQ(verdict({4}, {{{1}, {-1}}}), outside);
  EXPECT_EQ(verdict({4}, {{{1}, {INT64_MAX}}}), outside);
  EXPECT_EQ(verdict({4, 4}, {{{0}, {4}}}), outside);
}

// Five boxes around each other, which no cut divides.
TEST(Boxes, MayInterlock) {
  std::vector<Box> boxes = {{{0, 0}, {1, 2}}, {{0, 2}, {2, 1}}, {{2, 1}, {1, 2}}, {{1, 0}, {2, 1}}, {{1, 1}, {1, 1}}};
  EXPECT_EQ(verdict({3, 3}, boxes), "good");
  boxes[4] = {{1, 1}, {1, 2}};
  EXPECT_EQ(verdict({3, 3}, boxes), overlap);
}

// One element each, in a ring of four boxes that no cut divides: n² comparisons, each of as many intervals as there are
// dimensions.
std::vector<Box> interlocked(int64_t side, size_t dims = 2) {
  const auto box = [&](int64_t x, int64_t y, int64_t width, int64_t height) {
    Box made = {std::vector<int64_t>(dims, 0), std::vector<int64_t>(dims, 1)};
    made.offsets[dims - 2] = x, made.offsets[dims - 1] = y;
    made.sizes[dims - 2] = width, made.sizes[dims - 1] = height;
    return made;
  };
  const int64_t last = side - 1;
  std::vector<Box> boxes = {box(0, 0, last, 1), box(last, 0, 1, last), box(1, last, last, 1), box(0, 1, 1, last)};
  for (int64_t x = 1; x < last; ++x)
    for (int64_t y = 1; y < last; ++y) boxes.push_back(box(x, y, 1, 1));
  return boxes;
}

TEST(Boxes, ThatInterlockAreALimitWhereTheyAreMany) {
  constexpr auto limit = "the chunks of a tensor interlock, and are too many to compare";
  EXPECT_EQ(verdict({50, 50}, interlocked(50)), "good");
  EXPECT_EQ(verdict({100, 100}, interlocked(100)), limit);
  Dims sizes(64, 1);
  sizes[62] = sizes[63] = 50;
  EXPECT_EQ(verdict(sizes, interlocked(50, 64)), limit);
}

TEST(Boxes, OfAllTensorsShareOneBudget) {
  const std::vector<Box> boxes = interlocked(50);
  std::vector<BoxView> views;
  for (const Box& box : boxes) views.push_back({box.offsets, box.sizes});
  BoxBudget budget;
  EXPECT_THROW(
      {
        for (int i = 0; i < 20; ++i) check_boxes({50, 50}, views, budget);
      },
      Error);
}

TEST(Boxes, AreCheckedInNLogNWhereTheyAreAGrid) {
  std::vector<Box> boxes;
  for (int64_t i = 0; i < 300; ++i)
    for (int64_t j = 0; j < 300; ++j) boxes.push_back({{3 * i, 2 * j}, {3, 2}});
  std::shuffle(boxes.begin(), boxes.end(), std::mt19937(1));
  EXPECT_EQ(verdict({900, 600}, boxes), "good");
  boxes.push_back({{450, 301}, {1, 1}});
  EXPECT_EQ(verdict({900, 600}, boxes), overlap);
}

}  // namespace
}  // namespace okibi::checkpoint
