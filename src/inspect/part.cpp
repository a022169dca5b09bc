#include "inspect/part.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace okibi::inspect {
namespace {

std::optional<int64_t> as_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const Value* item_of(const Dict& dict, std::string_view step) {
  if (const Value* found = dict.find(Value(step))) return found;
  const auto number = as_number(step);
  return number ? dict.find(Value(*number)) : nullptr;
}

std::optional<Value> step_into(const Value& value, std::string_view step) {
  if (value.is_dict()) {
    const Value* found = item_of(value.to_dict(), step);
    return found ? std::optional<Value>(*found) : std::nullopt;
  }
  if (value.is_object()) {
    const Object object = value.to_object();
    if (object.has(step)) return object.attribute(step);
    return std::nullopt;
  }
  const auto index = as_number(step);
  if ((value.is_list() || value.is_tuple()) && index && *index >= 0 && *index < static_cast<int64_t>(value.size())) {
    return value.at(*index);
  }
  return std::nullopt;
}

std::string names_of(const Dict& dict) {
  std::string names;
  size_t count = 0;
  for (const auto& [key, item] : dict) {
    if (++count > 20) return names + ", …";
    names += (names.empty() ? "" : ", ") + (key.is_string() ? key.to_string() : repr(key, 10));
  }
  return names;
}

std::string what_is_in(const Value& value) {
  if (value.is_dict()) return "a dict with " + names_of(value.to_dict());
  if (value.is_list() || value.is_tuple()) return fmt::format("a {} of {}", name_of(value.kind()), value.size());
  if (value.is_object() && value.to_object().parts().state.is_dict()) {
    return fmt::format("a {} with {}", value.to_object().python_class(),
                       names_of(value.to_object().parts().state.to_dict()));
  }
  return fmt::format("a {}, which has no parts", name_of(value.kind()));
}

}  // namespace

Value part_of(const Value& root, const std::string& path) {
  Value part = root;
  size_t at = 0;
  while (at < path.size()) {
    size_t end = path.size();  // the longest step first
    std::optional<Value> found;
    while (!(found = step_into(part, std::string_view(path).substr(at, end - at)))) {
      end = path.rfind('.', end - 1);
      if (end == std::string::npos || end <= at) break;
    }
    if (!found) {
      throw Error(ErrorKind::not_found,
                  fmt::format("there is no '{}'{}", path.substr(at), at ? " in " + path.substr(0, at - 1) : ""))
          .found(what_is_in(part));
    }
    part = *found;
    at = end + 1;
  }
  return part;
}

}  // namespace okibi::inspect
