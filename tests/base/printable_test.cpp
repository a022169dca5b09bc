#include <gtest/gtest.h>
#include <okibi/base.h>

namespace okibi {
namespace {

TEST(Printable, NoTerminalObeysIt) {
  EXPECT_EQ(printable("a\x1b[2J\n\r\t\x7f"), "a\\x1b[2J\\n\\r\\t\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");              // a control character of two bytes
  EXPECT_EQ(printable("\xe2\x80\xaegnp"), "\\u202egnp");  // turns what follows around
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, WordsStayWords) {
  EXPECT_EQ(printable("熾火 – naïve 𝔘"), "熾火 – naïve 𝔘");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, BytesThatAreNoTextAreShown) {
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xe2\x80"), "\\xe2\\x80");
}

TEST(Printable, LongTextsLoseTheirMiddle) {
  const std::string cut = printable(std::string(100'000, 'x'), 100);
  EXPECT_LT(cut.size(), 140U);
  EXPECT_NE(cut.find("(99900 bytes)"), std::string::npos);
}

TEST(Printable, PlacesOfErrorsAreOnOneLine) {
  const Error error = Error(ErrorKind::bad_file, "wrong").at("record", "a\nokibi: all is well").found("\x1b[2J");
  EXPECT_STREQ(error.what(), "record a\\nokibi: all is well: wrong: found \\x1b[2J");
}

}  // namespace
}  // namespace okibi
