#include "s3/sign.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>

#include "s3/urls.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
constexpr std::chrono::seconds longest_lapse{7 * 24 * 3600};

// Changed, added or eaten by proxies and load balancers on the way, so that a signature over them breaks there.
constexpr std::array unsigned_headers = {"accept-encoding", "connection",        "expect",
                                         "user-agent",      "transfer-encoding", "x-amzn-trace-id"};
// What an earlier signature put there.
constexpr std::array signature_headers = {"authorization", "x-amz-date", "x-amz-security-token"};

using Digest = std::array<unsigned char, 32>;

std::string hex(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

[[noreturn]] void crypto_failed() {
  throw Error(ErrorKind::internal, "OpenSSL cannot compute SHA-256")
      .hint("Its configuration on this machine may forbid it: look into openssl.cnf.");
}

Digest sha256(const Body& bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool good = hash && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1;
  for (const Body::Piece& piece : bytes.pieces()) {
    good = good && EVP_DigestUpdate(hash.get(), piece.data(), piece.size()) == 1;
  }
  Digest digest;
  if (!good || EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr) != 1) crypto_failed();
  return digest;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, text.size(), digest.data(), nullptr) ==
      nullptr)
    crypto_failed();
  return digest;
}

Digest hmac(const Digest& key, std::string_view text) {
  return hmac(std::string_view(reinterpret_cast<const char*>(key.data()), key.size()), text);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& letter : out) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return out;
}

// " a   b " → "a b".
std::string collapsed(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const bool blank = letter == ' ' || letter == '\t';
    if (!blank) out += letter;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

bool is_one_of(std::string_view name, std::span<const char* const> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view other) { return name == other; });
}

// Lower-case name → value, sorted. The values of a name that comes twice are one list (RFC 9110, 5.2).
using SignedHeaders = std::map<std::string, std::string>;

SignedHeaders headers_to_sign(const Headers& headers, const std::string& host) {
  SignedHeaders chosen;
  for (const auto& [name, value] : headers) {
    const std::string key = lower(name);
    if (is_one_of(key, unsigned_headers)) continue;
    const auto [at, is_new] = chosen.try_emplace(key, collapsed(value));
    if (!is_new) at->second += "," + collapsed(value);
  }
  chosen.try_emplace("host", host);
  return chosen;
}

std::string names_of(const SignedHeaders& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names.append(names.empty() ? "" : ";").append(name);
  return names;
}

// S3 takes paths as they are sent; the other services encode what is already encoded once more.
std::string canonical_path(std::string_view path, std::string_view service) {
  return service.starts_with("s3") ? std::string(path) : percent_encoded(path, true);
}

// Sorted by name, then by value, each parameter with its '='.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    const size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) parameters.emplace_back(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string text;
  for (const auto& [name, value] : parameters) {
    fmt::format_to(std::back_inserter(text), "{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

std::string canonical_request(std::string_view method, const UrlParts& url, std::string_view service,
                              const SignedHeaders& headers, std::string_view payload_hash) {
  std::string text = fmt::format("{}\n{}\n{}\n", method, canonical_path(url.path, service), canonical_query(url.query));
  for (const auto& [name, value] : headers) fmt::format_to(std::back_inserter(text), "{}:{}\n", name, value);
  return text + fmt::format("\n{}\n{}", names_of(headers), payload_hash);
}

// "20130524T000000Z".
std::string timestamp(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

// "20130524/us-east-1/s3/aws4_request": what a signature is good for.
std::string scope_text(const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", timestamp(scope.now).substr(0, 8), scope.region, scope.service);
}

std::string signature_of(std::string_view canonical, const S3Credentials& credentials, const SigningScope& scope) {
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, timestamp(scope.now), scope_text(scope),
                                          sha256_hex(as_bytes(canonical)));
  const Digest day = hmac("AWS4" + credentials.secret_access_key, timestamp(scope.now).substr(0, 8));
  const Digest key = hmac(hmac(hmac(day, scope.region), scope.service), "aws4_request");
  return hex(hmac(key, to_sign));
}

void remove_signature(Headers& headers) {
  std::erase_if(headers, [](const auto& header) { return is_one_of(lower(header.first), signature_headers); });
}

void check_lapse(std::chrono::seconds lapses_after) {
  if (lapses_after >= std::chrono::seconds(1) && lapses_after <= longest_lapse) return;
  throw Error(ErrorKind::bad_argument, "a presigned URL cannot be good for so long")
      .expected("1 to 604800 seconds (7 days)")
      .found(fmt::format("{} seconds", lapses_after.count()));
}

}  // namespace

std::string percent_encoded(std::string_view text, bool keep_slashes) {
  constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char letter : text) {
    if (kept.find(letter) != kept.npos || (keep_slashes && letter == '/')) {
      out += letter;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(letter));
    }
  }
  return out;
}

std::string sha256_hex(const Body& bytes) { return hex(sha256(bytes)); }

void sign(Request& request, const S3Credentials& credentials, const SigningScope& scope) {
  remove_signature(request.headers);
  request.headers.emplace_back("x-amz-date", timestamp(scope.now));
  if (find_header(request.headers, "x-amz-content-sha256") == nullptr)
    request.headers.emplace_back("x-amz-content-sha256", sha256_hex(request.body));
  if (!credentials.session_token.empty())
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);

  const std::string payload_hash = *find_header(request.headers, "x-amz-content-sha256");
  const UrlParts url = split_url(request.url);
  const SignedHeaders headers = headers_to_sign(request.headers, url.authority());
  const std::string canonical = canonical_request(request.method, url, scope.service, headers, payload_hash);
  request.headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, credentials.access_key_id,
                  scope_text(scope), names_of(headers), signature_of(canonical, credentials, scope)));
}

std::string presigned_url(const std::string& method, const std::string& url, const S3Credentials& credentials,
                          const SigningScope& scope, std::chrono::seconds lapses_after) {
  check_lapse(lapses_after);
  std::string whole = fmt::format("{}{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}", url,
                                  url.find('?') == url.npos ? '?' : '&', algorithm,
                                  percent_encoded(credentials.access_key_id + "/" + scope_text(scope)),
                                  timestamp(scope.now), lapses_after.count());
  if (!credentials.session_token.empty())
    whole += "&X-Amz-Security-Token=" + percent_encoded(credentials.session_token);
  whole += "&X-Amz-SignedHeaders=host";

  const UrlParts parts = split_url(whole);
  const SignedHeaders headers = {{"host", parts.authority()}};
  const std::string canonical = canonical_request(method, parts, scope.service, headers, unsigned_payload);
  return whole + "&X-Amz-Signature=" + signature_of(canonical, credentials, scope);
}

}  // namespace okibi::s3
