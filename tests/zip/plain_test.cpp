// Plain archives, of which .npz is one: no folder, no record of PyTorch's, and all the checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/zip.h>

#include "tensor/expect_error.h"
#include "zip/archive_builder.h"

namespace okibi::zip {
namespace {

using testing::ElementsAre;
using testing_help::ArchiveBuilder;
using testing_help::deflated_part;
using testing_help::Part;

Reader open_plain(std::string_view bytes) {
  return Reader(std::make_shared<Buffer>(as_bytes(bytes), "a.npz"), {}, Layout::plain);
}
Reader made_of(std::vector<Part> parts) { return open_plain(ArchiveBuilder(std::move(parts)).build().bytes); }

std::vector<std::string> names_of(const Reader& reader) {
  std::vector<std::string> names;
  for (const Record& record : reader.records()) names.push_back(record.name);
  return names;
}

TEST(PlainZip, ComesBackAsItWasWritten) {
  Buffer buffer;
  Writer writer(buffer);
  for (const char* name : {"x", "X", "folder/x", ".data/serialization_id"}) writer.add(name, as_bytes(name));
  writer.finish();
  const Reader reader = open_plain(as_text(buffer.bytes()));
  EXPECT_EQ(reader.root(), "");
  EXPECT_THAT(names_of(reader), ElementsAre("x", "X", "folder/x", ".data/serialization_id"));
  for (const Record& record : reader.records()) {
    EXPECT_EQ(as_text(reader.read(record.name)), record.name);
    EXPECT_EQ(record.offset % 64, 0u);
  }
}

TEST(PlainZip, OfNothingHasNoRecords) {
  Buffer buffer;
  Writer(buffer).finish();
  EXPECT_THAT(names_of(open_plain(as_text(buffer.bytes()))), ElementsAre());
  EXPECT_THAT(names_of(made_of({})), ElementsAre());
}

TEST(PlainZip, HasTheZip64EndRecordWhereItIsNeeded) {
  const auto has_it = [](size_t records) {
    Buffer buffer;
    Writer writer(buffer);
    for (size_t i = 0; i < records; ++i) writer.add(std::to_string(i), {});
    writer.finish();
    EXPECT_EQ(open_plain(as_text(buffer.bytes())).records().size(), records);
    return as_text(buffer.bytes()).find("PK\6\6") != std::string::npos;
  };
  EXPECT_FALSE(has_it(0));
  EXPECT_FALSE(has_it(65534));
  EXPECT_TRUE(has_it(65535));
}

TEST(PlainZip, OfOthersKeepsWholeNamesAndLeavesFoldersOut) {
  const Reader reader = made_of({{"a/", ""}, {"a/b", "B"}, deflated_part("c", "text")});
  EXPECT_THAT(names_of(reader), ElementsAre("a/b", "c"));
  EXPECT_EQ(as_text(reader.read("c")), "text");
  EXPECT_EQ(reader.find("b"), nullptr);
  EXPECT_EQ(reader.find("C"), nullptr);
}

TEST(PlainZip, IsCheckedAsAnyOther) {
  expect_error(ErrorKind::bad_file, "climbs out", [] { made_of({Part{"../x", "X"}}); });
  expect_error(ErrorKind::bad_file, "absolute", [] { made_of({Part{"/x", "X"}}); });
  expect_error(ErrorKind::bad_file, "two records of this name", [] { made_of({{"x", "1"}, {"y", "2"}, {"x", "3"}}); });
  Buffer buffer;
  Writer writer(buffer);
  writer.add("x", {});
  expect_error(ErrorKind::bad_argument, "climbs out", [&] { writer.add("../x", {}); });
  expect_error(ErrorKind::bad_argument, "of this name already", [&] { writer.add("x", {}); });
}

// What is not asked for as plain is held to PyTorch's habits.
TEST(PlainZip, IsToBeAskedFor) {
  const std::string bytes = ArchiveBuilder({Part{"x", "X"}}).build().bytes;
  expect_error(ErrorKind::bad_file, "does not lie in a folder",
               [&] { Reader(std::make_shared<Buffer>(as_bytes(bytes), "a.pth")); });
}

}  // namespace
}  // namespace okibi::zip
