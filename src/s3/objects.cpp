#include "s3/objects.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "s3/errors_in_words.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view metadata_prefix = "x-amz-meta-";
constexpr int attempts_to_ask = 4;  // what can be done without

bool may_stand_in_a_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '-' || letter == '_' || letter == '.';
}

bool is_plain(char letter) { return letter >= ' ' && letter <= '~'; }

void check_metadata(const std::string& name, const std::string& value) {
  const bool good =
      !name.empty() && std::ranges::all_of(name, may_stand_in_a_name) && std::ranges::all_of(value, is_plain);
  if (good) return;
  throw Error(ErrorKind::bad_argument, "metadata of S3 travel in headers, and these cannot")
      .expected("a name of letters, digits and hyphens, and a value of ASCII")
      .at("metadata", printable(name, 100));
}

// "…-3" is a checksum of checksums, not of the object's bytes.
bool is_of_parts(const std::string& checksum) { return checksum.find('-') != std::string::npos; }

// What the store says about itself in headers → an object.
S3Object object_in(const std::string& key, const Headers& headers) {
  S3Object object{.key = key,
                  .etag = header_or_empty(headers, "etag"),
                  .last_modified = header_or_empty(headers, "last-modified"),
                  .storage_class = header_or_empty(headers, "x-amz-storage-class"),
                  .checksum_crc32 = header_or_empty(headers, "x-amz-checksum-crc32"),
                  .content_type = header_or_empty(headers, "content-type")};
  const std::string length = header_or_empty(headers, "content-length");
  std::from_chars(length.data(), length.data() + length.size(), object.size);
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char letter) { return std::tolower(letter); });
    if (lower.starts_with(metadata_prefix)) object.metadata[lower.substr(metadata_prefix.size())] = value;
  }
  const bool is_composite = header_or_empty(headers, "x-amz-checksum-type") == "COMPOSITE";
  if (is_composite || is_of_parts(object.checksum_crc32)) object.checksum_crc32.clear();
  return object;
}

Operation head_operation(const S3Uri& where) {
  return {.name = "HeadObject",
          .method = "HEAD",
          .where = object_at(where),
          .headers = {{"x-amz-checksum-mode", "ENABLED"}}};
}

}  // namespace

std::optional<uint32_t> crc_in_base64(const std::string& text) {
  std::array<unsigned char, 6> bytes = {};
  const bool has_length = text.size() == 8 && text.ends_with("==");
  if (!has_length || EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), 8) < 0) {
    return std::nullopt;
  }
  uint32_t crc = 0;
  for (int i = 0; i < 4; ++i) crc = crc << 8 | bytes[i];
  return base64_of_crc(crc) == text ? std::optional(crc) : std::nullopt;
}

std::string header_or_empty(const Headers& headers, std::string_view name) {
  const std::string* value = find_header(headers, name);
  return value != nullptr ? *value : "";
}

Headers headers_of_new_object(const S3Options& options) {
  Headers headers = {
      {"Content-Type", options.content_type.empty() ? "application/octet-stream" : options.content_type}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) headers.emplace_back(name, value);
  };
  add("x-amz-storage-class", options.storage_class);
  add("x-amz-server-side-encryption", options.sse);
  add("x-amz-server-side-encryption-aws-kms-key-id", options.sse_kms_key_id);
  for (const auto& [name, value] : options.metadata) {
    check_metadata(name, value);
    headers.emplace_back(fmt::format("{}{}", metadata_prefix, name), value);
  }
  return headers;
}

std::string base64_of_crc(uint32_t crc) {
  const std::array<unsigned char, 4> bytes = {static_cast<unsigned char>(crc >> 24),
                                              static_cast<unsigned char>(crc >> 16),
                                              static_cast<unsigned char>(crc >> 8), static_cast<unsigned char>(crc)};
  std::array<unsigned char, 9> text = {};
  EVP_EncodeBlock(text.data(), bytes.data(), bytes.size());
  return reinterpret_cast<const char*>(text.data());
}

void check_stored(const Operation& put, uint32_t sent, const std::string& stored) {
  const std::string expected = base64_of_crc(sent);
  if (stored.empty() || is_of_parts(stored) || stored == expected) return;
  throw Error(ErrorKind::io, fmt::format("{}: the store says that it has other bytes than it was sent", put.name))
      .expected(fmt::format("the CRC-32 {}", expected))
      .found(crc_in_base64(stored) ? stored : "what is none")  // it may repeat a secret
      .hint("They were damaged on their way, or in the store: write them again, and read back what is there.")
      .at("", place_of(put));
}

std::string md5_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, 16> digest = {};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr) != 1) return "";
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

S3Object head_object(Session& session, const S3Uri& where) {
  return object_in(where.key, session.call(head_operation(where)).headers);
}

// Whoever may read an object need not be allowed to ask for its head, and not every store knows the question.
bool is_refusal(int status) { return (status >= 400 && status < 500 && status != 429) || status == 501; }

std::optional<uint32_t> kept_crc(Session& session, const S3Uri& where, const std::string& etag) {
  Operation head = head_operation(where);
  head.max_attempts = attempts_to_ask;
  Reply reply = session.try_call(head);
  if (reply.error && is_refusal(reply.response.status)) return std::nullopt;
  if (reply.error) throw *std::move(reply.error);
  const S3Object object = object_in(where.key, reply.response.headers);
  return object.etag == etag ? crc_in_base64(object.checksum_crc32) : std::nullopt;
}

// S3 says 204 of what was not there, other stores may say 404; but a bucket that does not exist is an error.
void delete_object(Session& session, const S3Uri& where) {
  Reply reply = session.try_call({.name = "DeleteObject", .method = "DELETE", .where = object_at(where)});
  if (reply.error && reply.fault.code != "NoSuchKey") throw *std::move(reply.error);
}

bool is_there(Session& session, const S3Uri& where, const Fingerprint& written) {
  const Reply reply = session.try_call(head_operation(where));
  if (reply.error) return false;
  const S3Object there = object_in(where.key, reply.response.headers);
  if (there.size != written.size) return false;
  if (!there.checksum_crc32.empty() && !written.checksum_crc32.empty())
    return there.checksum_crc32 == written.checksum_crc32;
  return there.etag == written.etag();
}

S3Object put_whole(Session& session, const S3Uri& where, std::span<const std::byte> body, uint32_t crc) {
  const std::string checksum = base64_of_crc(crc);
  Operation put{.name = "PutObject", .method = "PUT", .where = object_at(where), .body = body};
  put.headers = headers_of_new_object(session.options());
  put.headers.emplace_back("x-amz-checksum-crc32", checksum);
  if (session.options().if_none_match) put.headers.emplace_back("If-None-Match", "*");
  Reply reply = session.try_call(put);
  const Fingerprint written{body.size(), checksum, [&] { return '"' + md5_hex(body) + '"'; }};
  if (reply.error && !(reply.in_doubt && is_there(session, where, written))) throw *std::move(reply.error);
  if (!reply.error) check_stored(put, crc, header_or_empty(reply.response.headers, "x-amz-checksum-crc32"));
  return {.key = where.key,
          .size = body.size(),
          .etag = header_or_empty(reply.response.headers, "etag"),
          .checksum_crc32 = checksum};
}

}  // namespace okibi::s3
