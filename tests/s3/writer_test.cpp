#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/fake_store.h"
#include "s3/multipart.h"
#include "s3/upload.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Le;
using testing::SizeIs;

const S3Uri place{"bucket", "key"};

struct Writing : testing::Test, Bench {
  std::string body = some_text(1'234'567);

  std::unique_ptr<S3Writer> writer(S3Options options = usual_options()) {
    return std::make_unique<S3Writer>(session(std::move(options)), place);
  }
  void write(const std::string& text, S3Options options = usual_options()) {
    const auto sink = writer(std::move(options));
    for (size_t at = 0; at < text.size(); at += 7777) sink->write(std::string_view(text).substr(at, 7777));
    sink->commit();
  }
  static S3Options create_only() {
    auto options = usual_options();
    options.if_none_match = true;
    return options;
  }
  std::string stored() const { return store->objects.at("bucket/key"); }
  // The answer to the first of these requests is lost, though the store has carried it out.
  void lose(const std::string& method, const std::string& query = "") {
    store->then = [=, lost = std::make_shared<std::atomic_flag>()](const Asked& asked, Answer&) {
      const bool hit = asked.method == method && (query.empty() || asked.has(query));
      if (hit && !lost->test_and_set()) throw TransportError("the connection was reset");
    };
  }
  void refuse(const std::string& method, const std::string& query, Answer answer) {
    store->instead = [=](const Asked& asked) {
      return asked.method == method && (query.empty() || asked.has(query)) ? std::optional(answer) : std::nullopt;
    };
  }
};

TEST_F(Writing, OnePartOrLessIsOneRequest) {
  for (const size_t size : {0, 1, 99'999, 100'000}) {
    store->forget();
    write(body.substr(0, size));
    EXPECT_EQ(stored(), body.substr(0, size));
    EXPECT_THAT(store->log(), SizeIs(1));
  }
}

TEST_F(Writing, MoreGoesInPartsWithChecksumsOfEachAndOfTheWhole) {
  write(body);
  EXPECT_EQ(stored(), body);
  EXPECT_THAT(store->log("PUT", "partNumber"), SizeIs(13));
  const Asked begin = store->log("POST", "uploads").at(0), complete = store->log("POST", "uploadId").at(0);
  EXPECT_EQ(begin.header("x-amz-checksum-algorithm"), "CRC32");
  EXPECT_EQ(begin.header("x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(complete.header("x-amz-checksum-crc32"), FakeStore::crc_of(body));
  EXPECT_EQ(complete.header("x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(complete.header("x-amz-mp-object-size"), std::to_string(body.size()));
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(Writing, APieceOfAnySizeMayBeWritten) {
  const auto sink = writer();
  sink->write(std::string_view());
  sink->write(std::string_view(body).substr(0, 1'000'000));
  EXPECT_EQ(sink->position(), 1'000'000u);
  EXPECT_EQ(sink->name(), "s3://bucket/key");
  sink->write(std::string_view(body).substr(1'000'000));
  sink->commit();
  EXPECT_EQ(stored(), body);
}

// A tensor of 1 MB between headers, as a checkpoint is.
TEST_F(Writing, WhatIsLentIsSentFromWhereItLies) {
  const auto lent = std::make_shared<const std::string>(some_text(1'000'000));
  const auto sink = writer();
  sink->write("head");
  sink->write_lent(as_bytes(*lent), lent);
  sink->write("between");
  sink->write_lent(as_bytes(*lent).first(70'000), lent);
  EXPECT_GT(lent.use_count(), 1);
  EXPECT_EQ(sink->position(), 1'070'011u);
  sink->commit();
  EXPECT_EQ(stored(), "head" + *lent + "between" + lent->substr(0, 70'000));
  EXPECT_EQ(lent.use_count(), 1);
}

TEST_F(Writing, TheCrcOfWhatIsWrittenIsComputedOnceForAllWhoNeedIt) {
  const auto lent = std::make_shared<const std::string>(some_text(1'000'000));
  const auto sink = writer();
  sink->write("head");
  EXPECT_EQ(sink->write_summed(as_bytes(*lent), lent), libdeflate_crc32(0, lent->data(), lent->size()));
  EXPECT_GT(lent.use_count(), 1);
  std::string copied = some_text(250'000, 2);
  const std::string before = copied;
  EXPECT_EQ(sink->write_summed(as_bytes(copied), nullptr), libdeflate_crc32(0, before.data(), before.size()));
  copied.assign(copied.size(), '!');
  sink->commit();
  EXPECT_EQ(stored(), "head" + *lent + before);  // and each part had the CRC that it was sent with
}

TEST_F(Writing, WhatWasLentMayChangeOnceAllIsSettled) {
  for (const size_t size : {100'000, 80'000, 1'000'000}) {
    std::string text = some_text(size);
    const std::string before = text;
    const auto sink = writer();
    sink->write("head");
    sink->write_lent(as_bytes(text), nullptr);
    sink->settle();
    text.assign(size, '!');
    sink->write("tail");
    sink->commit();
    EXPECT_EQ(stored(), "head" + before + "tail") << size;
  }
}

// The parts are on their way when the store refuses one.
TEST_F(Writing, WhatWasLentMayGoOnceSettlingHasFailed) {
  store->instead = [](const Asked& asked) {
    std::this_thread::sleep_for(std::chrono::milliseconds(asked.has("partNumber") ? 20 : 0));
    const bool refused = asked.has("partNumber") && asked.query.at("partNumber") == "2";
    return refused ? std::optional(refusal(403, "AccessDenied")) : std::nullopt;
  };
  const auto lent = std::make_shared<std::string>(some_text(350'000));
  const auto sink = writer();
  sink->write_lent(as_bytes(*lent), lent);
  EXPECT_THROW(sink->settle(), Error);
  EXPECT_EQ(lent.use_count(), 1);
  EXPECT_EQ(store->in_flight, 0);
  EXPECT_NO_THROW(sink->settle());
  EXPECT_THROW(sink->commit(), Error);
}

TEST_F(Writing, AsManyRequestsAtOnceAsAllowedWhileAPartIsFilled) {
  std::atomic<bool> held = true;
  store->then = [&](const Asked& asked, Answer&) {
    while (held && asked.has("partNumber")) std::this_thread::yield();
  };
  const auto lent = std::make_shared<const std::string>(some_text(450'000));
  const auto sink = writer();
  sink->write_lent(as_bytes(*lent), lent);  // four parts, and half of one
  while (store->in_flight < 4) std::this_thread::yield();
  held = false;
  sink->commit();
  EXPECT_EQ(stored(), *lent);
}

TEST_F(Writing, NoMoreRequestsAtOnceThanAllowed) {
  store->then = [](const Asked&, Answer&) { std::this_thread::sleep_for(std::chrono::milliseconds(10)); };
  write(body);
  EXPECT_EQ(store->most_in_flight, 4);
  store->most_in_flight = 0;
  auto options = usual_options();
  options.max_concurrency = 1;
  write(body, options);
  EXPECT_EQ(store->most_in_flight, 1);
  EXPECT_EQ(stored(), body);
}

TEST_F(Writing, NoMoreMemoryThanTheRequestsAtOnceTake) {
  std::atomic<bool> held = true;
  store->then = [&](const Asked& asked, Answer&) {
    while (held && asked.has("partNumber")) std::this_thread::yield();
  };
  const auto sink = writer();
  std::atomic<uint64_t> written = 0;
  std::thread writing([&] {
    for (size_t at = 0; at < body.size(); at += 10'000) {
      sink->write(std::string_view(body).substr(at, 10'000));
      written = sink->position();
    }
  });
  while (store->in_flight < 4) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(written, 400'000u);
  held = false;
  writing.join();
  sink->commit();
  EXPECT_EQ(stored(), body);
}

TEST_F(Writing, WithoutCommitTheOldObjectStays) {
  store->objects["bucket/key"] = "old";
  for (const size_t size : {0, 10, 1'000'000}) {
    writer()->write(std::string_view(body).substr(0, size));
    EXPECT_EQ(stored(), "old");
    EXPECT_THAT(store->uploads, IsEmpty());
  }
  EXPECT_THAT(store->log("DELETE", "uploadId"), SizeIs(1));
}

// One that comes after the abort would bring the upload back.
TEST_F(Writing, PartsOnTheirWayArriveBeforeTheUploadIsAborted) {
  store->then = [&](const Asked& asked, Answer&) {
    if (asked.has("partNumber")) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(asked.method != "DELETE" || store->in_flight == 1);
  };
  {
    const auto sink = writer();
    sink->write(std::string_view(body).substr(0, 350'000));
    while (store->log("PUT", "partNumber").size() < 3) std::this_thread::yield();
  }
  EXPECT_THAT(store->log("DELETE", "uploadId"), SizeIs(1));
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(Writing, WhatTheObjectIsBornWithIsSaidOnce) {
  auto options = usual_options();
  options.storage_class = "STANDARD_IA";
  options.sse = "aws:kms";
  options.sse_kms_key_id = "key-1";
  options.metadata = {{"epoch", "7"}};
  for (const size_t size : {10, 1'000'000}) {
    store->forget();
    write(body.substr(0, size), options);
    const Asked first = store->log()[0];
    EXPECT_EQ(first.header("Content-Type"), "application/octet-stream");
    EXPECT_EQ(first.header("x-amz-storage-class"), "STANDARD_IA");
    EXPECT_EQ(first.header("x-amz-server-side-encryption"), "aws:kms");
    EXPECT_EQ(first.header("x-amz-server-side-encryption-aws-kms-key-id"), "key-1");
    EXPECT_EQ(first.header("x-amz-meta-epoch"), "7");
  }
  options.metadata = {{"a b", "7"}};
  expect_error(ErrorKind::bad_argument, "a b", [&] { writer(options); });
  options.metadata = {{"name", "line\nbreak"}};
  expect_error(ErrorKind::bad_argument, "name", [&] { writer(options); });
}

TEST_F(Writing, PartsThatAmazonDoesNotTakeAreRefusedAtOnce) {
  auto options = usual_options();
  options.endpoint.clear();
  expect_error(ErrorKind::bad_argument, "5 MiB to 5 GiB", [&] { writer(options); });
  options.part_size = largest_part + 1;
  expect_error(ErrorKind::bad_argument, "5 MiB to 5 GiB", [&] { writer(options); });
  expect_error(ErrorKind::bad_argument, "names a bucket", [&] { S3Writer(session(), {"bucket", ""}); });
}

TEST(PartSizes, GrowSoThatTenThousandHoldTheLargestObject) {
  for (const uint64_t usual : {smallest_part, 8 * mebibyte, 100 * mebibyte, 1024 * mebibyte}) {
    uint64_t position = 0, parts = 0, before = 0;
    for (; position < largest_object; ++parts) {
      const uint64_t size = part_size_at(position, usual);
      EXPECT_GE(size, before);
      EXPECT_LE(size, largest_part);
      position += before = size;
    }
    EXPECT_THAT(parts, Le(most_parts)) << usual;
    EXPECT_EQ(part_size_at(1250 * usual, usual), usual);
  }
}

TEST_F(Writing, APartThatFailsIsTheErrorAndNothingIsLeft) {
  store->objects["bucket/key"] = "old";
  refuse("PUT", "partNumber", refusal(403, "AccessDenied"));
  const auto sink = writer();
  expect_error(ErrorKind::no_permission, "may not UploadPart", [&] {
    sink->write(body);
    sink->commit();
  });
  expect_error(ErrorKind::bad_argument, "an earlier write failed", [&] { sink->write(body); });
  expect_error(ErrorKind::bad_argument, "an earlier write failed", [&] { sink->commit(); });
  EXPECT_EQ(stored(), "old");
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(Writing, NothingIsWrittenAfterCommit) {
  const auto sink = writer();
  sink->write(body);
  sink->commit();
  expect_error(ErrorKind::bad_argument, "was committed", [&] { sink->write(body); });
  expect_error(ErrorKind::bad_argument, "was committed", [&] { sink->commit(); });
  EXPECT_EQ(stored(), body);
}

TEST_F(Writing, AnErrorInAnAnswerOf200ToCompleteAborts) {
  store->objects["bucket/key"] = "old";
  refuse("POST", "uploadId", {{200, {}, "  <Error><Code>AccessDenied</Code></Error>"}});
  expect_error(ErrorKind::io, "200 AccessDenied", [&] { write(body); });
  EXPECT_EQ(stored(), "old");
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(Writing, OnlyTheFirstMayCreate) {
  for (const size_t size : {10, 1'000'000}) {
    store->objects.clear();
    write(body.substr(0, size), create_only());
    expect_error(ErrorKind::mismatch, "412", [&] { write("x" + body.substr(0, size), create_only()); });
    EXPECT_EQ(stored(), body.substr(0, size));
    EXPECT_THAT(store->uploads, IsEmpty());
  }
}

TEST_F(Writing, LostAnswersAreMadeUpFor) {
  for (const auto& options : {usual_options(), create_only()}) {
    for (const auto& [method, query] :
         {std::pair("POST", "uploadId"), std::pair("PUT", "partNumber"), std::pair("POST", "uploads")}) {
      store->objects.clear();
      lose(method, query);
      write(body, options);
      EXPECT_EQ(stored(), body) << query;
    }
    store->objects.clear();
    lose("PUT");
    write("small", options);
    EXPECT_EQ(stored(), "small");
  }
}

TEST_F(Writing, AnotherThatWasFirstIsNotTakenForOurs) {
  store->instead = [&, first = true](const Asked& asked) mutable -> std::optional<Answer> {
    if (asked.method != "PUT" || !std::exchange(first, false)) return std::nullopt;
    store->objects["bucket/key"] = "thing";  // as long as ours
    throw TransportError("the connection was reset");
  };
  expect_error(ErrorKind::mismatch, "412", [&] { write("small", create_only()); });
  EXPECT_EQ(stored(), "thing");
}

TEST_F(Writing, AnUploadThatIsGoneIsOnlyDoneIfTheObjectIsOurs) {
  store->objects["bucket/key"] = "old";
  store->instead = [&](const Asked& asked) -> std::optional<Answer> {
    if (asked.method != "POST" || !asked.has("uploadId")) return std::nullopt;
    store->uploads.clear();  // someone aborted it
    throw TransportError("the connection was reset");
  };
  expect_error(ErrorKind::io, "CompleteMultipartUpload: the connection was reset, after 10 attempts",
               [&] { write(body); });
  EXPECT_EQ(stored(), "old");
}

TEST_F(Writing, AnUploadWhoseEveryAnswerWasLostIsFoundToBeDone) {
  store->then = [](const Asked& asked, Answer&) {
    if (asked.method == "POST" && asked.has("uploadId")) throw TransportError("the connection was reset");
  };
  store->instead = [&](const Asked& asked) -> std::optional<Answer> {
    if (asked.method == "POST" && asked.has("uploadId") && !store->objects.empty()) throw TransportError("no route");
    return std::nullopt;
  };
  write(body);
  EXPECT_EQ(stored(), body);
}

TEST_F(Writing, WhereNobodyCanBeAskedTheErrorSaysSo) {
  store->instead = [&](const Asked& asked) -> std::optional<Answer> {
    if (asked.has("uploadId") && asked.method != "PUT") throw TransportError("no route");
    return std::nullopt;
  };
  expect_error(ErrorKind::io, "could not be found out", [&] { write(body); });
}

TEST_F(Writing, BytesThatWereDamagedOnTheirWayAreSentAgain) {
  store->instead = [count = 0](const Asked& asked) mutable -> std::optional<Answer> {
    return asked.method == "PUT" && ++count % 2 == 1 ? std::optional(refusal(400, "BadDigest")) : std::nullopt;
  };
  write("small");
  EXPECT_EQ(stored(), "small");
}

TEST_F(Writing, AStopAbortsTheUploadAndTheAbortIsSent) {
  std::stop_source stop;
  auto options = usual_options();
  options.stop = stop.get_token();
  store->objects["bucket/key"] = "old";
  store->then = [&](const Asked& asked, Answer&) {
    if (asked.has("partNumber") && asked.query.at("partNumber") == "3") stop.request_stop();
  };
  expect_error(ErrorKind::cancelled, "", [&] { write(body, options); });
  EXPECT_THAT(store->uploads, IsEmpty());
  EXPECT_EQ(stored(), "old");
}

TEST_F(Writing, AStoreThatGivesNoEtagOrNoUploadIsAnError) {
  refuse("PUT", "partNumber", {{200}});
  expect_error(ErrorKind::io, "has no ETag", [&] { write(body); });
  refuse("POST", "uploads", {{200, {}, "<x/>"}});
  expect_error(ErrorKind::io, "has no UploadId", [&] { write(body); });
  refuse("POST", "uploads", refusal(400, "InvalidArgument"));
  expect_error(ErrorKind::bad_argument, "FULL_OBJECT", [&] { write(body); });
}

TEST_F(Writing, AStoreThatKeepsOtherBytesThanItWasSentIsAnError) {
  const auto answer_with = [&](const std::string& method, const std::string& query, const std::string& crc) {
    store->then = [=](const Asked& asked, Answer& answer) {
      if (asked.method != method || (!query.empty() && !asked.has(query))) return;
      answer.response.headers.emplace_back("x-amz-checksum-crc32", crc);
      const size_t end = answer.response.body.rfind("</Complete");
      if (end != std::string::npos) answer.response.body.insert(end, "<ChecksumCRC32>" + crc + "</ChecksumCRC32>");
    };
  };
  answer_with("PUT", "partNumber", "AAAAAA==");
  expect_error(ErrorKind::io, "UploadPart: the store says that it has other bytes", [&] { write(body); });
  EXPECT_THAT(store->objects, IsEmpty());
  EXPECT_THAT(store->uploads, IsEmpty());
  answer_with("POST", "uploadId", "AAAAAA==");
  expect_error(ErrorKind::io, "CompleteMultipartUpload: the store says that it has other bytes", [&] { write(body); });
  answer_with("PUT", "", "AAAAAA==");
  expect_error(ErrorKind::io, "PutObject: the store says that it has other bytes", [&] { write("short"); });
  answer_with("PUT", "", "TOKEN");
  expect_error(ErrorKind::io, "found what is none", [&] { write("short"); });
  answer_with("POST", "uploadId", "AAAAAA==-13");  // of the parts' checksums
  write(body);
  answer_with("POST", "uploadId", FakeStore::crc_of(body));
  write(body);
}

// Under ThreadSanitizer, too.
struct ThreadsOfUploads : Writing {};

TEST_F(ThreadsOfUploads, ManyWritersOfOneSession) {
  auto options = usual_options();
  options.part_size = 10'000;
  const auto shared = session(options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      S3Writer sink(shared, {"bucket", std::to_string(i)});
      for (int part = 0; part < 20; ++part) sink.write(std::string_view(body).substr(part * 50'000, 50'000));
      if (i != 3) sink.commit();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(store->objects.at("bucket/" + std::to_string(i)), body.substr(0, 1'000'000));
  EXPECT_THAT(store->objects, testing::Not(Contains(Key("bucket/3"))));
  EXPECT_THAT(store->uploads, IsEmpty());
}

TEST_F(ThreadsOfUploads, FailuresOfSeveralPartsAtOnce) {
  auto options = usual_options();
  options.part_size = 10'000;
  refuse("PUT", "partNumber", refusal(403, "AccessDenied"));
  for (int i = 0; i < 20; ++i) expect_error(ErrorKind::no_permission, "UploadPart", [&] { write(body, options); });
  EXPECT_THAT(store->uploads, IsEmpty());
}

}  // namespace
}  // namespace okibi::s3
