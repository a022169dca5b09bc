// Archives made to do harm, or damaged. Each must end in an Error that names the file and says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/zip.h>
#include <sys/resource.h>

#include "zip/archive_builder.h"

namespace okibi::zip {
namespace {

using testing::HasSubstr;
using testing_help::ArchiveBuilder;
using testing_help::BuiltArchive;
using testing_help::deflated;
using testing_help::deflated_part;
using testing_help::Part;

Reader open_bytes(std::string_view bytes, Limits limits = {}) {
  return Reader(std::make_shared<Buffer>(as_bytes(bytes), "evil.pth"), limits);
}

void read_everything(std::string_view bytes) {
  const Reader reader = open_bytes(bytes);
  for (const Record& record : reader.records()) reader.read(record.name);
}

// Three ordinary records; each attack spoils them in one place.
std::vector<Part> parts(bool streamed = false) {
  return {
      {"m/data.pkl", "pickle", 0, streamed}, {"m/data/0", "weights!", 0, streamed}, {"m/version", "3\n", 0, streamed}};
}
BuiltArchive plain() { return ArchiveBuilder(parts()).build(); }
BuiltArchive streamed() { return ArchiveBuilder(parts(true)).build(); }
BuiltArchive zip64() { return ArchiveBuilder(parts()).with_zip64_end().build(); }
BuiltArchive with_extra(std::string extra) {
  auto spoiled = parts();
  spoiled[1].extra = std::move(extra);
  return ArchiveBuilder(std::move(spoiled)).build();
}
BuiltArchive with_names(std::string first, std::string second) {
  return ArchiveBuilder({{std::move(first), "1"}, {std::move(second), "2"}}).build();
}
BuiltArchive bomb(uint64_t claimed, std::string_view content) {
  Part part = deflated_part("m/data.pkl", content);
  part.size = claimed;
  return ArchiveBuilder({part}).build();
}
std::string bytes_of(uint16_t a, uint16_t b, std::string_view rest) {
  std::array<std::byte, 4> raw;
  store_le(raw.data(), a);
  store_le(raw.data() + 2, b);
  return std::string(as_text(raw)).append(rest);
}

struct Attack {
  const char* name;
  std::string (*bytes)();
  const char* says;
  ErrorKind kind = ErrorKind::bad_file;
};

#define BYTES(expression) \
  +[]() -> std::string {  \
    auto a = expression;  \
    return a.bytes;       \
  }
#define POKED(archive, change) \
  +[]() -> std::string {       \
    auto a = archive;          \
    a.change;                  \
    return a.bytes;            \
  }

// clang-format off: one attack, one row
const Attack attacks[] = {
    // The end records.
    {"Empty", +[] { return std::string(); }, "is missing from its 0 bytes"},
    {"NoEndRecord", +[] { return "PK\3\4" + std::string(1000, 'x'); }, "is missing from its 1004 bytes"},
    {"OnlyAnEndRecord", +[] { return plain().bytes.substr(plain().end); }, "does not end where the end records begin"},
    {"TruncatedEndRecord", +[] { auto a = plain().bytes; a.pop_back(); return a; }, "is missing from its"},
    {"TrailingJunk", +[] { return plain().bytes + "junk"; }, "follow its end record"},
    {"LeadingJunk", +[] { return "junk" + plain().bytes; }, "does not end where the end records begin"},
    {"CommentLengthBeyondTheEnd", POKED(plain(), poke16(a.end + 20, 5)), "follow its end record"},
    {"EndRecordInAComment",
     +[] { auto a = plain(); a.poke16(a.end + 20, 22); return a.bytes + a.bytes.substr(a.end); },
     "follow its end record"},
    {"AnotherArchiveInAComment",
     +[] {
       auto outer = plain(), inner = plain();
       const auto base = static_cast<uint32_t>(outer.bytes.size());
       for (size_t i = 0; i < 3; ++i)
         inner.poke32(inner.directory[i] + 42, static_cast<uint32_t>(inner.local[i]) + base);
       inner.poke32(inner.end + 16, static_cast<uint32_t>(inner.directory[0]) + base);
       outer.poke16(outer.end + 20, static_cast<uint16_t>(inner.bytes.size()));
       return outer.bytes + inner.bytes;
     },
     "bytes that belong to no record stand at the start"},
    {"SpannedArchive", POKED(plain(), poke16(a.end + 4, 1)), "one of several parts"},
    {"CountsThatDiffer", POKED(plain(), poke16(a.end + 8, 2)), "one of several parts"},
    {"CountTooSmall", POKED(plain(), poke16(a.end + 8, 2).poke16(a.end + 10, 2)), "expected 2, found 3"},
    {"CountTooLarge", POKED(plain(), poke16(a.end + 8, 4).poke16(a.end + 10, 4)),
     "4 records cannot stand in a directory"},
    {"DirectoryOffsetTooLarge", POKED(plain(), poke32(a.end + 16, 0xfffffff0)), "does not end where"},
    {"DirectorySizeTooSmall", POKED(plain(), poke32(a.end + 12, 1)), "does not end where"},
    {"NoRecords", +[] { return ArchiveBuilder(std::vector<Part>{}).build().bytes; }, "has no records"},
    {"Zip64LocatorPointsElsewhere", POKED(zip64(), poke64(a.locator + 8, 0)), "not where its locator says"},
    {"Zip64LocatorPointsBeyondTheEnd", POKED(zip64(), poke64(a.locator + 8, ~uint64_t{0})),
     "not where its locator says"},
    {"Zip64EndDamaged", POKED(zip64(), poke32(a.end64, 0)), "zip64 end record is damaged"},
    {"Zip64EndOfOtherLength", POKED(zip64(), poke64(a.end64 + 4, ~uint64_t{0})), "zip64 end record is damaged"},
    {"Zip64CountContradicts", POKED(zip64(), poke64(a.end64 + 24, 4).poke64(a.end64 + 32, 4)), "contradict each other"},
    {"Zip64OffsetContradicts", POKED(zip64(), poke64(a.end64 + 48, 0)), "contradict each other"},
    {"Zip64Spanned", POKED(zip64(), poke32(a.locator + 16, 2)), "one of several parts"},
    {"Zip64CountOf2To63",
     POKED(zip64(), poke16(a.end + 8, 0xffff).poke16(a.end + 10, 0xffff).poke64(a.end64 + 24, uint64_t{1} << 63)
                        .poke64(a.end64 + 32, uint64_t{1} << 63)),
     "max_records", ErrorKind::limit},
    {"Zip64SumOverflows",
     POKED(zip64(), poke32(a.end + 12, ~0u).poke32(a.end + 16, ~0u).poke64(a.end64 + 40, ~uint64_t{0})
                        .poke64(a.end64 + 48, 2)),
     "does not fit 64 bits"},

    // The directory.
    {"DirectorySignature", POKED(plain(), poke32(a.directory[1], 0)), "no entry begins where one must"},
    {"NameOverTheEnd", POKED(plain(), poke16(a.directory[2] + 28, 65535)), "runs over the end of the directory"},
    {"ExtraOverTheEnd", POKED(plain(), poke16(a.directory[2] + 30, 65535)), "runs over the end of the directory"},
    {"CommentOverTheEnd", POKED(plain(), poke16(a.directory[2] + 32, 1)), "runs over the end of the directory"},
    {"ExtraFieldOverItsEntry", BYTES(with_extra(bytes_of(1, 200, "x"))), "extra field runs over"},
    {"ExtraFieldOfThreeBytes", BYTES(with_extra("abc")), "extra field runs over"},
    {"TwoZip64Fields", BYTES(with_extra(bytes_of(1, 8, std::string(8, '\0')) + bytes_of(1, 8, std::string(8, '\0')))),
     "two zip64 fields"},
    {"MarkerWithoutZip64Field", POKED(plain(), poke32(a.directory[1] + 24, ~0u)), "has no zip64 field"},
    {"Encrypted", POKED(plain(), poke16(a.directory[1] + 8, 1)), "is encrypted", ErrorKind::unsupported},
    {"PatchedData", POKED(plain(), poke16(a.directory[1] + 8, 0x20)), "flags that no file"},
    {"StrongEncryption", POKED(plain(), poke16(a.directory[1] + 8, 0x40)), "flags that no file"},
    {"MaskedHeaders", POKED(plain(), poke16(a.directory[1] + 8, 0x2000)), "flags that no file"},
    {"UnknownMethod", POKED(plain(), poke16(a.directory[1] + 10, 12)), "found 12", ErrorKind::unsupported},
    {"StoredWithTwoSizes", POKED(plain(), poke32(a.directory[1] + 24, 1000)), "its two sizes differ"},
    {"EntryOnAnotherDisk", POKED(plain(), poke16(a.directory[1] + 34, 1)), "another part of a spanned archive"},
    {"SymbolicLink", POKED(plain(), poke32(a.directory[1] + 38, 0120777u << 16)), "symbolic link"},
    {"DeflateBomb", BYTES(bomb(uint64_t{1} << 31, std::string(1000, 'x'))), "max_inflated_ratio", ErrorKind::limit},

    // Names.
    {"AbsoluteName", BYTES(with_names("/m/a", "/m/b")), "name is absolute"},
    {"ClimbingName", BYTES(with_names("m/a", "m/../b")), "climbs out of its folder"},
    {"ClimbingRoot", BYTES(with_names("../a", "../b")), "climbs out of its folder"},
    {"DotInName", BYTES(with_names("m/a", "m/./b")), "climbs out of its folder"},
    {"EmptyPartInName", BYTES(with_names("m/a", "m//b")), "empty part"},
    {"BackslashInName", BYTES(with_names("m/a", "m/b\\c")), "backslash"},
    {"NulInName", BYTES(with_names("m/a", std::string("m/b\0c", 5))), "control character"},
    {"EscapeInName", BYTES(with_names("m/a", "m/\x1b[2J")), "control character"},
    {"NameNotUtf8", BYTES(with_names("m/a", "m/\xc0\xaf")), "not UTF-8"},
    {"SurrogateInName", BYTES(with_names("m/a", "m/\xed\xa0\x80")), "not UTF-8"},
    {"EmptyName", BYTES(with_names("m/a", "")), "is empty"},
    {"OnlyASlash", BYTES(with_names("m/a", "/")), "is empty"},
    {"NameTooLong", BYTES(with_names("m/a", "m/" + std::string(5000, 'n'))), "max_record_name", ErrorKind::limit},
    {"SameNameTwice", BYTES(with_names("m/data/0", "m/data/0")), "two records of this name"},
    {"SameNameButCase", BYTES(with_names("m/data.pkl", "m/DATA.PKL")), "two records of this name"},
    {"SeveralRoots", BYTES(with_names("m/a", "n/b")), "expected m/"},
    {"RootOnlyAsPrefix", BYTES(with_names("m/a", "mm/b")), "expected m/"},
    {"NoRoot", BYTES(with_names("data.pkl", "version")), "does not lie in a folder"},
    {"FolderWithContent", BYTES(with_names("m/a", "m/b/")), "name is that of a folder"},

    // Local headers against the directory.
    {"HeaderInTheDirectory", POKED(plain(), poke32(a.directory[1] + 42, static_cast<uint32_t>(a.directory[0]))),
     "does not lie before the directory"},
    {"HeaderBeyondTheEnd", POKED(plain(), poke32(a.directory[1] + 42, 0xfffffff0)),
     "does not lie before the directory"},
    {"HeaderBeyond2To63",
     +[] {
       auto a = with_extra(bytes_of(1, 8, std::string("\xf0\xff\xff\xff\xff\xff\xff\xff", 8)));
       return a.poke32(a.directory[1] + 42, ~0u).bytes;
     },
     "does not lie before the directory"},
    {"LocalSignature", POKED(plain(), poke32(a.local[1], 0)), "no local header stands where"},
    {"OtherLocalName", POKED(plain(), poke_text(a.local[1] + 30, "m/data/1")), "another name than the directory"},
    {"LongerLocalName", POKED(plain(), poke16(a.local[1] + 26, 9)), "another name than the directory"},
    {"OtherLocalFlags", POKED(plain(), poke16(a.local[1] + 6, 1)), "other flags than the directory"},
    {"OtherLocalMethod", POKED(plain(), poke16(a.local[1] + 8, 8)), "another method than the directory"},
    {"OtherLocalCrc", POKED(plain(), poke32(a.local[1] + 14, 1)), "another CRC-32 than the directory"},
    {"OtherLocalStoredSize", POKED(plain(), poke32(a.local[1] + 18, 7)), "another stored size than the directory"},
    {"OtherLocalSize", POKED(plain(), poke32(a.local[1] + 22, 7)), "another size than the directory"},
    {"ZeroLocalSizeWithoutDescriptor", POKED(plain(), poke32(a.local[1] + 18, 0)), "another stored size"},
    {"LocalExtraIntoTheNextRecord", POKED(plain(), poke16(a.local[1] + 28, 20)), "overlaps the next one"},
    {"LocalExtraIntoTheDirectory", POKED(plain(), poke16(a.local[2] + 28, 65535)), "runs into the directory"},
    {"SizeIntoTheDirectory",
     POKED(streamed(), poke32(a.directory[2] + 20, 1000).poke32(a.directory[2] + 24, 1000)), "runs into the directory"},
    {"SizeIntoTheNextRecord", POKED(streamed(), poke32(a.directory[1] + 20, 30).poke32(a.directory[1] + 24, 30)),
     "overlaps the next one"},
    {"OneRecordUnderTwoNames",
     POKED(with_names("m/a", "m/b"), poke32(a.directory[1] + 42, 0).poke_text(a.directory[1] + 46, "m/a")
         .poke32(a.directory[1] + 16, testing_help::crc_of("1"))),
     "overlaps the next one"},
    {"HiddenBytesBetweenRecords",
     POKED(plain(), poke32(a.directory[1] + 20, 7).poke32(a.directory[1] + 24, 7).poke32(a.local[1] + 18, 7)
                        .poke32(a.local[1] + 22, 7)),
     "1 bytes that belong to no record"},
    {"HiddenFirstRecord", POKED(plain(), poke32(a.directory[0] + 42, static_cast<uint32_t>(a.local[1]))),
     "belong to no record stand at the start"},
    {"DescriptorCrc", POKED(streamed(), poke32(a.descriptor[1] + 4, 1)), "not the data descriptor"},
    {"DescriptorSize", POKED(streamed(), poke32(a.descriptor[1] + 12, 1)), "not the data descriptor"},
    {"DescriptorSignature", POKED(streamed(), poke32(a.descriptor[2], 1)), "not the data descriptor"},
    {"NoDescriptor",
     POKED(plain(), poke16(a.local[1] + 6, 8).poke16(a.directory[1] + 8, 8)), "not the data descriptor"},

    // Contents.
    {"FlippedBit", POKED(plain(), poke_text(a.data[1], "Weights!")), "CRC-32 does not match"},
    {"InflatesToLess", BYTES(bomb(1001, std::string(1000, 'x'))), "do not give the 1001 bytes"},
    {"InflatesToMore", BYTES(bomb(999, std::string(1000, 'x'))), "do not give the 999 bytes"},
    {"DeflatedGarbage", BYTES(ArchiveBuilder({Part{"m/a", std::string(20, '\xff'), 8, false, {}, 20}}).build()),
     "damaged"},
    {"BytesAfterTheDeflatedStream",
     BYTES(ArchiveBuilder({Part{"m/a", deflated("abc") + "hidden", 8, false, {}, 3}}).build()), "damaged"},
};
// clang-format on

#undef BYTES
#undef POKED

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

class ZipAttack : public testing::TestWithParam<Attack> {};

TEST_P(ZipAttack, EndsInAnErrorThatNamesFileAndFault) {
  try {
    read_everything(GetParam().bytes());
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
    EXPECT_EQ(error.kind(), GetParam().kind) << error.what();
    if (GetParam().kind == ErrorKind::bad_file && std::string_view(GetParam().name) != "Zip64SumOverflows") {
      EXPECT_THAT(error.what(), testing::StartsWith("evil.pth"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ZipAttack, testing::ValuesIn(attacks),
                         [](const auto& attack) { return std::string(attack.param.name); });

TEST(ZipAttacks, AreBuiltOnArchivesThatAreGood) {
  for (const BuiltArchive& good : {plain(), streamed(), zip64(), with_names("m/a", "m/b")}) {
    EXPECT_NO_THROW(read_everything(good.bytes));
  }
}

TEST(ZipAttacks, AreNamedWithRecordAndOffset) {
  auto archive = plain();
  archive.poke_text(archive.data[1], "Weights!");
  try {
    read_everything(archive.bytes);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::StartsWith("evil.pth, record data/0, offset " + std::to_string(archive.data[1])));
  }
}

TEST(ZipAttacks, TruncationAtAnyByteIsAnErrorThatSaysHowMuchIsThere) {
  for (const BuiltArchive& good : {plain(), zip64()}) {
    for (size_t length = 0; length < good.bytes.size(); ++length) {
      try {
        read_everything(std::string_view(good.bytes).substr(0, length));
        FAIL() << "a file cut to " << length << " bytes was read";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("missing from its " + std::to_string(length) + " bytes"));
        EXPECT_THAT(error.what(), HasSubstr("fetch it again"));
      }
    }
  }
}

// Whatever a single wrong byte does, it ends in the same records, or in an Error; sanitizers watch for the rest.
TEST(ZipAttacks, AnySingleWrongByteIsHarmless) {
  for (const BuiltArchive& good : {plain(), streamed(), zip64()}) {
    for (size_t at = 0; at < good.bytes.size(); ++at) {
      for (const int change : {1, 0x80, 0xff}) {
        std::string bytes = good.bytes;
        bytes[at] = static_cast<char>(bytes[at] ^ change);
        try {
          read_everything(bytes);
        } catch (const Error& error) {
          EXPECT_NE(error.kind(), ErrorKind::internal);
        }
      }
    }
  }
}

TEST(ZipAttacks, CannotAskForMoreRecordsThanTheLimit) {
  Limits limits;
  limits.max_records = 2;
  EXPECT_THROW(open_bytes(plain().bytes, limits), Error);
  limits.max_records = 3;
  EXPECT_NO_THROW(open_bytes(plain().bytes, limits));
}

// One record, and two of half that.
TEST(ZipAttacks, CannotInflateToMoreThanTheLimit) {
  constexpr uint64_t promised = 200'000;
  for (const size_t times : {1, 2}) {
    std::vector<Part> parts{Part{"m/data.pkl", "x"}};
    for (size_t i = 0; i < times; ++i) {
      parts.push_back(deflated_part("m/" + std::to_string(i), std::string(1000, 'x')));
      parts.back().size = promised / times;
    }
    const std::string bytes = ArchiveBuilder(parts).build().bytes;
    Limits limits;
    limits.max_inflated_bytes = promised - 16 * bytes.size();  // the file itself gives the rest
    EXPECT_NO_THROW(open_bytes(bytes, limits));
    --limits.max_inflated_bytes;
    EXPECT_THAT([&] { open_bytes(bytes, limits); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("Limits::max_inflated_bytes allows")));
  }
}

// The most memory that this process has ever held, in bytes.
int64_t most_memory() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

// The claim passes the caps; but memory is taken only as far as bytes really come out.
TEST(ZipAttacks, AClaimedSizeTakesNoMemoryByItself) {
  std::string noise(2'000'000, '\0');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * i >> 7 ^ i * 2654435761u >> 13);
  const auto archive = bomb(uint64_t{1} << 30, noise);
  Limits limits;
  limits.max_inflated_bytes = uint64_t{2} << 30;
  const int64_t before = most_memory();
  try {
    open_bytes(archive.bytes, limits).read("data.pkl");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_file);
  }
  EXPECT_LT(most_memory() - before, int64_t{200} << 20);
}

}  // namespace
}  // namespace okibi::zip
