#include "script/subtype.h"

#include <algorithm>

namespace okibi::script {
namespace {

bool is(const Type& type, TypeKind kind) { return type.kind == kind; }

bool all_subtypes(const std::vector<Type>& types, const std::vector<Type>& of) {
  return types.size() == of.size() && std::ranges::equal(types, of, is_subtype);
}

}  // namespace

bool is_number(const Type& type) {
  return is(type, TypeKind::integer) || is(type, TypeKind::real) || is(type, TypeKind::complex_number) ||
         is(type, TypeKind::number);
}

const Type& without_optional(const Type& type) { return is(type, TypeKind::optional) ? type.items[0] : type; }

Type optional_of(Type type) {
  if (is(type, TypeKind::optional) || is(type, TypeKind::none)) return type;
  return {TypeKind::optional, {}, {std::move(type)}};
}

Type list_of(Type item) { return {TypeKind::list, {}, {std::move(item)}}; }

bool is_subtype(const Type& type, const Type& of) {
  if (type == of || is(of, TypeKind::any)) return true;
  if (is(type, TypeKind::union_of))
    return std::ranges::all_of(type.items, [&](const Type& one) { return is_subtype(one, of); });
  switch (of.kind) {
    case TypeKind::number:
      return is_number(type);
    case TypeKind::optional:
      return is(type, TypeKind::none) || is_subtype(without_optional(type), of.items[0]);
    case TypeKind::union_of:
      if (is(type, TypeKind::optional)) return is_subtype({TypeKind::none}, of) && is_subtype(type.items[0], of);
      return std::ranges::any_of(of.items, [&](const Type& one) { return is_subtype(type, one); });
    case TypeKind::any_list:
      return is(type, TypeKind::list);
    case TypeKind::any_tuple:
      return is(type, TypeKind::tuple);
    case TypeKind::tuple:
    case TypeKind::future:
      return is(type, of.kind) && all_subtypes(type.items, of.items);
    case TypeKind::named:
    case TypeKind::any_enum:
      return is(type, TypeKind::named);
    default:
      return false;
  }
}

std::optional<Type> unified(const Type& a, const Type& b) {
  if (is_subtype(a, b)) return b;
  if (is_subtype(b, a)) return a;
  if (is(a, TypeKind::none)) return optional_of(b);
  if (is(b, TypeKind::none)) return optional_of(a);
  if (is(a, TypeKind::optional) || is(b, TypeKind::optional)) {
    const auto inner = unified(without_optional(a), without_optional(b));
    return inner ? std::optional(optional_of(*inner)) : inner;
  }
  if (!is(a, TypeKind::tuple) || !is(b, TypeKind::tuple) || a.items.size() != b.items.size()) return std::nullopt;
  Type tuple{TypeKind::tuple};
  for (size_t i = 0; i < a.items.size(); ++i) {
    auto item = unified(a.items[i], b.items[i]);
    if (!item) return std::nullopt;
    tuple.items.push_back(std::move(*item));
  }
  return tuple;
}

bool match_variables(const Type& formal, const Type& actual, TypeVariables& variables) {
  if (is(formal, TypeKind::variable)) {
    const auto [place, is_new] = variables.emplace(formal.name, actual);
    if (is_new) return true;
    // It stays what it was first found to be: whether that fits here, too, shows when the argument is looked at.
    return unified(place->second, actual).has_value();
  }
  if (is(formal, TypeKind::optional)) {
    return is(actual, TypeKind::none) || match_variables(formal.items[0], without_optional(actual), variables);
  }
  if (is(formal, TypeKind::list) && is(actual, TypeKind::tuple)) {  // a tuple of equals may stand for a list
    return std::ranges::all_of(actual.items,
                               [&](const Type& item) { return match_variables(formal.items[0], item, variables); });
  }
  const bool has_items = is(formal, TypeKind::list) || is(formal, TypeKind::dict) || is(formal, TypeKind::tuple) ||
                         is(formal, TypeKind::future);
  if (!has_items) return true;
  if (formal.kind != actual.kind || formal.items.size() != actual.items.size()) return resolved(formal, {}).has_value();
  for (size_t i = 0; i < formal.items.size(); ++i) {
    if (!match_variables(formal.items[i], actual.items[i], variables)) return false;
  }
  return true;
}

std::optional<Type> resolved(const Type& formal, const TypeVariables& variables) {
  if (is(formal, TypeKind::variable)) {
    const auto found = variables.find(formal.name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  Type type = formal;
  for (Type& item : type.items) {
    auto inner = resolved(item, variables);
    if (!inner) return std::nullopt;
    item = std::move(*inner);
  }
  return type;
}

}  // namespace okibi::script
