#include "s3/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "s3/errors_in_words.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

constexpr size_t keys_of_a_page = 1000;
constexpr size_t longest_token = size_t{4} << 10;
constexpr size_t most_pages = 100'000;
constexpr size_t most_empty_pages = 1000;            // in a row: where much was deleted, S3 itself sends some
constexpr uint64_t most_memory = uint64_t{1} << 30;  // of what is found: some two million keys

Error bad_page(const Operation& operation, std::string sentence) {
  return Error(ErrorKind::io, fmt::format("{}: {}", operation.name, sentence)).at("", place_of(operation));
}

// One page of a listing; names in it are decoded where the store says that it has encoded them.
class Page {
 public:
  Page(Session& session, const Operation& operation, std::string_view root)
      : operation_(operation),
        body_(session.call(operation).body),
        xml_(parse(root)),
        encoded_(xml_.text("EncodingType") == "url") {}

  const Xml& xml() const { return xml_; }
  size_t nbytes() const { return body_.size(); }  // as many as all texts in it have, and more
  std::string name(const Xml& element, const char* child) const {
    const std::string text = element.text(child);
    return encoded_ ? url_decoded(text) : text;
  }
  bool is_last() const { return xml_.text("IsTruncated") != "true"; }

 private:
  Xml parse(std::string_view root) const {
    auto xml = Xml::parse(body_);
    if (xml && xml->name() == root) return *std::move(xml);
    throw bad_page(operation_, "the store's answer is no list");
  }

  const Operation& operation_;
  std::string body_;
  Xml xml_;
  bool encoded_;
};

// Ends lists that would have no end: pages that bring nothing, pages in a circle, ever more pages.
class Watch {
 public:
  explicit Watch(const Operation& list) : list_(list) {}

  // Before the page that begins at `next` is asked for. `found`: how many names there are by now; `kept`: the memory
  // that they take.
  void go_on(const std::string& next, size_t found, uint64_t kept) {
    const bool is_new = seen_.insert(std::hash<std::string>()(next)).second;
    if (next.empty() || next.size() > longest_token || !is_new) {
      throw bad_page(list_, "the store does not say where its list goes on");
    }
    empty_ = found == found_ ? empty_ + 1 : 0;
    found_ = found;
    if (empty_ > most_empty_pages) throw bad_page(list_, "page after page of the store's list is empty");
    if (seen_.size() >= most_pages || kept > most_memory) throw too_long();
  }

 private:
  Error too_long() const {
    return Error(ErrorKind::limit, fmt::format("{}: the store's list is too long, or has no end", list_.name))
        .expected(fmt::format("at most {} pages, and {} bytes of memory", most_pages, most_memory))
        .hint("List a longer prefix.")
        .at("", place_of(list_));
  }

  const Operation& list_;
  std::unordered_set<size_t> seen_;  // hashes of where pages began
  size_t found_ = 0, empty_ = 0;
};

Operation with(Operation list, const Query& more) {
  for (const auto& [name, value] : more) {
    if (!value.empty()) list.query.emplace_back(name, value);
  }
  return list;
}

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

Operation list_operation(const std::string& bucket, const std::string& prefix, const std::string& delimiter) {
  Operation list{.name = "ListObjectsV2", .where = {bucket, ""}};
  list.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
  return with(std::move(list), {{"delimiter", delimiter}});
}

// By all pages so far: names, and the memory that is kept of them.
struct Found {
  size_t count;
  uint64_t kept;
};

// take(page) → nullopt when that was enough.
template <class Take>
void each_page_of_objects(Session& session, const Operation& list, const Take& take) {
  Watch watch(list);
  for (std::string token;;) {
    const Operation one = with(list, {{"continuation-token", token}});
    const Page page(session, one, "ListBucketResult");
    const std::optional<Found> found = take(page);
    if (!found || page.is_last()) return;
    token = page.xml().text("NextContinuationToken");
    watch.go_on(token, found->count, found->kept);
  }
}

// One without an ETag could not be named when the upload is completed: it is as good as not there.
void add_part(const Xml& element, std::map<size_t, StoredPart>& parts) {
  const auto number = number_in<size_t>(element, "PartNumber");
  const std::string etag = element.text("ETag");
  if (number == 0 || number > most_parts || etag.empty()) return;
  parts[number] = {number_in<uint64_t>(element, "Size"), etag, element.text("ChecksumCRC32")};
}

}  // namespace

S3Listing list_objects(Session& session, const std::string& bucket, const std::string& prefix,
                       const std::string& delimiter, size_t most) {
  Operation list = list_operation(bucket, prefix, delimiter);
  if (most < keys_of_a_page) list.query.emplace_back("max-keys", std::to_string(most));
  S3Listing listing;
  uint64_t texts = 0;
  each_page_of_objects(session, list, [&](const Page& page) -> std::optional<Found> {
    add_page(page, prefix, listing);
    texts += page.nbytes();
    const size_t count = listing.objects.size() + listing.prefixes.size();
    if (count >= most) return std::nullopt;
    return Found{count, texts + count * sizeof(S3Object)};
  });
  return listing;
}

bool has_folders(Session& session, const S3Uri& prefix) {
  bool found = false;
  size_t keys = 0;
  each_page_of_objects(session, list_operation(prefix.bucket, prefix.key, "/"), [&](const Page& page) {
    S3Listing listing;
    add_page(page, prefix.key, listing);
    keys += listing.objects.size();
    found = !listing.prefixes.empty() || std::ranges::any_of(listing.objects, [&](const S3Object& object) {
      return object.key.find('/', prefix.key.size()) != std::string::npos;  // not all stores heed the delimiter
    });
    return found ? std::nullopt : std::optional(Found{keys, 0});
  });
  return found;
}

std::vector<S3Upload> list_uploads(Session& session, const std::string& bucket, const std::string& prefix) {
  Operation list{.name = "ListMultipartUploads", .where = {bucket, ""}};
  list.query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix}};
  std::vector<S3Upload> uploads;
  uint64_t texts = 0;
  Watch watch(list);
  for (std::string key, id;;) {
    const Operation one = with(list, {{"key-marker", key}, {"upload-id-marker", id}});
    const Page page(session, one, "ListMultipartUploadsResult");
    for (const Xml& element : page.xml().children("Upload")) {
      const std::string found = page.name(element, "Key");
      if (found.empty() || !found.starts_with(prefix)) continue;
      uploads.push_back({found, element.text("UploadId"), element.text("Initiated")});
    }
    texts += page.nbytes();
    if (page.is_last()) return uploads;
    key = page.name(page.xml(), "NextKeyMarker");
    id = page.xml().text("NextUploadIdMarker");
    watch.go_on(key.empty() ? "" : key + "\n" + id, uploads.size(), texts + uploads.size() * sizeof(S3Upload));
  }
}

std::optional<std::map<size_t, StoredPart>> list_parts(Session& session, const UploadPlace& upload) {
  const Operation list{.name = "ListParts", .where = upload.where, .query = {{"uploadId", upload.id}}};
  std::map<size_t, StoredPart> parts;
  uint64_t texts = 0;
  Watch watch(list);
  for (std::string marker;;) {
    const Operation one = with(list, {{"part-number-marker", marker}});
    const Page page(session, one, "ListPartsResult");
    if (page.xml().text("ChecksumType") != "FULL_OBJECT") return std::nullopt;
    for (const Xml& element : page.xml().children("Part")) add_part(element, parts);
    texts += page.nbytes();
    if (page.is_last()) return parts;
    marker = page.xml().text("NextPartNumberMarker");
    watch.go_on(marker, parts.size(), texts);
  }
}

}  // namespace okibi::s3
