#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "script/lowering.h"
#include "script/syntax/lexer.h"

namespace okibi::script {
namespace {

NodePtr with_input(NodePtr node, NodePtr input) {
  node->inputs.push_back(std::move(input));
  return node;
}

constexpr unsigned deepest_constant = 100;  // lists in lists

// The type of what constants.pkl holds.
Type type_of_value(const Value& value, unsigned depth = 0) {
  if (depth > deepest_constant) throw Error(ErrorKind::limit, "a constant of the program is deeper than any");
  switch (value.kind()) {
    case ValueKind::boolean:
      return {TypeKind::boolean};
    case ValueKind::integer:
      return {TypeKind::integer};
    case ValueKind::real:
      return {TypeKind::real};
    case ValueKind::complex_number:
      return {TypeKind::complex_number};
    case ValueKind::string:
      return {TypeKind::string};
    case ValueKind::device:
      return {TypeKind::device};
    case ValueKind::tensor:
      return {TypeKind::tensor};
    case ValueKind::list:
      return list_of(value.size() == 0 ? Type{TypeKind::tensor} : type_of_value(value[0], depth + 1));
    case ValueKind::object:
      return {TypeKind::named, value.to_object().python_class()};
    default:
      return {TypeKind::none};
  }
}

bool is_constant(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::attribute:
      return dotted_name(expr).starts_with("CONSTANTS.");
    case ExprKind::call:
      return dotted_name(expr.items[0]) == "torch.device" && expr.items.size() == 2 && is_constant(expr.items[1]);
    case ExprKind::index:
    case ExprKind::keyword:
    case ExprKind::slice:
      return false;
    default:
      return std::ranges::all_of(expr.items, is_constant);
  }
}

NodePtr literal(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::boolean:
      return make_constant(expr.integer != 0, {TypeKind::boolean}, expr.place);
    case ExprKind::integer:
      return make_constant(expr.integer, {TypeKind::integer}, expr.place);
    case ExprKind::real:
      return make_constant(expr.real, {TypeKind::real}, expr.place);
    case ExprKind::imaginary:
      return make_constant(std::complex<double>(0, expr.real), {TypeKind::complex_number}, expr.place);
    case ExprKind::string:
      return make_constant(expr.text, {TypeKind::string}, expr.place);
    default:
      return make_constant({}, {TypeKind::none}, expr.place);
  }
}

// Numbers that have no digits.
struct NamedNumber {
  std::string_view name;
  double real, imaginary;
  bool is_complex;
};
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::array named_numbers = {NamedNumber{"inf", infinity, 0, false}, NamedNumber{"nan", nan, 0, false},
                                      NamedNumber{"infj", 0, infinity, true}, NamedNumber{"nanj", 0, nan, true}};

// Operators of Python's, and those of PyTorch that they are.
struct Sign {
  std::string_view text, op;
};
constexpr std::array signs = {
    Sign{"+", "add"},         Sign{"-", "sub"},       Sign{"*", "mul"},
    Sign{"/", "div"},         Sign{"//", "floordiv"}, Sign{"%", "remainder"},
    Sign{"**", "pow"},        Sign{"@", "matmul"},    Sign{"&", "__and__"},
    Sign{"|", "__or__"},      Sign{"^", "__xor__"},   Sign{"<<", "__lshift__"},
    Sign{">>", "__rshift__"}, Sign{"==", "eq"},       Sign{"!=", "ne"},
    Sign{"<", "lt"},          Sign{"<=", "le"},       Sign{">", "gt"},
    Sign{">=", "ge"},         Sign{"is", "__is__"},   Sign{"is not", "__isnot__"},
};

}  // namespace

NodePtr make_constant(Value value, Type type, const Place& place) {
  NodePtr node = make_node(NodeKind::constant, std::move(type), place);
  node->value = std::move(value);
  return node;
}

NodePtr Lowering::expression(const Expr& expr) {
  NodePtr node = any_expression(expr);
  program_.spend(node->type, expr.place);
  return node;
}

// Looks at nothing but what stands there: so no constant can be made of itself, nor of many others again and again.
NodePtr Lowering::constant_expression(const Expr& expr, const Type& wanted) {
  if (!is_constant(expr)) throw syntax_error(expr.place, "a constant must stand here");
  return expression(expr, wanted);
}

NodePtr Lowering::any_expression(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::name:
      return name(expr);
    case ExprKind::attribute:
      return attribute(expr);
    case ExprKind::call:
      return call(expr);
    case ExprKind::index:
      return index(expr);
    case ExprKind::list:
      return list(expr, nullptr);
    case ExprKind::dict:
      return dict(expr, nullptr);
    case ExprKind::tuple:
      return tuple(expr, nullptr);
    case ExprKind::unary:
      return unary(expr);
    case ExprKind::binary:
      return binary(expr);
    case ExprKind::keyword:
    case ExprKind::slice:
      throw syntax_error(expr.place, "this can stand between brackets only");
    default:
      return literal(expr);
  }
}

// What is wanted tells what an empty list holds, and that None is an Optional.
NodePtr Lowering::expression(const Expr& expr, const Type& wanted) {
  const Type& inner = without_optional(wanted);
  NodePtr value = expr.kind == ExprKind::list && inner.kind == TypeKind::list     ? list(expr, &inner)
                  : expr.kind == ExprKind::dict && inner.kind == TypeKind::dict   ? dict(expr, &inner)
                  : expr.kind == ExprKind::tuple && inner.kind == TypeKind::tuple ? tuple(expr, &inner)
                                                                                  : expression(expr);
  if (value->kind == NodeKind::to_list) value->type = wanted;
  if (value->type == wanted || !is_subtype(value->type, wanted)) return value;
  return with_input(make_node(NodeKind::retyped, wanted, expr.place), std::move(value));
}

NodePtr Lowering::name(const Expr& expr) {
  const auto found = scope_.find(expr.text);
  if (found == scope_.end()) {
    for (const NamedNumber& number : named_numbers) {
      if (number.name != expr.text) continue;
      if (!number.is_complex) return make_constant(number.real, {TypeKind::real}, expr.place);
      return make_constant(std::complex<double>(0, number.imaginary), {TypeKind::complex_number}, expr.place);
    }
    throw syntax_error(expr.place, fmt::format("there is no variable {} here", expr.text));
  }
  if (found->second.nested || !found->second.function.empty()) {
    throw syntax_error(expr.place, fmt::format("the function {} can only be called", expr.text),
                       ErrorKind::unsupported);
  }
  NodePtr node = make_node(NodeKind::variable, found->second.type, expr.place);
  node->name = expr.text;
  node->slot = found->second.slot;
  return node;
}

// CONSTANTS.c0, __torch__.Colour.RED; or nothing where the name is neither.
NodePtr Lowering::dotted_constant(const std::string& dotted, const Expr& expr) {
  if (dotted.starts_with("CONSTANTS.c")) {
    size_t index = 0;
    const auto [end, problem] = std::from_chars(dotted.data() + 11, dotted.data() + dotted.size(), index);
    if (problem != std::errc() || *end != '\0') throw syntax_error(expr.place, "this is no constant").found(dotted);
    const Value& value = program_.constant(index);
    return make_constant(value, type_of_value(value), expr.place);
  }
  if (!dotted.starts_with("__torch__.")) return nullptr;
  const std::string owner = dotted.substr(0, dotted.rfind('.'));
  const ClassInfo* c = program_.find_class(owner);
  return c ? class_constant(*c, expr.text, expr.place) : nullptr;
}

NodePtr Lowering::class_constant(const ClassInfo& c, const std::string& name, const Place& place) {
  for (const EnumMember& member : c.source->members) {
    if (member.name != name) continue;
    const Object value({.module = c.file->qualifier,
                        .name = c.source->name,
                        .made = Object::Made::reduce,
                        .arguments = {literal(member.value)->value}});
    return make_constant(value, {TypeKind::named, c.name}, place);
  }
  const auto constant = c.constants.find(name);
  if (constant == c.constants.end()) return nullptr;
  return constant_expression(*constant->second->value, type_of(constant->second->type));
}

NodePtr Lowering::attribute(const Expr& expr) {
  const std::string dotted = dotted_name(expr);
  if (NodePtr constant = dotted.empty() ? nullptr : dotted_constant(dotted, expr)) return constant;
  return attribute_of(expression(expr.items[0]), expr.text, expr.place);
}

NodePtr Lowering::attribute_of(NodePtr object, const std::string& name, const Place& place) {
  const Type type = object->type;
  if (type.kind == TypeKind::named) {
    const ClassInfo& c = program_.class_named(type.name);
    const bool is_enum = c.source->kind == ClassKind::enumeration;
    if (is_enum && (name == "name" || name == "value")) {
      const Type part = name == "name" || c.source->members.empty() ? Type{TypeKind::string}
                                                                    : literal(c.source->members[0].value)->type;
      NodePtr node = with_input(make_node(NodeKind::enum_part, part, place), std::move(object));
      node->name = name;
      return node;
    }
    const auto field = std::ranges::find(c.fields, name);
    const auto found = c.attributes.find(name);
    if (found != c.attributes.end()) {
      const bool is_field = field != c.fields.end();
      NodePtr node = make_node(is_field ? NodeKind::tuple_index : NodeKind::get_attribute, found->second, place);
      node->slot = static_cast<uint32_t>(field - c.fields.begin());
      node->name = name;
      return with_input(std::move(node), std::move(object));
    }
    if (NodePtr constant = class_constant(c, name, place)) return constant;
  }
  const auto& properties = program_.schemas().of("prim::" + name);
  if (!properties.empty() && (type.kind == TypeKind::tensor || type.kind == TypeKind::device)) {
    Actuals actuals;
    actuals.positional.push_back(std::move(object));
    return call_operator("prim::" + name, std::move(actuals), place);
  }
  throw syntax_error(place, fmt::format("a {} has no attribute {}", to_string(type), name));
}

NodePtr Lowering::list(const Expr& expr, const Type* wanted) {
  NodePtr node = make_node(NodeKind::make_list, wanted ? *wanted : Type{}, expr.place);
  std::optional<Type> item = wanted ? std::optional(wanted->items[0]) : std::nullopt;
  for (const Expr& one : expr.items) {
    node->inputs.push_back(wanted ? expression(one, *item) : expression(one));
    item = item ? unified(*item, node->inputs.back()->type) : node->inputs.back()->type;
    if (!item) throw syntax_error(one.place, "the items of the list are of types that have nothing in common");
  }
  if (!wanted) node->type = list_of(item.value_or(Type{TypeKind::tensor}));  // of an empty one, as PyTorch has it
  return node;
}

NodePtr Lowering::dict(const Expr& expr, const Type* wanted) {
  NodePtr node = make_node(NodeKind::make_dict, {}, expr.place);
  Type key{TypeKind::string}, value{TypeKind::tensor};
  for (size_t i = 0; i + 1 < expr.items.size(); i += 2) {
    node->inputs.push_back(wanted ? expression(expr.items[i], wanted->items[0]) : expression(expr.items[i]));
    node->inputs.push_back(wanted ? expression(expr.items[i + 1], wanted->items[1]) : expression(expr.items[i + 1]));
    key = node->inputs[i]->type;
    const auto both = i == 0 ? node->inputs[1]->type : unified(value, node->inputs[i + 1]->type);
    if (!both) throw syntax_error(expr.place, "the values of the dict are of types that have nothing in common");
    value = *both;
  }
  node->type = wanted ? *wanted : Type{TypeKind::dict, {}, {key, value}};
  return node;
}

NodePtr Lowering::tuple(const Expr& expr, const Type* wanted) {
  NodePtr node = make_node(NodeKind::make_tuple, {TypeKind::tuple}, expr.place);
  const bool fits = wanted && wanted->items.size() == expr.items.size();
  for (size_t i = 0; i < expr.items.size(); ++i) {
    node->inputs.push_back(fits ? expression(expr.items[i], wanted->items[i]) : expression(expr.items[i]));
    node->type.items.push_back(node->inputs.back()->type);
  }
  return node;
}

Type Lowering::as_tuple(const Type& type) {
  const ClassInfo* c = type.kind == TypeKind::named ? program_.find_class(type.name) : nullptr;
  if (!c || c->source->kind != ClassKind::named_tuple) return type;
  Type tuple{TypeKind::tuple};
  for (const std::string& field : c->fields) tuple.items.push_back(c->attributes.at(field));
  return tuple;
}

NodePtr Lowering::index_of_tuple(NodePtr tuple, const Expr& subscript) {
  tuple->type = as_tuple(tuple->type);
  const auto size = static_cast<int64_t>(tuple->type.items.size());
  const auto place_of = [&](const Expr& at, int64_t otherwise) {
    if (at.kind == ExprKind::none) return otherwise;
    if (at.kind != ExprKind::integer)
      throw syntax_error(at.place, "only a number can stand here: the type depends on it");
    return at.integer < 0 ? at.integer + size : at.integer;
  };
  if (subscript.kind == ExprKind::slice) {
    const int64_t begin = std::clamp<int64_t>(place_of(subscript.items[0], 0), 0, size);
    const int64_t end = std::clamp<int64_t>(place_of(subscript.items[1], size), begin, size);
    NodePtr node = make_node(NodeKind::tuple_slice, {TypeKind::tuple}, subscript.place);
    node->slot = static_cast<uint32_t>(begin), node->slot_end = static_cast<uint32_t>(end);
    node->type.items.assign(tuple->type.items.begin() + begin, tuple->type.items.begin() + end);
    return with_input(std::move(node), std::move(tuple));
  }
  const int64_t at = place_of(subscript, 0);
  if (at < 0 || at >= size) throw syntax_error(subscript.place, fmt::format("the tuple has {} items", size));
  NodePtr node = make_node(NodeKind::tuple_index, tuple->type.items[static_cast<size_t>(at)], subscript.place);
  node->slot = static_cast<uint32_t>(at);
  return with_input(std::move(node), std::move(tuple));
}

NodePtr Lowering::index(const Expr& expr) {
  if (expr.items.size() != 2) {
    throw syntax_error(expr.place, "okibi knows indices only as PyTorch writes them: one at a time",
                       ErrorKind::unsupported);
  }
  NodePtr of = expression(expr.items[0]);
  if (as_tuple(of->type).kind == TypeKind::tuple) return index_of_tuple(std::move(of), expr.items[1]);
  if (of->type.kind == TypeKind::named || expr.items[1].kind == ExprKind::slice) {
    throw syntax_error(expr.place, "okibi cannot index this yet", ErrorKind::unsupported).found(to_string(of->type));
  }
  Actuals actuals;
  const bool is_tensor = of->type.kind == TypeKind::tensor;
  actuals.positional.push_back(std::move(of));
  if (is_tensor) actuals.positional.push_back(make_constant(int64_t{0}, {TypeKind::integer}, expr.place));
  actuals.positional.push_back(expression(expr.items[1]));
  return call_operator(is_tensor ? "aten::select" : "aten::__getitem__", std::move(actuals), expr.place);
}

NodePtr Lowering::unary(const Expr& expr) {
  Actuals actuals;
  actuals.positional.push_back(expression(expr.items[0]));
  Node& operand = *actuals.positional[0];
  if (expr.text == "-" && operand.kind == NodeKind::constant && operand.value.is_double()) {  // -inf is a number
    operand.value = -operand.value.to_double();
    return std::move(actuals.positional[0]);
  }
  const std::string op = expr.text == "-" ? "aten::neg" : expr.text == "~" ? "aten::bitwise_not" : "aten::__not__";
  return call_operator(op, std::move(actuals), expr.place);
}

NodePtr Lowering::binary(const Expr& expr) {
  const auto sign = std::ranges::find(signs, expr.text, &Sign::text);
  if (sign == signs.end()) {
    throw syntax_error(expr.place, fmt::format("okibi does not know '{}' in programs", expr.text),
                       ErrorKind::unsupported);
  }
  NodePtr left = expression(expr.items[0]), right = expression(expr.items[1]);
  const bool is_complex = left->kind == NodeKind::constant && right->type.kind == TypeKind::complex_number &&
                          right->kind == NodeKind::constant && left->type.kind == TypeKind::real;
  if (is_complex && expr.text == "+") {  // 1.+2.j is one number
    const auto value = std::complex<double>(left->value.to_double(), right->value.to_complex().imag());
    return make_constant(value, {TypeKind::complex_number}, expr.place);
  }
  Actuals actuals;
  actuals.positional.push_back(std::move(left));
  actuals.positional.push_back(std::move(right));
  return call_operator(fmt::format("aten::{}", sign->op), std::move(actuals), expr.place);
}

}  // namespace okibi::script
