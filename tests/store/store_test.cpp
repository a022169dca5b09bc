#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/store.h>

#include "io/scratch_folder.h"

namespace okibi::store {
namespace {

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

TEST(SchemeOf, IsWhatStandsBeforeTheSeparator) {
  EXPECT_EQ(scheme_of("s3://bucket/key"), "s3");
  EXPECT_EQ(scheme_of("S3://bucket/key"), "s3");
  EXPECT_EQ(scheme_of("git+ssh://host/x"), "git+ssh");
}

TEST(Shown, AUrlIsWithoutItsQueryAndWithoutAPassword) {
  EXPECT_EQ(shown("https://host/a/model.pth?X-Amz-Signature=1234"), "https://host/a/model.pth");
  EXPECT_EQ(shown("HTTP://host:9000/model.pth#part?x"), "HTTP://host:9000/model.pth");
  EXPECT_EQ(shown("https://user:pass@host/@scope/x.bin?sig=1/2"), "https://host/@scope/x.bin");
  EXPECT_EQ(shown("https://host?x"), "https://host");
}

TEST(Shown, WhatIsNoUrlOfTheWebStaysAsItIs) {
  for (const char* path : {"a?b#c", "s3://bucket/what?#", "/tmp/http?x", "file:///a?b", "", "https:/x?y"}) {
    EXPECT_EQ(shown(path), path);
  }
}

TEST(Store, NoErrorOfItNamesTheQueryOfAUrl) {
  Store store;
  store.add("https", {});
  const std::string url = "https://host/x.pth?X-Amz-Signature=1234", other = "httpx://host/x.pth?sig=1234";
  const std::vector<std::function<void()>> uses = {[&] { store.open(url); }, [&] { store.create(url); },
                                                   [&] { store.folder(url); }, [&] { store.unfinished(url); },
                                                   [&] { store.open(other); }};
  for (const auto& use : uses) EXPECT_THAT(error_of(use).what(), testing::Not(HasSubstr("1234")));
}

TEST(Shown, NoParameterThatOpensADoorIsInIt) {
  for (const char* query : {"?X-Amz-Signature=1", "?a=b&x-amz-credential=1", "?Expires=1&Signature=1&Key-Pair-Id=1",
                            "?sv=1;sig=1", "?TOKEN=1", "?X-Goog-Signature=1"}) {
    EXPECT_EQ(shown(std::string("https://host/data.csv") + query), "https://host/data.csv");
  }
}

TEST(SchemeOf, IsEmptyForPaths) {
  for (const char* path : {"model.pth", "/a/b", "", "://x", "C:\\model.pth", "C:/model.pth", "./a://b", "3s://x"}) {
    EXPECT_EQ(scheme_of(path), "") << path;
  }
}

TEST(Store, OpensAndCreatesPathsAndFileUris) {
  const ScratchFolder folder;
  const Store store;
  for (const std::string& uri :
       {folder.path("a"), "file://" + folder.path("a"), "file://localhost" + folder.path("a")}) {
    const auto sink = store.create(uri);
    sink->write(uri);
    sink->commit();
    EXPECT_EQ(get(folder.path("a")), uri);
    EXPECT_EQ(text_of(*store.open(uri)), uri);
  }
}

TEST(Store, DecodesPercentsInFileUrisAndNotInPaths) {
  const ScratchFolder folder;
  put(folder.path("a b"), "blank");
  put(folder.path("a%20b"), "percent");
  EXPECT_EQ(text_of(*Store().open("file://" + folder.path("a%20b"))), "blank");
  EXPECT_EQ(text_of(*Store().open(folder.path("a%20b"))), "percent");
}

TEST(Store, RefusesFileUrisThatNameNoFileHere) {
  for (const char* uri : {"file://host/a", "file://a", "file://", "file:///a%2", "file:///a%zz", "file:///a%00"}) {
    EXPECT_EQ(error_of([&] { Store().open(uri); }).kind(), ErrorKind::bad_argument) << uri;
  }
}

TEST(Store, NamesTheSchemesThatItHas) {
  Store store;
  store.add("s3", {});
  const Error error = error_of([&] { store.open("gs://bucket/key"); });
  EXPECT_EQ(error.kind(), ErrorKind::unsupported);
  EXPECT_STREQ(error.what(),
               "gs://bucket/key: gs:// is not among the places that okibi was given: expected a path, or one of "
               "file://, s3://");
}

TEST(Store, HandsTheWholeUriToTheScheme) {
  Store store;
  store.add("mem", {[](const std::string& uri) { return std::make_shared<Buffer>(as_bytes(uri)); }, {}});
  EXPECT_EQ(text_of(*store.open("mem://some/key")), "mem://some/key");
  EXPECT_EQ(text_of(*store.open("MEM://some/key")), "MEM://some/key");
}

TEST(Store, SaysWhenASchemeCanOnlyBeReadOrOnlyWritten) {
  Store store;
  store.add("void", {});
  EXPECT_THAT(error_of([&] { store.open("void://x"); }).what(), HasSubstr("void:// cannot be read from"));
  EXPECT_THAT(error_of([&] { store.create("void://x"); }).what(), HasSubstr("void:// cannot be written to"));
}

TEST(Store, IsCopiedWithItsSchemes) {
  Store store;
  store.add("mem", {[](const std::string&) { return std::make_shared<Buffer>(); }, {}});
  const Store copy = store;
  store.add("mem", {});
  EXPECT_NO_THROW(copy.open("mem://x"));
}

TEST(DefaultStore, IsOneForTheProcess) {
  default_store().add("once", {[](const std::string&) { return std::make_shared<Buffer>(); }, {}});
  EXPECT_EQ(default_store().open("once://x")->size(), 0u);
  default_store() = Store();
  EXPECT_THROW(default_store().open("once://x"), Error);
}

}  // namespace
}  // namespace okibi::store
