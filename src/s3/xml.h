// s3/xml.h: the store's answers in XML, which are hostile as every file is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace okibi::s3 {

// An element of an answer. Elements that are not there are as good as empty ones. It keeps its document alive.
class Xml {
 public:
  // nullopt where the text is not XML, or has more elements and attributes than any answer of a store.
  static std::optional<Xml> parse(std::string_view text);

  std::string name() const;                           // of the element itself, without a namespace's prefix
  std::string text(const char* child) const;          // what stands in <child>
  Xml child(const char* name) const;                  // the first of that name
  std::vector<Xml> children(const char* name) const;  // all of them, in their order

 private:
  struct Document;
  Xml(std::shared_ptr<const Document> document, void* node) : document_(std::move(document)), node_(node) {}

  std::shared_ptr<const Document> document_;
  void* node_;  // of pugixml, which only xml.cpp knows
};

std::string xml_escaped(std::string_view text);

// "a%2Fb+c" → "a/b c": names as a listing has them with encoding-type=url. What is no escape stays as it stands.
std::string url_decoded(std::string_view text);

}  // namespace okibi::s3
