#include "base/number_map.h"

#include <gtest/gtest.h>

#include <unordered_map>

namespace okibi {
namespace {

TEST(NumberMap, IsEmptyAtFirst) { EXPECT_EQ(NumberMap().find(0), nullptr); }

TEST(NumberMap, KeepsTheFirstValueOfAKey) {
  NumberMap map;
  EXPECT_TRUE(map.emplace(7, 1));
  EXPECT_FALSE(map.emplace(7, 2));
  ASSERT_NE(map.find(7), nullptr);
  EXPECT_EQ(*map.find(7), 1u);
  EXPECT_EQ(map.find(8), nullptr);
}

// Addresses: multiples of 64, and keys that lie side by side.
TEST(NumberMap, FindsAllThatWasPutIn) {
  for (const uint64_t step : {uint64_t{1}, uint64_t{64}, uint64_t{1} << 40, uint64_t{0x9e3779b97f4a7c15}}) {
    NumberMap map;
    for (uint32_t i = 0; i < 10'000; ++i) ASSERT_TRUE(map.emplace(i * step, i));
    for (uint32_t i = 0; i < 10'000; ++i) {
      ASSERT_NE(map.find(i * step), nullptr) << i;
      ASSERT_EQ(*map.find(i * step), i);
    }
    EXPECT_EQ(map.find(10'000 * step), nullptr);
  }
}

}  // namespace
}  // namespace okibi
