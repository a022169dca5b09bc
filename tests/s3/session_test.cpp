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
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Not;
using testing::SizeIs;

const S3Uri place{"bucket", "a key"};

Operation get() { return {.name = "GetObject", .where = place}; }
Operation put(std::string_view body) {
  return {.name = "PutObject", .method = "PUT", .where = place, .body = as_bytes(body)};
}

// Answers of these, one after the other, then of the store.
auto in_turn(std::vector<Answer> answers) {
  return [answers = std::move(answers), next = size_t{0}](const Asked&) mutable -> std::optional<Answer> {
    return next < answers.size() ? std::optional(answers[next++]) : std::nullopt;
  };
}

auto always(Answer answer) {
  return [answer = std::move(answer)](const Asked&) -> std::optional<Answer> { return answer; };
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

using Wording = Retrying;

TEST_F(Wording, TheEndpointIsNamedWhereItIsNotAmazons) {
  auto options = usual_options();
  options.endpoint = "http://127.0.0.1:9000/storage/";
  store->instead = always(refusal(404, "NoSuchKey"));
  expect_error(ErrorKind::not_found, "s3://bucket/a key, at http://127.0.0.1:9000/storage: GetObject: there is no such",
               [&] { session(options)->call(get()); });
  store->instead = [](const Asked&) -> std::optional<Answer> { throw TransportError("no way", Hope::none); };
  expect_error(ErrorKind::io, "at http://127.0.0.1:9000/storage: GetObject: no way",
               [&] { session(options)->call(get()); });
  for (const char* amazons : {"", "https://s3.eu-west-1.amazonaws.com"}) {
    options.endpoint = amazons;
    expect_error(ErrorKind::io, "s3://bucket/a key: GetObject: no way", [&] { session(options)->call(get()); });
  }
  Operation url = get();
  url.url = "https://elsewhere.example/x";
  options.endpoint = "http://127.0.0.1:9000";
  expect_error(ErrorKind::io, "https://elsewhere.example/x: GetObject: no way", [&] { session(options)->call(url); });
}

TEST_F(Wording, AUrlThatHasExpiredIsToldFromOneThatIsNotAllowed) {
  Operation url = get();
  url.url = "https://elsewhere.example/x?X-Amz-Signature=1234";
  const auto says = [&](Answer answer, ErrorKind kind, std::string_view words) {
    store->instead = always(std::move(answer));
    expect_error(kind, words, [&] { session()->call(url); });
  };
  const std::string denied = "<Error><Code>AccessDenied</Code><Message>{}</Message></Error>";
  says({{403, {}, fmt::format(fmt::runtime(denied), "Request has expired")}}, ErrorKind::no_permission,
       "https://elsewhere.example/x: GetObject: the URL has expired (403 AccessDenied, \"Request has expired\")");
  says({{400, {}, "<Error><Code>ExpiredToken</Code></Error>"}}, ErrorKind::no_permission, "the URL has expired");
  says({{403, {}, fmt::format(fmt::runtime(denied), "Access Denied")}}, ErrorKind::no_permission, "access denied (403");
  says(refusal(403, "InvalidObjectState"), ErrorKind::unsupported, "lies in an archive");
  says(refusal(404, "NoSuchKey"), ErrorKind::not_found, "there is no such object");
  says({{404, {}, "<html>"}}, ErrorKind::not_found,
       "https://elsewhere.example/x: GetObject: there is no such file (404)");
  says({{410, {}, ""}}, ErrorKind::not_found, "the file is no longer there");
  says({{401, {}, ""}}, ErrorKind::no_permission, "the server wants to know who asks");
  store->instead = always({{403, {}, fmt::format(fmt::runtime(denied), "Request has expired")}});
  expect_error(ErrorKind::no_permission, "AKIDEXAMPLE may not GetObject here", [&] { session()->call(get()); });
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

struct ErrorWords : Retrying {
  std::string of(Answer answer, const Operation& operation = get()) {
    store->instead = always(std::move(answer));
    try {
      session()->call(operation);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("very/secret+key")));
      kind = error.kind();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }
  ErrorKind kind = ErrorKind::internal;
};

TEST_F(ErrorWords, SayWhoMayNotDoWhatWhere) {
  EXPECT_THAT(of(refusal(403, "AccessDenied"), put("x")),
              testing::StartsWith("s3://bucket/a key, at https://store.example: access denied: the key AKIDEXAMPLE may "
                                  "not PutObject here (403 AccessDenied, "));
  EXPECT_EQ(kind, ErrorKind::no_permission);
}

TEST_F(Retrying, WhatAStoreEchoesOfTheSignatureIsNotTold) {
  auto options = usual_options();
  options.credentials->session_token = "TheSessionToken";
  store->instead = [](const Asked& asked) {
    const std::string sent = asked.header("authorization") + " thesessiontoken of TheSessionToken";
    return std::optional(Answer{{403, {}, "<Error><Code>No</Code><Message>" + sent + "</Message></Error>"}});
  };
  try {
    session(options)->call(get());
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("essiontoken")));
    EXPECT_THAT(error.what(), Not(HasSubstr("SessionToken")));
    EXPECT_THAT(error.what(), Not(HasSubstr("Signature=")));
    EXPECT_THAT(error.what(), HasSubstr("…"));
  }
}

TEST_F(Retrying, AClockBeyondAllYearsIsNoClock) {
  for (const char* date :
       {"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Wed, 01 Jan 2262 00:00:00 GMT"}) {
    store->instead = [=](const Asked&) {
      return std::optional(refusal(403, "RequestTimeTooSkewed", {{"Date", date}}));
    };
    expect_error(ErrorKind::no_permission, "this machine's clock is wrong", [&] { session()->call(get()); });
  }
}

TEST_F(ErrorWords, TellAMissingBucketFromAMissingObject) {
  EXPECT_THAT(of(refusal(404, "NoSuchBucket")), HasSubstr("there is no such bucket"));
  EXPECT_EQ(kind, ErrorKind::not_found);
  EXPECT_THAT(of(refusal(404, "NoSuchKey")), HasSubstr("there is no such object"));
  EXPECT_EQ(kind, ErrorKind::not_found);
}

TEST_F(ErrorWords, HintAtWhatMayBeWrongWithAKey) {
  EXPECT_THAT(of(refusal(403, "SignatureDoesNotMatch")), HasSubstr("whether the secret belongs to the key"));
  EXPECT_THAT(of(refusal(403, "InvalidAccessKeyId")), AllOf(HasSubstr("AKIDEXAMPLE"), HasSubstr("another store's")));
  EXPECT_EQ(kind, ErrorKind::no_permission);
}

TEST_F(ErrorWords, HaveTheirKinds) {
  for (const auto& [answer, expected] :
       {std::pair(refusal(412, "PreconditionFailed"), ErrorKind::mismatch),
        std::pair(refusal(405, "MethodNotAllowed"), ErrorKind::unsupported),
        std::pair(refusal(501, "NotImplemented"), ErrorKind::unsupported),
        std::pair(refusal(416, "InvalidRange"), ErrorKind::bad_file),
        std::pair(refusal(500, "InternalError"), ErrorKind::io), std::pair(refusal(418, "Teapot"), ErrorKind::io)}) {
    EXPECT_THAT(of(answer), HasSubstr(std::to_string(answer.response.status)));
    EXPECT_EQ(kind, expected) << answer.response.status;
  }
}

TEST_F(ErrorWords, OfTheStoreAreMadeSafeToPrint) {
  EXPECT_THAT(of({{403, {}, "<Error><Code>A\x1b[31m</Code><Message>b\r\nc</Message></Error>"}}),
              AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\n"))));
  EXPECT_THAT(of({{403, {}, "<Error><Code>" + std::string(10'000, 'x') + "</Code></Error>"}}).size(), Le(2000u));
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

// ----------------------------------------------------------------------------------------------------------- ranges

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
  store->then = [](const Asked&, Answer& answer) { answer.breaks_after = 5'000; };
  store->then = [](const Asked&, Answer& answer) {
    if (answer.response.body.size() > 5'000) answer.breaks_after = 5'000;
  };
  auto options = usual_options();
  options.max_attempts = 2;
  std::string text;
  session(options)->get_range(get(), version(), 0, body.size(), [&](auto part) { text += as_text(part); });
  EXPECT_EQ(text, body);
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
