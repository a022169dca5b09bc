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
      return !value.is_none();
    case Print::unless_false:
      return !(value == Value(false));
    case Print::unless_two:
      return !(value == Value(2));
    case Print::never:
      return false;
  }
  return false;
}

// What stands between the parentheses: "2, 8, padding_idx=0".
std::string attributes_text(const Module& module) {
  std::string text;
  const auto append = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const std::span<const LayerAttribute> facts = layer_attributes(module.python_class());
  for (size_t i = 0; i < facts.size(); ++i) {
    const auto& [name, value] = module.attributes()[i];
    if (!is_printed(facts[i].print, value)) continue;
    append(facts[i].print == Print::value ? repr(value) : fmt::format("{}={}", name, repr(value)));
  }
  // Linear prints the one thing that is no attribute of it: whether the parameter is there.
  if (module.python_class() == "torch.nn.modules.linear.Linear") {
    append(ModuleAccess::state(module).parameters[1].second.defined() ? "bias=True" : "bias=False");
  }
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
