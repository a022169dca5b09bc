#include "base/keyed_hash.h"

#include <gtest/gtest.h>

namespace okibi {
namespace {

// Made for the hash of libstdc++: the differences in the two blocks of eight bytes take each other away, whatever the
// seed. Pairs like this one, n behind each other, are two to the power of n names that meet.
constexpr std::string_view one("\x13\x4a\x4f\x51\x71\x1d\x77\x7e\x18\x4a\x05\x47\x02\x11\x19\x0c", 16);
constexpr std::string_view other("\x13\x4a\x0c\x6b\x0c\x03\x1f\x0d\x18\x4a\x48\x2d\x67\x2b\x71\x7d", 16);

TEST(KeyedHash, TextsThatMeetInTheStandardHashDoNotMeetInThis) {
#ifdef __GLIBCXX__
  EXPECT_EQ(std::hash<std::string_view>()(one), std::hash<std::string_view>()(other));
#endif
  EXPECT_NE(KeyedHash()(one), KeyedHash()(other));
}

TEST(KeyedHash, EqualKeysHaveOneHash) {
  EXPECT_EQ(KeyedHash()(one), KeyedHash()(std::string(one)));
  EXPECT_EQ(KeyedHash()(7), KeyedHash()(7));
  EXPECT_NE(KeyedHash()(7), KeyedHash()(8));
  EXPECT_NE(KeyedHash()("a"), KeyedHash()(std::string_view("a\0", 2)));
}

TEST(KeyedHash, TablesFindATextWithoutCopyingIt) {
  KeyedMap<std::string, int> numbers = {{"weight", 1}};
  ASSERT_NE(numbers.find(std::string_view("weight")), numbers.end());
  EXPECT_EQ(numbers.find(std::string_view("bias")), numbers.end());
}

}  // namespace
}  // namespace okibi
