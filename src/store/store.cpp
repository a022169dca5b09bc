#include <fmt/format.h>
#include <fmt/ranges.h>
#include <okibi/store.h>

#include <algorithm>
#include <vector>

#include "store/local_folder.h"
#include "store/remote.h"

namespace okibi::store {
namespace {

constexpr std::string_view separator = "://";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view scheme_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

Error bad_uri(const std::string& uri, std::string sentence) {
  return Error(ErrorKind::bad_argument, std::move(sentence)).at("", shown(uri));
}

// "%20" → " " (RFC 3986, 2.1).
std::string percent_decoded(std::string_view text, const std::string& uri) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0 || high + low == 0)
      throw bad_uri(uri, "a % in a file:// URI must be followed by two hexadecimal digits");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// file:///path or file://localhost/path (RFC 8089) → /path; a plain path stays as it is.
std::string path_of(const std::string& uri) {
  if (scheme_of(uri).empty()) return uri;
  const std::string_view rest = std::string_view(uri).substr(uri.find(separator) + separator.size());
  const size_t slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  if (slash == std::string_view::npos || (!host.empty() && host != "localhost")) {
    throw bad_uri(uri, "a file:// URI must name a file of this machine by its absolute path")
        .hint("Write file:///folder/file, or the plain path.");
  }
  return percent_decoded(rest.substr(slash), uri);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return out;
}

Scheme local_files() {
  return {[](const std::string& uri) { return std::make_shared<io::FileSource>(path_of(uri)); },
          [](const std::string& uri) { return std::make_unique<io::FileSink>(path_of(uri)); },
          [](const std::string& uri) { return is_local_folder(path_of(uri)); },
          [](const std::string& uri) { return std::make_shared<LocalFolder>(path_of(uri)); }};
}

Error unknown_scheme(const std::string& uri, const std::map<std::string, Scheme>& known) {
  std::vector<std::string> names;
  for (const auto& [name, how] : known) {
    if (!name.empty()) names.push_back(name + std::string(separator));
  }
  return Error(ErrorKind::unsupported,
               fmt::format("{}{} is not among the places that okibi was given", scheme_of(uri), separator))
      .expected(fmt::format("a path, or one of {}", fmt::join(names, ", ")))
      .at("", shown(uri));
}

const Scheme& scheme_for(const std::string& uri, const std::map<std::string, Scheme>& schemes) {
  const auto found = schemes.find(scheme_of(uri));
  if (found == schemes.end()) throw unknown_scheme(uri, schemes);
  return found->second;
}

}  // namespace

std::string scheme_of(const std::string& uri) {
  const size_t end = uri.find(separator);
  if (end == std::string::npos || end == 0) return "";
  const std::string_view scheme = std::string_view(uri).substr(0, end);
  const bool good = letters.find(scheme[0]) != std::string_view::npos &&
                    scheme.find_first_not_of(scheme_letters) == std::string_view::npos;
  return good ? lower(scheme) : "";
}

std::string shown(const std::string& uri) {
  if (!scheme_of(uri).starts_with("http")) return uri;
  const std::string_view plain = std::string_view(uri).substr(0, uri.find_first_of("?#"));
  const size_t host = plain.find(separator) + separator.size();
  const std::string_view authority = plain.substr(host, plain.find('/', host) - host);
  const size_t at = authority.rfind('@');
  return fmt::format("{}{}", plain.substr(0, host), plain.substr(at == authority.npos ? host : host + at + 1));
}

Store::Store() : schemes_{{"", local_files()}, {"file", local_files()}} {}

void Store::add(std::string scheme, Scheme how) { schemes_[lower(scheme)] = std::move(how); }

std::shared_ptr<const io::Source> Store::open(const std::string& uri) const {
  const Scheme& scheme = scheme_for(uri, schemes_);
  if (scheme.open) return scheme.open(uri);
  throw Error(ErrorKind::unsupported, fmt::format("{}{} cannot be read from", scheme_of(uri), separator))
      .at("", shown(uri));
}

std::unique_ptr<io::Sink> Store::create(const std::string& uri) const {
  const Scheme& scheme = scheme_for(uri, schemes_);
  if (scheme.create) return scheme.create(uri);
  throw Error(ErrorKind::unsupported, fmt::format("{}{} cannot be written to", scheme_of(uri), separator))
      .at("", shown(uri));
}

bool Store::is_folder(const std::string& uri) const {
  const Scheme& scheme = scheme_for(uri, schemes_);
  return scheme.is_folder && scheme.is_folder(uri);
}

std::shared_ptr<const Folder> Store::folder(const std::string& uri) const {
  const Scheme& scheme = scheme_for(uri, schemes_);
  if (scheme.folder) return scheme.folder(uri);
  throw Error(ErrorKind::unsupported, fmt::format("{}{} has no folders", scheme_of(uri), separator)).at("", shown(uri));
}

std::vector<Unfinished> Store::unfinished(const std::string& uri) const {
  const Scheme& scheme = scheme_for(uri, schemes_);
  if (scheme.unfinished) return scheme.unfinished(uri);
  throw Error(ErrorKind::unsupported, "only object storage keeps writes that were never finished")
      .hint("What a killed program left of a file, the next one that writes it removes.")
      .at("", shown(uri));
}

Store& default_store() {
  static Store store = [] {
    Store known;
    add_remote_schemes(known);
    return known;
  }();
  return store;
}

}  // namespace okibi::store
