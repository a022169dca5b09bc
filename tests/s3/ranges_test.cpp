// Ranges of objects, and their ends, from stores that answer as they should, and from others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/fake_store.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::ElementsAre;
using testing::Le;
using testing::SizeIs;

struct Ranges : testing::Test, Bench {
  std::string body = some_text(50'000);
  Ranges() { store->objects["bucket/a key"] = body; }

  Version version() const { return {body.size(), FakeStore::etag_of(body)}; }
  std::string read(uint64_t offset, uint64_t length) {
    std::string text;
    session()->get_range(get(), version(), offset, length, [&](auto part) { text += as_text(part); });
    return text;
  }
  void set_header(const std::string& name, const std::string& value) {
    store->then = [=](const Asked&, Answer& answer) {
      std::erase_if(answer.response.headers, [&](auto& header) { return header.first == name; });
      if (!value.empty()) answer.response.headers.emplace_back(name, value);
    };
  }
};

TEST_F(Ranges, AreOfOneVersion) {
  EXPECT_EQ(read(10, 20), body.substr(10, 20));
  EXPECT_EQ(store->log()[0].header("Range"), "bytes=10-29");
  EXPECT_EQ(store->log()[0].header("If-Match"), FakeStore::etag_of(body));
  store->objects["bucket/a key"] = some_text(50'000, 2);
  expect_error(ErrorKind::mismatch, "was replaced while it was read", [&] { read(10, 20); });
}

TEST_F(Ranges, OfAnotherVersionAreFoundOutWhereTheServerDoesNotHeedConditions) {
  set_header("ETag", "\"other\"");
  expect_error(ErrorKind::mismatch, "was replaced", [&] { read(10, 20); });
  set_header("Content-Range", "bytes 10-29/50001");
  expect_error(ErrorKind::mismatch, "was replaced", [&] { read(10, 20); });
}

TEST_F(Ranges, GoOnFromTheLastByteThatCame) {
  store->then = [](const Asked& asked, Answer& answer) {
    if (asked.header("Range") == "bytes=100-40099") answer.breaks_after = 30'000;
    if (asked.header("Range") == "bytes=30100-40099") answer.response.body.resize(7'000);
  };
  EXPECT_EQ(read(100, 40'000), body.substr(100, 40'000));
  std::vector<std::string> ranges;
  for (const Asked& asked : store->log()) ranges.push_back(asked.header("Range"));
  EXPECT_THAT(ranges, ElementsAre("bytes=100-40099", "bytes=30100-40099", "bytes=37100-40099"));
}

TEST_F(Ranges, ThatBreakOffForeverEndWithAnError) {
  store->then = [](const Asked&, Answer& answer) { answer.breaks_after = 0; };
  expect_error(ErrorKind::io, "after 10 attempts", [&] { read(0, 40'000); });
}

TEST_F(Ranges, ThatBreakOffOftenButComeOnArriveAtLast) {
  store->then = [](const Asked&, Answer& answer) {
    if (answer.response.body.size() > 17'000) answer.breaks_after = 17'000;
  };
  auto options = usual_options();
  options.max_attempts = 2;
  std::string text;
  session(options)->get_range(get(), version(), 0, body.size(), [&](auto part) { text += as_text(part); });
  EXPECT_EQ(text, body);
}

// As whoever read a presigned URL would find it in a log.
TEST_F(Ranges, ThatAreNoneAreNotRepeated) {
  set_header("Content-Range", "bytes SIGNATURE");
  try {
    read(10, 20);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("206 with what is no range"));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("SIGNATURE")));
  }
}

TEST_F(Ranges, OtherThanWhatWasAskedForAreRefused) {
  for (const char* range : {"bytes 11-30/50000", "bytes 10-28/50000", "bytes 10-30/50000", "nonsense", "bytes */50000",
                            "bytes 10-29/*", "bytes 10-29", "bytes 29-10/50000", "bytes 10-29/20", "",
                            "bytes 10-99999999999999999999/99999999999999999999"}) {
    set_header("Content-Range", range);
    EXPECT_THROW(read(10, 20), Error) << range;
  }
}

TEST_F(Ranges, LongerThanTheySayAreRefused) {
  store->then = [](const Asked&, Answer& answer) { answer.response.body += "more"; };
  size_t taken = 0;
  expect_error(ErrorKind::io, "sent other bytes than it was asked for",
               [&] { session()->get_range(get(), version(), 10, 20, [&](auto part) { taken += part.size(); }); });
  EXPECT_THAT(taken, Le(20u));
}

TEST_F(Ranges, MayBeAnsweredWithTheWholeOnlyWhereThatWasAskedFor) {
  store->instead = always({{200, {{"ETag", FakeStore::etag_of(body)}}, body}});
  EXPECT_EQ(read(0, body.size()), body);
  expect_error(ErrorKind::unsupported, "sends no parts of files", [&] { read(0, 20); });
  expect_error(ErrorKind::unsupported, "sends no parts of files", [&] { read(20, body.size() - 20); });
}

TEST_F(Ranges, WhatTheReaderThrowsEndsThem) {
  const auto reader = [](auto) { throw Error(ErrorKind::cancelled, "enough"); };
  expect_error(ErrorKind::cancelled, "enough", [&] { session()->get_range(get(), version(), 0, 9, reader); });
  EXPECT_THAT(store->log(), SizeIs(1));
}

using Tails = Ranges;

TEST_F(Tails, TellTheSizeAndTheVersionWithOneRequest) {
  const Tail tail = session()->get_tail(get(), 1000);
  EXPECT_EQ(as_text(tail.bytes), body.substr(49'000));
  EXPECT_EQ(tail.version.size, 50'000u);
  EXPECT_EQ(tail.version.etag, FakeStore::etag_of(body));
  EXPECT_THAT(store->log(), SizeIs(1));
  EXPECT_EQ(as_text(session()->get_tail(get(), 1'000'000).bytes), body);
}

TEST_F(Tails, OfEmptyObjectsAreEmpty) {
  store->objects["bucket/a key"] = "";
  const Tail tail = session()->get_tail(get(), 1000);
  EXPECT_EQ(tail.version.size, 0u);
  EXPECT_THAT(store->log("HEAD"), SizeIs(1));
}

TEST_F(Tails, StartAgainWhenTheyBreakOff) {
  store->then = [broken = false](const Asked&, Answer& answer) mutable {
    if (!std::exchange(broken, true)) answer.breaks_after = 1500;
  };
  EXPECT_EQ(as_text(session()->get_tail(get(), 3000).bytes), body.substr(47'000));
}

TEST_F(Tails, AreTheWholeWhereTheServerKnowsNoRangesAndItIsSmall) {
  store->instead = always({{200, {{"ETag", "W/\"weak\""}}, body}});
  const Tail tail = session()->get_tail(get(), 1000);
  EXPECT_EQ(as_text(tail.bytes), body);
  EXPECT_EQ(tail.version.etag, "");
  store->instead = always({{200, {{"Content-Length", "100000000000"}}, body}});
  expect_error(ErrorKind::unsupported, "Download the file", [&] { session()->get_tail(get(), 1000); });
}

TEST_F(Tails, ThatAreNoneAreRefused) {
  for (const char* range : {"bytes 0-999/50000", "bytes 49001-49999/50000", "bytes 48999-49999/50000", "x", ""}) {
    set_header("Content-Range", range);
    EXPECT_THROW(session()->get_tail(get(), 1000), Error) << range;
  }
  set_header("Content-Length", "7");
  store->then = [](const Asked&, Answer& answer) { answer.response.body.resize(7); };
  EXPECT_THROW(session()->get_tail(get(), 1000), Error);
}

}  // namespace
}  // namespace okibi::s3
