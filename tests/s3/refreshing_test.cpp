#include "s3/refreshing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "s3/lent_key.h"
#include "s3/scripted_world.h"
#include "s3/secrets.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;

struct Lender {
  std::atomic<std::chrono::system_clock::time_point> now = {std::chrono::sys_days{2026y / 11 / 30}};
  std::atomic<int> fetches = 0;
  std::atomic<bool> broken = false;
  std::chrono::seconds lasts = 60min;

  RefreshingCredentials provider() {
    return {[this] {
              const int number = ++fetches;
              if (broken) throw Error(ErrorKind::io, "nobody lends");
              return S3Credentials{"K" + std::to_string(number), secret, session, now.load() + lasts};
            },
            [this] { return now.load(); }};
  }
};

std::string id(CredentialsProvider& provider) { return provider.get()->access_key_id; }

TEST(Refreshing, FetchesAnewFiveMinutesBeforeTheEnd) {
  Lender lender;
  RefreshingCredentials provider = lender.provider();
  EXPECT_EQ(id(provider), "K1");
  lender.now = lender.now.load() + 54min;
  EXPECT_EQ(id(provider), "K1");
  lender.now = lender.now.load() + 1min;
  EXPECT_EQ(id(provider), "K2");
}

TEST(Refreshing, FetchesAnewInTimeAlsoWhereThatIsSoon) {
  Lender lender;
  lender.lasts = 301s;
  RefreshingCredentials provider = lender.provider();
  EXPECT_EQ(id(provider), "K1");
  EXPECT_EQ(id(provider), "K1");
  lender.now = lender.now.load() + 1s;
  EXPECT_EQ(id(provider), "K2");
}

TEST(Refreshing, GoesOnWithTheOldKeyWhileThatIsGood) {
  Lender lender;
  RefreshingCredentials provider = lender.provider();
  provider.get();
  lender.broken = true;
  lender.now = lender.now.load() + 56min;
  EXPECT_EQ(id(provider), "K1");
  EXPECT_EQ(id(provider), "K1");
  EXPECT_EQ(lender.fetches, 2);  // not at every request
  lender.now = lender.now.load() + 1min;
  EXPECT_EQ(id(provider), "K1");
  EXPECT_EQ(lender.fetches, 3);
  lender.now = lender.now.load() + 3min;
  expect_error_without_secrets(ErrorKind::io, "nobody lends", [&] { provider.get(); });
  lender.broken = false;
  EXPECT_EQ(id(provider), "K5");
}

TEST(Refreshing, DoesNotFetchAtEveryRequestForKeysThatAreShortLived) {
  Lender lender;
  lender.lasts = 3min;
  RefreshingCredentials provider = lender.provider();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(id(provider), "K1");
  lender.now = lender.now.load() + 1min;
  EXPECT_EQ(id(provider), "K2");
}

TEST(Refreshing, ForgetsWhatTheStoreRefusedAndNothingElse) {
  Lender lender;
  RefreshingCredentials provider = lender.provider();
  const S3Credentials first = *provider.get();
  provider.forget(first);
  EXPECT_EQ(id(provider), "K2");
  provider.forget(first);  // by another request, which was under way with it
  EXPECT_EQ(id(provider), "K2");
}

TEST(Refreshing, HasNothingToGoOnWithOnceTheKeyWasRefused) {
  Lender lender;
  RefreshingCredentials provider = lender.provider();
  const S3Credentials first = *provider.get();
  lender.broken = true;
  provider.forget(first);
  EXPECT_THROW(provider.get(), Error);
}

TEST(Refreshing, TurnsForeignExceptionsIntoErrors) {
  RefreshingCredentials provider([]() -> S3Credentials { throw std::runtime_error("foreign"); },
                                 [] { return std::chrono::system_clock::now(); });
  expect_error(ErrorKind::internal, "foreign", [&] { provider.get(); });
  expect_error(ErrorKind::internal, "foreign", [&] { provider.get(); });  // and is not stuck
}

void run_together(int threads, const std::function<void()>& work) {
  std::latch start(threads);
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      start.arrive_and_wait();
      work();
    });
  }
}

TEST(ThreadsCredentials, FetchOnceForAllThatWait) {
  std::atomic<int> fetches = 0;
  RefreshingCredentials provider(
      [&] {
        std::this_thread::sleep_for(50ms);
        return S3Credentials{"K" + std::to_string(++fetches), secret};
      },
      [] { return std::chrono::system_clock::now(); });
  run_together(8, [&] { EXPECT_EQ(id(provider), "K1"); });
  EXPECT_EQ(fetches, 1);
}

TEST(ThreadsCredentials, GoOnWithTheOldKeyWhileOneFetches) {
  std::atomic<std::chrono::system_clock::time_point> now = {std::chrono::sys_days{2026y / 11 / 30}};
  std::atomic<int> fetches = 0;
  std::latch fetching(1), others_done(7);
  RefreshingCredentials provider(
      [&] {
        if (++fetches == 2) {
          fetching.count_down();
          others_done.wait();  // for ever, if the others waited for this fetch
        }
        return S3Credentials{"K" + std::to_string(fetches), secret, "", now.load() + 1h};
      },
      [&] { return now.load(); });
  provider.get();
  now = now.load() + 56min;
  std::jthread refresher([&] { EXPECT_EQ(id(provider), "K2"); });
  fetching.wait();
  run_together(7, [&] {
    EXPECT_EQ(id(provider), "K1");
    others_done.count_down();
  });
  refresher.join();
  EXPECT_EQ(id(provider), "K2");
}

TEST(ThreadsCredentials, AllHearOfAFailureEachWithAnErrorOfItsOwn) {
  std::atomic<int> fetches = 0;
  RefreshingCredentials provider(
      [&]() -> S3Credentials {
        ++fetches;
        std::this_thread::sleep_for(50ms);
        throw Error(ErrorKind::io, "nobody lends");
      },
      [] { return std::chrono::system_clock::now(); });
  run_together(8, [&] {
    try {
      in_context("thread", "one", [&] { return provider.get(); });
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "thread one: nobody lends");
    }
  });
  EXPECT_LE(fetches, 8);
}

TEST(ThreadsCredentials, SurviveThatAllForgetAtOnce) {
  Lender lender;
  RefreshingCredentials provider = lender.provider();
  const S3Credentials first = *provider.get();
  run_together(8, [&] {
    for (int i = 0; i < 100; ++i) {
      provider.forget(first);
      EXPECT_NE(id(provider), "K1");
    }
  });
  EXPECT_EQ(lender.fetches, 2);
}

TEST(Times, AreReadInTheFormsThatServicesWrite) {
  const auto noon = std::chrono::sys_days{2026y / 11 / 30} + 12h;
  for (const char* text :
       {"2026-11-30T12:00:00Z", "2026-11-30T12:00:00.123456Z", "2026-11-30T12:00:00UTC", "2026-11-30T12:00:00+00:00",
        "2026-11-30T21:00:00+09:00", "2026-11-30T04:30:00-07:30", "2026-11-30 12:00:00Z"}) {
    EXPECT_EQ(parse_time(text, "x"), noon) << text;
  }
  for (const char* text :
       {"", "soon", "2026-13-30T12:00:00Z", "2026-02-30T12:00:00Z", "2026-11-30T24:00:00Z", "2026-11-30T12:00:00",
        "2026-11-30T12:00:00+9:00", "2026-11-30", "2026-11-30T12:00:00Zx", "-026-11-30T12:00:00Z"}) {
    EXPECT_THROW(parse_time(text, "x"), Error) << text;
  }
  EXPECT_EQ(parse_time("9999-12-31T23:59:59Z", "x"), std::chrono::sys_days{2200y / 1 / 1});
  EXPECT_EQ(parse_time("0001-01-01T00:00:00Z", "x"), std::chrono::system_clock::time_point());
}

TEST(Secrets, AreTakenOutWhereverTheyStand) {
  EXPECT_EQ(without_secrets("a KEY b KEYKEY c", {"KEY", ""}), "a … b …… c");
}

}  // namespace
}  // namespace okibi::s3
