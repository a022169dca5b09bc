// A store in memory, in the place of a network: what S3 does with objects, uploads and ranges, and a say for tests in
// each request and answer.
#pragma once

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "s3/body_text.h"
#include "s3/objects.h"
#include "s3/session.h"
#include "s3/sign.h"
#include "s3/urls.h"
#include "s3/xml.h"

namespace okibi::s3::testing_help {

// One request, taken apart.
struct Asked {
  std::string method, bucket, key;
  std::map<std::string, std::string> query;
  Headers headers;
  std::string body;
  std::string url;

  std::string header(std::string_view name) const {
    const std::string* value = find_header(headers, name);
    return value != nullptr ? *value : "";
  }
  bool has(const std::string& name) const { return query.contains(name); }
};

struct Answer {
  Response response;                     // its body is that of the answer
  std::optional<size_t> breaks_after{};  // so many bytes of the body come, then the connection breaks
};

inline Answer refusal(int status, const std::string& code, Headers headers = {}) {
  headers.emplace_back("x-amz-request-id", "REQ7");
  return {{status, headers, fmt::format("<Error><Code>{}</Code><Message>of the store</Message></Error>", code)}};
}

// Of an object that many tests ask for.
inline const S3Uri place{"bucket", "a key"};

inline Operation get() { return {.name = "GetObject", .where = place}; }
inline Operation put(std::string_view body) {
  return {.name = "PutObject", .method = "PUT", .where = place, .body = as_bytes(body)};
}

// "bytes=-5", "bytes=2-4" of a body.
inline std::optional<std::pair<size_t, size_t>> range_of(const std::string& header, size_t size) {
  const std::string text = header.substr(header.find('=') + 1);
  const size_t hyphen = text.find('-');
  const size_t end = hyphen + 1 < text.size() ? std::stoull(text.substr(hyphen + 1)) : 0;
  if (hyphen == 0) return size == 0 ? std::nullopt : std::optional(std::pair(size - std::min(size, end), size));
  const size_t begin = std::stoull(text.substr(0, hyphen));
  return begin >= size ? std::nullopt : std::optional(std::pair(begin, std::min(size, end + 1)));
}

// For FakeStore::instead: whatever is asked.
inline auto always(Answer answer) {
  return [answer = std::move(answer)](const Asked&) -> std::optional<Answer> { return answer; };
}

class FakeStore final : public Transport {
 public:
  std::map<std::string, std::string> objects;  // "bucket/key"
  std::map<std::string, std::map<int, std::string>> uploads;
  // Answers instead of the store, or changes what it answered (or throws: then the answer is lost).
  std::function<std::optional<Answer>(const Asked&)> instead;
  std::function<void(const Asked&, Answer&)> then;

  Response send(const Request& request, const Receive& receive, const std::stop_token& stop) override {
    throw_if_stopped(stop);
    const Asked asked = taken_apart(request);
    const int now = ++in_flight;
    for (int most = most_in_flight; now > most && !most_in_flight.compare_exchange_weak(most, now);) {
    }
    struct Leave {
      std::atomic<int>& count;
      ~Leave() { --count; }
    } leave{in_flight};
    return deliver(answer(asked), receive, stop);
  }

  std::vector<Asked> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<Asked> log(const std::string& method, const std::string& query = "") const {
    std::vector<Asked> found;
    for (const Asked& asked : log()) {
      if (asked.method == method && (query.empty() || asked.has(query))) found.push_back(asked);
    }
    return found;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    log_.clear();
  }
  static std::string etag_of(const std::string& body) { return '"' + md5_hex(as_bytes(body)) + '"'; }
  static std::string crc_of(const std::string& body) {
    return base64_of_crc(libdeflate_crc32(0, body.data(), body.size()));
  }

  std::atomic<int> in_flight = 0, most_in_flight = 0;

 private:
  static Asked taken_apart(const Request& request) {
    const UrlParts parts = split_url(request.url);
    Asked asked{
        .method = request.method, .headers = request.headers, .body = text_of(request.body), .url = request.url};
    const size_t slash = std::min(parts.path.find('/', 1), parts.path.size());
    asked.bucket = parts.path.substr(1, slash - 1);
    asked.key = slash < parts.path.size() ? decoded(parts.path.substr(slash + 1)) : "";
    for (std::string_view rest = parts.query; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      asked.query[decoded(one.substr(0, one.find('=')))] = decoded(one.substr(std::min(one.size(), one.find('=') + 1)));
    }
    return asked;
  }
  static std::string decoded(std::string_view text) {  // a '+' is a '+' here
    std::string plain;
    for (const char letter : text) plain += letter == '+' ? "%2B" : std::string(1, letter);
    return url_decoded(plain);
  }

  Answer answer(const Asked& asked) {
    {
      const std::lock_guard lock(mutex_);
      log_.push_back(asked);
    }
    if (instead) {
      if (auto other = instead(asked)) return *other;
    }
    Answer answer = perform(asked);
    if (then) then(asked, answer);
    return answer;
  }

  static Response deliver(Answer answer, const Receive& receive, const std::stop_token& stop) {
    Response& response = answer.response;
    if (find_header(response.headers, "content-length") == nullptr) {
      response.headers.emplace_back("Content-Length", std::to_string(response.body.size()));
    }
    const bool success = response.status / 100 == 2;
    if (receive && success) {
      const std::string body = std::exchange(response.body, "");
      receive(response, {});
      const size_t end = answer.breaks_after.value_or(body.size());
      for (size_t at = 0; at < std::min(end, body.size()); at += 1000) {
        throw_if_stopped(stop);
        receive(response, as_bytes(std::string_view(body).substr(at, std::min<size_t>(1000, end - at))));
      }
    }
    if (answer.breaks_after) throw TransportError("the connection was reset");
    return std::move(response);
  }

  Answer perform(const Asked& asked) {
    const std::lock_guard lock(mutex_);
    const std::string name = asked.bucket + "/" + asked.key;
    if (asked.has("uploads") && asked.method == "POST") return begin_upload();
    if (asked.has("uploadId")) return with_upload(asked, name);
    if (asked.has("list-type")) return list(asked);
    if (asked.method == "PUT" && !asked.header("x-amz-copy-source").empty()) return copy(asked, name);
    if (asked.method == "PUT") return put(asked, name, asked.body);
    if (asked.method == "DELETE") return objects.erase(name), Answer{{204}};
    return get(asked, name);
  }

  Answer get(const Asked& asked, const std::string& name) const {
    const auto found = objects.find(name);
    if (found == objects.end()) return without_body(asked, refusal(404, "NoSuchKey"));
    const std::string& body = found->second;
    Headers headers = {{"ETag", etag_of(body)}};
    if (!asked.header("If-Match").empty() && asked.header("If-Match") != etag_of(body)) {
      return refusal(412, "PreconditionFailed");
    }
    if (asked.method == "HEAD") {
      headers.emplace_back("x-amz-checksum-crc32", crc_of(body));
      headers.emplace_back("Content-Length", std::to_string(body.size()));
      return {{200, headers}};
    }
    if (asked.header("Range").empty()) return {{200, headers, body}};
    const auto range = range_of(asked.header("Range"), body.size());
    if (!range) return refusal(416, "InvalidRange");
    const auto [begin, end] = *range;
    headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", begin, end - 1, body.size()));
    return {{206, headers, body.substr(begin, end - begin)}};
  }
  static Answer without_body(const Asked& asked, Answer answer) {
    if (asked.method == "HEAD") answer.response.body.clear();
    return answer;
  }

  Answer put(const Asked& asked, const std::string& name, const std::string& body) {
    if (!asked.header("If-None-Match").empty() && objects.contains(name)) return refusal(412, "PreconditionFailed");
    if (asked.header("x-amz-checksum-crc32") != crc_of(body)) return refusal(400, "BadDigest");
    objects[name] = body;
    return {{200, {{"ETag", etag_of(body)}}}};
  }
  Answer begin_upload() {
    const std::string id = fmt::format("upload{}", ++last_upload_);
    uploads[id];
    return {
        {200,
         {},
         fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>", id)}};
  }
  Answer with_upload(const Asked& asked, const std::string& name) {
    const auto upload = uploads.find(asked.query.at("uploadId"));
    if (upload == uploads.end()) return refusal(404, "NoSuchUpload");
    if (asked.method == "DELETE") return uploads.erase(upload), Answer{{204}};
    if (asked.method == "POST") return complete(asked, name);
    std::string body = asked.body;
    if (const std::string source = asked.header("x-amz-copy-source"); !source.empty()) {
      const auto [begin, end] = *range_of(asked.header("x-amz-copy-source-range"), objects.at(source.substr(1)).size());
      body = objects.at(source.substr(1)).substr(begin, end - begin);
    } else if (asked.header("x-amz-checksum-crc32") != crc_of(body)) {
      return refusal(400, "BadDigest");
    }
    upload->second[std::stoi(asked.query.at("partNumber"))] = body;
    return {{200,
             {{"ETag", etag_of(body)}},
             fmt::format("<CopyPartResult><ETag>{}</ETag></CopyPartResult>", etag_of(body))}};
  }
  Answer complete(const Asked& asked, const std::string& name) {
    if (!asked.header("If-None-Match").empty() && objects.contains(name)) return refusal(412, "PreconditionFailed");
    const auto xml = Xml::parse(asked.body);
    auto& parts = uploads[asked.query.at("uploadId")];
    std::string body;
    int number = 0;
    for (const Xml& part : xml->children("Part")) {
      const std::string& bytes = parts.at(++number);
      if (part.text("PartNumber") != std::to_string(number) || part.text("ETag") != etag_of(bytes))
        return refusal(400, "InvalidPart");
      body += bytes;
    }
    const std::string crc = asked.header("x-amz-checksum-crc32");
    if (!crc.empty() && crc != crc_of(body)) return refusal(400, "BadDigest");
    objects[name] = body;
    uploads.erase(asked.query.at("uploadId"));
    return {
        {200,
         {},
         fmt::format("<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>", etag_of(body))}};
  }
  Answer copy(const Asked& asked, const std::string& name) {
    objects[name] = objects.at(asked.header("x-amz-copy-source").substr(1));
    return {{200, {}, fmt::format("<CopyObjectResult><ETag>{}</ETag></CopyObjectResult>", etag_of(objects[name]))}};
  }
  // Two keys a page, so that every list has several.
  Answer list(const Asked& asked) const {
    const std::string prefix = asked.bucket + "/" + asked.query.at("prefix");
    const std::string delimiter = asked.has("delimiter") ? asked.query.at("delimiter") : "";
    std::vector<std::string> items;
    for (const auto& [name, body] : objects) {
      if (!name.starts_with(prefix)) continue;
      const std::string key = name.substr(asked.bucket.size() + 1);
      const size_t cut = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size() - asked.bucket.size() - 1);
      const std::string item = cut == key.npos ? fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>",
                                                             percent_encoded(key), body.size())
                                               : fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                                                             percent_encoded(key.substr(0, cut + 1)));
      if (std::ranges::find(items, item) == items.end()) items.push_back(item);
    }
    const size_t begin = asked.has("continuation-token") ? std::stoull(asked.query.at("continuation-token")) : 0;
    const size_t end = std::min(items.size(), begin + 2);
    std::string xml = "<ListBucketResult><EncodingType>url</EncodingType>";
    for (size_t i = begin; i < end; ++i) xml += items[i];
    if (end < items.size())
      xml += fmt::format("<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>", end);
    return {{200, {}, xml + "</ListBucketResult>"}};
  }

  mutable std::mutex mutex_;
  std::vector<Asked> log_;
  int last_upload_ = 0;
};

// A session with such a store, whose pauses take no time.
struct Bench {
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
  std::vector<std::chrono::milliseconds> pauses;
  std::chrono::system_clock::time_point now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 30};

  static S3Options usual_options() {
    return {.region = "eu-west-1",
            .endpoint = "https://store.example",
            .credentials = S3Credentials{"AKIDEXAMPLE", "very/secret+key"},
            .part_size = 100'000,
            .max_concurrency = 4};
  }

  std::shared_ptr<Session> session(S3Options options = usual_options()) {
    Surroundings world{.environment = [](const std::string&) { return std::nullopt; },
                       .now = [this] { return now; },
                       .transport = store.get()};
    return std::make_shared<Session>(std::move(options), store, world, [this](auto pause, auto&) {
      const std::lock_guard lock(mutex_);
      pauses.push_back(pause);
    });
  }

 private:
  std::mutex mutex_;
};

inline std::string some_text(size_t size, uint32_t seed = 1) {
  std::string text(size, '\0');
  std::mt19937 dice(seed);
  for (char& letter : text) letter = static_cast<char>(dice());
  return text;
}

}  // namespace okibi::s3::testing_help
