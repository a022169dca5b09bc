#include "s3/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "s3/errors_in_words.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

constexpr size_t keys_of_a_page = 1000;

Error bad_page(const Operation& operation, std::string sentence) {
  return Error(ErrorKind::io, fmt::format("{}: {}", operation.name, sentence)).at("", place_of(operation));
}

// One page of a listing; names in it are decoded where the store says that it has encoded them.
class Page {
 public:
  Page(Session& session, const Operation& operation, std::string_view root)
      : operation_(operation),
        xml_(parse(session.call(operation).body, root)),
        encoded_(xml_.text("EncodingType") == "url") {}

  const Xml& xml() const { return xml_; }
  std::string name(const Xml& element, const char* child) const {
    const std::string text = element.text(child);
    return encoded_ ? url_decoded(text) : text;
  }
  bool is_last() const { return xml_.text("IsTruncated") != "true"; }

  // Where the next page begins. A store that gives none, or the same again, would be asked for ever.
  std::string next(const char* child, const std::string& before) const {
    std::string token = xml_.text(child);
    if (token.empty() || token == before) throw bad_page(operation_, "the store does not say where its list goes on");
    return token;
  }

 private:
  Xml parse(const std::string& body, std::string_view root) const {
    auto xml = Xml::parse(body);
    if (xml && xml->name() == root) return *std::move(xml);
    throw bad_page(operation_, "the store's answer is no list");
  }

  const Operation& operation_;
  Xml xml_;
  bool encoded_;
};

template <class Number>
Number number_in(const Xml& element, const char* child) {
  const std::string text = element.text(child);
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

S3Object object_in(const Page& page, const Xml& element) {
  S3Object object{.key = page.name(element, "Key"),
                  .etag = element.text("ETag"),
                  .last_modified = element.text("LastModified"),
                  .storage_class = element.text("StorageClass")};
  object.size = number_in<uint64_t>(element, "Size");
  return object;
}

// Not all stores heed the prefix; whoever deletes what is listed must be able to rely on it.
void add_page(const Page& page, const std::string& prefix, S3Listing& listing) {
  for (const Xml& element : page.xml().children("Contents")) {
    if (S3Object object = object_in(page, element); object.key.starts_with(prefix)) {
      listing.objects.push_back(std::move(object));
    }
  }
  for (const Xml& element : page.xml().children("CommonPrefixes")) {
    listing.prefixes.push_back(page.name(element, "Prefix"));
  }
}

}  // namespace

S3Listing list_objects(Session& session, const std::string& bucket, const std::string& prefix,
                       const std::string& delimiter, size_t most) {
  S3Listing listing;
  std::string token;
  for (;;) {
    Operation list{.name = "ListObjectsV2", .where = {bucket, ""}};
    list.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
    if (!delimiter.empty()) list.query.emplace_back("delimiter", delimiter);
    if (most < keys_of_a_page) list.query.emplace_back("max-keys", std::to_string(most));
    if (!token.empty()) list.query.emplace_back("continuation-token", token);
    const Page page(session, list, "ListBucketResult");
    add_page(page, prefix, listing);
    if (page.is_last() || listing.objects.size() + listing.prefixes.size() >= most) return listing;
    token = page.next("NextContinuationToken", token);
  }
}

std::vector<S3Upload> list_uploads(Session& session, const std::string& bucket, const std::string& prefix) {
  std::vector<S3Upload> uploads;
  std::string key, id;
  for (;;) {
    Operation list{.name = "ListMultipartUploads", .where = {bucket, ""}};
    list.query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix}};
    if (!key.empty()) list.query.emplace_back("key-marker", key);
    if (!id.empty()) list.query.emplace_back("upload-id-marker", id);
    const Page page(session, list, "ListMultipartUploadsResult");
    for (const Xml& element : page.xml().children("Upload")) {
      const std::string found = page.name(element, "Key");
      if (found.empty() || !found.starts_with(prefix)) continue;
      uploads.push_back({found, element.text("UploadId"), element.text("Initiated")});
    }
    if (page.is_last()) return uploads;
    const std::string before = key + id;
    key = page.name(page.xml(), "NextKeyMarker");
    id = page.xml().text("NextUploadIdMarker");
    if (key.empty() || key + id == before) throw bad_page(list, "the store does not say where its list goes on");
  }
}

std::optional<std::map<size_t, StoredPart>> list_parts(Session& session, const UploadPlace& upload) {
  std::map<size_t, StoredPart> parts;
  std::string marker;
  for (;;) {
    Operation list{.name = "ListParts", .where = upload.where, .query = {{"uploadId", upload.id}}};
    if (!marker.empty()) list.query.emplace_back("part-number-marker", marker);
    const Page page(session, list, "ListPartsResult");
    if (page.xml().text("ChecksumType") != "FULL_OBJECT") return std::nullopt;
    for (const Xml& element : page.xml().children("Part")) {
      parts[number_in<size_t>(element, "PartNumber")] = {number_in<uint64_t>(element, "Size"), element.text("ETag"),
                                                         element.text("ChecksumCRC32")};
    }
    if (page.is_last()) return parts;
    marker = page.next("NextPartNumberMarker", marker);
  }
}

}  // namespace okibi::s3
