// A module as PyTorch's repr prints it.
#include <fmt/format.h>

#include <ostream>

#include "nn/layer_table.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

bool is_printed(Print print, const Value& value) {
  switch (print) {
    case Print::value:
    case Print::name_value:
      return true;
    case Print::unless_none:
    case Print::unless_none_last:
      return !value.is_none();
    case Print::unless_false:
      return !(value == Value(false));
    case Print::unless_two:
      return !(value == Value(2));
    case Print::never:
    case Print::has_parameter:
      return false;
  }
  return false;
}

bool has_parameter(const Module& module, std::string_view name) {
  for (const auto& [known, tensor] : ModuleAccess::state(module).parameters) {
    if (known == name) return tensor.defined();
  }
  return false;
}

std::string one_text(const std::string& name, Print print, const Value& value) {
  if (!is_printed(print, value)) return {};
  return print == Print::value ? repr(value) : fmt::format("{}={}", name, repr(value));
}

// What stands between the parentheses: "2, 8, padding_idx=0".
std::string attributes_text(const Module& module) {
  std::string text, last;
  const auto append = [&](const std::string& part) { text += (text.empty() || part.empty() ? "" : ", ") + part; };
  const Layer* layer = find_layer(module.python_class());
  if (layer == nullptr) return text;
  auto attribute = module.attributes().begin();
  for (const auto& [name, print] : layer->attributes) {
    if (print == Print::has_parameter) {
      append(fmt::format("{}={}", name, has_parameter(module, name) ? "True" : "False"));
      continue;
    }
    const std::string one = one_text(std::string(name), print, (attribute++)->second);
    if (print == Print::unless_none_last)
      last = one;
    else
      append(one);
  }
  append(last);
  return text;
}

std::string indented(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

}  // namespace

std::string to_string(const Module& module) {
  std::string text = module.class_name() + '(' + attributes_text(module);
  const auto& children = ModuleAccess::state(module).children;
  for (const auto& [name, child] : children) {
    text += fmt::format("\n  ({}): {}", name, indented(to_string(child)));
  }
  return text + (children.empty() ? ")" : "\n)");
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << to_string(module); }

}  // namespace okibi::nn
