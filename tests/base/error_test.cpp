#include <gtest/gtest.h>
#include <okibi/base.h>

#include <array>
#include <limits>

namespace okibi {
namespace {

TEST(Error, SaysPlaceSentenceExpectedFoundAndHintInThatOrder) {
  const Error error = Error(ErrorKind::bad_file, "the CRC-32 does not match")
                          .expected(uint64_t{1234})
                          .found("5678")
                          .hint("Copy the file again.")
                          .at("record", "data/3")
                          .at("", "model.pth");
  EXPECT_STREQ(error.what(),
               "model.pth, record data/3: the CRC-32 does not match: expected 1234, found 5678. Copy the file again.");
}

TEST(Error, SaysFoundAlone) {
  EXPECT_STREQ(Error(ErrorKind::limit, "too many dims").found("65").what(), "too many dims: found 65");
}

TEST(Error, PutsNoSecondFullStopBeforeTheHint) {
  EXPECT_STREQ(Error(ErrorKind::io, "The disk is full.").hint("Free some space.").what(),
               "The disk is full. Free some space.");
}

TEST(Error, GetsAnOuterPlaceFromItsContext) {
  const auto fail = [] { throw Error(ErrorKind::bad_file, "no number").at("column", "age"); };
  try {
    in_context("line", "7", fail);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "line 7, column age: no number");
    EXPECT_EQ(error.kind(), ErrorKind::bad_file);
    EXPECT_EQ(error.places().size(), 2u);
  }
}

TEST(Error, ContextGivesBackWhatTheWorkGave) {
  EXPECT_EQ(in_context("line", "7", [] { return 42; }), 42);
}

TEST(ErrorKind, HasNameAndStatusesFromOneTable) {
  EXPECT_EQ(name_of(ErrorKind::bad_argument), "bad_argument");
  EXPECT_EQ(name_of(ErrorKind::internal), "internal");
  EXPECT_EQ(exit_status_of(ErrorKind::bad_file), 2);
  EXPECT_EQ(exit_status_of(ErrorKind::cancelled), 130);
  EXPECT_EQ(http_status_of(ErrorKind::not_found), 404);
}

TEST(CheckedArithmetic, GivesTheExactResultUpToTheLargest) {
  constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(checked_add(most - 1, 1, "sum"), most);
  EXPECT_EQ(checked_mul(most, 1, "product"), most);
  EXPECT_EQ(checked_mul(uint64_t{1} << 32, (uint64_t{1} << 32) - 1, "product"), 0xffffffff00000000u);
}

TEST(CheckedArithmetic, RefusesOverflowAndNamesWhat) {
  constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_THROW(checked_add(most, 1, "sum"), Error);
  try {
    checked_mul(uint64_t{1} << 32, uint64_t{1} << 32, "bytes of data/0");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_file);
    EXPECT_TRUE(std::string_view(error.what()).starts_with("bytes of data/0: 4294967296 * 4294967296"));
  }
}

TEST(LittleEndian, ReadsAndWritesAtAnyAddress) {
  std::array<std::byte, 7> bytes{};
  store_le<uint32_t>(bytes.data() + 1, 0x01020304);
  EXPECT_EQ(bytes[1], std::byte{4});
  EXPECT_EQ(bytes[4], std::byte{1});
  EXPECT_EQ(load_le<uint32_t>(bytes.data() + 1), 0x01020304u);
}

TEST(Stop, ThrowsOnlyOnceAsked) {
  std::stop_source source;
  EXPECT_NO_THROW(throw_if_stopped(source.get_token()));
  source.request_stop();
  try {
    throw_if_stopped(source.get_token());
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace okibi
