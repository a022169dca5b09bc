#include "store/signed_url.h"

#include <okibi/store.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace okibi::store {
namespace {

// Without case. The first two begin names: X-Amz-Signature, X-Amz-Credential, X-Goog-Signature …
constexpr std::array<std::string_view, 2> beginnings = {"x-amz-", "x-goog-"};
constexpr std::array<std::string_view, 11> names = {"signature", "sig",     "awsaccesskeyid", "policy",
                                                    "token",     "api_key", "access_token",   "apikey",
                                                    "key",       "auth",    "password"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return out;
}

bool opens_doors(std::string_view parameter) {
  const std::string name = lower(parameter.substr(0, parameter.find('=')));
  const auto begins = [&](std::string_view beginning) { return name.starts_with(beginning); };
  return std::ranges::any_of(beginnings, begins) || std::ranges::find(names, name) != names.end();
}

}  // namespace

bool holds_signature(const std::string& uri) {
  if (!scheme_of(uri).starts_with("http")) return false;
  const size_t query = std::min(uri.find('?'), uri.size());
  for (std::string_view rest = std::string_view(uri).substr(query); !rest.empty();) {
    rest.remove_prefix(1);  // '?', '&'
    const std::string_view parameter = rest.substr(0, rest.find_first_of("&;#"));
    if (opens_doors(parameter)) return true;
    rest.remove_prefix(parameter.size());
  }
  return false;
}

}  // namespace okibi::store
