#include "script/syntax/classes.h"

#include <fmt/format.h>

#include <array>

#include "script/syntax/expressions.h"
#include "script/syntax/statements.h"

namespace okibi::script {
namespace {

struct Base {
  std::string_view name;
  ClassKind kind;
};
constexpr std::array bases = {
    Base{"Module", ClassKind::module},
    Base{"NamedTuple", ClassKind::named_tuple},
    Base{"Enum", ClassKind::enumeration},
    Base{"Interface", ClassKind::interface},
    Base{"ModuleInterface", ClassKind::module_interface},
};

ClassKind parse_base(Tokens& tokens) {
  if (!tokens.accept("(")) return ClassKind::plain;
  for (const Base& base : bases) {
    if (!tokens.accept(base.name)) continue;
    tokens.expect(")");
    return base.kind;
  }
  tokens.fail("Module, NamedTuple, Enum, Interface or ModuleInterface");
}

// The lists of names that a class may begin with.
struct NameList {
  std::string_view name;
  std::vector<std::string> Class::*names;
};
constexpr std::array name_lists = {
    NameList{"__parameters__", &Class::parameters},
    NameList{"__buffers__", &Class::buffers},
    NameList{"__forward_pre_hooks__", &Class::forward_pre_hooks},
    NameList{"__forward_hooks__", &Class::forward_hooks},
};

std::vector<std::string> parse_names(Tokens& tokens) {
  Expr list = parse_expression(tokens);
  if (list.kind != ExprKind::list) throw syntax_error(list.place, "a list of names must stand here");
  std::vector<std::string> names;
  for (Expr& item : list.items) {
    if (item.kind != ExprKind::string) throw syntax_error(item.place, "a name must stand here, in quotation marks");
    names.push_back(std::move(item.text));
  }
  return names;
}

// Final[T] → T.
void take_off_final(Attribute& attribute) {
  TypeExpr& type = attribute.type;
  const bool is_final = type.kind == ExprKind::index && type.items.size() == 2 &&
                        type.items[0].kind == ExprKind::name && type.items[0].text == "Final";
  if (!is_final) return;
  attribute.is_final = true;
  TypeExpr inner = std::move(type.items[1]);
  type = std::move(inner);
}

void parse_attribute(Tokens& tokens, Class& into, std::string name, const Place& place) {
  Attribute attribute{.name = std::move(name), .place = place};
  attribute.type = parse_type(tokens);
  take_off_final(attribute);
  if (tokens.accept("=")) attribute.value = parse_expression(tokens);
  if (attribute.is_final && !attribute.value) tokens.fail("'=' and the value of the constant");
  into.attributes.push_back(std::move(attribute));
}

// `__annotations__["0"] = T`: an attribute of which the name is no word. `__annotations__ = []` says nothing.
void parse_annotation(Tokens& tokens, Class& into, const Place& place) {
  if (tokens.accept("=")) {
    parse_names(tokens);
    return;
  }
  tokens.expect("[");
  Expr name = parse_expression(tokens);
  if (name.kind != ExprKind::string)
    throw syntax_error(name.place, "the name of an attribute must stand here, in quotation marks");
  tokens.expect("]");
  tokens.expect("=");
  parse_attribute(tokens, into, std::move(name.text), place);
}

// What a name followed by "=" is: one of the lists, or a member of an enum.
void parse_named(Tokens& tokens, Class& into, std::string name, const Place& place) {
  for (const NameList& list : name_lists) {
    if (list.name != name) continue;
    into.*list.names = parse_names(tokens);
    return;
  }
  if (into.kind != ClassKind::enumeration) {
    throw syntax_error(place, fmt::format("the class gives {} a value, but no type", printable(name, 60)));
  }
  into.members.push_back({std::move(name), place, parse_expression(tokens)});
}

void parse_item(Tokens& tokens, Class& into) {
  if (tokens.at("def")) {
    into.methods.push_back(parse_function(tokens));
    return;
  }
  const Place place = tokens.place();
  if (!tokens.accept("pass")) {
    std::string name = tokens.expect_name("an attribute or a method");
    if (name == "__annotations__") {
      parse_annotation(tokens, into, place);
    } else if (tokens.accept(":")) {
      parse_attribute(tokens, into, std::move(name), place);
    } else {
      tokens.expect("=");
      parse_named(tokens, into, std::move(name), place);
    }
  }
  expect_line_end(tokens);
}

}  // namespace

Class parse_class(Tokens& tokens) {
  tokens.expect("class");
  Class parsed{.place = tokens.place()};
  parsed.name = tokens.expect_name("the name of a class");
  parsed.kind = parse_base(tokens);
  tokens.expect(":");
  tokens.expect(TokenKind::newline, "the end of the line");
  if (!tokens.accept(TokenKind::indent)) return parsed;  // a class without anything in it
  while (!tokens.accept(TokenKind::dedent)) parse_item(tokens, parsed);
  return parsed;
}

}  // namespace okibi::script
