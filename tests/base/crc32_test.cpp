#include "base/crc32.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <vector>

namespace okibi {
namespace {

// A bit at a time, as RFC 1952 section 8 defines it.
uint32_t plain_crc32(std::span<const std::byte> bytes) {
  uint32_t crc = 0xffffffff;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

std::vector<std::byte> mixed_bytes(size_t count) {
  std::vector<std::byte> bytes(count);
  uint32_t state = 1;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

// `size` bytes of which the last is the last that may be read.
class AtTheEnd {
 public:
  explicit AtTheEnd(size_t size) : room_((size + page - 1) / page * page) {
    void* pages = mmap(nullptr, room_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(pages, MAP_FAILED);
    begin_ = static_cast<std::byte*>(pages);
    EXPECT_EQ(mprotect(begin_ + room_, page, PROT_NONE), 0);
  }
  ~AtTheEnd() { munmap(begin_, room_ + page); }
  AtTheEnd(const AtTheEnd&) = delete;

  std::span<std::byte> last(size_t count) { return {begin_ + room_ - count, count}; }

 private:
  static constexpr size_t page = 4096;
  size_t room_;
  std::byte* begin_ = nullptr;
};

TEST(Crc32, HasTheCheckValue) { EXPECT_EQ(extend_crc32(0, std::as_bytes(std::span("123456789", 9))), 0xcbf43926u); }

TEST(Crc32, OfNoBytesIsThatOfThoseBefore) {
  EXPECT_EQ(extend_crc32(0, {}), 0u);
  EXPECT_EQ(extend_crc32(0x12345678, {}), 0x12345678u);
  EXPECT_EQ(join_crc32(0x12345678, 0, 0), 0x12345678u);
}

TEST(Crc32, OfEachLengthIsThePlainOneAndReadsNoByteBeyond) {
  const auto all = mixed_bytes(5000);
  AtTheEnd memory(all.size());
  for (size_t size = 0; size < all.size(); size += size < 1100 ? 1 : 97) {
    const auto bytes = memory.last(size);
    std::copy_n(all.begin(), size, bytes.begin());
    ASSERT_EQ(extend_crc32(0, bytes), plain_crc32(bytes)) << size;
  }
}

TEST(Crc32, OfPiecesIsThatOfTheWhole) {
  const auto all = mixed_bytes(70'001);
  const std::span<const std::byte> bytes(all);
  const uint32_t whole = plain_crc32(bytes);
  for (const size_t cut : std::array<size_t, 7>{0, 1, 15, 4096, 65'535, 70'000, 70'001}) {
    const auto first = bytes.first(cut), second = bytes.subspan(cut);
    EXPECT_EQ(extend_crc32(extend_crc32(0, first), second), whole) << cut;
    EXPECT_EQ(join_crc32(extend_crc32(0, first), extend_crc32(0, second), second.size()), whole) << cut;
  }
}

}  // namespace
}  // namespace okibi
