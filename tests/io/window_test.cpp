#include "io/window.h"

#include <gtest/gtest.h>

#include <array>

namespace okibi::io {
namespace {

std::shared_ptr<const Source> letters() { return std::make_shared<Buffer>(as_bytes("abcdefgh")); }

std::string text_at(const Source& source, uint64_t offset, size_t size) {
  std::string text(size, '?');
  source.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(Window, IsAPartThatReadsAsAWhole) {
  const Window window(letters(), 2, 4);
  EXPECT_EQ(window.size(), 4u);
  EXPECT_EQ(text_at(window, 0, 4), "cdef");
  std::string a(1, '?'), b(2, '?');
  const std::array ranges = {Range{3, std::as_writable_bytes(std::span(a))},
                             Range{0, std::as_writable_bytes(std::span(b))}};
  window.read_many(ranges);
  EXPECT_EQ(a + b, "fcd");
}

TEST(Window, ShowsNothingBeyondItself) {
  const Window window(letters(), 2, 4);
  EXPECT_THROW(text_at(window, 3, 2), Error);
  EXPECT_THROW(text_at(window, UINT64_MAX, 2), Error);
  std::string two(2, '?');
  const std::array ranges = {Range{3, std::as_writable_bytes(std::span(two))}};
  EXPECT_THROW(window.read_many(ranges), Error);
  EXPECT_THROW(window.map(3, 2), Error);
}

TEST(Window, LiesWithinItsSource) {
  EXPECT_NO_THROW(Window(letters(), 8, 0));
  EXPECT_THROW(Window(letters(), 5, 4), Error);
  EXPECT_THROW(Window(letters(), UINT64_MAX, 2), Error);
}

}  // namespace
}  // namespace okibi::io
