#include "s3/profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/scripted_world.h"
#include "s3/settings.h"

namespace okibi::s3 {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace testing_help;

Profiles of_config(std::string_view text) { return Profiles::parse(text, "/c/config", "", "/c/credentials"); }
Profiles of_credentials(std::string_view text) { return Profiles::parse("", "/c/config", text, "/c/credentials"); }

std::string setting(const Profiles& profiles, const std::string& profile, const std::string& key) {
  return value_of(profiles.named(profile), key);
}

TEST(Profiles, AreSectionsOfBothFiles) {
  const Profiles profiles = Profiles::parse("[default]\nregion = a\n[profile x]\nregion=b\n[y]\nregion = c\n", "",
                                            "[x]\naws_access_key_id = AK\n[z]\naws_access_key_id=AZ", "");
  EXPECT_EQ(setting(profiles, "default", "region"), "a");
  EXPECT_EQ(setting(profiles, "x", "region"), "b");
  EXPECT_EQ(setting(profiles, "x", "aws_access_key_id"), "AK");
  EXPECT_EQ(setting(profiles, "z", "aws_access_key_id"), "AZ");
  EXPECT_EQ(profiles.profile("y"), nullptr);  // the config file's profiles begin with "profile"
}

TEST(Profiles, ThatAreBrokenStopOnlyWhoNeedsThem) {
  for (const auto& [config, profile] :
       {std::pair("what is this?\n", ""), std::pair("[default]\nregion=eu-west-1\n", "b"),
        std::pair("[default]\nservices = none\n", "")}) {
    World world;
    world.config(config);
    world.variables["AWS_PROFILE"] = profile;
    world.variables["AWS_CA_BUNDLE"] = "/ca.pem";
    EXPECT_THROW(with_surroundings({}, world.surroundings()), Error) << config;
    EXPECT_THROW(with_surroundings({.profile = "b", .unsigned_requests = true}, world.surroundings()), Error) << config;
    const S3Options options = with_surroundings({.unsigned_requests = true}, world.surroundings());
    EXPECT_EQ(options.region, "us-east-1");
    EXPECT_EQ(options.endpoint, "");
    EXPECT_EQ(options.ca_file, "/ca.pem");
  }
}

TEST(Profiles, RepeatNoLongNames) {
  const std::string longest(128, 'k');
  EXPECT_EQ(setting(of_config("[profile x]\n" + longest + " =\n  a = b\n"), "x", longest + ".a"), "b");
  expect_error(ErrorKind::bad_file, "/c/config, line 2: the name of the setting is too long",
               [&] { of_config("[profile x]\n" + longest + "k =\n  a = b\n"); });
}

TEST(Profiles, OfTheCredentialsFileWin) {
  const Profiles profiles = Profiles::parse("[profile x]\naws_access_key_id=config\nregion=r\n", "",
                                            "[x]\naws_access_key_id=credentials\n", "");
  EXPECT_EQ(setting(profiles, "x", "aws_access_key_id"), "credentials");
  EXPECT_EQ(setting(profiles, "x", "region"), "r");
}

TEST(Profiles, TakeTheDefaultByEitherName) {
  EXPECT_EQ(setting(of_config("[profile default]\nregion=long\n[default]\nregion=short\n"), "default", "region"),
            "long");
  EXPECT_EQ(setting(of_config("[default]\nregion=short\n[profile default]\nregion=long\n"), "default", "region"),
            "long");
}

TEST(Profiles, TrimBlanksAndKeepEqualsSignsInValues) {
  const Profiles profiles = of_credentials("[x]\r\n\tAWS_Secret_Access_Key \t=  a=b/c+d==  \r\n");
  EXPECT_EQ(setting(profiles, "x", "aws_secret_access_key"), "a=b/c+d==");
}

TEST(Profiles, SkipCommentsWhichAreWholeLines) {
  const Profiles profiles = of_config("# [a\n; b\n\n[profile x] # c\nregion = r\n  # d\noutput = a#b ; c\n");
  EXPECT_EQ(setting(profiles, "x", "region"), "r");
  EXPECT_EQ(setting(profiles, "x", "output"), "a#b ; c");
}

TEST(Profiles, MayHaveQuotedNamesWithBlanks) {
  const Profiles profiles =
      of_config("[profile \"a b\"]\nregion=1\n[ profile\tc ]\nregion=2\n[profile 'd']\nregion=3\n");
  EXPECT_EQ(setting(profiles, "a b", "region"), "1");
  EXPECT_EQ(setting(profiles, "c", "region"), "2");
  EXPECT_EQ(setting(profiles, "d", "region"), "3");
}

TEST(Profiles, HaveBlocksOfIndentedSettings) {
  const Profiles profiles = of_config(
      "[profile x]\ns3 =\n  addressing_style = path\n\n  # why\n  max_concurrent_requests=20\nregion = r\n"
      "[services local]\ns3 =\n\tendpoint_url = http://localhost:9000\nsts = \n  endpoint_url = http://sts\n"
      "[sso-session s]\nsso_region = r\n");
  EXPECT_EQ(setting(profiles, "x", "s3.addressing_style"), "path");
  EXPECT_EQ(setting(profiles, "x", "s3.max_concurrent_requests"), "20");
  EXPECT_EQ(setting(profiles, "x", "region"), "r");
  EXPECT_EQ(value_of(*profiles.services("local"), "s3.endpoint_url"), "http://localhost:9000");
  EXPECT_EQ(value_of(*profiles.services("local"), "sts.endpoint_url"), "http://sts");
  EXPECT_EQ(value_of(*profiles.sso_session("s"), "sso_region"), "r");
}

TEST(Profiles, MayBeIndentedAsAWhole) {
  const Profiles profiles = of_credentials("[x]\n  aws_access_key_id = A\n  aws_secret_access_key = B\n");
  EXPECT_EQ(setting(profiles, "x", "aws_access_key_id"), "A");
  EXPECT_EQ(setting(profiles, "x", "aws_secret_access_key"), "B");
}

TEST(Profiles, GoOnWhereASectionComesAgain) {
  const Profiles profiles = of_credentials("[x]\na=1\nb=1\n[y]\n[x]\nb=2\n");
  EXPECT_EQ(setting(profiles, "x", "a"), "1");
  EXPECT_EQ(setting(profiles, "x", "b"), "2");
}

TEST(Profiles, MayBeginWithTheMarkOfWindowsEditors) {
  EXPECT_EQ(setting(of_credentials("\xef\xbb\xbf[x]\na=1\n"), "x", "a"), "1");
}

TEST(Profiles, SayWhichLineIsBrokenWithoutQuotingIt) {
  for (const char* text : {"\nsecretsecret\n", "[x]\nsecretsecret\n", "\n[secretsecret\n", "[x]\n=secretsecret\n",
                           "[x]\ns3 =\n", "[x] secretsecret\n"}) {
    const std::string broken = std::string(text) == "[x]\ns3 =\n" ? "[x]\ns3 =\n  secretsecret\n" : text;
    try {
      of_credentials(broken);
      ADD_FAILURE() << broken;
    } catch (const Error& error) {
      EXPECT_EQ(name_of(error.kind()), "bad_file");
      EXPECT_THAT(error.what(), HasSubstr("/c/credentials, line "));
      EXPECT_THAT(error.what(), Not(HasSubstr("secretsecret")));
    }
  }
}

TEST(Profiles, ThatAreMissingAreAnsweredWithThoseThatAreThere) {
  expect_error(ErrorKind::bad_argument,
               "profile prod: there is no such profile: expected one of dev, test. Profiles stand in /c/config as",
               [] { of_credentials("[dev]\n[test]\n").named("prod"); });
  expect_error(ErrorKind::bad_argument, "there are none", [] { of_credentials("").named("prod"); });
}

TEST(ProfileFiles, AreThoseInTheHomeFolder) {
  World world;
  EXPECT_EQ(Profiles::read(world.surroundings()).profile("default"), nullptr);  // no file says nothing
  world.config("[default]\nregion=a\n");
  world.credentials("[k]\naws_access_key_id=b\n");
  const Profiles profiles = Profiles::read(world.surroundings());
  EXPECT_EQ(setting(profiles, "default", "region"), "a");
  EXPECT_EQ(setting(profiles, "k", "aws_access_key_id"), "b");
}

TEST(ProfileFiles, AreThoseThatVariablesName) {
  World world;
  put(world.home.path("c"), "[default]\nregion=a\n");
  put(world.home.path("k"), "[k]\naws_access_key_id=b\n");
  world.variables["AWS_CONFIG_FILE"] = world.home.path("c");
  world.variables["AWS_SHARED_CREDENTIALS_FILE"] = "~/k";
  const Profiles profiles = Profiles::read(world.surroundings());
  EXPECT_EQ(setting(profiles, "default", "region"), "a");
  EXPECT_EQ(setting(profiles, "k", "aws_access_key_id"), "b");
}

TEST(ProfileFiles, AreNoneWhereThereIsNoHome) {
  World world;
  world.variables.erase("HOME");
  EXPECT_EQ(Profiles::read(world.surroundings()).profile("default"), nullptr);
}

TEST(ProfileFiles, HaveASizeThatPeopleWrite) {
  World world;
  world.config(std::string((1 << 20) + 1, '#'));
  expect_error(ErrorKind::limit, "too large", [&] { Profiles::read(world.surroundings()); });
}

TEST(ProfileFiles, ThatAreFoldersAreRefused) {
  World world;
  std::filesystem::create_directory(world.home.path(".aws/config"));
  EXPECT_THROW(Profiles::read(world.surroundings()), Error);
}

S3Options seen(World& world, S3Options options = {}) {
  return with_surroundings(std::move(options), world.surroundings());
}

TEST(WithSurroundings, FindsTheRegionInItsOrder) {
  World world;
  EXPECT_EQ(seen(world).region, "us-east-1");
  world.config("[default]\nregion = from-profile\n");
  EXPECT_EQ(seen(world).region, "from-profile");
  world.variables["AWS_DEFAULT_REGION"] = "from-default";
  EXPECT_EQ(seen(world).region, "from-default");
  world.variables["AWS_REGION"] = "from-variable";
  EXPECT_EQ(seen(world).region, "from-variable");
  EXPECT_EQ(seen(world, {.region = "given"}).region, "given");
}

TEST(WithSurroundings, FindsTheEndpointInItsOrder) {
  World world;
  EXPECT_EQ(seen(world).endpoint, "");
  world.config("[default]\nendpoint_url = http://profile\n");
  EXPECT_EQ(seen(world).endpoint, "http://profile");
  world.config(
      "[default]\nendpoint_url = http://profile\nservices = s\n[services s]\ns3 =\n endpoint_url = http://service\n");
  EXPECT_EQ(seen(world).endpoint, "http://service");
  world.variables["AWS_ENDPOINT_URL"] = "http://any";
  EXPECT_EQ(seen(world).endpoint, "http://any");
  world.variables["AWS_ENDPOINT_URL_S3"] = "http://s3";
  EXPECT_EQ(seen(world).endpoint, "http://s3");
  EXPECT_EQ(seen(world, {.endpoint = "http://given"}).endpoint, "http://given");
}

TEST(WithSurroundings, IgnoresEndpointsWhenToldSo) {
  World world;
  world.variables["AWS_ENDPOINT_URL"] = "http://any";
  world.config("[default]\nendpoint_url = http://profile\n[profile i]\nignore_configured_endpoint_urls = true\n");
  EXPECT_EQ(seen(world, {.profile = "i"}).endpoint, "");
  world.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "True";
  EXPECT_EQ(seen(world).endpoint, "");
  EXPECT_EQ(seen(world, {.endpoint = "http://given"}).endpoint, "http://given");
}

TEST(WithSurroundings, FindsWhomToTrustAndHowToAddress) {
  World world;
  EXPECT_FALSE(seen(world).force_path_style);
  world.config("[default]\nca_bundle = ~/ca.pem\ns3 =\n  addressing_style = path\n");
  EXPECT_EQ(seen(world).ca_file, world.home.path("ca.pem"));
  EXPECT_TRUE(seen(world).force_path_style);
  world.variables["AWS_CA_BUNDLE"] = "/v.pem";
  EXPECT_EQ(seen(world).ca_file, "/v.pem");
  EXPECT_EQ(seen(world, {.ca_file = "/given.pem"}).ca_file, "/given.pem");
}

TEST(WithSurroundings, ReadsTheProfileThatIsChosen) {
  World world;
  world.config("[default]\nregion=d\n[profile a]\nregion=a\n[profile b]\nregion=b\n[profile c]\nregion=c\n");
  world.variables["AWS_DEFAULT_PROFILE"] = "a";
  EXPECT_EQ(seen(world).region, "a");
  world.variables["AWS_PROFILE"] = "b";
  EXPECT_EQ(seen(world).region, "b");
  const S3Options options = seen(world, {.profile = "c"});
  EXPECT_EQ(options.region, "c");
  EXPECT_EQ(options.profile, "c");
  EXPECT_EQ(seen(world).profile, "");  // AWS_PROFILE is the chain's to read
}

TEST(WithSurroundings, WantsTheProfileThatSomeoneNamed) {
  World world;
  world.variables["AWS_PROFILE"] = "nobody";
  expect_error(ErrorKind::bad_argument, "there is no such profile", [&] { seen(world); });
}

TEST(WithSurroundings, WantsTheServicesThatAProfileNames) {
  World world;
  world.config("[default]\nservices = gone\n");
  expect_error(ErrorKind::bad_argument, "[services gone]", [&] { seen(world); });
}

TEST(WithSurroundings, NeedsNoTransport) {
  World world;
  Surroundings surroundings = world.surroundings();
  surroundings.transport = nullptr;
  EXPECT_EQ(with_surroundings({}, surroundings).region, "us-east-1");
}

TEST(RealSurroundings, AreThoseOfTheProcess) {
  const Surroundings real = real_surroundings();
  EXPECT_EQ(real.environment("PATH"), std::string(std::getenv("PATH")));
  EXPECT_EQ(real.environment("OKIBI_SURELY_NOT_SET"), std::nullopt);
  EXPECT_TRUE(real.environment("HOME").has_value());
  EXPECT_LT(real.now() - std::chrono::system_clock::now(), std::chrono::minutes(1));
}

TEST(AmazonUrls, HaveTheDomainOfTheirRegion) {
  EXPECT_EQ(amazon_url("sts", "eu-central-1"), "https://sts.eu-central-1.amazonaws.com");
  EXPECT_EQ(amazon_url("sts", "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
}

TEST(AmazonUrls, AreOnlyMadeOfRegions) {
  for (const char* region : {"", "evil.com/", "a@b", "A", "a b", "a.b"}) {
    EXPECT_THROW(amazon_url("sts", region), Error) << region;
  }
}

}  // namespace
}  // namespace okibi::s3
