#include "s3/secrets.h"

#include <algorithm>

namespace okibi::s3 {
namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool is_same(char a, char b) { return lower(a) == lower(b); }

std::string without(std::string_view text, std::string_view secret) {
  std::string out;
  for (;;) {
    const auto found = std::ranges::search(text, secret, is_same);
    out.append(text.begin(), found.begin());
    if (found.empty()) return out;
    out += "…";
    text = {found.end(), text.end()};
  }
}

}  // namespace

std::string without_secrets(std::string_view text, const std::vector<std::string>& secrets) {
  std::string out(text);
  for (const std::string& secret : secrets) {
    if (!secret.empty()) out = without(out, secret);
  }
  return out;
}

}  // namespace okibi::s3
