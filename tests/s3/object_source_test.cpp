#include "s3/object_source.h"

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
using testing::UnorderedElementsAre;

constexpr size_t size = 2'000'000;

struct Objects : testing::Test, Bench {
  std::string body = some_text(size);
  Objects() { store->objects["bucket/key"] = body; }

  std::shared_ptr<const ObjectSource> open(S3Options options = usual_options()) {
    auto source = open_object(session(std::move(options)), {"bucket", "key"});
    opening = store->log();
    store->forget();
    return source;
  }
  static std::string read(const io::Source& source, uint64_t offset, size_t length) {
    std::string text(length, '?');
    source.read(offset, std::as_writable_bytes(std::span(text)));
    return text;
  }
  std::vector<std::string> ranges() const {
    std::vector<std::string> ranges;
    for (const Asked& asked : store->log()) ranges.push_back(asked.header("Range"));
    return ranges;
  }

  std::vector<Asked> opening;
};

TEST_F(Objects, AreOpenedWithOneRequestThatBringsTheirEnd) {
  const auto source = open();
  EXPECT_THAT(opening, SizeIs(1));
  EXPECT_EQ(opening[0].header("Range"), "bytes=-262144");
  EXPECT_EQ(source->size(), size);
  EXPECT_EQ(source->name(), "s3://bucket/key");
  EXPECT_EQ(read(*source, size - 262'144, 262'144), body.substr(size - 262'144));
  EXPECT_EQ(read(*source, size, 0), "");
  EXPECT_THAT(store->log(), SizeIs(0));
}

TEST_F(Objects, ThatAreMissingOrEmptyAreSaidToBe) {
  expect_error(ErrorKind::not_found, "there is no such object", [&] { open_object(session(), {"bucket", "none"}); });
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { open_object(session(), {"bucket", ""}); });
  store->objects["bucket/key"] = "";
  EXPECT_EQ(open()->size(), 0u);
}

TEST_F(Objects, RefuseRangesBeyondTheirEnd) {
  const auto source = open();
  expect_error(ErrorKind::bad_file, "lie beyond the end", [&] { read(*source, size - 1, 2); });
  expect_error(ErrorKind::bad_file, "lie beyond the end", [&] { read(*source, UINT64_MAX, 1); });
}

TEST_F(Objects, SmallReadsThatAreNearShareARequest) {
  const auto source = open();
  for (size_t at = 0; at < 100'000; at += 500) EXPECT_EQ(read(*source, at, 500), body.substr(at, 500));
  EXPECT_THAT(ranges(), ElementsAre("bytes=0-131071"));
  EXPECT_EQ(read(*source, 131'000, 200), body.substr(131'000, 200));
  EXPECT_THAT(ranges(), ElementsAre("bytes=0-131071", "bytes=131072-262143"));
}

TEST_F(Objects, SmallReadsAllOverKeepLittleMemoryAndAreRight) {
  const auto source = open();
  std::mt19937 dice(3);
  for (int i = 0; i < 2000; ++i) {
    const size_t length = dice() % 70'000, at = dice() % (size - length);
    ASSERT_EQ(read(*source, at, length), body.substr(at, length));
  }
}

TEST_F(Objects, LargeReadsAreCutAndGoSeveralAtOnce) {
  const auto source = open();
  store->then = [](const Asked&, Answer&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  EXPECT_EQ(read(*source, 5, 1'500'000), body.substr(5, 1'500'000));
  EXPECT_THAT(store->log(), SizeIs(15));
  EXPECT_EQ(store->most_in_flight, 4);
  for (const Asked& asked : store->log()) EXPECT_EQ(asked.header("If-Match"), FakeStore::etag_of(body));
}

TEST_F(Objects, ReadsThatReachIntoTheEndFetchOnlyWhatIsMissing) {
  const auto source = open();
  EXPECT_EQ(read(*source, size - 300'000, 300'000), body.substr(size - 300'000));
  EXPECT_EQ(read(*source, size - 300'000, 90'000), body.substr(size - 300'000, 90'000));
  for (const std::string& range : ranges()) {
    EXPECT_THAT(std::stoull(range.substr(range.find('-') + 1)), Le(size - 262'144 - 1)) << range;
  }
}

struct Many : Objects {
  void add(uint64_t offset, size_t length) {
    texts.emplace_back(length, '?');
    places.push_back(offset);
  }
  void read_all(const io::Source& source, bool watched) {
    std::vector<io::Range> wanted;
    for (size_t i = 0; i < texts.size(); ++i)
      wanted.push_back({places[i], std::as_writable_bytes(std::span(texts[i]))});
    std::vector<std::string> seen(texts.size());
    std::vector<std::atomic_flag> busy(texts.size());
    source.read_many(
        wanted, !watched ? io::Source::Arrived() : [&](size_t index, auto part) {
          EXPECT_FALSE(busy[index].test_and_set()) << "two parts of a range at once";
          seen[index] += as_text(part);
          busy[index].clear();
        });
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(texts[i], body.substr(places[i], texts[i].size())) << i;
      EXPECT_EQ(seen[i], watched ? texts[i] : "") << i;
    }
  }

  std::deque<std::string> texts;
  std::vector<uint64_t> places;
};

TEST_F(Many, RangesThatLieCloseAreFetchedTogether) {
  for (uint64_t at = 1000; at < 61'000; at += 3000) add(at, 2000);
  add(900'000, 70'000);
  read_all(*open(), true);
  EXPECT_THAT(ranges(), UnorderedElementsAre("bytes=1000-59999", "bytes=900000-969999"));
}

TEST_F(Many, RangesFarApartAreNot) {
  add(0, 70'000);
  add(400'000, 70'000);
  read_all(*open(), false);
  EXPECT_THAT(store->log(), SizeIs(2));
}

TEST_F(Many, ComeInAnyOrderAndMayOverlapAndBeEmpty) {
  add(500'000, 1000), add(100, 90'000), add(50, 90'000), add(500'500, 1000), add(7, 0), add(size - 10, 10), add(100, 5);
  add(size - 262'144 - 500, 1000);
  for (const bool watched : {false, true}) read_all(*open(), watched);
}

TEST_F(Many, PartsOfARangeComeInOrderWhateverBreaks) {
  for (uint64_t at = 0; at < 1'600'000; at += 160'000) add(at, 150'000);
  const auto source = open();
  store->then = [count = std::make_shared<std::atomic<int>>()](const Asked&, Answer& answer) {
    if (++*count % 2 == 0) answer.breaks_after = 40'000;
  };
  read_all(*source, true);
}

TEST_F(Many, RandomRangesAreRight) {
  std::mt19937 dice(5);
  for (int round = 0; round < 10; ++round) {
    texts.clear(), places.clear();
    for (int i = 0; i < 30; ++i) {
      const size_t length = dice() % (i % 5 == 0 ? 300'000 : 5'000);
      add(dice() % (size - length), length);
    }
    read_all(*open(), round % 2 == 0);
  }
}

TEST_F(Many, TheFirstErrorStopsTheOthers) {
  for (uint64_t at = 0; at < 1'600'000; at += 160'000) add(at, 150'000);
  auto options = usual_options();
  options.max_concurrency = 1;
  const auto source = open(options);
  store->instead = [](const Asked&) { return std::optional(refusal(403, "AccessDenied")); };
  std::vector<io::Range> wanted;
  for (size_t i = 0; i < texts.size(); ++i) wanted.push_back({places[i], std::as_writable_bytes(std::span(texts[i]))});
  expect_error(ErrorKind::no_permission, "access denied", [&] { source->read_many(wanted); });
  EXPECT_THAT(store->log(), SizeIs(1));
}

TEST_F(Many, WhatAWatcherThrowsEndsIt) {
  add(0, 100'000), add(300'000, 100'000);
  const auto source = open();
  std::vector<io::Range> wanted;
  for (size_t i = 0; i < texts.size(); ++i) wanted.push_back({places[i], std::as_writable_bytes(std::span(texts[i]))});
  expect_error(ErrorKind::cancelled, "enough",
               [&] { source->read_many(wanted, [](size_t, auto) { throw Error(ErrorKind::cancelled, "enough"); }); });
}

TEST_F(Objects, ThatAreReplacedMeanwhileAreNeverMixed) {
  const auto source = open();
  read(*source, 0, 100);
  store->objects["bucket/key"] = some_text(size, 9);
  EXPECT_EQ(read(*source, 0, 100), body.substr(0, 100));  // still the old version
  expect_error(ErrorKind::mismatch, "was replaced while it was read", [&] { read(*source, 500'000, 100); });
  expect_error(ErrorKind::mismatch, "was replaced while it was read", [&] { read(*source, 0, 1'000'000); });
}

// Each with what the first answer says of the version, and what the later ones say.
TEST_F(Objects, ThatMayHaveBeenReplacedAreNeverMixed) {
  const std::string etag = FakeStore::etag_of(body);
  const std::vector<std::pair<Headers, Headers>> answers = {
      {{{"ETag", etag}}, {}},
      {{{"ETag", etag}}, {{"ETag", "W/" + etag}}},
      {{{"ETag", "W/\"a\""}}, {{"ETag", "W/\"b\""}}},
      {{{"Last-Modified", "Mon, 30 Nov 2026 00:00:00 GMT"}}, {{"Last-Modified", "Mon, 30 Nov 2026 00:00:01 GMT"}}},
      {{{"x-amz-version-id", "1"}}, {{"x-amz-version-id", "2"}}}};
  for (const auto& [first, later] : answers) {
    SCOPED_TRACE(first.empty() ? "" : first[0].first + first[0].second);
    const auto says = [this](const Headers& signs) {
      store->then = [signs](const Asked&, Answer& answer) {
        std::erase_if(answer.response.headers, [](const auto& header) { return header.first == "ETag"; });
        answer.response.headers.insert(answer.response.headers.end(), signs.begin(), signs.end());
      };
    };
    says(first);
    const auto source = open();
    EXPECT_EQ(read(*source, 100'000, 200'000), body.substr(100'000, 200'000));
    says(later);
    expect_error(ErrorKind::mismatch, "was replaced while it was read", [&] { read(*source, 400'000, 200'000); });
  }
}

TEST_F(Objects, ABlockThatFailedIsFetchedAgain) {
  auto options = usual_options();
  options.max_attempts = 1;
  const auto source = open(options);
  store->instead = [](const Asked&) { return std::optional(refusal(503, "SlowDown")); };
  EXPECT_THROW(read(*source, 0, 10), Error);
  store->instead = nullptr;
  EXPECT_EQ(read(*source, 0, 10), body.substr(0, 10));
}

TEST_F(Objects, BehindUrlsAreReadWithoutASignatureAndNamedWithoutTheirQuery) {
  const auto source = open_url(session(), "https://files.example/bucket/key?X-Amz-Signature=secret#part");
  EXPECT_EQ(source->name(), "https://files.example/bucket/key");
  EXPECT_EQ(read(*source, 0, 100'000), body.substr(0, 100'000));
  for (const Asked& asked : store->log()) {
    EXPECT_EQ(asked.url, "https://files.example/bucket/key?X-Amz-Signature=secret");
    EXPECT_EQ(asked.header("Authorization"), "");
  }
  try {
    open_url(session(), "https://files.example/bucket/none?X-Amz-Signature=secret");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("secret")));
  }
  expect_error(ErrorKind::bad_argument, "percent-encoded", [&] { open_url(session(), "https://files.example/a b"); });
}

TEST_F(Objects, AStopEndsReading) {
  std::stop_source stop;
  auto options = usual_options();
  options.stop = stop.get_token();
  const auto source = open(options);
  store->then = [&](const Asked&, Answer&) { stop.request_stop(); };
  expect_error(ErrorKind::cancelled, "", [&] { read(*source, 0, 1'500'000); });
  expect_error(ErrorKind::cancelled, "", [&] { read(*source, 0, 10); });
}

// Under ThreadSanitizer, too.
TEST(ThreadsOfRequests, DoEachJobOnce) {
  std::vector<std::atomic<int>> done(500);
  run_requests(done.size(), 5, {}, [&](size_t job, auto&) { ++done[job]; });
  for (const auto& times : done) EXPECT_EQ(times, 1);
  run_requests(0, 5, {}, [](size_t, auto&) { ADD_FAILURE(); });
}

TEST(ThreadsOfRequests, StopAtTheFirstErrorOrAStop) {
  std::atomic<size_t> done = 0;
  const auto some_time = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); };
  const auto failing = [&](size_t job, auto&) {
    some_time(), ++done;
    if (job == 5) throw Error(ErrorKind::io, "this one");
  };
  expect_error(ErrorKind::io, "this one", [&] { run_requests(1000, 4, {}, failing); });
  EXPECT_THAT(done.load(), Le(100u));
  std::stop_source stop;
  done = 0;
  expect_error(ErrorKind::cancelled, "", [&] {
    run_requests(1000, 4, stop.get_token(), [&](size_t job, auto&) {
      some_time(), ++done;
      if (job == 5) stop.request_stop();
    });
  });
  EXPECT_THAT(done.load(), Le(100u));
}

struct ThreadsOfObjects : Objects {};

TEST_F(ThreadsOfObjects, ManyThreadsReadOneSource) {
  const auto source = open();
  std::vector<std::thread> threads;
  for (uint32_t seed = 0; seed < 6; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 dice(seed);
      for (int i = 0; i < 60; ++i) {
        const size_t length = dice() % (i % 8 == 0 ? 400'000 : 3'000), at = dice() % (size - length);
        EXPECT_EQ(read(*source, at, length), body.substr(at, length));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(store->most_in_flight.load(), Le(4));
}

}  // namespace
}  // namespace okibi::s3
