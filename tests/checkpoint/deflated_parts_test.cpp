#include "checkpoint/deflated_parts.h"

#include <gmock/gmock.h>

#include "tensor/expect_error.h"
#include "zip/deflate.h"

namespace okibi::checkpoint {
namespace {

constexpr uint64_t mebibyte = uint64_t{1} << 20;

// Numbers that count up, so that each place has bytes of its own.
std::vector<uint32_t> numbers(uint64_t nbytes) {
  std::vector<uint32_t> counted(nbytes / 4);
  for (uint32_t i = 0; i < counted.size(); ++i) counted[i] = i;
  return counted;
}

// A source whose medium fails once, at the first read after it was told to.
class Failing final : public io::Source {
 public:
  explicit Failing(std::string_view bytes) : bytes_(as_bytes(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  std::string name() const override { return "m.pth"; }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    if (std::exchange(fails, false)) throw Error(ErrorKind::io, "the medium failed");
    bytes_.read(offset, into);
  }
  mutable bool fails = false;

 private:
  io::Buffer bytes_;
};

struct LargeRecord : testing::Test {
  const std::vector<uint32_t> plain = numbers(80 * mebibyte);  // too large to be kept as a whole
  const Failing file{testing_help::deflate_text(as_text(std::as_bytes(std::span(plain))), 1)};
  const zip::Record record{"data/0", 0, file.size(), 80 * mebibyte, 0, true};
  DeflatedParts parts;

  bool is_right(uint64_t begin, uint64_t size) {
    std::vector<std::byte> read;
    parts.read({&file, &record}, begin, size, [&](auto piece) { read.insert(read.end(), piece.begin(), piece.end()); });
    return std::ranges::equal(read, std::as_bytes(std::span(plain)).subspan(begin, size));
  }
};

TEST_F(LargeRecord, PartsComeInAnyOrder) {
  for (const uint64_t begin : {10, 30, 20, 70, 0, 60}) EXPECT_TRUE(is_right(begin * mebibyte, 9 * mebibyte)) << begin;
}

TEST_F(LargeRecord, AfterAnErrorTheBytesAreRightAgain) {
  EXPECT_TRUE(is_right(0, mebibyte));
  file.fails = true;
  expect_error(ErrorKind::io, "the medium failed", [&] { is_right(10 * mebibyte, 10 * mebibyte); });
  EXPECT_TRUE(is_right(20 * mebibyte, mebibyte));
}

TEST_F(LargeRecord, WhoFollowsAFileInflatesItAFewTimesOnly) {
  DeflatedParts bounded(DeflatedParts::Again::bounded);
  const zip::Record other = record;
  const auto all = [&] {
    for (int i = 0; i < 20; ++i) {
      for (const zip::Record* each : {&record, &other}) bounded.read({&file, each}, 0, 1, [](auto) {});
    }
  };
  expect_error(ErrorKind::limit, "inflates them too often", all);
}

}  // namespace
}  // namespace okibi::checkpoint
