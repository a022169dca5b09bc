// Ranges of objects: that what comes is what was asked for, and of the same version as all before.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "s3/attempts.h"
#include "s3/errors_in_words.h"
#include "s3/session.h"

namespace okibi::s3 {
namespace {

constexpr uint64_t worthy_progress = 16 << 10;  // below it, a server that sends byte by byte would never end
constexpr std::string_view how_to_do_without_ranges = "Download the file, and give its path.";

// "bytes 0-499/1234" (RFC 9110, 14.4): first and last byte, and the size of the whole.
struct ContentRange {
  uint64_t first, last, size;
};

std::optional<uint64_t> number_in(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ContentRange> content_range(const Headers& headers) {
  const std::string* header = find_header(headers, "content-range");
  if (header == nullptr || !header->starts_with("bytes ")) return std::nullopt;
  const std::string_view text = std::string_view(*header).substr(6);
  const size_t hyphen = std::min(text.find('-'), text.size()), slash = std::min(text.find('/'), text.size());
  if (hyphen >= slash || slash == text.size()) return std::nullopt;
  const auto first = number_in(text.substr(0, hyphen)), last = number_in(text.substr(hyphen + 1, slash - hyphen - 1));
  const auto size = number_in(text.substr(slash + 1));
  if (!first || !last || !size || *first > *last || *last >= *size) return std::nullopt;
  return ContentRange{*first, *last, *size};
}

std::optional<uint64_t> content_length(const Headers& headers) {
  const std::string* text = find_header(headers, "content-length");
  return text != nullptr ? number_in(*text) : std::nullopt;
}

// A weak one ("W/…") may stay the same while bytes change.
std::string strong_etag(const Headers& headers) {
  const std::string* etag = find_header(headers, "etag");
  return etag == nullptr || etag->starts_with("W/") ? "" : *etag;
}

// What servers without a strong ETag tell versions by: other signs are taken for another version.
std::string signs_in(const Headers& headers) {
  std::string signs;
  for (const char* name : {"etag", "last-modified", "x-amz-version-id"}) {
    const std::string* value = find_header(headers, name);
    signs += (value != nullptr ? *value : "") + "\n";
  }
  return signs;
}

Version version_in(const Headers& headers) {
  const std::string etag = strong_etag(headers);
  return {.etag = etag, .signs = etag.empty() ? signs_in(headers) : ""};
}

std::string found_in(const Response& head) {
  const std::string* range = find_header(head.headers, "content-range");
  if (range == nullptr) return fmt::format("{} with no range", head.status);
  const bool is_one = content_range(head.headers).has_value();  // what is none may repeat a secret
  return fmt::format("{} with {}", head.status, is_one ? printable(*range, 100) : "what is no range");
}

Error no_ranges(const Operation& get) {
  return Error(ErrorKind::unsupported, fmt::format("{}: the server sends no parts of files, only whole ones", get.name))
      .hint(how_to_do_without_ranges)
      .at("", place_of(get));
}

Error replaced(const Operation& get) {
  return Error(ErrorKind::mismatch, fmt::format("{}: the object was replaced while it was read", get.name))
      .hint("Read it again from the start.")
      .at("", place_of(get));
}

// One range on its way.
class RangeReading {
 public:
  RangeReading(const Operation& get, const Version& version, uint64_t offset, uint64_t length,
               const Session::Take& take)
      : get_(get), version_(version), offset_(offset), left_(length), take_(take) {}

  Headers headers() const {
    Headers headers = get_.headers;
    headers.emplace_back("Range", fmt::format("bytes={}-{}", offset_, offset_ + left_ - 1));
    if (!version_.etag.empty()) headers.emplace_back("If-Match", version_.etag);
    return headers;
  }

  void receive(const Response& head, std::span<const std::byte> part) {
    if (part.empty()) return check(head);
    if (part.size() > left_) throw other_bytes(head);
    offset_ += part.size(), left_ -= part.size();
    take_(part);
  }

  uint64_t left() const noexcept { return left_; }

 private:
  void check(const Response& head) const {
    if (head.status == 200) return check_whole(head);
    const auto range = content_range(head.headers);
    if (head.status != 206 || !range) throw other_bytes(head);
    check_version(head, range->size);
    if (range->first != offset_ || range->last != offset_ + left_ - 1) throw other_bytes(head);
  }

  void check_whole(const Response& head) const {
    const auto size = content_length(head.headers);
    if (offset_ != 0 || size != left_) throw no_ranges(get_);
    check_version(head, *size);
  }

  void check_version(const Response& head, uint64_t size) const {
    const auto [_, etag, signs] = version_in(head.headers);
    if (size != version_.size || etag != version_.etag || signs != version_.signs) throw replaced(get_);
  }

  Error other_bytes(const Response& head) const {
    return Error(ErrorKind::io, fmt::format("{}: the server sent other bytes than it was asked for", get_.name))
        .expected(fmt::format("206 with bytes {}-{}/{}", offset_, offset_ + left_ - 1, version_.size))
        .found(found_in(head))
        .at("", place_of(get_));
  }

  const Operation& get_;
  const Version& version_;
  uint64_t offset_, left_;
  const Session::Take& take_;
};

// The end of an object of which nothing is known yet.
class TailReading {
 public:
  TailReading(const Operation& get, uint64_t most) : get_(get), most_(most) {}

  Operation operation() const {
    Operation operation = get_;
    operation.headers.emplace_back("Range", fmt::format("bytes=-{}", most_));
    return operation;
  }

  void receive(const Response& head, std::span<const std::byte> part) {
    if (part.empty()) return begin(head);
    if (part.size() > expected_ - tail_.bytes.size()) throw bad_answer(head);
    tail_.bytes.insert(tail_.bytes.end(), part.begin(), part.end());
  }

  Tail finish(const Response& response) {
    if (tail_.bytes.size() != expected_) throw bad_answer(response);
    return std::move(tail_);
  }

 private:
  void begin(const Response& head) {
    tail_ = {version_in(head.headers), {}};
    const auto range = content_range(head.headers);
    if (head.status == 200) return begin_whole(head);
    if (head.status != 206 || !range || range->last + 1 != range->size) throw bad_answer(head);
    if (range->last - range->first + 1 != std::min(most_, range->size)) throw bad_answer(head);
    tail_.version.size = range->size;
    expect(range->last - range->first + 1);
  }

  void begin_whole(const Response& head) {
    const auto size = content_length(head.headers);
    if (!size || *size > most_kept) throw no_ranges(get_);
    tail_.version.size = *size;
    expect(*size);
  }

  void expect(uint64_t size) {
    expected_ = size;
    tail_.bytes.reserve(size);
  }

  Error bad_answer(const Response& head) const {
    return Error(ErrorKind::io, fmt::format("{}: the server sent other bytes than it was asked for", get_.name))
        .expected(fmt::format("206 with the last {} bytes", most_))
        .found(found_in(head))
        .at("", place_of(get_));
  }

  const Operation& get_;
  const uint64_t most_;
  uint64_t expected_ = 0;
  Tail tail_;
};

// An empty object has no last bytes: 416.
Tail empty_tail(Session& session, const Operation& get, const Error& refused) {
  Operation head = get;
  head.name = get.url.empty() ? "HeadObject" : "HEAD";
  head.method = "HEAD";
  const Response response = session.call(head);
  if (content_length(response.headers) != 0u) throw refused;
  return {version_in(response.headers), {}};
}

}  // namespace

void Session::get_range(const Operation& get, const Version& version, uint64_t offset, uint64_t length,
                        const Take& take) {
  RangeReading reading(get, version, offset, length, take);
  Attempts attempts(*this, get);
  while (reading.left() > 0) {
    const uint64_t before = reading.left();
    std::optional<Error> error;
    try {
      const Response response =
          attempts.send(reading.headers(), [&](auto& head, auto part) { reading.receive(head, part); });
      if (reading.left() == 0) break;
      if (response.status == 412) throw replaced(get);
      if (response.status < 300) throw TransportError("the answer ended before its end");
      error = attempts.after(response, fault_in(response));
    } catch (const TransportError& broken) {
      if (before - reading.left() >= worthy_progress) attempts.progressed();
      error = attempts.after(broken);
    }
    if (error) throw *std::move(error);
  }
  attempts.succeeded();
}

Tail Session::get_tail(const Operation& get, uint64_t most) {
  TailReading reading(get, most);
  Reply reply = try_call(reading.operation(), [&](auto& head, auto part) { reading.receive(head, part); });
  if (!reply.error) return reading.finish(reply.response);
  if (reply.response.status == 416) return empty_tail(*this, get, *reply.error);
  throw *std::move(reply.error);
}

}  // namespace okibi::s3
