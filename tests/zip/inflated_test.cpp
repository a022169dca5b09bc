#include "zip/inflated.h"

#include <gmock/gmock.h>

#include <random>

#include "archive_builder.h"
#include "deflate.h"
#include "zip/inflate.h"

namespace okibi::zip {
namespace {

using testing::HasSubstr;
using testing_help::crc_of;
using testing_help::deflate_text;

// Letters that deflate to about half, and run over many windows of the reader.
std::string letters(size_t count) {
  std::mt19937 random(7);
  std::string text(count, '\0');
  for (char& letter : text) letter = static_cast<char>('a' + random() % 16);
  return text;
}

struct Deflated {
  explicit Deflated(std::string stored, uint64_t size, uint32_t crc = 0) : bytes(as_bytes(stored), "m.pth") {
    record = {"data/0", 0, bytes.size(), size, crc, true};
  }
  io::Buffer bytes;
  Record record;
};

std::string read_in_pieces(const Deflated& deflated, size_t piece) {
  Inflated inflated(deflated.bytes, deflated.record);
  std::string text;
  do {
    std::vector<std::byte> bytes(std::min<uint64_t>(piece, deflated.record.size - inflated.position()));
    inflated.read(bytes);
    text += as_text(bytes);
  } while (text.size() < deflated.record.size);
  return text;
}

std::string error_of(const Deflated& deflated, size_t piece = 1000) {
  try {
    read_in_pieces(deflated, piece);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Inflated, GivesTheSameInPiecesOfAnySize) {
  const std::string text = letters(3'000'000);
  const Deflated deflated(deflate_text(text), text.size(), crc_of(text));
  for (const size_t piece : {size_t{999}, size_t{262'144}, size_t{3'000'000}}) {
    EXPECT_TRUE(read_in_pieces(deflated, piece) == text) << piece;
  }
}

TEST(Inflated, TakesWhatIsStoredInBlocks) {
  const std::string text = letters(700'000);
  EXPECT_TRUE(read_in_pieces(Deflated(deflate_text(text, 0), text.size(), crc_of(text)), 65'536) == text);
}

TEST(Inflated, AnEmptyRecordIsChecked) {
  EXPECT_EQ(error_of(Deflated(std::string("\x03\x00", 2), 0)), "none");
  EXPECT_THAT(error_of(Deflated(deflate_text("a"), 0)), HasSubstr("do not give the 0 bytes promised"));
}

TEST(Inflated, RefusesMoreOrFewerBytesThanPromised) {
  const std::string text = letters(2'000'000);
  EXPECT_THAT(error_of(Deflated(deflate_text(text), text.size() - 1)), HasSubstr("1999999 bytes promised"));
  EXPECT_THAT(error_of(Deflated(deflate_text(text), text.size() + 1)), HasSubstr("2000001 bytes promised"));
}

TEST(Inflated, RefusesWhatIsCutDamagedOrFollowed) {
  const std::string text = letters(2'000'000), packed = deflate_text(text);
  EXPECT_THAT(error_of(Deflated(packed.substr(0, packed.size() - 1), text.size())), HasSubstr("damaged"));
  EXPECT_THAT(error_of(Deflated(packed.substr(0, packed.size() / 2), text.size())), HasSubstr("damaged"));
  EXPECT_THAT(error_of(Deflated(packed + "hidden", text.size())), HasSubstr("damaged"));
  EXPECT_THAT(error_of(Deflated(std::string(100, '\xff'), 100)), HasSubstr("m.pth, record data/0"));
}

TEST(Inflated, ChecksTheCrcWithTheLastByte) {
  const std::string text = letters(10'000);
  EXPECT_THAT(error_of(Deflated(deflate_text(text), text.size(), crc_of(text) ^ 1)), HasSubstr("CRC-32"));
}

TEST(Inflated, ARecordTooLargeForOneStepIsReadStraightIntoPlace) {
  const std::string text = letters(20'000'000);
  const Deflated deflated(deflate_text(text, 0), text.size(), crc_of(text));  // more than 8 MiB are stored
  std::vector<std::byte> into(text.size());
  read_record_into(deflated.bytes, deflated.record, into);
  EXPECT_TRUE(as_text(into) == text);
}

}  // namespace
}  // namespace okibi::zip
