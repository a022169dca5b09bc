// What failures are said to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/fake_store.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::AllOf;
using testing::HasSubstr;
using testing::Le;
using testing::Not;

struct ErrorWords : testing::Test, Bench {
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

TEST_F(ErrorWords, TheEndpointIsNamedWhereItIsNotAmazons) {
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

TEST_F(ErrorWords, AUrlThatHasExpiredIsToldFromOneThatIsNotAllowed) {
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

TEST_F(ErrorWords, SayWhoMayNotDoWhatWhere) {
  EXPECT_THAT(of(refusal(403, "AccessDenied"), put("x")),
              testing::StartsWith("s3://bucket/a key, at https://store.example: access denied: the key AKIDEXAMPLE may "
                                  "not PutObject here (403 AccessDenied, "));
  EXPECT_EQ(kind, ErrorKind::no_permission);
}

TEST_F(ErrorWords, WhatAStoreEchoesOfTheSignatureIsNotTold) {
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

}  // namespace
}  // namespace okibi::s3
