#include "script/type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "script/syntax/lexer.h"

namespace okibi::script {
namespace {

// Types that are one word.
struct Plain {
  std::string_view name;
  TypeKind kind;
};
constexpr std::array plain_types = {
    Plain{"Tensor", TypeKind::tensor},        Plain{"int", TypeKind::integer},
    Plain{"float", TypeKind::real},           Plain{"complex", TypeKind::complex_number},
    Plain{"bool", TypeKind::boolean},         Plain{"str", TypeKind::string},
    Plain{"Device", TypeKind::device},        Plain{"NoneType", TypeKind::none},
    Plain{"number", TypeKind::number},        Plain{"Any", TypeKind::any},
    Plain{"list", TypeKind::any_list},        Plain{"tuple", TypeKind::any_tuple},
    Plain{"AnyEnumType", TypeKind::any_enum},
};
constexpr std::array<std::string_view, 9> others = {"Generator", "Stream",       "Layout",     "Storage", "Capsule",
                                                    "QScheme",   "MemoryFormat", "ScalarType", "PyObject"};

// Types with others in brackets; `most` of 0 is any number.
struct Generic {
  std::string_view name;
  TypeKind kind;
  size_t most;
};
constexpr std::array generics = {
    Generic{"List", TypeKind::list, 1},      Generic{"Dict", TypeKind::dict, 2},
    Generic{"Tuple", TypeKind::tuple, 0},    Generic{"Optional", TypeKind::optional, 1},
    Generic{"Union", TypeKind::union_of, 0}, Generic{"Future", TypeKind::future, 1},
    Generic{"Await", TypeKind::future, 1},   Generic{"RRef", TypeKind::future, 1},
};

Error no_type(const Expr& expr, std::string_view found) {
  return syntax_error(expr.place, "this is no type of TorchScript").found(fmt::format("'{}'", printable(found, 60)));
}

Type named_type(const Expr& expr) {
  const std::string name = dotted_name(expr);
  if (name.empty()) throw no_type(expr, "an expression");
  const auto plain = std::ranges::find(plain_types, name, &Plain::name);
  if (plain != plain_types.end()) return {plain->kind};
  if (std::ranges::find(others, name) != others.end()) return {TypeKind::other, name};
  if (name.find('.') == name.npos) throw no_type(expr, name);
  return {TypeKind::named, name};
}

// Tuple[()] is the tuple of nothing.
bool is_empty_tuple(const Expr& expr) {
  return expr.items.size() == 2 && expr.items[1].kind == ExprKind::tuple && expr.items[1].items.empty();
}

Type generic_type(const Expr& expr) {
  const std::string name = dotted_name(expr.items[0]);
  const auto generic = std::ranges::find(generics, name, &Generic::name);
  if (generic == generics.end()) throw no_type(expr, name + "[…]");
  Type type{generic->kind};
  if (generic->kind == TypeKind::tuple && is_empty_tuple(expr)) return type;
  if (generic->most != 0 && expr.items.size() - 1 != generic->most) {
    throw syntax_error(expr.place, fmt::format("{} has not the right number of types in brackets", name))
        .expected(uint64_t{generic->most})
        .found(uint64_t{expr.items.size() - 1});
  }
  for (size_t i = 1; i < expr.items.size(); ++i) type.items.push_back(type_of(expr.items[i]));
  return type;
}

std::string joined(const std::vector<Type>& types) {
  std::string text;
  for (const Type& type : types) text += (text.empty() ? "" : ", ") + to_string(type);
  return text;
}

}  // namespace

std::string dotted_name(const Expr& expr) {
  if (expr.kind == ExprKind::name) return expr.text;
  if (expr.kind != ExprKind::attribute) return {};
  std::string owner = dotted_name(expr.items[0]);
  return owner.empty() ? owner : owner + '.' + expr.text;
}

Type type_of(const TypeExpr& expr) {
  if (expr.kind == ExprKind::none) return {TypeKind::none};
  return expr.kind == ExprKind::index ? generic_type(expr) : named_type(expr);
}

std::string to_string(const Type& type) {
  if (!type.name.empty()) return type.name;
  const auto plain = std::ranges::find(plain_types, type.kind, &Plain::kind);
  if (plain != plain_types.end()) return std::string(plain->name);
  const auto generic = std::ranges::find(generics, type.kind, &Generic::kind);
  const bool is_empty_tuple = type.kind == TypeKind::tuple && type.items.empty();
  return fmt::format("{}[{}]", generic->name, is_empty_tuple ? "()" : joined(type.items));
}

}  // namespace okibi::script
