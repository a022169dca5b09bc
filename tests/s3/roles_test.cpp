#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/scripted_world.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

struct WebIdentity : World {
  WebIdentity() {
    put(home.path("token"), identity + "\n");
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = home.path("token");
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
    variables["AWS_REGION"] = "eu-central-1";
    transport.answer = [](const Request&) { return answer(200, key_in_xml("AssumeRoleWithWebIdentity", "ASIA")); };
  }
};

TEST(WebIdentityRole, IsTakenWithTheTokenOfTheFile) {
  WebIdentity world;
  world.variables["AWS_ROLE_SESSION_NAME"] = "pod";
  const S3Credentials key = world.key();
  EXPECT_EQ(key.access_key_id, "ASIA");
  EXPECT_EQ(key.session_token, session);
  EXPECT_EQ(key.expires, world.now.load() + 1h);
  const auto sent = world.transport.sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].request.method, "POST");
  EXPECT_EQ(sent[0].request.url, "https://sts.eu-central-1.amazonaws.com/");
  EXPECT_EQ(sent[0].request.timeout, 30s);
  EXPECT_EQ(sent[0].body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=pod&WebIdentityToken=" +
                identity);
  EXPECT_EQ(sent_header(sent[0].request, "authorization"), "(none)");
}

TEST(WebIdentityRole, ReadsTheTokenAnewEachTime) {
  WebIdentity world;
  const auto provider = world.provider();
  provider->get();
  put(world.home.path("token"), "second");
  world.now = world.now.load() + 56min;
  provider->get();
  EXPECT_THAT(world.transport.sent()[1].body, HasSubstr("WebIdentityToken=second"));
}

TEST(WebIdentityRole, NeedsItsRoleAndItsFile) {
  WebIdentity world;
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world.home.path("gone");
  expect_error_without_secrets(ErrorKind::not_found, "gone: the file of the web identity's token",
                               [&] { world.key(); });
  put(world.home.path("empty"), "\n");
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world.home.path("empty");
  expect_error_without_secrets(ErrorKind::bad_file, "is empty", [&] { world.key(); });
  world.variables.erase("AWS_ROLE_ARN");
  expect_error_without_secrets(ErrorKind::bad_argument, "AWS_ROLE_ARN is not", [&] { world.key(); });
}

TEST(WebIdentityRole, IsAskedForWhereTheEndpointSays) {
  WebIdentity world;
  world.variables["AWS_ENDPOINT_URL_STS"] = "http://localhost:4566";
  world.key();
  EXPECT_EQ(world.transport.sent()[0].request.url, "http://localhost:4566");
}

TEST(WebIdentityRole, ThatIsRefusedSaysWhyInTheServicesWords) {
  WebIdentity world;
  world.transport.answer = [](const Request&) {
    return answer(400, "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>Token " +
                           identity + " expired\nmore</Message></Error><RequestId>r-1</RequestId></ErrorResponse>");
  };
  expect_error_without_secrets(ErrorKind::no_permission,
                               "role arn:aws:iam::1:role/r, https://sts.eu-central-1.amazonaws.com: the token service "
                               "(STS) refuses with status 400, "
                               "ExpiredTokenException: Token … expired (request r-1)",
                               [&] { world.key(); });
  EXPECT_THAT(world.transport.sent(), SizeIs(1));
}

TEST(WebIdentityRole, IsAskedForAgainWhereThatMayHelp) {
  WebIdentity world;
  std::atomic<int> calls = 0;
  world.transport.answer = [&](const Request&) {
    if (++calls == 1) throw TransportError("reset");
    if (calls == 2) return answer(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>");
    return answer(200, key_in_xml("AssumeRoleWithWebIdentity", "ASIA"));
  };
  EXPECT_EQ(world.key().access_key_id, "ASIA");
  EXPECT_THAT(world.pauses, ElementsAre(200ms, 400ms));
}

TEST(WebIdentityRole, IsNotAskedForForEver) {
  WebIdentity world;
  world.transport.answer = [](const Request&) { return answer(503, "busy"); };
  expect_error_without_secrets(ErrorKind::io, "status 503", [&] { world.key(); });
  EXPECT_THAT(world.transport.sent(), SizeIs(3));
  world.transport.answer = [](const Request&) -> Response { throw TransportError("no certificate", Hope::none); };
  expect_error_without_secrets(ErrorKind::io, "does not answer: no certificate", [&] { world.key(); });
  EXPECT_THAT(world.transport.sent(), SizeIs(4));
}

TEST(WebIdentityRole, WithAHostileAnswerIsAnError) {
  WebIdentity world;
  for (const std::string& body : {std::string(), std::string("<"), std::string("no xml " + secret),
                                  std::string((1 << 20) + 1, 'x'), std::string("<AssumeRoleWithWebIdentityResponse/>"),
                                  std::string(200000, '<'), std::string(1 << 19, ' ').replace(0, 3, "<a>"),
                                  key_in_xml("AssumeRole", "ASIA"), key_in_xml("AssumeRoleWithWebIdentity", "A B")}) {
    world.transport.answer = [&](const Request&) { return answer(200, body); };
    try {
      world.key();
      ADD_FAILURE() << printable(body, 100);
    } catch (const Error& error) {
      expect_no_secret(error);
    }
  }
}

const std::string static_keys = "aws_access_key_id = STATIC\naws_secret_access_key = " + secret + "\n";

TEST(ProfileCredentials, MayBeStatic) {
  World world;
  world.credentials("[default]\n" + static_keys + "aws_session_token = " + session + "\n");
  const S3Credentials key = world.key();
  EXPECT_EQ(key.access_key_id, "STATIC");
  EXPECT_EQ(key.secret_access_key, secret);
  EXPECT_EQ(key.session_token, session);
}

TEST(ProfileCredentials, WithoutASecretAreAnError) {
  World world;
  world.credentials("[default]\naws_access_key_id = AK\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "profile default: the profile has no secret access key",
                               [&] { world.key(); });
}

TEST(ProfileCredentials, AreReadAnewWhenTheStoreRefusesThem) {
  World world;
  world.credentials("[default]\n" + static_keys);
  const auto provider = world.provider();
  const S3Credentials old = *provider->get();
  world.credentials("[default]\naws_access_key_id = ROTATED\naws_secret_access_key = " + secret + "\n");
  EXPECT_EQ(provider->get()->access_key_id, "STATIC");
  provider->forget(old);
  EXPECT_EQ(provider->get()->access_key_id, "ROTATED");
}

struct RoleProfile : World {
  RoleProfile() {
    variables["AWS_PROFILE"] = "role";
    transport.answer = [](const Request&) { return answer(200, key_in_xml("AssumeRole", "ASSUMED")); };
  }
};

TEST(RoleProfiles, AskWithTheKeyOfTheirSource) {
  RoleProfile world;
  world.credentials("[base]\n" + static_keys);
  world.config(
      "[profile role]\nrole_arn = arn:r\nsource_profile = base\nrole_session_name = me\nexternal_id = x/1\n"
      "duration_seconds = 900\nregion = ap-northeast-1\n");
  EXPECT_EQ(world.key().access_key_id, "ASSUMED");
  const auto sent = world.transport.sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].request.url, "https://sts.ap-northeast-1.amazonaws.com/");
  EXPECT_EQ(
      sent[0].body,
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=me&DurationSeconds=900&ExternalId=x%2F1");
  EXPECT_THAT(sent_header(sent[0].request, "authorization"),
              StartsWith("AWS4-HMAC-SHA256 Credential=STATIC/20261130/ap-northeast-1/sts/aws4_request, "));
  EXPECT_EQ(sent_header(sent[0].request, "content-type"), "application/x-www-form-urlencoded; charset=utf-8");
}

TEST(RoleProfiles, MayStandOnEachOther) {
  RoleProfile world;
  world.credentials("[base]\n" + static_keys);
  world.config(
      "[profile role]\nrole_arn = arn:1\nsource_profile = middle\n[profile middle]\nrole_arn = arn:2\nsource_profile = "
      "base\n");
  EXPECT_EQ(world.key().access_key_id, "ASSUMED");
  const auto sent = world.transport.sent();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_THAT(sent[0].body, HasSubstr("arn%3A2"));
  EXPECT_THAT(sent_header(sent[0].request, "authorization"), HasSubstr("Credential=STATIC/"));
  EXPECT_THAT(sent[1].body, HasSubstr("arn%3A1"));
  EXPECT_THAT(sent_header(sent[1].request, "authorization"), HasSubstr("Credential=ASSUMED/"));
  EXPECT_EQ(sent_header(sent[1].request, "x-amz-security-token"), session);
}

TEST(RoleProfiles, MayBeTheirOwnSource) {
  RoleProfile world;
  world.credentials("[role]\n" + static_keys + "role_arn = arn:1\nsource_profile = role\n");
  EXPECT_EQ(world.key().access_key_id, "ASSUMED");
  EXPECT_THAT(world.transport.sent(), SizeIs(1));
}

TEST(RoleProfiles, ThatGoInCirclesAreAnError) {
  RoleProfile world;
  world.config("[profile role]\nrole_arn=a\nsource_profile=two\n[profile two]\nrole_arn=b\nsource_profile=role\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "role → two → role", [&] { world.key(); });
  std::string chain = "[profile role]\nrole_arn=a\nsource_profile=p1\n";
  for (int i = 1; i < 100; ++i) chain += fmt::format("[profile p{}]\nrole_arn=a\nsource_profile=p{}\n", i, i + 1);
  world.config(chain);
  expect_error_without_secrets(ErrorKind::bad_argument, "without an end", [&] { world.key(); });
}

TEST(RoleProfiles, NeedASourceThatHasAKey) {
  RoleProfile world;
  world.config("[profile role]\nrole_arn=a\nsource_profile=gone\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "profile role, profile gone: there is no such profile",
                               [&] { world.key(); });
  world.config("[profile role]\nrole_arn=a\nsource_profile=bare\n[profile bare]\nregion=r\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "profile bare: the profile has no key", [&] { world.key(); });
  world.config("[profile role]\nrole_arn=a\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "needs one of source_profile", [&] { world.key(); });
  world.config("[profile role]\nrole_arn=a\nsource_profile=x\ncredential_source=Environment\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "needs one of source_profile", [&] { world.key(); });
}

TEST(RoleProfiles, MayTakeTheKeyOfTheEnvironment) {
  RoleProfile world;
  world.config("[profile role]\nrole_arn=a\ncredential_source=Environment\n");
  const S3Options options = {.profile = "role"};  // with the profile named, the environment's key itself is passed over
  expect_error_without_secrets(ErrorKind::no_permission, "the environment has no key: AWS_ACCESS_KEY_ID is not set",
                               [&] { world.key(options); });
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = secret;
  EXPECT_EQ(world.key(options).access_key_id, "ASSUMED");
  EXPECT_THAT(sent_header(world.transport.sent()[0].request, "authorization"), HasSubstr("Credential=ENV/"));
}

TEST(RoleProfiles, MayTakeTheKeyOfTheContainerOrTheMachine) {
  RoleProfile world;
  world.config("[profile role]\nrole_arn=a\ncredential_source=EcsContainer\n");
  expect_error_without_secrets(ErrorKind::no_permission, "the container has no key", [&] { world.key(); });
  world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
  world.transport.answer = [](const Request& request) {
    return answer(200, request.method == "POST" ? key_in_xml("AssumeRole", "ASSUMED") : key_in_json("CONTAINER"));
  };
  world.key();
  EXPECT_THAT(sent_header(world.transport.sent()[1].request, "authorization"), HasSubstr("Credential=CONTAINER/"));
  world.config("[profile role]\nrole_arn=a\ncredential_source=Ec2InstanceMetadata\n");
  world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  expect_error_without_secrets(ErrorKind::no_permission, "the machine has no key: AWS_EC2_METADATA_DISABLED",
                               [&] { world.key(); });
  world.config("[profile role]\nrole_arn=a\ncredential_source=Moon\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "found Moon", [&] { world.key(); });
}

TEST(RoleProfiles, WithAWebIdentityNeedNoSource) {
  RoleProfile world;
  put(world.home.path("t"), identity);
  world.config("[profile role]\nrole_arn=a\nweb_identity_token_file=~/t\n");
  world.transport.answer = [](const Request&) { return answer(200, key_in_xml("AssumeRoleWithWebIdentity", "WEB")); };
  EXPECT_EQ(world.key().access_key_id, "WEB");
}

TEST(RoleProfiles, ThatWantACodeOfAPersonAreNotSupported) {
  RoleProfile world;
  world.config("[profile role]\nrole_arn=a\nsource_profile=b\nmfa_serial=arn:mfa\n");
  expect_error_without_secrets(ErrorKind::unsupported, "multi-factor", [&] { world.key(); });
}

TEST(RoleProfiles, LastAsLongAsTheServiceAllows) {
  RoleProfile world;
  world.credentials("[base]\n" + static_keys);
  for (const char* duration : {"899", "43201", "an hour", "-900", "900s"}) {
    world.config(fmt::format("[profile role]\nrole_arn=a\nsource_profile=base\nduration_seconds={}\n", duration));
    expect_error_without_secrets(ErrorKind::bad_argument, "900 to 43200", [&] { world.key(); });
  }
}

TEST(RoleProfiles, DoNotShowTheTokenThatARefusalRepeats) {
  RoleProfile world;
  world.credentials("[base]\n" + static_keys + "aws_session_token=" + session + "\n");
  world.config("[profile role]\nrole_arn=a\nsource_profile=base\n");
  world.transport.answer = [](const Request&) {
    return answer(403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>canonical: " + session + " " +
                           secret + "</Message></Error></ErrorResponse>");
  };
  expect_error_without_secrets(ErrorKind::no_permission, "SignatureDoesNotMatch: canonical: … …", [&] { world.key(); });
}

const std::string sso_profile =
    "[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Data Reader\n"
    "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n";

struct Sso : World {
  Sso() {
    variables["AWS_PROFILE"] = "sso";
    config(sso_profile);
    cache("corp");
    transport.answer = [](const Request&) {
      return answer(200, R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":")" + secret +
                             R"(","sessionToken":")" + session + R"(","expiration":1796043600000}})");
    };
  }
  // SHA-1 of "corp", and of "https://legacy/start".
  void cache(const std::string& which, const std::string& expires = "2026-11-30T20:00:00Z") const {
    const std::string file =
        which == "corp" ? "ee0bfd2552fbd840c02cc48b6e823320543c450f" : "26a39feefa4a05680f52140ee427b91950bb24f5";
    put(home.path(".aws/sso/cache/" + file + ".json"),
        R"({"accessToken":")" + bearer + R"(","expiresAt":")" + expires + R"("})");
  }
};

TEST(SsoProfiles, AskThePortalWithTheTokenOfTheLogin) {
  Sso world;
  const S3Credentials key = world.key();
  EXPECT_EQ(key.access_key_id, "SSO");
  EXPECT_EQ(key.session_token, session);
  EXPECT_EQ(key.expires, world.now.load() + 1h);
  const auto sent = world.transport.sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].request.url,
            "https://portal.sso.eu-west-1.amazonaws.com/federation/"
            "credentials?role_name=Data%20Reader&account_id=123456789012");
  EXPECT_EQ(sent_header(sent[0].request, "x-amz-sso_bearer_token"), bearer);
}

TEST(SsoProfiles, OfTheOldKindNameTheirStartUrl) {
  Sso world;
  world.config(
      "[profile sso]\nsso_start_url = https://legacy/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name "
      "= r\n");
  world.cache("legacy", "2026-11-30T20:00:00UTC");
  EXPECT_EQ(world.key().access_key_id, "SSO");
}

TEST(SsoProfiles, SayHowToSignInWhenNobodyIs) {
  Sso world;
  world.cache("corp", "2026-11-30T11:59:59Z");
  expect_error_without_secrets(ErrorKind::no_permission,
                               "profile sso: the session of SSO lapsed at 2026-11-30 11:59:59 UTC. Run `aws sso login "
                               "--profile sso`.",
                               [&] { world.key(); });
  std::filesystem::remove_all(world.home.path(".aws/sso"));
  expect_error_without_secrets(ErrorKind::no_permission, "nobody is signed in to SSO", [&] { world.key(); });
  EXPECT_THAT(world.transport.sent(), IsEmpty());
}

TEST(SsoProfiles, WhoseTokenThePortalRefusesSayHowToSignIn) {
  Sso world;
  world.transport.answer = [](const Request&) {
    return Response{401,
                    {{"x-amzn-ErrorType", "UnauthorizedException"}, {"x-amzn-RequestId", "q-7"}},
                    R"({"message":"Session token )" + bearer + R"( not found"})"};
  };
  expect_error_without_secrets(
      ErrorKind::no_permission,
      "status 401, UnauthorizedException: Session token … not found (request q-7). Run `aws sso login",
      [&] { world.key(); });
}

TEST(SsoProfiles, ThatAreIncompleteSayWhatIsMissing) {
  Sso world;
  world.config("[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "[sso-session corp]", [&] { world.key(); });
  world.config("[profile sso]\nsso_session = corp\nsso_account_id = 1\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "has no sso_role_name", [&] { world.key(); });
  world.config("[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n[sso-session corp]\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "has no sso_region", [&] { world.key(); });
  world.config(
      "[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n[sso-session corp]\nsso_region=a/b\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "region a/b", [&] { world.key(); });
}

TEST(SsoProfiles, WithAHostileAnswerAreAnError) {
  Sso world;
  for (const char* body : {"", "{}", "[]", R"({"roleCredentials":7})", R"({"roleCredentials":{"accessKeyId":"A"}})",
                           R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"B","sessionToken":"C"}})",
                           R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"B","expiration":-5}})",
                           R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"B","expiration":5}})"}) {
    world.transport.answer = [&](const Request&) { return answer(200, body); };
    EXPECT_THROW(world.key(), Error) << body;
  }
  world.transport.answer = [&](const Request&) {
    return answer(200,
                  R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"B","expiration":18446744073709551615}})");
  };
  EXPECT_EQ(world.key().expires, std::chrono::sys_days{2200y / 1 / 1});
}

}  // namespace
}  // namespace okibi::s3
