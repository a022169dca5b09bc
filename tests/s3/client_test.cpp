// S3Client, folders and schemes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/copying.h"
#include "s3/fake_store.h"
#include "s3/listing.h"
#include "s3/multipart.h"
#include "s3/object_folder.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string text_of(const io::Source& source) {
  std::string text(source.size(), '?');
  source.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

struct Client : testing::Test, Bench {
  S3Client client() { return S3Client(session()); }
};

TEST_F(Client, PutsAndGetsThroughBuffers) {
  Buffer buffer;
  buffer.write("some bytes");
  const S3Object object = client().put_object("bucket", "key", buffer);
  EXPECT_EQ(object.etag, FakeStore::etag_of("some bytes"));
  EXPECT_EQ(object.checksum_crc32, FakeStore::crc_of("some bytes"));
  EXPECT_EQ(as_text(client().get_object("bucket", "key").bytes()), "some bytes");
  EXPECT_EQ(client().get_object("bucket", "key").name(), "s3://bucket/key");
  expect_error(ErrorKind::not_found, "GetObject: there is no such object (404 NoSuchKey",
               [&] { client().get_object("bucket", "none"); });
}

TEST_F(Client, ComparesWhatCameWithTheChecksumThatTheStoreKeeps) {
  store->objects["bucket/key"] = some_text(500'000);
  store->then = [](const Asked& asked, Answer& answer) {
    if (asked.header("Range") == "bytes=0-99999") answer.response.body[5] ^= 1;
  };
  expect_error(ErrorKind::io, "do not have the checksum", [&] { client().get_object("bucket", "key"); });
  store->then = nullptr;
  EXPECT_EQ(as_text(client().get_object("bucket", "key").bytes()), store->objects["bucket/key"]);
}

TEST_F(Client, AsksForAChecksumThatItCanDoWithout) {
  store->objects["bucket/key"] = "text";
  const auto get_with_head = [&](Answer answer) {
    store->instead = [=](const Asked& asked) { return asked.method == "HEAD" ? std::optional(answer) : std::nullopt; };
    return std::string(as_text(client().get_object("bucket", "key").bytes()));
  };
  for (const int status : {403, 404, 405, 501}) EXPECT_EQ(get_with_head({{status}}), "text");
  const std::string etag = FakeStore::etag_of("text");
  const Headers of_parts = {{"ETag", etag}, {"x-amz-checksum-crc32", "AAAAAA=="}, {"x-amz-checksum-type", "COMPOSITE"}};
  EXPECT_EQ(get_with_head({{200, of_parts}}), "text");
  const Headers of_another = {{"ETag", "\"other\""}, {"x-amz-checksum-crc32", "AAAAAA=="}};
  EXPECT_EQ(get_with_head({{200, of_another}}), "text");
  const Headers wrong = {{"ETag", etag}, {"x-amz-checksum-crc32", "AAAAAA=="}};
  expect_error(ErrorKind::io, "do not have the checksum", [&] { get_with_head({{200, wrong}}); });
  for (const int status : {500, 503, 429}) {
    expect_error(ErrorKind::io, "HeadObject", [&] { get_with_head({{status}}); });
  }
  EXPECT_THAT(store->log("HEAD"), SizeIs(4 + 3 + 3 * 4));
}

TEST(Checksums, InBase64AreReadAsTheyAreWritten) {
  for (const uint32_t crc : {0u, 1u, 0x12345678u, 0xffffffffu}) EXPECT_EQ(crc_in_base64(base64_of_crc(crc)), crc);
  for (const char* text :
       {"", "AAAAAA=", "AAAAAA==-3", "AAAAAAAA", "A*AAAA==", "AAAAAA==AAAA", "AAA=====", "AAAAAB=="}) {
    EXPECT_EQ(crc_in_base64(text), std::nullopt) << text;
  }
}

TEST_F(Client, TellsWhatTheStoreKnowsOfAnObject) {
  store->objects["bucket/key"] = "text";
  store->then = [](const Asked&, Answer& answer) {
    answer.response.headers.emplace_back("X-Amz-Meta-Epoch", "7");
    answer.response.headers.emplace_back("x-amz-storage-class", "GLACIER");
    answer.response.headers.emplace_back("Last-Modified", "yesterday");
  };
  const S3Object object = client().head_object("bucket", "key");
  EXPECT_EQ(object.size, 4u);
  EXPECT_EQ(object.etag, FakeStore::etag_of("text"));
  EXPECT_EQ(object.checksum_crc32, FakeStore::crc_of("text"));
  EXPECT_EQ(object.metadata.at("epoch"), "7");
  EXPECT_EQ(object.storage_class, "GLACIER");
  EXPECT_EQ(object.last_modified, "yesterday");
  expect_error(ErrorKind::not_found, "HeadObject", [&] { client().head_object("bucket", "none"); });
}

TEST_F(Client, ListsPageByPage) {
  for (const char* key : {"a/1", "a/2 é+", "a/b/3", "a/b/4", "c", "a/5"})
    store->objects[std::string("bucket/") + key] = key;
  const auto keys = [](const S3Listing& listing) {
    std::vector<std::string> found;
    for (const S3Object& object : listing.objects) found.push_back(object.key);
    return found;
  };
  EXPECT_THAT(keys(client().list_objects("bucket")), ElementsAre("a/1", "a/2 é+", "a/5", "a/b/3", "a/b/4", "c"));
  EXPECT_THAT(store->log(), SizeIs(3));
  const S3Listing level = client().list_objects("bucket", "a/", "/");
  EXPECT_THAT(keys(level), ElementsAre("a/1", "a/2 é+", "a/5"));
  EXPECT_THAT(level.prefixes, ElementsAre("a/b/"));
  EXPECT_THAT(keys(client().list_objects("bucket", "none")), IsEmpty());
}

TEST_F(Client, DeletesWhatIsThereOrNot) {
  store->objects["bucket/key"] = "x";
  client().delete_object("bucket", "key");
  client().delete_object("bucket", "key");
  EXPECT_THAT(store->objects, IsEmpty());
  store->instead = [](const Asked&) { return std::optional(refusal(404, "NoSuchBucket")); };
  expect_error(ErrorKind::not_found, "there is no such bucket", [&] { client().delete_object("bucket", "key"); });
}

TEST_F(Client, NeverTakesABucketForAnObject) {
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { client().put_object("bucket", "", as_bytes("x")); });
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { client().delete_object("bucket", ""); });
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { client().get_object("bucket", ""); });
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { client().head_object("bucket", ""); });
  expect_error(ErrorKind::bad_argument, "names a bucket",
               [&] { client().abort_upload("bucket", {.key = "", .upload_id = "1", .initiated = ""}); });
  store->objects["bucket/key"] = "x";
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { client().copy_object("bucket", "key", "bucket", ""); });
  EXPECT_THAT(store->log("PUT"), IsEmpty());
  EXPECT_THAT(store->log("DELETE"), IsEmpty());
}

TEST_F(Client, CopiesTheVersionThatIsThereNow) {
  store->objects["bucket/key"] = "text";
  client().copy_object("bucket", "key", "other", "copy");
  EXPECT_EQ(store->objects["other/copy"], "text");
  const Asked copy = store->log("PUT").at(0);
  EXPECT_EQ(copy.header("x-amz-copy-source"), "/bucket/key");
  EXPECT_EQ(copy.header("x-amz-copy-source-if-match"), FakeStore::etag_of("text"));
}

TEST_F(Client, CopiesWhatIsLargeInParts) {
  store->objects["bucket/key"] = some_text(11'000'000);
  const auto shared = session();
  copy_object(*shared, {"bucket", "key"}, {"bucket", "copy"}, 1'000'000);
  EXPECT_EQ(store->objects["bucket/copy"], store->objects["bucket/key"]);
  EXPECT_THAT(store->log("PUT", "partNumber"), SizeIs(3));
  store->instead = [](const Asked& asked) {
    return asked.has("partNumber") ? std::optional(refusal(403, "AccessDenied")) : std::nullopt;
  };
  expect_error(ErrorKind::no_permission, "UploadPartCopy", [&] {
    copy_object(*shared, {"bucket", "key"}, {"bucket", "copy"}, 1'000'000);
  });
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(Client, AnErrorInAnAnswerOf200ToACopyIsOne) {
  store->objects["bucket/key"] = "text";
  store->instead = [](const Asked& asked) {
    return asked.method == "PUT" ? std::optional(Answer{{200, {}, "<Error><Code>AccessDenied</Code></Error>"}})
                                 : std::nullopt;
  };
  expect_error(ErrorKind::io, "200 AccessDenied", [&] { client().copy_object("bucket", "key", "bucket", "copy"); });
}

TEST_F(Client, FindsAndClearsAbandonedUploads) {
  store->instead = [](const Asked& asked) -> std::optional<Answer> {
    if (!asked.has("uploads") || asked.method != "GET") return std::nullopt;
    const std::string item = "<Upload><Key>a%20key</Key><UploadId>{}</UploadId><Initiated>then</Initiated></Upload>";
    const bool second = asked.has("key-marker");
    return Answer{{200,
                   {},
                   "<ListMultipartUploadsResult><EncodingType>url</EncodingType>" +
                       fmt::format(fmt::runtime(item), second ? "2" : "1") +
                       (second ? ""
                               : "<IsTruncated>true</IsTruncated><NextKeyMarker>a%20key</"
                                 "NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>") +
                       "</ListMultipartUploadsResult>"}};
  };
  const auto found = client().list_uploads("bucket");
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[1].key, "a key");
  EXPECT_EQ(found[1].upload_id, "2");
  EXPECT_EQ(store->log()[1].query.at("key-marker"), "a key");
  store->uploads["2"];
  client().abort_upload("bucket", found[1]);
  client().abort_upload("bucket", found[1]);
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(Client, ListsNothingElseThoughAStoreHeedsNoPrefix) {
  store->instead = [](const Asked& asked) -> std::optional<Answer> {
    const auto all = [](const std::string& root, const std::string& element) {
      std::string items;
      for (const char* key : {"", "other/important", "runs", "runs/7"}) {
        items += fmt::format("<{0}><Key>{1}</Key></{0}>", element, key);
      }
      return Answer{{200, {}, fmt::format("<{0}>{1}</{0}>", root, items)}};
    };
    return asked.has("uploads") ? all("ListMultipartUploadsResult", "Upload") : all("ListBucketResult", "Contents");
  };
  const auto uploads = client().list_uploads("bucket", "runs/");
  ASSERT_THAT(uploads, SizeIs(1));
  EXPECT_EQ(uploads[0].key, "runs/7");
  EXPECT_THAT(client().list_uploads("bucket"), SizeIs(3));  // none without a key
  const auto objects = client().list_objects("bucket", "runs/").objects;
  ASSERT_THAT(objects, SizeIs(1));
  EXPECT_EQ(objects[0].key, "runs/7");
}

TEST_F(Client, SignsUrlsWithoutARequest) {
  const std::string url = client().presign("bucket", "a key", std::chrono::seconds(60));
  EXPECT_THAT(url, testing::StartsWith("https://store.example/bucket/a%20key?"));
  EXPECT_THAT(url, HasSubstr("X-Amz-Expires=60"));
  EXPECT_THAT(store->log(), IsEmpty());
  auto options = usual_options();
  options.unsigned_requests = true;
  options.credentials.reset();
  expect_error(ErrorKind::bad_argument, "without a key",
               [&] { S3Client(session(options)).presign("bucket", "key", std::chrono::seconds(60)); });
}

struct Folders : testing::Test, Bench {
  ObjectFolder folder(const std::string& key) { return ObjectFolder(session(), {"bucket", key}); }
  void have(std::initializer_list<const char*> keys) {
    for (const char* key : keys) store->objects[std::string("bucket/") + key] = key;
  }
};

TEST_F(Folders, AreKeysUnderAPrefix) {
  have({"runs/7/", "runs/7/b", "runs/7/a", "runs/7/sub/c", "runs/70/d"});
  for (const char* key : {"runs/7", "runs/7/"}) {
    const ObjectFolder runs = folder(key);
    EXPECT_EQ(runs.name(), "s3://bucket/runs/7/");
    EXPECT_THAT(runs.names(), ElementsAre("a", "b"));
    EXPECT_TRUE(runs.has("sub/c"));
    EXPECT_FALSE(runs.has("c"));
    EXPECT_EQ(text_of(*runs.open("sub/c")), "runs/7/sub/c");
  }
  EXPECT_THAT(folder("none").names(), IsEmpty());
  expect_error(ErrorKind::bad_file, "none of a file in its folder", [&] { folder("runs/7").open("../70/d"); });
}

TEST_F(Folders, OfStoresThatRepeatKeysOrHeedNoDelimiter) {
  store->instead =
      always({{200,
               {},
               "<ListBucketResult><Contents><Key>runs/b</Key></Contents><Contents><Key>runs/a</Key></Contents>"
               "<Contents><Key>runs/b</Key></Contents></ListBucketResult>"}});
  EXPECT_THAT(folder("runs").names(), ElementsAre("a", "b"));
  EXPECT_FALSE(folder("runs").has_folders());
  store->instead = always({{200,
                            {},
                            "<ListBucketResult><Contents><Key>runs/a</Key></Contents><Contents><Key>runs/sub/c</Key>"
                            "</Contents></ListBucketResult>"}});
  EXPECT_THAT(folder("runs").names(), ElementsAre("a"));
  EXPECT_TRUE(folder("runs").has_folders());
}

TEST_F(Folders, CreateAndRemove) {
  const auto sink = folder("new").create("model.bin");
  sink->write("bytes");
  EXPECT_FALSE(folder("new").has("model.bin"));
  sink->commit();
  EXPECT_EQ(store->objects["bucket/new/model.bin"], "bytes");
  folder("new").remove("model.bin");
  folder("new").remove("model.bin");
  EXPECT_THAT(store->objects, IsEmpty());
}

TEST_F(Folders, AreToldFromObjects) {
  have({"file", "file-2", "runs/7/a", "both", "both/a"});
  const auto shared = session();
  const auto is_folder = [&](const char* key) { return is_object_folder(*shared, {"bucket", key}); };
  EXPECT_FALSE(is_folder("file"));
  EXPECT_THAT(store->log(), SizeIs(1));
  EXPECT_TRUE(is_folder("runs/7"));
  EXPECT_TRUE(is_folder("runs/7/"));
  EXPECT_TRUE(is_folder("runs"));
  EXPECT_TRUE(is_folder(""));
  EXPECT_FALSE(is_folder("both"));
  EXPECT_TRUE(is_folder("both/"));
  EXPECT_FALSE(is_folder("none/"));
  EXPECT_FALSE(is_folder("fil"));
  store->instead = [](const Asked&) { return std::optional(refusal(403, "AccessDenied")); };
  EXPECT_FALSE(is_folder("runs"));
  store->instead = [](const Asked&) { return std::optional(refusal(404, "NoSuchBucket")); };
  expect_error(ErrorKind::not_found, "there is no such bucket", [&] { is_folder("runs"); });
}

TEST(Schemes, AreAddedAndNothingIsLookedForUntilOneIsUsed) {
  store::Store store;
  add_schemes(store, {.region = "no region"});
  expect_error(ErrorKind::bad_argument, "region", [&] { store.open("s3://bucket/key"); });
  expect_error(ErrorKind::bad_argument, "region", [&] { store.open("https://host/file"); });
  expect_error(ErrorKind::unsupported, "cannot be written to", [&] { store.create("https://host/file"); });
  EXPECT_FALSE(store.is_folder("https://host/file/"));
  add_schemes(store, {.region = "eu-west-1"});
  expect_error(ErrorKind::bad_argument, "names no bucket", [&] { store.open("s3://"); });
}

TEST(Transports, RefuseHeadersThatWouldBecomeTwo) {
  const auto transport = make_curl_transport();
  for (const char* value : {"a\r\nHost: evil", "a\nb"}) {
    expect_error(ErrorKind::bad_argument, "line break", [&] {
      transport->send({.url = "http://127.0.0.1:1/", .headers = {{"x-a", value}}});
    });
  }
}

TEST(Transports, SayWhetherThereIsHope) {
  const auto transport = make_curl_transport({.connect_timeout = std::chrono::milliseconds(500)});
  const auto hope_of = [&](const char* url) {
    try {
      transport->send({.url = url});
    } catch (const TransportError& error) {
      return error.hope();
    }
    throw std::logic_error("nothing was thrown");
  };
  EXPECT_EQ(hope_of("http://127.0.0.1:1/"), Hope::doubtful);
  EXPECT_EQ(hope_of("http://localhost:1/"), Hope::doubtful);
  EXPECT_EQ(hope_of("http://["), Hope::none);
  std::stop_source stop;
  stop.request_stop();
  expect_error(ErrorKind::cancelled, "",
               [&] { transport->send({.url = "http://127.0.0.1:1/"}, {}, stop.get_token()); });
}

}  // namespace
}  // namespace okibi::s3
