#include "script/plan/pattern.h"

#include <algorithm>

namespace okibi::script {
namespace {

std::vector<Value> filled_items(const Pattern& pattern, std::span<const Value> registers) {
  std::vector<Value> items;
  items.reserve(pattern.items.size());
  for (const Pattern& item : pattern.items) items.push_back(filled(item, registers));
  return items;
}

Dict filled_dict(const Pattern& pattern, std::span<const Value> registers) {
  Dict dict;
  for (size_t i = 0; i + 1 < pattern.items.size(); i += 2) {
    dict.set(filled(pattern.items[i], registers), filled(pattern.items[i + 1], registers));
  }
  return dict;
}

}  // namespace

Value filled(const Pattern& pattern, std::span<const Value> registers) {
  switch (pattern.kind) {
    case Pattern::Kind::constant:
      return pattern.constant;
    case Pattern::Kind::copied:
      return pattern.constant.to_tensor().clone();
    case Pattern::Kind::reg:
      return registers[pattern.reg];
    case Pattern::Kind::list:
      return List(filled_items(pattern, registers));
    case Pattern::Kind::tuple:
      return Tuple(filled_items(pattern, registers));
    case Pattern::Kind::dict:
      return filled_dict(pattern, registers);
  }
  return {};
}

namespace {

// A list of registers and constants, as cat and stack take it.
bool is_flat_list(const Pattern& pattern) {
  return pattern.kind == Pattern::Kind::list &&
         std::ranges::all_of(pattern.items, [](const Pattern& item) { return item.is_reg() || item.is_constant(); });
}

}  // namespace

Value unfilled(const Pattern& pattern) {
  if (pattern.is_constant()) return pattern.constant;
  if (!is_flat_list(pattern)) return {};
  std::vector<Value> items;
  for (const Pattern& item : pattern.items) items.push_back(unfilled(item));
  return List(std::move(items));
}

void fill(Value& value, const Pattern& pattern, std::span<const Value> registers) {
  if (pattern.is_constant()) return;
  if (!is_flat_list(pattern)) return void(value = filled(pattern, registers));
  for (size_t i = 0; i < pattern.items.size(); ++i) fill(value.to_list()[i], pattern.items[i], registers);
}

void empty_again(Value& value, const Pattern& pattern) {
  if (pattern.is_constant()) return;
  if (!is_flat_list(pattern)) return void(value = {});
  for (size_t i = 0; i < pattern.items.size(); ++i) empty_again(value.to_list()[i], pattern.items[i]);
}

std::optional<Value> constant_in(const Pattern& pattern) {
  bool has_reg = false;
  for_each_reg(pattern, [&](uint32_t) { has_reg = true; });
  if (has_reg) return std::nullopt;
  return filled(pattern, {});
}

void for_each_reg(const Pattern& pattern, const std::function<void(uint32_t)>& visit) {
  if (pattern.is_reg()) visit(pattern.reg);
  for (const Pattern& item : pattern.items) for_each_reg(item, visit);
}

void change_each_reg(Pattern& pattern, const std::function<void(Pattern&)>& change) {
  if (pattern.is_reg()) return change(pattern);
  for (Pattern& item : pattern.items) change_each_reg(item, change);
}

}  // namespace okibi::script
