#include "checkpoint/pickled/globals.h"

#include <gtest/gtest.h>

#include <fstream>

#include "checkpoint/described.h"

namespace okibi::checkpoint {
namespace {

TEST(Globals, AllThatPyTorchAllowsAreKnown) {
  std::ifstream list(golden("2.15", "weights_only_globals.txt"));
  size_t count = 0;
  for (std::string name; std::getline(list, name); ++count) {
    const size_t dot = name.rfind('.');
    EXPECT_TRUE(find_global(name.substr(0, dot), name.substr(dot + 1))) << name;
  }
  EXPECT_GE(count, 100U);
}

TEST(Globals, NothingElseIs) {
  EXPECT_FALSE(find_global("os", "system"));
  EXPECT_FALSE(find_global("builtins", "eval"));
  EXPECT_FALSE(find_global("torch", "load"));
  EXPECT_FALSE(find_global("torch", "torch.float32"));
  EXPECT_FALSE(find_global("numpy", "FloatStorage"));
  EXPECT_FALSE(find_global("", ""));
}

TEST(Globals, StoragesAndDtypesFollowFromTheTableOfDtypes) {
  EXPECT_EQ(find_global("torch", "FloatStorage")->dtype, float32);
  EXPECT_EQ(find_global("torch", "bfloat16")->meaning, Meaning::dtype);
  EXPECT_EQ(find_global("torch.cuda", "HalfStorage")->meaning, Meaning::storage);
}

}  // namespace
}  // namespace okibi::checkpoint
