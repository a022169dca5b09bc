#include "s3/addressing.h"

#include <fmt/format.h>

#include <algorithm>

#include "s3/sign.h"
#include "s3/urls.h"

namespace okibi::s3 {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_small_letter(char letter) { return letter >= 'a' && letter <= 'z'; }
bool is_large_letter(char letter) { return letter >= 'A' && letter <= 'Z'; }

bool may_stand_in_a_bucket(char letter) {
  return is_digit(letter) || is_small_letter(letter) || is_large_letter(letter) || letter == '.' || letter == '-' ||
         letter == '_';
}

// A label of a host's name, or several with dots between.
bool is_dns_name(std::string_view text) {
  if (text.size() < 3 || text.size() > 63 || text.find("..") != text.npos) return false;
  const auto good = [](char letter) {
    return is_digit(letter) || is_small_letter(letter) || letter == '.' || letter == '-';
  };
  const auto good_end = [](char letter) { return is_digit(letter) || is_small_letter(letter); };
  return std::ranges::all_of(text, good) && good_end(text.front()) && good_end(text.back());
}

bool is_address(std::string_view host) {
  return host.starts_with('[') ||
         std::ranges::all_of(host, [](char letter) { return is_digit(letter) || letter == '.'; });
}

std::string query_text(const Query& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.empty() ? '?' : '&', percent_encoded(name), percent_encoded(value));
  }
  return text;
}

Error bad_bucket(const std::string& bucket, ErrorKind kind, std::string sentence) {
  return Error(kind, std::move(sentence)).at("bucket", printable(bucket, 200));
}

}  // namespace

bool is_amazon_host(std::string_view host) {
  return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
}

void check_bucket(const std::string& bucket) {
  if (bucket.starts_with("arn:")) {
    throw bad_bucket(bucket, ErrorKind::unsupported, "okibi does not know ARNs of access points")
        .hint("Give the access point's alias, which stands where a bucket's name does.");
  }
  if (bucket.ends_with("--x-s3")) {
    throw bad_bucket(bucket, ErrorKind::unsupported, "okibi cannot talk to directory buckets (S3 Express One Zone)")
        .hint("Use a bucket of the general kind.");
  }
  if (!bucket.empty() && bucket.size() <= 255 && std::ranges::all_of(bucket, may_stand_in_a_bucket)) return;
  throw bad_bucket(bucket, ErrorKind::bad_argument, "is no name of a bucket")
      .expected("letters, digits, dots, hyphens and underscores");
}

bool is_region(std::string_view text) {
  const auto good = [](char letter) { return is_digit(letter) || is_small_letter(letter) || letter == '-'; };
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, good);
}

const S3Uri& object_at(const S3Uri& where) {
  check_bucket(where.bucket);
  if (!where.key.empty()) return where;
  throw Error(ErrorKind::bad_argument, "names a bucket, not an object")
      .expected("s3://bucket/key")
      .at("", uri_of(where));
}

std::string uri_of(const S3Uri& where) {
  return printable("s3://" + where.bucket + (where.key.empty() ? "" : "/" + where.key), 600);
}

Addressing::Addressing(const S3Options& options)
    : force_path_style_(options.force_path_style), force_virtual_host_(options.force_virtual_host) {
  if (options.endpoint.empty()) return;
  const UrlParts parts = in_context("option", "endpoint", [&] { return split_url(options.endpoint); });
  if (!parts.query.empty()) {
    throw Error(ErrorKind::bad_argument, "an endpoint has no query").expected("https://host").at("option", "endpoint");
  }
  scheme_ = parts.scheme;
  authority_ = parts.authority();
  folder_ = parts.path;
  while (folder_.ends_with('/')) folder_.pop_back();
  is_amazon_ = is_amazon_host(parts.host);
  is_address_ = is_address(parts.host);
}

bool Addressing::is_host(const std::string& bucket) const {
  if (force_path_style_ || is_address_ || !is_dns_name(bucket)) return false;
  if (is_secure() && bucket.find('.') != bucket.npos) return false;
  return is_amazon_ || force_virtual_host_;
}

std::string Addressing::endpoint() const {
  return is_amazon_ ? "" : fmt::format("{}://{}{}", scheme_, authority_, folder_);
}

std::string Addressing::authority(const std::string& region) const {
  if (!authority_.empty()) return authority_;
  return fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

std::string Addressing::url(const S3Uri& where, const Query& query, const std::string& region,
                            const std::string& host) const {
  check_bucket(where.bucket);
  const std::string key = percent_encoded(where.key, true), rest = query_text(query);
  // A host that a redirect named has the bucket in it exactly where ours would have.
  const std::string base = host.empty() ? authority(region) : host;
  if (is_host(where.bucket)) {
    const std::string name = host.empty() ? where.bucket + "." + base : base;
    return fmt::format("{}://{}{}/{}{}", scheme_, name, folder_, key, rest);
  }
  return fmt::format("{}://{}{}/{}{}{}{}", scheme_, base, folder_, where.bucket, where.key.empty() ? "" : "/", key,
                     rest);
}

}  // namespace okibi::s3
