// What a session does with answers that are not the ones that were hoped for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/fake_store.h"
#include "s3/retry.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Not;
using testing::SizeIs;

// Answers of these, one after the other, then of the store.
auto in_turn(std::vector<Answer> answers) {
  return [answers = std::move(answers), next = size_t{0}](const Asked&) mutable -> std::optional<Answer> {
    return next < answers.size() ? std::optional(answers[next++]) : std::nullopt;
  };
}

struct Retrying : testing::Test, Bench {
  Retrying() { store->objects["bucket/a key"] = "0123456789"; }
};

TEST_F(Retrying, WhatMayPassIsTriedAgain) {
  for (const Answer& answer : {refusal(500, "InternalError"), refusal(503, "SlowDown"), refusal(429, ""),
                               refusal(400, "RequestTimeout"), Answer{{502, {}, "<html>"}}, Answer{{504}}}) {
    store->instead = in_turn({answer, answer});
    EXPECT_EQ(session()->call(get()).body, "0123456789") << answer.response.status;
  }
  EXPECT_THAT(pauses, SizeIs(12));
}

TEST_F(Retrying, WhatCannotPassIsNot) {
  for (const Answer& answer : {refusal(403, "AccessDenied"), refusal(404, "NoSuchKey"), refusal(400, "InvalidArgument"),
                               refusal(501, "NotImplemented")}) {
    store->forget();
    store->instead = always(answer);
    EXPECT_THROW(session()->call(get()), Error);
    EXPECT_THAT(store->log(), SizeIs(1));
  }
}

TEST_F(Retrying, PausesGrowAndAreRandom) {
  EXPECT_EQ(pause_after(1, 0.5), 25ms);
  EXPECT_EQ(pause_after(2, 0.5), 50ms);
  EXPECT_EQ(pause_after(5, 0.999), 799ms);
  EXPECT_EQ(pause_after(40, 0.5), 10s);
  EXPECT_EQ(pause_after(7, 0), 0ms);
}

TEST_F(Retrying, AStoreThatNamesAPauseGetsIt) {
  store->instead = in_turn({refusal(503, "SlowDown", {{"Retry-After", "3"}})});
  session()->call(get());
  EXPECT_THAT(pauses, ElementsAre(AllOf(Ge(3000ms), Le(3050ms))));
  EXPECT_EQ(pause_asked_for({{"retry-after", "99999"}}), 20s);
  EXPECT_EQ(pause_asked_for({{"retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"}}), std::nullopt);
}

TEST_F(Retrying, EndsAfterSoManyAttemptsWithAllThatIsKnown) {
  store->instead = always(refusal(503, "SlowDown"));
  expect_error(ErrorKind::io,
               "s3://bucket/a key, at https://store.example: GetObject: the store failed (503 SlowDown, \"of the "
               "store\", request REQ7, after 10 "
               "attempts)",
               [&] { session()->call(get()); });
  EXPECT_THAT(store->log(), SizeIs(10));
}

TEST_F(Retrying, BrokenConnectionsAreTriedAgainUnknownNamesRarelyAndBadCertificatesNever) {
  for (const auto& [hope, attempts] :
       {std::pair(Hope::good, 10u), std::pair(Hope::little, 4u), std::pair(Hope::none, 1u)}) {
    store->forget();
    store->instead = [hope = hope](const Asked&) -> std::optional<Answer> { throw TransportError("no way", hope); };
    expect_error(ErrorKind::io, "GetObject: no way", [&] { session()->call(get()); });
    EXPECT_THAT(store->log(), SizeIs(attempts));
  }
}

TEST_F(Retrying, WhoeverNeverAnsweredIsAskedAFewTimesAndWhoeverDidManyTimes) {
  const auto shared = session();
  const auto nobody = [](const Asked&) -> std::optional<Answer> { throw TransportError("no HTTP", Hope::doubtful); };
  store->instead = nobody;
  expect_error(ErrorKind::io, "GetObject: no HTTP, after 4 attempts", [&] { shared->call(get()); });
  store->instead = always(refusal(404, "NoSuchKey"));
  EXPECT_THROW(shared->call(get()), Error);
  store->forget();
  store->instead = nobody;
  EXPECT_TRUE(shared->try_call(put("x")).in_doubt);
  EXPECT_THAT(store->log(), SizeIs(10));
}

TEST_F(Retrying, WhoeverWaitsIsToldWhyAndForHowLong) {
  auto options = usual_options();
  std::vector<std::string> told;
  std::vector<std::chrono::milliseconds> waiting;
  options.on_retry = [&](const Error& why, std::chrono::milliseconds time) {
    told.emplace_back(why.what());
    waiting.push_back(time);
  };
  store->instead = [&, slow = in_turn({refusal(503, "SlowDown", {{"Retry-After", "3"}})}),
                    asked = 0](const Asked& request) mutable -> std::optional<Answer> {
    now += 1s;
    if (++asked == 2) throw TransportError("the connection was reset");
    return slow(request);
  };
  session(options)->call(get());
  ASSERT_THAT(told,
              ElementsAre(HasSubstr("s3://bucket/a key, at https://store.example: GetObject: the store failed (503"),
                          HasSubstr("GetObject: the connection was reset, after 2 attempts")));
  EXPECT_EQ(waiting[0], 1s + pauses[0]);
  EXPECT_EQ(waiting[1], 2s + pauses[1]);
}

TEST_F(Retrying, NobodyIsToldOfWhatIsNotTriedAgain) {
  auto options = usual_options();
  options.on_retry = [&](const Error&, std::chrono::milliseconds) { ADD_FAILURE(); };
  store->instead = always(refusal(404, "NoSuchKey"));
  EXPECT_THROW(session(options)->call(get()), Error);
  store->instead = in_turn({refusal(301, "PermanentRedirect", {{"x-amz-bucket-region", "ap-south-1"}})});
  session(options)->call(get());
}

TEST_F(Retrying, AllRequestsOfASessionShareOneBudget) {
  store->instead = always(refusal(503, "SlowDown"));
  const auto shared = session();
  for (int i = 0; i < 20; ++i) EXPECT_THROW(shared->call(get()), Error);
  EXPECT_THAT(store->log(), SizeIs(20 + 100));  // 500 tokens, 5 for each retry
  store->instead = nullptr;
  for (int i = 0; i < 50; ++i) shared->call(get());
  store->instead = in_turn({refusal(503, "SlowDown"), refusal(503, "SlowDown")});
  EXPECT_EQ(shared->call(get()).body, "0123456789");
}

TEST_F(Retrying, AStopEndsAPauseAndIsNoFailure) {
  std::stop_source stop;
  auto options = usual_options();
  options.stop = stop.get_token();
  store->instead = [&](const Asked&) -> std::optional<Answer> {
    stop.request_stop();
    return refusal(503, "SlowDown");
  };
  expect_error(ErrorKind::cancelled, "", [&] { session(options)->call(get()); });
  EXPECT_THAT(store->log(), SizeIs(1));
}

TEST_F(Retrying, AnErrorWithinAnAnswerOf200IsOne) {
  Operation slow = get();
  slow.slow = true;
  const Answer failed{{200, {}, "\n\n<Error><Code>InternalError</Code></Error>"}}, cut{{200, {}, "\n\n"}};
  const Answer done{{200, {}, "<?xml version=\"1.0\"?><Done/>"}};
  store->instead = in_turn({failed, cut, done});
  EXPECT_THAT(session()->call(slow).body, HasSubstr("Done"));
  store->instead = always({{200, {}, "<Error><Code>AccessDenied</Code></Error>"}});
  expect_error(ErrorKind::io, "200 AccessDenied", [&] { session()->call(slow); });
}

TEST_F(Retrying, DoubtIsToldWhereAnAttemptMayHaveSucceeded) {
  store->instead = in_turn({refusal(500, "InternalError"), refusal(412, "PreconditionFailed")});
  EXPECT_TRUE(session()->try_call(put("x")).in_doubt);
  store->instead = in_turn({refusal(412, "PreconditionFailed")});
  EXPECT_FALSE(session()->try_call(put("x")).in_doubt);
}

using Healing = Retrying;

TEST_F(Healing, TheRegionOfABucketIsFoundAndRemembered) {
  store->instead = in_turn({refusal(301, "PermanentRedirect", {{"x-amz-bucket-region", "ap-south-1"}})});
  const auto shared = session();
  shared->call(get());
  shared->call(get());
  const auto log = store->log();
  ASSERT_THAT(log, SizeIs(3));
  EXPECT_THAT(log[0].header("Authorization"), HasSubstr("/eu-west-1/s3/"));
  EXPECT_THAT(log[1].header("Authorization"), HasSubstr("/ap-south-1/s3/"));
  EXPECT_THAT(log[2].header("Authorization"), HasSubstr("/ap-south-1/s3/"));
  EXPECT_THAT(pauses, SizeIs(0));
  EXPECT_THAT(shared->presign(place, "GET", 60s), HasSubstr("ap-south-1"));
}

TEST_F(Healing, TheRegionMayStandInTheBodyAlone) {
  store->instead =
      in_turn({{{400, {}, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-south-1</Region></Error>"}}});
  session()->call(get());
  EXPECT_THAT(store->log()[1].header("Authorization"), HasSubstr("/ap-south-1/s3/"));
}

TEST_F(Healing, AStoreThatSendsInCirclesIsAnError) {
  store->instead = [&](const Asked& asked) -> std::optional<Answer> {
    const bool here = asked.header("Authorization").find("us-west-1") == std::string::npos;
    return refusal(301, "PermanentRedirect", {{"x-amz-bucket-region", here ? "us-west-1" : "us-west-2"}});
  };
  expect_error(ErrorKind::unsupported, "301 PermanentRedirect", [&] { session()->call(get()); });
  EXPECT_THAT(store->log(), SizeIs(3));
}

TEST_F(Healing, ARegionThatCannotBeOneIsNotPutIntoAHost) {
  auto options = usual_options();
  options.endpoint.clear();
  store->instead = always(refusal(301, "PermanentRedirect", {{"x-amz-bucket-region", "x.evil.example/"}}));
  EXPECT_THROW(session(options)->call(get()), Error);
  EXPECT_THAT(store->log(), SizeIs(1));
}

TEST_F(Healing, OnlyAmazonSendsToAmazonsOtherHosts) {
  const Answer away =
      refusal(307, "TemporaryRedirect", {{"Location", "https://bucket.s3-us-west-2.amazonaws.com/a%20key"}});
  auto options = usual_options();
  store->instead = always(away);
  expect_error(ErrorKind::unsupported, "sends on to https://bucket.s3-us-west-2.amazonaws.com/a%20key",
               [&] { session(options)->call(get()); });

  options.endpoint.clear();
  store->forget();
  store->instead = in_turn({away, {{200, {}, "there"}}});
  EXPECT_EQ(session(options)->call(get()).body, "there");
  EXPECT_EQ(store->log()[0].url, "https://bucket.s3.eu-west-1.amazonaws.com/a%20key");
  EXPECT_EQ(store->log()[1].url, "https://bucket.s3-us-west-2.amazonaws.com/a%20key");
}

TEST_F(Healing, NoRedirectIsFollowedElsewhereAndItsQueryIsNotTold) {
  for (const int status : {301, 302, 303, 307, 308}) {
    store->instead = always({{status, {{"Location", "https://evil.example/x?secret=1"}}}});
    auto options = usual_options();
    options.endpoint.clear();
    try {
      session(options)->call(get());
      ADD_FAILURE() << status;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_THAT(error.what(), AllOf(HasSubstr("https://evil.example/x"), Not(HasSubstr("secret"))));
    }
    for (const Asked& asked : store->log()) EXPECT_THAT(asked.url, HasSubstr("bucket.s3.eu-west-1.amazonaws.com"));
  }
}

TEST_F(Healing, AClockThatIsWrongIsCorrectedByTheStores) {
  store->instead = in_turn({refusal(403, "RequestTimeTooSkewed", {{"Date", "Mon, 30 Nov 2026 05:00:00 GMT"}})});
  const auto shared = session();
  shared->call(get());
  EXPECT_EQ(store->log()[0].header("x-amz-date"), "20261130T000000Z");
  EXPECT_EQ(store->log()[1].header("x-amz-date"), "20261130T050000Z");
  now += 1min;
  shared->call(get());
  EXPECT_EQ(store->log()[2].header("x-amz-date"), "20261130T050100Z");
}

TEST_F(Healing, AnAnswerToHeadThatCannotNameTheClockIsReadByItsDate) {
  Operation head = get();
  head.method = "HEAD";
  store->instead = in_turn({{{403, {{"Date", "Mon, 30 Nov 2026 05:00:00 GMT"}}}}});
  EXPECT_EQ(session()->call(head).status, 200);
  store->instead = always({{403, {{"Date", "Mon, 30 Nov 2026 00:01:00 GMT"}}}});
  expect_error(ErrorKind::no_permission, "access denied", [&] { session()->call(head); });
}

TEST_F(Healing, AClockBeyondAllYearsIsAnErrorAsAnyOther) {
  for (const char* date :
       {"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Wed, 01 Jan 2262 00:00:00 GMT"}) {
    store->instead = [=](const Asked&) {
      return std::optional(refusal(403, "RequestTimeTooSkewed", {{"Date", date}}));
    };
    expect_error(ErrorKind::no_permission, "this machine's clock is wrong", [&] { session()->call(get()); });
  }
}

using Sending = Retrying;

TEST_F(Sending, BodiesThatTlsOrAChecksumCoversAreNotHashed) {
  auto options = usual_options();
  const auto hash_of = [&](const Operation& operation) {
    store->forget();
    session(options)->try_call(operation);
    return store->log()[0].header("x-amz-content-sha256");
  };
  Operation checked = put("body");
  checked.headers = {{"x-amz-checksum-crc32", FakeStore::crc_of("body")}};
  EXPECT_EQ(hash_of(put("body")), "UNSIGNED-PAYLOAD");
  options.endpoint = "http://store.example";
  EXPECT_THAT(hash_of(put("body")), SizeIs(64));
  EXPECT_EQ(hash_of(checked), "UNSIGNED-PAYLOAD");
  EXPECT_THAT(hash_of(get()), testing::StartsWith("e3b0c442"));
  checked.method = "POST";  // there it is the checksum of the object, not of this body
  EXPECT_THAT(hash_of(checked), SizeIs(64));
}

TEST_F(Sending, WhoPaysAndWhoOwnsIsSaidAndSigned) {
  auto options = usual_options();
  options.requester_pays = true;
  options.expected_bucket_owner = "123456789012";
  session(options)->call(get());
  const Asked asked = store->log()[0];
  EXPECT_EQ(asked.header("x-amz-request-payer"), "requester");
  EXPECT_EQ(asked.header("x-amz-expected-bucket-owner"), "123456789012");
  EXPECT_THAT(asked.header("Authorization"), HasSubstr("x-amz-expected-bucket-owner;x-amz-request-payer"));
}

TEST_F(Sending, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [&](auto change) {
    auto options = usual_options();
    change(options);
    EXPECT_THROW(session(options), Error);
  };
  refused([](auto& o) { o.region = "a/b"; });
  refused([](auto& o) { o.endpoint = "store.example"; });
  refused([](auto& o) { o.endpoint = "https://store.example/?x"; });
  refused([](auto& o) { o.part_size = 0; });
  refused([](auto& o) { o.max_concurrency = 0; });
  refused([](auto& o) { o.max_attempts = 0; });
  refused([](auto& o) { o.stall_timeout = 0ms; });
}

}  // namespace
}  // namespace okibi::s3
