#include "s3/sign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/urls.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const S3Credentials example_key = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const std::string session_token = "FwoGZXIvYXdzEBYaD+session/token==";

using namespace std::chrono_literals;
using std::chrono::sys_days;

// Of Amazon's published examples (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
const SigningScope published = {"us-east-1", "s3", sys_days{2013y / 5 / 24}};
// Of the vectors that another implementation (botocore 1.44) computed.
const SigningScope crossed = {"eu-central-1", "s3", sys_days{2026y / 11 / 30} + 12h + 34min + 56s};

std::string header(const Request& request, std::string_view name) {
  const std::string* value = find_header(request.headers, name);
  return value == nullptr ? "(none)" : *value;
}

// The signature of a request of these parts, without its "Signature=".
std::string signature(Request request, const SigningScope& scope, const S3Credentials& key = example_key) {
  sign(request, key, scope);
  const std::string authorization = header(request, "Authorization");
  return authorization.substr(authorization.size() - 64);
}

Request get(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

TEST(PercentEncoding, KeepsWhatRfc3986CallsUnreserved) {
  const std::string kept = "ABCXYZabcxyz0123456789-._~";
  EXPECT_EQ(percent_encoded(kept), kept);
  EXPECT_EQ(percent_encoded(" +=&/%ü"), "%20%2B%3D%26%2F%25%C3%BC");
  EXPECT_EQ(percent_encoded(std::string("a/b\0c", 5), true), "a/b%00c");
}

TEST(Sha256, OfNothingIsTheKnownOne) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Signatures, AreThoseThatAmazonPublished) {
  Request range = get("https://examplebucket.s3.amazonaws.com/test.txt");
  range.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(signature(range, published), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");

  Request put = get("https://examplebucket.s3.amazonaws.com/test%24file.text");
  put.method = "PUT";
  put.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.body = as_bytes("Welcome to Amazon S3.");
  EXPECT_EQ(signature(put, published), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");

  EXPECT_EQ(signature(get("https://examplebucket.s3.amazonaws.com/?lifecycle"), published),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature(get("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"), published),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Signatures, OfUrlsAreThoseThatAmazonPublished) {
  EXPECT_EQ(presigned_url("GET", "https://examplebucket.s3.amazonaws.com/test.txt", example_key, published, 86400s),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
            "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires="
            "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

struct Vector {
  std::string text, signature;
};

TEST(Signatures, OfOddKeysAreThoseOfAnotherImplementation) {
  const Vector vectors[] = {
      {"a b", "d7010228772ac89a25496c02ce57fd92b4bb98000ef8158a1cc1b27b0716ba32"},
      {"a+b=c", "997633a5f2b44fc43a5374e216caefc1b2de0b796bd2626c4f03b37654b3b7c9"},
      {"a//b", "3d4926cc5d089c2336fc864d020b975874c0b46a61f2170d00aed7c7bdd7a57d"},
      {"../up/./here", "8f04b6aae219701b78c2e6e7c8de9e82448640cd9156b785e9d9b3990da5d027"},
      {"ünï/日本", "cf3e064810c43290df0732b7d23f42c273132b19a191624110f6fc4188d23687"},
      {"100%", "7ba23c973bbb2f0882412a284d4c0d679fdeae0870a326fce4a799887bdddce8"},
      {"tilde~key", "99afabed2f12f508a6ee7a67f874fb0830fd6c2676303df95db091ad111eac69"},
      {"a%2Fb", "2dbeb24c2a34fb31ee77c0811244de4d0dfd465c49c01dc3a7bad6e2801dcdd5"},
      {"!*'()", "515659148d9e3ed52c4bf6605ed03e2ad197b317b23c683ddc5cc0efba544b1a"},
      {"$&,:;@", "13a971d7a00a8f9a9dfefc7066e92db66e154f7baa52e8fc151357dec76dfaa0"},
      {"epoch=3.pt", "25324584f25a074fc5b03c78b13aa85d3b6c443a6503b63d5aa87fd6033325ff"},
      {"a?b#c", "6c48f2859449c73d9685ac45cc26b3e43fd491e66f33284ab1b377db6efcd42d"},
      {"/lead", "7d9df2167eab162fcc135232682e55b1166f20d586d241070866bf844e72369f"},
      {"trail/", "19570bef9949a3e495b8c268f8eca90eb8adfa39267420cd11f8385867bff936"},
      {"\x01"
       "ctl",
       "3f5f34b675537adc67ce3c8ed690016d0ccfa225c13a29905c0f33feb9fd4a17"},
      {"emoji😀", "ae16e519eb425efb9f0c3621af32453392cf8772a2d5703ae60de51700cb250a"},
      {"a\\b", "109807404dbec6b83b5ab70ec5d1af3eb2fe8968aa5a7ecb6802efed972f8625"},
      {"\"quoted\"", "c2648aee722ccbaf6447cf08d2a7018de292cff97590aa9e1945577d5b999759"},
      {"[1]{2}|^`<>", "073ee7a30b64894737190ca45855ef41b470f2ec1d3993967264e26a6d8df876"},
  };
  for (const auto& [key, expected] : vectors) {
    const std::string url = "https://bucket.s3.eu-central-1.amazonaws.com/" + percent_encoded(key, true);
    EXPECT_EQ(signature(get(url), crossed), expected) << key;
  }
}

TEST(Signatures, OfOddQueriesAreThoseOfAnotherImplementation) {
  const Vector vectors[] = {
      {"list-type=2&prefix=k&delimiter=%2F", "3e703e608c9de3cee2f2988b7408c8e15add7ba47e439e300b01cf1713e9474f"},
      {"uploads=", "650fd82fe3ff435ceac9421e4e2bc579253bd786316d2996551511003478d1ac"},
      {"uploads", "650fd82fe3ff435ceac9421e4e2bc579253bd786316d2996551511003478d1ac"},
      {"prefix=a%20b%2Bc%3Dd&marker=%C3%BC%25~", "1e74de31672e2c4d1971e528ede8c2f8f70bab7a6b8dd471883749020aae9e9c"},
      {"b=2&b=1&a=&a-b=x&a=z", "b5e5869be40c287e68f030f04ad65440b296640cbbcfe70e70bf8beab1181f3c"},
      {"partNumber=10&uploadId=x%2Fy%2Bz%3D%3D", "1f9e9bddbe280b98db48f318f72503e2f8ab5939ffa90737984711f10004ea18"},
      {"B=1&a=2", "7f717fecbb18c31588c01f2103036eaf37eedc34dee42cc1a2ff687816bd66b2"},
  };
  for (const auto& [query, expected] : vectors) {
    EXPECT_EQ(signature(get("http://localhost:9000/bucket/k?" + query), crossed), expected) << query;
  }
}

TEST(Signatures, TakeHeadersInAnyCaseAndTrimTheirBlanks) {
  Request request = get("https://h.example/k");
  request.method = "PUT";
  request.headers = {{"X-Amz-Meta-Note", "  two   inner  blanks "},
                     {"Content-Type", "application/octet-stream"},
                     {"x-amz-meta-a", "ü"}};
  request.body = as_bytes("hello");
  EXPECT_EQ(signature(request, crossed), "16bfcce2d9d6708861672eaeaf0f797f9f34b7b4773003800ce2295d6612e642");
}

TEST(Signatures, CoverTheHostWithAPortThatIsNotTheUsualOne) {
  const std::string usual = "3f1483300a41d954c8d4a75666c779e35bc4fec2506833585621b67641f395a5";
  for (const char* url : {"https://h.example:443/k", "https://h.example/k", "http://h.example:80/k"}) {
    EXPECT_EQ(signature(get(url), crossed), usual) << url;
  }
  EXPECT_EQ(signature(get("https://h.example:8443/k"), crossed),
            "51b2cefa57e4e2509517cc84777da2fba64bc435a640be0bf39d18a63f5fc596");
}

TEST(Signatures, CoverAHostThatTheCallerGave) {
  Request request = get("http://127.0.0.1:9000/k");
  request.headers = {{"Host", "h.example"}};
  EXPECT_EQ(signature(request, crossed), signature(get("https://h.example/k"), crossed));
}

TEST(Signatures, CoverTheSessionToken) {
  Request request = get("https://h.example/k");
  const S3Credentials lent = {example_key.access_key_id, example_key.secret_access_key, session_token};
  EXPECT_EQ(signature(request, crossed, lent), "1a03ac13be3351554cc881b437afbbbab172380470b3f87d6afbd85275842361");
  sign(request, lent, crossed);
  EXPECT_EQ(header(request, "x-amz-security-token"), session_token);
  EXPECT_THAT(header(request, "authorization"),
              HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "));
}

TEST(Signatures, LeaveOutABodyThatTheCallerCallsUnsigned) {
  Request request = get("https://h.example/k");
  request.method = "PUT";
  request.headers = {{"X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"}};
  request.body = as_bytes("hello");
  EXPECT_EQ(signature(request, crossed), "b5c866b75f7eaea275d12299a23c57e0aed40bd9fdfb5f1add949efd7b96a67b");
}

TEST(Signatures, OfOtherServicesEncodeThePathTwice) {
  SigningScope sts = crossed;
  sts.service = "sts";
  Request request = get("https://gate.example/sts/a%20b");
  request.method = "POST";
  request.body = as_bytes("x");
  EXPECT_EQ(signature(request, sts), "d173b670558137a62900f9b05d2be101635ee5baea92f9397697a36f04390a47");

  request = get("https://sts.eu-central-1.amazonaws.com/");
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = as_bytes("Action=GetCallerIdentity&Version=2011-06-15");
  const S3Credentials lent = {example_key.access_key_id, example_key.secret_access_key, session_token};
  EXPECT_EQ(signature(request, sts, lent), "5da3492a392ab102ee36701b8eda63fb42a96cb6c966e9693f02f5188b3263bc");
}

TEST(Signatures, LeaveOutWhatProxiesChange) {
  Request request = get("https://h.example/k");
  request.headers = {{"User-Agent", "okibi"}, {"Accept-Encoding", "identity"}, {"Expect", "100-continue"}};
  EXPECT_EQ(signature(request, crossed), signature(get("https://h.example/k"), crossed));
}

TEST(Signatures, JoinTheValuesOfANameThatComesTwice) {
  Request twice = get("https://h.example/k"), joined = get("https://h.example/k");
  twice.headers = {{"x-amz-meta-a", "1"}, {"X-Amz-Meta-A", " 2"}};
  joined.headers = {{"x-amz-meta-a", "1,2"}};
  EXPECT_EQ(signature(twice, crossed), signature(joined, crossed));
}

TEST(Signatures, ReplaceThoseOfAnEarlierAttempt) {
  Request request = get("https://h.example/k");
  sign(request, {"OTHER", "other", "other token"}, published);
  sign(request, example_key, crossed);
  Request fresh = get("https://h.example/k");
  sign(fresh, example_key, crossed);
  EXPECT_EQ(header(request, "authorization"), header(fresh, "authorization"));
  EXPECT_EQ(request.headers.size(), fresh.headers.size());
  EXPECT_EQ(find_header(request.headers, "x-amz-security-token"), nullptr);
}

TEST(Signatures, NeverHoldTheSecret) {
  Request request = get("https://h.example/k");
  sign(request, example_key, crossed);
  for (const auto& [name, value] : request.headers) {
    EXPECT_THAT(value, Not(HasSubstr(example_key.secret_access_key))) << name;
  }
}

TEST(PresignedUrls, AreThoseOfAnotherImplementation) {
  EXPECT_THAT(presigned_url("GET", "https://bucket.s3.eu-central-1.amazonaws.com/a%20b%2Bc", example_key, crossed, 1h),
              EndsWith("=33442c05b37c7a5c92f2efe59d211075b3bda142413ee67a6ec1590913f13937"));
  EXPECT_THAT(presigned_url("GET", "http://localhost:9000/bucket/k?versionId=1", example_key, crossed, 1h),
              EndsWith("=b9a08ed02d6135553a7559fd1d965a6916180dc42f5c3044391adbe854eab8ee"));
}

TEST(PresignedUrls, CarryTheSessionToken) {
  const S3Credentials lent = {example_key.access_key_id, example_key.secret_access_key, session_token};
  const std::string url =
      presigned_url("PUT", "https://bucket.s3.eu-central-1.amazonaws.com/k", lent, crossed, 604800s);
  EXPECT_THAT(url, HasSubstr("&X-Amz-Security-Token=FwoGZXIvYXdzEBYaD%2Bsession%2Ftoken%3D%3D&"));
  EXPECT_THAT(url, EndsWith("=c9290eb076d1129ff3cb0e31ea6141ba52b327e67666a4857f338f907fd3e208"));
}

TEST(PresignedUrls, LastASecondToSevenDays) {
  for (const auto lapse : {0s, -1s, 604801s}) {
    expect_error(ErrorKind::bad_argument, "1 to 604800 seconds",
                 [&] { presigned_url("GET", "https://h.example/k", example_key, crossed, lapse); });
  }
}

TEST(Urls, AreSplitIntoTheirParts) {
  const UrlParts parts = split_url("https://[::1]:9000/a/b?c=d&e#f");
  EXPECT_EQ(parts.scheme, "https");
  EXPECT_EQ(parts.host, "[::1]");
  EXPECT_EQ(parts.port, "9000");
  EXPECT_EQ(parts.path, "/a/b");
  EXPECT_EQ(parts.query, "c=d&e");
  EXPECT_EQ(parts.authority(), "[::1]:9000");
  EXPECT_EQ(split_url("http://h").path, "/");
  EXPECT_EQ(split_url("http://h?q").query, "q");
  EXPECT_EQ(split_url("http://h:/x").authority(), "h");
}

TEST(Urls, ThatMightBeReadInTwoWaysAreRefused) {
  for (const char* url :
       {"ftp://h/x", "h/x", "", "http://", "http:///x", "http://a@b/", "http://a:b@c/", "http://a b/", "http://a\\b/",
        "http://h:9x/", "http://h:123456/", "http://[::1/", "http://h/\n", "HTTP:/h", "http://[::1]x/"}) {
    EXPECT_THROW(split_url(url), Error) << url;
  }
}

TEST(Urls, AreNamedInErrorsWithoutTheirQueryAndPassword) {
  try {
    split_url("https://user:hunter2@host/x?X-Amz-Signature=feed");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(error.what(), Not(HasSubstr("feed")));
  }
}

}  // namespace
}  // namespace okibi::s3
