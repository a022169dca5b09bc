// Lists of stores that never end them, or say what no store says.
#include "s3/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3/fake_store.h"
#include "s3/multipart.h"
#include "tensor/expect_error.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::IsEmpty;
using testing::SizeIs;

struct Lists : testing::Test, Bench {
  int pages = 0;

  // Each page: what `rest` says of its number.
  void answer_pages(const std::string& root, std::function<std::string(int)> rest) {
    pages = 0;
    store->instead = [=, this](const Asked&) {
      return std::optional(
          Answer{{200, {}, fmt::format("<{0}><IsTruncated>true</IsTruncated>{1}</{0}>", root, rest(++pages))}});
    };
  }
  void answer_keys(std::function<std::string(int)> rest) { answer_pages("ListBucketResult", std::move(rest)); }
  S3Listing list() { return list_objects(*session(), "bucket", "", ""); }
};

std::string token(const std::string& text) { return "<NextContinuationToken>" + text + "</NextContinuationToken>"; }
std::string key(int number) { return fmt::format("<Contents><Key>{}</Key></Contents>", number); }

TEST_F(Lists, ThatDoNotSayWhereTheyGoOnAreRefused) {
  for (const std::string& rest : {std::string(), token("same"), token(std::string(5000, 'x'))}) {
    answer_keys([=](int page) { return key(page) + rest; });
    expect_error(ErrorKind::io, "does not say where its list goes on", [&] { list(); });
    EXPECT_LE(pages, 2);
  }
}

TEST_F(Lists, ThatGoRoundInACircleAreRefused) {
  answer_keys([](int page) { return key(page) + token(page % 2 == 0 ? "even" : "odd"); });
  expect_error(ErrorKind::io, "does not say where its list goes on", [&] { list(); });
  EXPECT_EQ(pages, 3);
}

TEST_F(Lists, OfEmptyPagesAreGivenUp) {
  answer_keys([](int page) { return token(std::to_string(page)); });
  expect_error(ErrorKind::io, "page after page", [&] { list(); });
  EXPECT_EQ(pages, 1001);
}

TEST_F(Lists, MayHaveSomeEmptyPages) {
  answer_keys([](int page) { return page <= 900 ? token(std::to_string(page)) : key(page); });
  const auto endless = store->instead;
  store->instead = [=, this](const Asked& asked) {
    auto answer = endless(asked);
    if (pages > 900) answer->response.body.replace(answer->response.body.find("true"), 4, "false");
    return answer;
  };
  EXPECT_THAT(list().objects, SizeIs(1));
  EXPECT_EQ(pages, 901);
}

TEST_F(Lists, OfOtherPrefixesAreAsGoodAsEmpty) {
  answer_keys([](int page) { return key(page) + token(std::to_string(page)); });
  expect_error(ErrorKind::io, "page after page", [&] { list_objects(*session(), "bucket", "runs/", ""); });
}

TEST_F(Lists, ThatFillTheMemoryAreEnded) {
  std::string keys;
  for (int i = 0; i < 60'000; ++i) keys += "<Contents><Key>k</Key></Contents>";
  answer_keys([&](int page) { return keys + token(std::to_string(page)); });
  expect_error(ErrorKind::limit, "is too long, or has no end", [&] { list(); });
  EXPECT_LE(pages, (int{1} << 30) / 60'000 / static_cast<int>(sizeof(S3Object)) + 1);
}

TEST_F(Lists, OfWhichOnlyFoldersAreAskedForEndAtTheFirst) {
  answer_keys([](int page) {
    const std::string folder = page == 3 ? "<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes>" : "";
    return "<Contents><Key>a/x</Key></Contents>" + folder + token(std::to_string(page));
  });
  EXPECT_TRUE(has_folders(*session(), {"bucket", "a/"}));
  EXPECT_EQ(pages, 3);
}

TEST_F(Lists, WithMoreElementsThanAnyStoreSendsAreNoLists) {
  std::string elements;
  for (int i = 0; i < 600'000; ++i) elements += "<a/>";
  answer_keys([&](int) { return elements; });
  expect_error(ErrorKind::io, "is no list", [&] { list(); });
  store->instead = always({{200, {}, "<html></html>"}});
  expect_error(ErrorKind::io, "is no list", [&] { list(); });
}

TEST_F(Lists, OfUploadsEndAsWell) {
  answer_pages("ListMultipartUploadsResult", [](int page) {
    return fmt::format("<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>{}</NextUploadIdMarker>", page % 3);
  });
  expect_error(ErrorKind::io, "does not say where its list goes on", [&] { list_uploads(*session(), "bucket", ""); });
  EXPECT_EQ(pages, 4);
}

TEST_F(Lists, OfPartsTellOnlyOfPartsThatThereMayBe) {
  const std::string part = "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag><Size>1</Size></Part>";
  const auto parts_in = [&](const std::string& number, const std::string& etag) {
    store->instead = always({{200,
                              {},
                              "<ListPartsResult><ChecksumType>FULL_OBJECT</ChecksumType>" +
                                  fmt::format(fmt::runtime(part), number, etag) + "</ListPartsResult>"}});
    return list_parts(*session(), {{"bucket", "key"}, "id"}).value();
  };
  EXPECT_THAT(parts_in("10000", "x"), SizeIs(1));
  EXPECT_THAT(parts_in("10001", "x"), IsEmpty());
  EXPECT_THAT(parts_in("0", "x"), IsEmpty());
  EXPECT_THAT(parts_in("many", "x"), IsEmpty());
  EXPECT_THAT(parts_in("1", ""), IsEmpty());
}

TEST_F(Lists, OfPartsEndAsWell) {
  answer_pages("ListPartsResult", [](int page) {
    return "<ChecksumType>FULL_OBJECT</ChecksumType>" +
           fmt::format("<NextPartNumberMarker>{}</NextPartNumberMarker>", page % 2);
  });
  expect_error(ErrorKind::io, "does not say where its list goes on", [&] {
    static_cast<void>(list_parts(*session(), {{"bucket", "key"}, "id"}));
  });
}

}  // namespace
}  // namespace okibi::s3
