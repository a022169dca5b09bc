#include "s3/xml.h"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace okibi::s3 {

struct Xml::Document {
  pugi::xml_document document;
};

namespace {

// Each element and each attribute takes some ten times the memory of its shortest text. A page of 1000 keys has a tenth
// of so many signs.
constexpr ptrdiff_t most_signs = 500'000;

bool has_too_many_signs(std::string_view text) {
  return std::ranges::count_if(text, [](char letter) { return letter == '<' || letter == '='; }) > most_signs;
}

pugi::xml_node node_of(void* node) { return pugi::xml_node(static_cast<pugi::xml_node_struct*>(node)); }

std::string_view without_prefix(const char* name) {
  const char* colon = std::strchr(name, ':');
  return colon != nullptr ? colon + 1 : name;
}

}  // namespace

std::optional<Xml> Xml::parse(std::string_view text) {
  if (has_too_many_signs(text)) return std::nullopt;
  auto document = std::make_shared<Document>();
  // Entities other than XML's own five are not expanded, and a document type is skipped: nothing grows or is fetched.
  const auto result =
      document->document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  const pugi::xml_node root = document->document.document_element();
  if (!result || !root) return std::nullopt;
  return Xml(std::move(document), root.internal_object());
}

std::string Xml::name() const { return std::string(without_prefix(node_of(node_).name())); }

Xml Xml::child(const char* name) const {
  for (const pugi::xml_node node : node_of(node_).children()) {
    if (without_prefix(node.name()) == name) return {document_, node.internal_object()};
  }
  return {document_, nullptr};
}

std::string Xml::text(const char* name) const { return node_of(child(name).node_).text().get(); }

std::vector<Xml> Xml::children(const char* name) const {
  std::vector<Xml> found;
  for (const pugi::xml_node node : node_of(node_).children()) {
    if (without_prefix(node.name()) == name) found.push_back({document_, node.internal_object()});
  }
  return found;
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

std::string url_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace okibi::s3
