#include "nn/type_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace okibi::nn {

std::string full_type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 ? text.get() : type.name();
}

// Template arguments hold "::" of their own, and a local type's function holds parentheses: both end before the last
// "::" that counts, or begin after it.
std::string short_type_name(const std::type_info& type) {
  const std::string full = full_type_name(type);
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i < full.size(); ++i) {
    if (full[i] == '<' || full[i] == '(') ++depth;
    if (full[i] == '>' || full[i] == ')') --depth;
    if (depth == 0 && full[i] == ':') begin = i + 1;
  }
  return full.substr(begin, full.find('<', begin) - begin);
}

}  // namespace okibi::nn
