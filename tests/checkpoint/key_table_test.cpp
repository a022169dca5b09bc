#include "checkpoint/pickled/key_table.h"

#include <gtest/gtest.h>

namespace okibi::checkpoint {
namespace {

TEST(KeyTable, FindsKeysInWhateverOrderTheyCame) {
  KeyTable<int> table;
  const char* keys[] = {"0", "2", "1", "weights", "3", "2.5", "07", "00", "4000000000000000000000",
                        "7", "5", "4", "6",       "8"};
  int value = 0;
  for (const char* key : keys) {
    EXPECT_EQ(table.find(key), nullptr) << key;
    EXPECT_EQ(table.add(key, value), value);
    ++value;
  }
  value = 0;
  for (const char* key : keys) {
    ASSERT_NE(table.find(key), nullptr) << key;
    EXPECT_EQ(*table.find(key), value++) << key;
  }
  EXPECT_EQ(table.find("9"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(KeyTable, KeepsReferencesGoodWhileItGrows) {
  KeyTable<int> table;
  const int& first = table.add("0", 42);
  for (int i = 1; i < 10'000; ++i) table.add(std::to_string(i), i);
  EXPECT_EQ(first, 42);
  EXPECT_EQ(table.find("0"), &first);
}

}  // namespace
}  // namespace okibi::checkpoint
