#include "s3/urls.h"

#include <okibi/base.h>

#include <algorithm>

namespace okibi::s3 {
namespace {

constexpr std::string_view separator = "://";

// Neither a query (that of a presigned URL is as good as a key) nor a name and password stand in messages.
std::string shown(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t at = url.rfind('@');
  return printable(at == url.npos ? url : url.substr(at), 300);
}

Error no_url(std::string_view url, std::string sentence) {
  return Error(ErrorKind::bad_argument, std::move(sentence))
      .expected("http://host/path or https://host/path, percent-encoded")
      .at("", shown(url));
}

bool may_stand_in_a_url(char letter) { return letter > ' ' && letter < 0x7f && letter != '\\'; }

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string_view scheme_in(std::string_view url) {
  for (const std::string_view scheme : {"https", "http"}) {
    if (url.starts_with(scheme) && url.substr(scheme.size()).starts_with(separator)) return scheme;
  }
  throw no_url(url, "is no URL of HTTP");
}

// Cuts at the first of `marks`: what stands before it, and the rest from it on.
std::pair<std::string_view, std::string_view> cut(std::string_view text, std::string_view marks) {
  const size_t at = std::min(text.find_first_of(marks), text.size());
  return {text.substr(0, at), text.substr(at)};
}

// "[::1]:9000" has colons of its own.
size_t end_of_host(std::string_view authority) {
  if (!authority.starts_with('[')) return std::min(authority.find(':'), authority.size());
  const size_t bracket = authority.find(']');
  return bracket == authority.npos ? bracket : bracket + 1;
}

bool is_port(std::string_view text) {
  return text.empty() || (text[0] == ':' && text.size() <= 6 && std::all_of(text.begin() + 1, text.end(), is_digit));
}

void set_authority(UrlParts& parts, std::string_view authority, std::string_view url) {
  const size_t end = end_of_host(authority);
  if (end == 0 || end == authority.npos || authority.find('@') != authority.npos || !is_port(authority.substr(end)))
    throw no_url(url, "the URL's host is not understood");
  parts.host = authority.substr(0, end);
  if (end + 1 < authority.size()) parts.port = authority.substr(end + 1);
  if (parts.port == (parts.scheme == "https" ? "443" : "80")) parts.port = {};
}

}  // namespace

std::string UrlParts::authority() const {
  std::string text(host);
  if (!port.empty()) text.append(":").append(port);
  return text;
}

UrlParts split_url(std::string_view url) {
  if (!std::all_of(url.begin(), url.end(), may_stand_in_a_url))
    throw no_url(url, "the URL holds a character that must be percent-encoded");
  UrlParts parts;
  parts.scheme = scheme_in(url);
  const auto [authority, target] = cut(url.substr(parts.scheme.size() + separator.size()), "/?#");
  set_authority(parts, authority, url);
  const auto [path, query] = cut(cut(target, "#").first, "?");
  parts.path = path.empty() ? "/" : path;
  parts.query = query.substr(query.empty() ? 0 : 1);
  return parts;
}

}  // namespace okibi::s3
