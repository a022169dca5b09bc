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

std::string verdict(const Dims& sizes, const std::vector<Box>& boxes) {
  std::vector<BoxView> views;
  for (const Box& box : boxes) views.push_back({box.offsets, box.sizes});
  try {
    check_boxes(sizes, views);
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
