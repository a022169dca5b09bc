#include "s3/addressing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/scripted_world.h"
#include "s3/xml.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using testing::ElementsAre;

std::string url(S3Options options, const S3Uri& where, const Query& query = {}) {
  return Addressing(options).url(where, query, "eu-west-1");
}

TEST(Addressing, AmazonsBucketsAreHosts) {
  EXPECT_EQ(url({}, {"bucket", "a/key"}), "https://bucket.s3.eu-west-1.amazonaws.com/a/key");
  EXPECT_EQ(url({}, {"bucket", ""}), "https://bucket.s3.eu-west-1.amazonaws.com/");
  EXPECT_EQ(url({.endpoint = "https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com"}, {"b-1", "k"}),
            "https://b-1.bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com/k");
  EXPECT_EQ(Addressing(S3Options{}).url({"bucket", "k"}, {}, "cn-north-1"),
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/k");
}

TEST(Addressing, BucketsThatCannotBeHostsAreFolders) {
  for (const char* bucket : {"with.dots", "Capitals", "under_score", "-begins", "ab"}) {
    EXPECT_EQ(url({}, {bucket, "k"}), std::string("https://s3.eu-west-1.amazonaws.com/") + bucket + "/k");
  }
}

TEST(Addressing, OtherStoresHaveFoldersUnlessTheyAreSaidToHaveHosts) {
  EXPECT_EQ(url({.endpoint = "http://127.0.0.1:9000"}, {"bucket", "k"}), "http://127.0.0.1:9000/bucket/k");
  EXPECT_EQ(url({.endpoint = "https://minio.example"}, {"bucket", "k"}), "https://minio.example/bucket/k");
  EXPECT_EQ(url({.endpoint = "https://minio.example", .force_virtual_host = true}, {"bucket", "k"}),
            "https://bucket.minio.example/k");
  EXPECT_EQ(url({.endpoint = "https://minio.example", .force_virtual_host = true}, {"with.dots", "k"}),
            "https://minio.example/with.dots/k");
  EXPECT_EQ(url({.endpoint = "http://minio.example", .force_virtual_host = true}, {"with.dots", "k"}),
            "http://with.dots.minio.example/k");
  EXPECT_EQ(url({.endpoint = "https://[::1]:9000", .force_virtual_host = true}, {"bucket", "k"}),
            "https://[::1]:9000/bucket/k");
  EXPECT_EQ(url({.endpoint = "https://x.supabase.co/storage/v1/s3/"}, {"bucket", "k"}),
            "https://x.supabase.co/storage/v1/s3/bucket/k");
  EXPECT_EQ(url({.force_path_style = true}, {"bucket", "k"}), "https://s3.eu-west-1.amazonaws.com/bucket/k");
}

TEST(Addressing, AProfileMayChoose) {
  testing_help::World world;
  world.config("[default]\ns3 =\n  addressing_style = virtual\n");
  EXPECT_TRUE(with_surroundings({}, world.surroundings()).force_virtual_host);
  world.config("[default]\ns3 =\n  addressing_style = path\n");
  EXPECT_TRUE(with_surroundings({}, world.surroundings()).force_path_style);
  EXPECT_FALSE(with_surroundings({}, world.surroundings()).force_virtual_host);
}

TEST(Addressing, KeysAndQueriesAreEncoded) {
  EXPECT_EQ(url({.endpoint = "https://h"}, {"bucket", "/a b+c=d//../é?#%"}),
            "https://h/bucket//a%20b%2Bc%3Dd//../%C3%A9%3F%23%25");
  EXPECT_EQ(url({.endpoint = "https://h"}, {"bucket", ""}, {{"uploads", ""}, {"prefix", "a/b&c"}}),
            "https://h/bucket?uploads=&prefix=a%2Fb%26c");
}

TEST(Addressing, NamesThatNoBucketHasGoNowhere) {
  for (const char* bucket : {"", "a/b", "evil.example:80", "user@host", "a?b", "a#b", "a b", "a\nb", "a\\b", "%41"}) {
    expect_error(ErrorKind::bad_argument, "is no name of a bucket", [&] { url({}, {bucket, "k"}); });
  }
  expect_error(ErrorKind::unsupported, "alias", [] {
    url({}, {"arn:aws:s3:eu-west-1:123456789012:accesspoint", "k"});
  });
  expect_error(ErrorKind::unsupported, "directory buckets", [] { url({}, {"mine--use1-az4--x-s3", "k"}); });
}

TEST(Addressing, AnEndpointThatIsNoneIsRefusedWithoutItsSecrets) {
  try {
    Addressing({.endpoint = "https://me:password@host"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("password")));
  }
}

TEST(XmlOfStores, IsReadWhateverItsNamespacesAre) {
  const auto xml =
      Xml::parse("<?xml version=\"1.0\"?>\n<s3:List xmlns:s3=\"x\"><s3:Key>a&amp;b</s3:Key><Key> c </Key></s3:List>");
  ASSERT_TRUE(xml);
  EXPECT_EQ(xml->name(), "List");
  EXPECT_EQ(xml->text("Key"), "a&b");
  EXPECT_EQ(xml->children("Key").size(), 2u);
  EXPECT_EQ(xml->text("None"), "");
  EXPECT_EQ(xml->child("None").text("Deeper"), "");
}

TEST(XmlOfStores, ThatIsNoneIsNone) {
  for (const char* text : {"", "\n\n", "text", "<a>", "<a></b>", "{\"json\": 1}"})
    EXPECT_FALSE(Xml::parse(text)) << text;
}

TEST(XmlOfStores, DoesNotGrow) {
  const auto xml = Xml::parse("<!DOCTYPE x [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><x><y>&b;</y></x>");
  ASSERT_TRUE(xml);
  EXPECT_EQ(xml->text("y"), "&b;");
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  EXPECT_TRUE(Xml::parse(deep));
}

TEST(XmlOfStores, NamesOfListingsAreDecoded) {
  EXPECT_EQ(url_decoded("a%2Fb+c%2B%C3%A9"), "a/b c+é");
  EXPECT_EQ(url_decoded("100%"), "100%");
  EXPECT_EQ(url_decoded("%zz%4"), "%zz%4");
  EXPECT_EQ(xml_escaped("<\"a\"&>"), "&lt;&quot;a&quot;&amp;&gt;");
}

}  // namespace
}  // namespace okibi::s3
