// s3/urls.h: the parts of a URL that a signature and a rule about hosts need.
#pragma once

#include <string>
#include <string_view>

namespace okibi::s3 {

// Views into the text that was split, which must outlive them. Error(bad_argument) for what is no http:// or https://
// URL, and for one that might be read in two ways: a name and password before the host, blanks, backslashes, control
// characters.
struct UrlParts {
  std::string_view scheme;  // "http" or "https"
  std::string_view host;    // "example.com", "[::1]"
  std::string_view port;    // "9000", or empty where it is the scheme's own
  std::string_view path;    // "/" at least
  std::string_view query;   // without its "?"

  std::string authority() const;  // what a Host header says: "example.com:9000"
};
UrlParts split_url(std::string_view url);

}  // namespace okibi::s3
