#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/store.h>
#include <sys/stat.h>

#include <filesystem>

#include "io/scratch_folder.h"

namespace okibi::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_help::get;
using testing_help::put;
using testing_help::ScratchFolder;

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

std::string text_of(const io::Source& source) {
  std::string text(source.size(), '?');
  source.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

void write(const Folder& folder, const std::string& file, std::string_view text) {
  const auto sink = folder.create(file);
  sink->write(text);
  sink->commit();
}

TEST(Store, KnowsFoldersFromFiles) {
  const ScratchFolder scratch;
  put(scratch.path("file"), "x");
  EXPECT_TRUE(Store().is_folder(scratch.path("")));
  EXPECT_TRUE(Store().is_folder("file://" + scratch.path("")));
  EXPECT_FALSE(Store().is_folder(scratch.path("file")));
  EXPECT_FALSE(Store().is_folder(scratch.path("missing")));
  EXPECT_EQ(error_of([&] { Store().folder(scratch.path("file")); }).kind(), ErrorKind::bad_argument);
}

TEST(Store, SaysWhenASchemeHasNoFolders) {
  Store store;
  store.add("http", {});
  EXPECT_FALSE(store.is_folder("http://x/"));
  EXPECT_THAT(error_of([&] { store.folder("http://x/"); }).what(), HasSubstr("http:// has no folders"));
}

TEST(Folder, OpensCreatesListsAndRemovesFiles) {
  const ScratchFolder scratch;
  const auto folder = Store().folder(scratch.path("new/checkpoint"));
  EXPECT_THAT(folder->names(), ElementsAre());
  EXPECT_FALSE(folder->has("b"));
  write(*folder, "b", "second");
  write(*folder, "a", "first");
  write(*folder, "sub/c", "third");
  EXPECT_THAT(folder->names(), ElementsAre("a", "b"));
  EXPECT_TRUE(folder->has("sub/c"));
  EXPECT_EQ(text_of(*folder->open("a")), "first");
  EXPECT_EQ(get(scratch.path("new/checkpoint/sub/c")), "third");
  folder->remove("a");
  folder->remove("a");
  EXPECT_EQ(error_of([&] { folder->open("a"); }).kind(), ErrorKind::not_found);
}

TEST(Folder, RefusesNamesThatLeadOutOfIt) {
  const ScratchFolder scratch;
  put(scratch.path("secret"), "x");
  const auto folder = Store().folder(scratch.path("folder"));
  using namespace std::string_literals;
  for (const std::string& name :
       {"../secret"s, "/etc/passwd"s, ""s, "."s, ".."s, "a/../../secret"s, "a//b"s, "a/"s, "./a"s, "..\\secret"s,
        "a\0b"s, "a\nb"s, "a\x1b[2J"s, "a\x7f"s, "https://host/a"s, "file:///etc/passwd"s}) {
    EXPECT_EQ(error_of([&] { folder->has(name); }).kind(), ErrorKind::bad_file) << name;
    EXPECT_EQ(error_of([&] { folder->open(name); }).kind(), ErrorKind::bad_file) << name;
    EXPECT_EQ(error_of([&] { folder->create(name); }).kind(), ErrorKind::bad_file) << name;
    EXPECT_EQ(error_of([&] { folder->remove(name); }).kind(), ErrorKind::bad_file) << name;
  }
}

TEST(Folder, FollowsLinksButOnlyToRegularFiles) {
  const ScratchFolder scratch;
  std::filesystem::create_directories(scratch.path("blobs"));
  std::filesystem::create_directories(scratch.path("snapshot"));
  put(scratch.path("blobs/1234"), "weights");
  std::filesystem::create_symlink("../blobs/1234", scratch.path("snapshot/model.bin"));
  std::filesystem::create_symlink("/dev/zero", scratch.path("snapshot/zero.bin"));
  ASSERT_EQ(::mkfifo(scratch.path("snapshot/pipe.bin").c_str(), 0600), 0);
  const auto folder = Store().folder(scratch.path("snapshot"));
  EXPECT_EQ(text_of(*folder->open("model.bin")), "weights");
  EXPECT_THAT(folder->names(), ElementsAre("model.bin"));
  EXPECT_EQ(error_of([&] { folder->open("zero.bin"); }).kind(), ErrorKind::bad_argument);
  EXPECT_EQ(error_of([&] { folder->open("pipe.bin"); }).kind(), ErrorKind::bad_argument);
}

}  // namespace
}  // namespace okibi::store
