#include <okibi/s3.h>

#include "s3/http.h"

namespace okibi {
namespace {

constexpr std::string_view scheme = "s3://";

Error bad_uri(const std::string& uri, std::string sentence) {
  return Error(ErrorKind::bad_argument, std::move(sentence)).expected("s3://bucket/key").at("", printable(uri, 300));
}

}  // namespace

S3Uri parse_s3_uri(const std::string& uri) {
  if (store::scheme_of(uri) != "s3") throw bad_uri(uri, "is no URI of S3");
  const std::string_view rest = std::string_view(uri).substr(scheme.size());
  const size_t slash = rest.find('/');
  const std::string_view bucket = rest.substr(0, slash);
  if (bucket.empty()) throw bad_uri(uri, "the URI names no bucket");
  return {std::string(bucket), slash == rest.npos ? "" : std::string(rest.substr(slash + 1))};
}

}  // namespace okibi

namespace okibi::s3 {
namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool equal_in_any_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const std::string* find_header(const Headers& headers, std::string_view name) noexcept {
  for (const auto& [found, value] : headers) {
    if (equal_in_any_case(found, name)) return &value;
  }
  return nullptr;
}

}  // namespace okibi::s3
