#include "tabular/fields.h"

#include <fmt/format.h>

#include <cmath>

#include "tabular/text.h"

namespace okibi::tabular {
namespace {

Error wrong_kind(const Value& value, const std::string& place, std::string_view expected) {
  return Error(ErrorKind::bad_file, "the file holds something else than expected here")
      .expected(expected)
      .found(name_of(value.kind()))
      .at("", place);
}

}  // namespace

const std::string& text_of(const Value& value, const std::string& place) {
  if (!value.is_string()) throw wrong_kind(value, place, "str");
  return value.to_string();
}

int64_t integer_of(const Value& value, const std::string& place, int64_t least, int64_t most) {
  if (!value.is_int()) throw wrong_kind(value, place, "int");
  const int64_t number = value.to_int();
  if (number < least || number > most) {
    throw Error(ErrorKind::bad_file, "the number makes no sense here")
        .expected(fmt::format("{} to {}", least, most))
        .found(fmt::format("{}", number))
        .at("", place);
  }
  return number;
}

Value real_tensor(double number) { return full({}, number, {float64}); }

double real_of(const Value& value, const std::string& place) {
  if (value.is_tensor() && value.to_tensor().dtype() == float64 && value.to_tensor().dim() == 0 &&
      !value.to_tensor().is_meta())
    return value.to_tensor().item<double>();
  if (!value.is_double() && !value.is_int()) throw wrong_kind(value, place, "float");
  return value.to_double();
}

std::vector<Value> list_of(const Value& value, const std::string& place) {
  if (value.is_tuple()) return value.to_tuple().items();
  if (!value.is_list()) throw wrong_kind(value, place, "list");
  return value.to_list().items();
}

std::string keys_of(const Value& value) {
  std::vector<std::string> keys;
  if (!value.is_dict()) return fmt::format("no keys: it is a {}", name_of(value.kind()));
  for (const auto& [key, ignored] : value.to_dict()) keys.push_back(key.is_string() ? key.to_string() : repr(key, 100));
  return keys.empty() ? "no keys" : "the keys " + listed(keys);
}

Fields::Fields(const Value& value, std::string place) : value_(value), place_(std::move(place)) {
  if (!value.is_dict()) throw wrong_kind(value, place_, "dict");
}

bool Fields::has(std::string_view key) const { return value_.contains(key); }

const Value& Fields::value(std::string_view key) const {
  if (!value_.contains(key)) {
    throw Error(ErrorKind::bad_file, fmt::format("the key '{}' is missing; there are {}", key, keys_of(value_)))
        .at("", place_);
  }
  return value_[key];
}

std::string Fields::place_of(std::string_view key) const {
  return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
}

const std::string& Fields::text(std::string_view key) const { return text_of(value(key), place_of(key)); }
double Fields::real(std::string_view key) const { return real_of(value(key), place_of(key)); }
std::vector<Value> Fields::list(std::string_view key) const { return list_of(value(key), place_of(key)); }

int64_t Fields::integer(std::string_view key, int64_t least, int64_t most) const {
  return integer_of(value(key), place_of(key), least, most);
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  std::vector<std::string> texts;
  for (const Value& item : list(key)) texts.push_back(text_of(item, place_of(key)));
  return texts;
}

std::vector<int64_t> Fields::integers(std::string_view key, int64_t least) const {
  std::vector<int64_t> numbers;
  for (const Value& item : list(key))
    numbers.push_back(integer_of(item, place_of(key), least, std::numeric_limits<int64_t>::max()));
  return numbers;
}

std::vector<Fields> Fields::dicts(std::string_view key) const {
  std::vector<Fields> dicts;
  for (const Value& item : list(key)) dicts.emplace_back(item, fmt::format("{}.{}", place_of(key), dicts.size()));
  return dicts;
}

}  // namespace okibi::tabular
