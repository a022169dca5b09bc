// A module as PyTorch's repr prints it.
#include <fmt/format.h>

#include <ostream>

#include "nn/layer_table.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

// n, or a tuple of nothing else.
bool is_all(const Value& value, int64_t n) {
  if (!value.is_tuple()) return value == Value(n);
  for (size_t i = 0; i < value.size(); ++i) {
    if (!(value[i] == Value(n))) return false;
  }
  return true;
}

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
    case Print::unless_true:
      return !(value == Value(true));
    case Print::unless_zero:
    case Print::ahead_unless_zero:
      return !is_all(value, 0);
    case Print::unless_one:
      return !is_all(value, 1);
    case Print::unless_zeros:
      return !(value == Value("zeros"));
    case Print::never:
    case Print::has_parameter:
    case Print::if_no_parameter:
    case Print::all_parameters:
      return false;
  }
  return false;
}

std::string one_text(const std::string& name, Print print, const Value& value) {
  if (!is_printed(print, value)) return {};
  const bool is_bare = value.is_string() && (print == Print::unless_zero || print == Print::unless_zeros);
  const std::string text = is_bare ? value.to_string() : repr(value);
  return print == Print::value ? text : fmt::format("{}={}", name, text);
}

// What stands between the parentheses: "2, 8, padding_idx=0".
std::string attributes_text(const Module& module) {
  std::string text, last;
  const auto append = [&](const std::string& part) { text += (text.empty() || part.empty() ? "" : ", ") + part; };
  const Layer* layer = find_layer(module.python_class());
  if (layer == nullptr) return text;
  for (const auto& [name, print] : layer->attributes) {
    if (print == Print::has_parameter || print == Print::if_no_parameter) {
      const bool has = parameter_named(module, name).defined();
      if (!has || print == Print::has_parameter) append(fmt::format("{}={}", name, has ? "True" : "False"));
      continue;
    }
    const Value* value = find_attribute(module, name);  // PyTorch leaves some out
    const std::string one = one_text(std::string(name), print, value == nullptr ? Value() : *value);
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

// "(0-2): 3 x Linear(…)": of a list's children that are alike and follow each other, one is printed, since PyTorch 2.0.
std::string children_text(const Module& module) {
  const auto& children = ModuleAccess::state(module).children;
  const bool joins = module.python_class() == "torch.nn.modules.container.ModuleList";
  std::vector<std::string> each;
  for (const auto& [name, child] : children) each.push_back(indented(to_string(child)));
  std::string text;
  for (size_t first = 0, end = 0; first < children.size(); first = end) {
    end = first + 1;
    while (joins && end < children.size() && each[end] == each[first]) ++end;
    const size_t count = end - first;
    text += count == 1 ? fmt::format("\n  ({}): {}", children[first].first, each[first])
                       : fmt::format("\n  ({}-{}): {} x {}", first, end - 1, count, each[first]);
  }
  return text;
}

}  // namespace

std::string to_string(const Module& module) {
  const std::string children = children_text(module);
  return module.class_name() + '(' + attributes_text(module) + children + (children.empty() ? ")" : "\n)");
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << to_string(module); }

}  // namespace okibi::nn
