#include "s3/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/scripted_world.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST(Credentials, AreNoneForUnsignedRequests) {
  World world;
  world.variables["AWS_ACCESS_KEY_ID"] = "AK";
  EXPECT_EQ(world.provider({.unsigned_requests = true})->get(), std::nullopt);
}

TEST(Credentials, ThatTheCallerGaveWin) {
  World world;
  world.variables = {{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "e"}};
  const auto provider = world.provider({.credentials = S3Credentials{"GIVEN", secret}});
  EXPECT_EQ(provider->get()->access_key_id, "GIVEN");
  provider->forget(*provider->get());
  EXPECT_EQ(provider->get()->access_key_id, "GIVEN");
}

TEST(Credentials, ThatHttpWouldMisreadAreRefusedWithoutBeingShown) {
  World world;
  for (const S3Credentials& key :
       {S3Credentials{"", secret}, S3Credentials{"AK", ""}, S3Credentials{"AK\r\nHost: x", secret},
        S3Credentials{"AK", secret + "\n"}, S3Credentials{"AK", secret, session + " x"},
        S3Credentials{"AK", secret, session + "\x80"}, S3Credentials{std::string(70000, 'A'), secret}}) {
    expect_error_without_secrets(ErrorKind::bad_argument, "S3Options::credentials has",
                                 [&] { world.provider({.credentials = key}); });
  }
}

TEST(EnvironmentCredentials, AreThreeVariables) {
  World world;
  world.variables["AWS_ACCESS_KEY_ID"] = "AK";
  world.variables["AWS_SECRET_ACCESS_KEY"] = secret;
  world.variables["AWS_SESSION_TOKEN"] = session;
  const S3Credentials key = world.key();
  EXPECT_EQ(key.access_key_id, "AK");
  EXPECT_EQ(key.secret_access_key, secret);
  EXPECT_EQ(key.session_token, session);
  EXPECT_EQ(key.expires, std::nullopt);
}

TEST(EnvironmentCredentials, GoBeforeAProfileOfTheEnvironmentAndAfterOneOfTheCaller) {
  World world;
  world.variables["AWS_ACCESS_KEY_ID"] = "AK";
  world.variables["AWS_SECRET_ACCESS_KEY"] = secret;
  world.variables["AWS_PROFILE"] = "p";
  world.credentials("[p]\naws_access_key_id=PROFILE\naws_secret_access_key=" + secret + "\n");
  EXPECT_EQ(world.key().access_key_id, "AK");
  EXPECT_EQ(world.key({.profile = "p"}).access_key_id, "PROFILE");
  EXPECT_EQ(world.key(with_surroundings({}, world.surroundings())).access_key_id, "AK");
}

TEST(EnvironmentCredentials, ThatAreHalfSetAreAnError) {
  World world;
  world.variables["AWS_SECRET_ACCESS_KEY"] = secret;
  expect_error_without_secrets(ErrorKind::bad_argument, "AWS_ACCESS_KEY_ID is not", [&] { world.key(); });
  world.variables = {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", ""}};
  expect_error_without_secrets(ErrorKind::bad_argument, "AWS_SECRET_ACCESS_KEY is not", [&] { world.key(); });
}

TEST(EnvironmentCredentials, MayLapse) {
  World world;
  world.variables = {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", secret}};
  world.variables["AWS_CREDENTIAL_EXPIRATION"] = "2026-11-30T13:00:00+00:00";
  EXPECT_EQ(world.key().expires, world.now.load() + 1h);
  world.variables["AWS_CREDENTIAL_EXPIRATION"] = "2026-11-30T11:00:00+00:00";
  expect_error_without_secrets(ErrorKind::no_permission, "lapsed at 2026-11-30 11:00:00 UTC", [&] { world.key(); });
}

TEST(Chain, SaysWhatItTriedAndHowToGiveAKey) {
  World world;
  expect_error_without_secrets(
      ErrorKind::no_permission,
      "no credentials were found. Tried: the environment (AWS_ACCESS_KEY_ID is not set); a web identity "
      "(AWS_WEB_IDENTITY_TOKEN_FILE is not set); the profile (there is no profile default); the container's role "
      "(neither "
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set); the machine's role (no "
      "metadata service answers at http://169.254.169.254). Set AWS_ACCESS_KEY_ID",
      [&] { world.key(); });
}

TEST(Chain, GivesUpSoonOnAMachineWithoutAMetadataService) {
  World world;
  EXPECT_THROW(world.key(), Error);
  ASSERT_THAT(world.transport.sent(), SizeIs(1));
  EXPECT_EQ(world.transport.sent()[0].request.timeout, 1s);
  EXPECT_THAT(world.pauses, IsEmpty());
}

TEST(Chain, WantsTheProfileThatSomeoneNamed) {
  World world;
  world.credentials("[here]\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "one of here", [&] { world.key({.profile = "gone"}); });
}

TEST(Chain, GoesOnWhereAProfileHasNothingButSettings) {
  World world;
  world.config("[profile p]\nregion = r\n");
  expect_error_without_secrets(ErrorKind::no_permission, "profile p has no key, role, SSO or process",
                               [&] { world.key({.profile = "p"}); });
}

struct Container : World {
  Container() {
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
    transport.answer = [](const Request&) { return answer(200, key_in_json("TASK")); };
  }
  void whole(const std::string& url) {
    variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
  }
};

TEST(ContainerRole, IsAskedForOfTheAgent) {
  Container world;
  const S3Credentials key = world.key();
  EXPECT_EQ(key.access_key_id, "TASK");
  EXPECT_EQ(key.expires, world.now.load() + 6h);
  const auto sent = world.transport.sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].request.url, "http://169.254.170.2/v2/credentials/1");
  EXPECT_TRUE(sent[0].request.past_proxies);
  EXPECT_EQ(sent_header(sent[0].request, "authorization"), "(none)");
}

TEST(ContainerRole, IsAskedForWithTheAuthorizationOfTheFile) {
  Container world;
  world.whole("http://169.254.170.23/v1/credentials");
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "other";
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = world.home.path("t");
  put(world.home.path("t"), authorization + "\n");
  const auto provider = world.provider();
  provider->get();
  EXPECT_EQ(sent_header(world.transport.sent()[0].request, "authorization"), authorization);
  put(world.home.path("t"), "renewed");
  world.now = world.now.load() + 5h + 56min;
  provider->get();
  EXPECT_EQ(sent_header(world.transport.sent()[1].request, "authorization"), "renewed");
}

TEST(ContainerRole, IsAskedForWithTheAuthorizationOfTheVariable) {
  Container world;
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = authorization;
  world.key();
  EXPECT_EQ(sent_header(world.transport.sent()[0].request, "authorization"), authorization);
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = authorization + "\r\nHost: evil";
  expect_error_without_secrets(ErrorKind::bad_argument, "authorization token holds a character", [&] { world.key(); });
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = world.home.path("gone");
  expect_error_without_secrets(ErrorKind::not_found, "authorization is not there", [&] { world.key(); });
}

TEST(ContainerRole, IsAskedForOnlyOfHostsToTrust) {
  Container world;
  for (const char* url :
       {"http://localhost:8080/x", "http://127.0.0.1/x", "http://127.9.9.9:1/x", "http://[::1]:8/x",
        "http://169.254.170.2/x", "http://169.254.170.23/x", "http://[fd00:ec2::23]/x", "https://anywhere.example/x"}) {
    world.whole(url);
    EXPECT_EQ(world.key().access_key_id, "TASK") << url;
  }
  const size_t sent = world.transport.sent().size();
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = authorization;
  for (const char* url : {"http://evil.example/x", "http://127.0.0.1.evil.example/x",
                          "http://169.254.170.2@evil.example/", "http://evil.example/@127.0.0.1",
                          "http://169.254.169.254/x", "http://[fd00:ec2::254]/x", "http://127.0.0.1\\@evil.example/",
                          "http://0.0.0.0/", "http://128.0.0.1/", "http://127.1/", "ftp://127.0.0.1/", "/x"}) {
    world.whole(url);
    expect_error_without_secrets(ErrorKind::bad_argument, "", [&] { world.key(); });
  }
  EXPECT_THAT(world.transport.sent(), SizeIs(sent));
}

TEST(ContainerRole, WithAHostileAnswerIsAnError) {
  Container world;
  for (const std::string& body :
       {std::string(), std::string("null"), std::string(1 << 19, '['), "{\"a\":" + std::string(1 << 19, '['),
        std::string((1 << 20) + 1, ' '), "\"" + secret, "{\"SecretAccessKey\":\"" + secret + "\"}",
        "{\"AccessKeyId\":\"A\",\"Token\":\"" + session + "\"}", key_in_json("A\\nB"), key_in_json("A", "soon")}) {
    world.transport.answer = [&](const Request&) { return answer(200, body); };
    try {
      world.key();
      ADD_FAILURE() << printable(body, 100);
    } catch (const Error& error) {
      expect_no_secret(error);
    }
  }
}

TEST(ContainerRole, OfARelativeUriStaysWithTheAgent) {
  Container world;
  world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@evil.example/";
  expect_error_without_secrets(ErrorKind::bad_argument, "does not begin with a /", [&] { world.key(); });
}

TEST(ContainerRole, ThatIsRefusedSaysWhy) {
  Container world;
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = authorization;
  world.transport.answer = [](const Request&) {
    return answer(403, R"({"code":"AccessDenied","message":"bad )" + authorization + "\"}");
  };
  expect_error_without_secrets(ErrorKind::no_permission,
                               "http://169.254.170.2: the container's credentials endpoint refuses with status 403, "
                               "AccessDenied: bad …",
                               [&] { world.key(); });
  world.transport.answer = nullptr;
  expect_error_without_secrets(ErrorKind::io, "does not answer", [&] { world.key(); });
}

struct Machine : World {
  std::map<std::string, Response> answers = {
      {"PUT /latest/api/token", answer(200, "imds-token")},
      {"GET /latest/meta-data/iam/security-credentials/", answer(200, "my role\n")},
      {"GET /latest/meta-data/iam/security-credentials/my%20role", answer(200, key_in_json("MACHINE"))}};
  std::string address = "http://169.254.169.254";
  Machine() {
    transport.answer = [this](const Request& request) {
      return answers.at(request.method + " " + request.url.substr(address.size()));
    };
  }
};

TEST(MachineRole, IsAskedForWithASessionToken) {
  Machine world;
  EXPECT_EQ(world.key().access_key_id, "MACHINE");
  const auto sent = world.transport.sent();
  ASSERT_THAT(sent, SizeIs(3));
  EXPECT_EQ(sent_header(sent[0].request, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(sent_header(sent[1].request, "x-aws-ec2-metadata-token"), "imds-token");
  EXPECT_EQ(sent_header(sent[2].request, "x-aws-ec2-metadata-token"), "imds-token");
  for (const auto& one : sent) {
    EXPECT_THAT(one.request.url, StartsWith("http://169.254.169.254/"));
    EXPECT_TRUE(one.request.past_proxies);
    EXPECT_EQ(one.request.timeout, 1s);
  }
}

TEST(MachineRole, IsAskedForWhereTheVariablesSay) {
  Machine world;
  world.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  world.address = "http://[fd00:ec2::254]";
  EXPECT_EQ(world.key().access_key_id, "MACHINE");
  world.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://localhost:1338/";
  world.variables["AWS_METADATA_SERVICE_TIMEOUT"] = "5";
  world.address = "http://localhost:1338";
  EXPECT_EQ(world.key().access_key_id, "MACHINE");
  EXPECT_EQ(world.transport.sent().back().request.timeout, 5s);
}

TEST(MachineRole, IsNotAskedForWhenThatIsForbidden) {
  Machine world;
  world.variables["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  expect_error_without_secrets(ErrorKind::no_permission, "AWS_EC2_METADATA_DISABLED is true", [&] { world.key(); });
  EXPECT_THAT(world.transport.sent(), IsEmpty());
}

TEST(MachineRole, IsKnockedForAsOftenAsTheVariableSays) {
  World world;
  world.variables["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "3";
  EXPECT_THROW(world.key(), Error);
  EXPECT_THAT(world.transport.sent(), SizeIs(3));
}

TEST(MachineRole, IsNoneWhereSomethingElseAnswers) {
  Machine world;
  world.answers["PUT /latest/api/token"] = answer(405, "<html>");
  expect_error_without_secrets(ErrorKind::no_permission, "is no metadata service of version 2 (status 405)",
                               [&] { world.key(); });
  world.answers["PUT /latest/api/token"] = answer(200, "two\r\nlines");
  expect_error_without_secrets(ErrorKind::no_permission, "is no metadata service of version 2", [&] { world.key(); });
}

TEST(MachineRole, IsNoneWhereTheMachineHasNone) {
  Machine world;
  world.answers["GET /latest/meta-data/iam/security-credentials/"] = answer(404, "");
  expect_error_without_secrets(ErrorKind::no_permission, "the machine has no role", [&] { world.key(); });
}

TEST(MachineRole, ThatIsBrokenIsAnError) {
  Machine world;
  Response& given = world.answers["GET /latest/meta-data/iam/security-credentials/my%20role"];
  given.body = R"({"Code":"AssumeRoleUnauthorizedAccess"})";
  expect_error_without_secrets(ErrorKind::no_permission,
                               "role my role: the machine's metadata service has no key of the "
                               "role: AssumeRoleUnauthorizedAccess",
                               [&] { world.key(); });
  given.body = secret;
  expect_error_without_secrets(ErrorKind::bad_file, "gives no JSON object", [&] { world.key(); });
  given.status = 500;
  expect_error_without_secrets(ErrorKind::io, "status 500", [&] { world.key(); });
}

TEST(MachineRole, IsNotAskedForAnyMoreOnceAStopIsAskedFor) {
  Machine world;
  std::stop_source stop;
  stop.request_stop();
  expect_error(ErrorKind::cancelled, "", [&] { world.key({.stop = stop.get_token()}); });
}

TEST(MachineRole, IsUsedAWhileThoughItsKeyCameLapsed) {
  Machine world;  // as on a machine whose clock is wrong
  world.answers["GET /latest/meta-data/iam/security-credentials/my%20role"].body =
      key_in_json("LAPSED", "2026-11-30T10:00:00Z");
  const auto provider = world.provider();
  EXPECT_EQ(provider->get()->access_key_id, "LAPSED");
  EXPECT_EQ(provider->get()->access_key_id, "LAPSED");
  EXPECT_THAT(world.transport.sent(), SizeIs(3));
  world.now = world.now.load() + 61s;
  provider->get();
  EXPECT_THAT(world.transport.sent(), SizeIs(6));
}

}  // namespace
}  // namespace okibi::s3
