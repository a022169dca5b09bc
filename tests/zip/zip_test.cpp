#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/zip.h>

#include <thread>

#include "zip/archive_builder.h"

namespace okibi::zip {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_help::ArchiveBuilder;
using testing_help::deflated_part;
using testing_help::Part;

Reader open_bytes(std::string_view bytes) { return Reader(std::make_shared<Buffer>(as_bytes(bytes), "a.pth")); }

std::vector<std::string> names_of(const Reader& reader) {
  std::vector<std::string> names;
  for (const Record& record : reader.records()) names.push_back(record.name);
  return names;
}

std::string text_of(const Reader& reader, std::string_view name) { return std::string(as_text(reader.read(name))); }

Reader reader_of(const Buffer& written) { return Reader(std::make_shared<Buffer>(written.bytes(), "written.pth")); }

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

TEST(ZipWriter, WritesWhatTheReaderReads) {
  Buffer buffer;
  Writer writer(buffer, "model");
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(writer.add("data.pkl", as_bytes("pickle")), testing_help::crc_of("pickle"));
  EXPECT_EQ(writer.add("data/0", {}), 0u);
  writer.add("data/1", as_bytes(large));
  writer.finish();
  const Reader reader = reader_of(buffer);
  EXPECT_EQ(reader.root(), "model");
  EXPECT_THAT(names_of(reader), ElementsAre("data.pkl", "data/0", "data/1", ".data/serialization_id"));
  EXPECT_EQ(text_of(reader, "data.pkl"), "pickle");
  EXPECT_EQ(text_of(reader, "data/0"), "");
  EXPECT_TRUE(text_of(reader, "data/1") == large);
}

// As object storage does, which needs the CRC-32 of what it is sent.
struct SummingSink final : io::Sink {
  Buffer buffer;
  size_t summed = 0;

  using Sink::write;
  void write(std::span<const std::byte> bytes) override { buffer.write(bytes); }
  std::optional<uint32_t> write_summed(std::span<const std::byte> bytes, const std::shared_ptr<const void>&) override {
    write(bytes);
    summed += bytes.size();
    return testing_help::crc_of(as_text(bytes));
  }
  void commit() override {}
  uint64_t position() const override { return buffer.position(); }
  std::string name() const override { return "a sink"; }
};

TEST(ZipWriter, ComputesNoCrcThatTheSinkComputes) {
  SummingSink sink;
  Writer writer(sink, "model");
  const std::string text(100'000, 'x'), large(3'000'000, 'y');
  writer.begin("data/0", text.size() + large.size() + 1);
  writer.write(as_bytes(text));
  writer.write(as_bytes("-"));
  writer.write_lent(as_bytes(large), nullptr);
  EXPECT_EQ(writer.end(), testing_help::crc_of(text + "-" + large));
  writer.finish();
  EXPECT_EQ(sink.summed, text.size() + large.size());
  EXPECT_TRUE(text_of(reader_of(sink.buffer), "data/0") == text + "-" + large);
}

TEST(ZipWriter, AlignsEveryRecord) {
  for (const uint64_t alignment : {1u, 48u, 64u, 4096u, 32768u}) {
    Buffer buffer;
    Writer writer(buffer, "model", alignment);
    for (const char* name : {"a", "bb", "ccc"}) writer.add(name, as_bytes(name));
    writer.finish();
    const Reader reader = reader_of(buffer);
    for (const Record& record : reader.records()) EXPECT_EQ(record.offset % alignment, 0u) << record.name;
  }
}

TEST(ZipWriter, CountsOffsetsFromWhereTheSinkStands) {
  Buffer buffer;
  buffer.write("in front");
  Writer writer(buffer, "model");
  writer.add("a", as_bytes("text"));
  writer.finish();
  const Buffer alone(buffer.bytes().subspan(8));
  EXPECT_EQ(reader_of(alone).at("a").offset, 64u);
}

TEST(ZipWriter, WritesTheSameIdForTheSameContentAndAnotherForAnother) {
  const auto id_of = [](std::string_view name, std::string_view content) {
    Buffer buffer;
    Writer writer(buffer, "model");
    writer.add(name, as_bytes(content));
    writer.finish();
    return text_of(reader_of(buffer), ".data/serialization_id");
  };
  const std::string id = id_of("a", "text");
  EXPECT_EQ(id.size(), 40u);
  EXPECT_EQ(id.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_EQ(id_of("a", "text"), id);
  EXPECT_NE(id_of("a", "other").substr(20), id.substr(20));
  EXPECT_NE(id_of("b", "text").substr(0, 20), id.substr(0, 20));
}

TEST(ZipWriter, RefusesNamesThatTheReaderWouldRefuse) {
  Buffer buffer;
  Writer writer(buffer, "model");
  writer.add("data.pkl", as_bytes("pickle"));
  for (const char* name :
       {"data.pkl", "DATA.PKL", "", "../x", "/x", "a\\b", "a//b", "\xff", ".data/serialization_id"}) {
    EXPECT_EQ(error_of([&] { writer.add(name, {}); }).kind(), ErrorKind::bad_argument) << name;
  }
  EXPECT_EQ(error_of([&] { writer.add(std::string(70'000, 'n'), {}); }).kind(), ErrorKind::bad_argument);
  EXPECT_EQ(error_of([&] { Writer(buffer, "a/b"); }).kind(), ErrorKind::bad_argument);
  EXPECT_EQ(error_of([&] { Writer(buffer, ""); }).kind(), ErrorKind::bad_argument);
  EXPECT_EQ(error_of([&] { Writer(buffer, "model", 0); }).kind(), ErrorKind::bad_argument);
  EXPECT_EQ(error_of([&] { Writer(buffer, "model", 65536); }).kind(), ErrorKind::bad_argument);
}

TEST(ZipWriter, IsDoneAfterFinish) {
  Buffer buffer;
  Writer writer(buffer, "model");
  writer.finish();
  EXPECT_THROW(writer.add("a", {}), Error);
  EXPECT_THROW(writer.finish(), Error);
}

TEST(ZipWriter, WritesARecordInPiecesAsItWouldWhole) {
  const std::string text(2'500'000, 'x');
  Buffer whole, pieces;
  {
    Writer writer(whole, "model");
    writer.add("data/0", as_bytes(text));
    writer.add("data/1", {});
    writer.finish();
  }
  Writer writer(pieces, "model");
  writer.begin("data/0", text.size());
  for (const size_t length : {size_t{1}, size_t{0}, size_t{2'000'000}, size_t{499'999}}) {
    writer.write(as_bytes(text).first(length));  // all letters are the same
  }
  EXPECT_EQ(writer.end(), testing_help::crc_of(text));
  writer.begin("data/1", 0);
  EXPECT_EQ(writer.end(), 0u);
  writer.finish();
  EXPECT_TRUE(as_text(pieces.bytes()) == as_text(whole.bytes()));
}

TEST(ZipWriter, HoldsARecordInPiecesToItsSize) {
  Buffer buffer;
  Writer writer(buffer, "model");
  const auto refuses = [](auto work) { EXPECT_EQ(error_of(work).kind(), ErrorKind::bad_argument); };
  refuses([&] { writer.write(as_bytes("x")); });
  refuses([&] { writer.end(); });
  writer.begin("data/0", 3);
  refuses([&] { writer.end(); });
  refuses([&] { writer.write(as_bytes("four")); });
  refuses([&] { writer.add("data/1", {}); });
  refuses([&] { writer.finish(); });
  writer.write(as_bytes("abc"));
  EXPECT_EQ(writer.end(), testing_help::crc_of("abc"));
  writer.finish();
  EXPECT_EQ(text_of(reader_of(buffer), "data/0"), "abc");
}

TEST(ZipReader, FindsRecordsByTheirExactName) {
  const Reader reader = open_bytes(ArchiveBuilder({{"m/b", "B"}, {"m/A", "a"}, {"m/c/d", "D"}}).build().bytes);
  ASSERT_NE(reader.find("c/d"), nullptr);
  EXPECT_EQ(reader.find("c/d")->size, 1u);
  EXPECT_EQ(reader.find("a"), nullptr);
  EXPECT_EQ(reader.find("z"), nullptr);
  EXPECT_EQ(reader.at("A").name, "A");
  const Error error = error_of([&] { reader.at("data.pkl"); });
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_STREQ(error.what(), "a.pth: the archive has no record \"data.pkl\"");
}

TEST(ZipReader, GoesOnWorkingWhenItIsCopiedAndMoved) {
  auto reader = std::make_unique<Reader>(open_bytes(ArchiveBuilder({{"m/a", "A"}, {"m/b", "B"}}).build().bytes));
  Reader copy = *reader;
  reader.reset();
  const Reader moved = std::move(copy);
  EXPECT_EQ(text_of(moved, "b"), "B");
}

TEST(ZipReader, InflatesDeflatedRecords) {
  const std::string text(5'000'000, 'y');
  const Reader reader = open_bytes(ArchiveBuilder({deflated_part("m/code.py", text)}).build().bytes);
  EXPECT_TRUE(text_of(reader, "code.py") == text);
  std::vector<std::byte> into(text.size());
  reader.read_into(reader.at("code.py"), into);
  EXPECT_TRUE(as_text(into) == text);
  EXPECT_EQ(error_of([&] { reader.read_part(reader.at("code.py"), 0, into); }).kind(), ErrorKind::unsupported);
}

// As zlib packs a piece of TorchScript repeated 40 times.
TEST(ZipReader, InflatesWhatZlibDeflated) {
  constexpr std::string_view packed(
      "\x4b\x49\x4d\x53\x48\xcb\x2f\x2a\x4f\x2c\x4a\xd1\x28\x4e\xcd\x49\xd3\x51\xa8\xd0\xb4\xe2\x52\x50\x28\x4a\x2d\x29"
      "\x2d\xca\x53\xa8\xe0\x4a\x19\x55\x30\xaa\x60\x54\xc1\xa8\x82\x91\xad\x00\x00",
      47);
  std::string text;
  for (int i = 0; i < 40; ++i) text += "def forward(self, x):\n  return x\n";
  const Part part{"m/code.py", std::string(packed), 8, false, {}, text.size()};
  EXPECT_EQ(text_of(open_bytes(ArchiveBuilder({part}).crc(0, testing_help::crc_of(text)).build().bytes), "code.py"),
            text);
}

TEST(ZipReader, InflatesAnEmptyRecord) {
  const Reader reader = open_bytes(ArchiveBuilder({deflated_part("m/empty", "")}).build().bytes);
  EXPECT_EQ(text_of(reader, "empty"), "");
  EXPECT_NO_THROW(reader.read_into(reader.at("empty"), {}));
}

TEST(ZipReader, ChecksTheCrcOfDeflatedRecords) {
  const auto with_crc = [](uint32_t crc) {
    return open_bytes(ArchiveBuilder({deflated_part("m/a", "text")}).crc(0, crc).build().bytes);
  };
  EXPECT_EQ(text_of(with_crc(testing_help::crc_of("text")), "a"), "text");
  EXPECT_THAT(error_of([&] { with_crc(1).read("a"); }).what(), HasSubstr("CRC-32 does not match"));
}

// formats.md: torch-zip | records without a CRC-32 (`set_crc32_options(False)`) | read
TEST(ZipReader, ReadsRecordsWhoseWriterComputedNoCrc) {
  auto archive = ArchiveBuilder({Part{"m/a", "text"}}).build();
  archive.poke32(archive.local[0] + 14, 0).poke32(archive.directory[0] + 16, 0);
  EXPECT_EQ(text_of(open_bytes(archive.bytes), "a"), "text");
}

TEST(ZipReader, ReadsIntoMemoryOfExactlyTheRightSize) {
  const Reader reader = open_bytes(ArchiveBuilder({Part{"m/a", "0123456789"}}).build().bytes);
  std::vector<std::byte> into(10);
  reader.read_into(reader.at("a"), into);
  EXPECT_EQ(as_text(into), "0123456789");
  into.resize(9);
  EXPECT_EQ(error_of([&] { reader.read_into(reader.at("a"), into); }).kind(), ErrorKind::bad_argument);
}

TEST(ZipReader, ReadsPartsOfAStoredRecordAndNotBeyond) {
  const Reader reader = open_bytes(ArchiveBuilder({Part{"m/a", "0123456789"}}).build().bytes);
  std::vector<std::byte> into(4);
  reader.read_part(reader.at("a"), 6, into);
  EXPECT_EQ(as_text(into), "6789");
  EXPECT_EQ(error_of([&] { reader.read_part(reader.at("a"), 7, into); }).kind(), ErrorKind::out_of_range);
  EXPECT_EQ(error_of([&] { reader.read_part(reader.at("a"), UINT64_MAX, into); }).kind(), ErrorKind::out_of_range);
}

TEST(ZipReader, PassesOverTheFoldersThatSomePackersList) {
  const Reader reader = open_bytes(ArchiveBuilder({{"m/", ""}, {"m/data/", ""}, {"m/data/0", "w"}}).build().bytes);
  EXPECT_EQ(reader.root(), "m");
  EXPECT_THAT(names_of(reader), ElementsAre("data/0"));
}

TEST(ZipReader, AcceptsACommentThatReachesTheEnd) {
  auto archive = ArchiveBuilder({Part{"m/a", "A"}}).build();
  archive.poke16(archive.end + 20, 5);
  EXPECT_EQ(text_of(open_bytes(archive.bytes + "hello"), "a"), "A");
}

TEST(ZipReader, SaysWhetherAFileIsAZipAtAll) {
  EXPECT_TRUE(is_zip(Buffer(as_bytes(ArchiveBuilder({Part{"m/a", "A"}}).build().bytes))));
  EXPECT_FALSE(is_zip(Buffer(as_bytes("PK\3"))));
  EXPECT_FALSE(is_zip(Buffer(as_bytes("PK\5\6 and more"))));
  EXPECT_FALSE(is_zip(Buffer()));
}

TEST(ThreadsZipReader, IsReadFromSeveralThreads) {
  const Reader reader = open_bytes(ArchiveBuilder({{"m/a", "A"}, {"m/b", "B"}}).build().bytes);
  std::vector<std::thread> threads;
  for (const char* name : {"a", "b", "a", "b"}) {
    threads.emplace_back([&reader, name] {
      for (int i = 0; i < 100; ++i) EXPECT_EQ(text_of(reader, name).size(), 1u);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A source that is far away: it counts how often it is asked.
class FarSource final : public io::Source {
 public:
  explicit FarSource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  std::string name() const override { return "far.pth"; }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    ++trips;
    copy(offset, into);
  }
  void read_many(std::span<const io::Range> ranges, const Arrived&) const override {
    ++trips;
    for (const io::Range& range : ranges) copy(range.offset, range.into);
  }
  mutable int trips = 0;

 private:
  void copy(uint64_t offset, std::span<std::byte> into) const {
    io::check_range(*this, offset, into.size());
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
  }
  std::string bytes_;
};

TEST(ZipReader, OpensAFarArchiveInThreeTrips) {
  std::vector<testing_help::Part> parts;
  for (int i = 0; i < 500; ++i) parts.push_back({"m/data/" + std::to_string(i), std::string(1000, 'x')});
  const auto source = std::make_shared<FarSource>(ArchiveBuilder(parts).build().bytes);
  EXPECT_EQ(Reader(source).records().size(), 500u);
  EXPECT_LE(source->trips, 3);  // the tail with the directory, all headers at once, the last descriptor
}

TEST(RootFor, IsTheNameWithoutItsLastExtension) {
  EXPECT_EQ(root_for("runs/my.model.pth"), "my.model");
  EXPECT_EQ(root_for("model"), "model");
  EXPECT_EQ(root_for("s3://bucket/some/model.pt"), "model");
  EXPECT_EQ(root_for("C:\\models\\model.pt"), "model");
}

TEST(RootFor, IsArchiveWhereTheNameWillNotDo) {
  EXPECT_EQ(root_for("モデル.pth"), "archive");
  EXPECT_EQ(root_for("モデル/model.pth"), "archive");
  EXPECT_EQ(root_for(".pth"), "archive");
  EXPECT_EQ(root_for("runs/"), "archive");
  EXPECT_EQ(root_for("..pth"), "archive");
  EXPECT_EQ(root_for(""), "archive");
}

}  // namespace
}  // namespace okibi::zip
