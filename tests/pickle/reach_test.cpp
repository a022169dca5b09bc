// Where a pickle ends, without reading it.
#include <gtest/gtest.h>
#include <okibi/pickle.h>

#include <filesystem>

#include "pickle/reach.h"

namespace okibi::pickle {
namespace {

using namespace std::string_view_literals;

std::vector<std::byte> bytes_of(const std::filesystem::path& path) {
  const io::FileSource file(path);
  std::vector<std::byte> bytes(file.size());
  file.read(0, bytes);
  return bytes;
}

// Cut anywhere, a pickle asks for more bytes and never for more than it has. With bytes behind it, it ends where it
// did.
TEST(Reach, OfEveryGoldenPickleIsItsLength) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(OKIBI_GOLDEN) + "/pickle")) {
    if (entry.path().extension() != ".pkl") continue;
    ++count;
    std::vector<std::byte> bytes = bytes_of(entry.path());
    const uint64_t size = decode(bytes).end_offset();
    bytes.insert(bytes.end(), 3, std::byte{0xff});
    EXPECT_TRUE(reach_of(bytes).is_whole) << entry.path();
    EXPECT_EQ(reach_of(bytes).bytes, size) << entry.path();
    for (uint64_t cut = 0; cut < size; cut += 1 + size / 100) {
      const Reach reach = reach_of(std::span(bytes).first(cut));
      EXPECT_FALSE(reach.is_whole) << entry.path() << " cut at " << cut;
      EXPECT_GT(reach.bytes, cut) << entry.path();
      EXPECT_LE(reach.bytes, size) << entry.path();
    }
  }
  EXPECT_GT(count, 50U);
}

TEST(Reach, SaysHowMuchALongTextNeeds) {
  const Reach reach = reach_of(as_bytes("\x80\x02X\xff\xff\xff\xffhi"sv));
  EXPECT_FALSE(reach.is_whole);
  EXPECT_EQ(reach.bytes, 7 + 0xffffffffULL);
}

TEST(Reach, RefusesWhatIsNoOpcodeAndLengthsThatOverflow) {
  EXPECT_THROW(reach_of(as_bytes("\x80\x02N\xfe"sv)), Error);
  EXPECT_THROW(reach_of(as_bytes("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff"sv)), Error);
}

}  // namespace
}  // namespace okibi::pickle
