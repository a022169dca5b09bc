#include "script/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "script/syntax/expressions.h"

namespace okibi::script {
namespace {

constexpr std::string_view table[] = {
#define X(schema) schema,
#include "script/schemas.def"
#undef X
};

struct Plain {
  std::string_view name;
  TypeKind kind;
};
// The numbers of dtypes, layouts and memory formats are ints to a program, and so are sizes that might be symbols.
constexpr std::array plain_types = {
    Plain{"Tensor", TypeKind::tensor},        Plain{"int", TypeKind::integer},
    Plain{"SymInt", TypeKind::integer},       Plain{"ScalarType", TypeKind::integer},
    Plain{"Layout", TypeKind::integer},       Plain{"MemoryFormat", TypeKind::integer},
    Plain{"float", TypeKind::real},           Plain{"complex", TypeKind::complex_number},
    Plain{"bool", TypeKind::boolean},         Plain{"str", TypeKind::string},
    Plain{"Dimname", TypeKind::string},       Plain{"Device", TypeKind::device},
    Plain{"NoneType", TypeKind::none},        Plain{"Scalar", TypeKind::number},
    Plain{"number", TypeKind::number},        Plain{"Any", TypeKind::any},
    Plain{"AnyEnumType", TypeKind::any_enum}, Plain{"AnyClassType", TypeKind::any},
    Plain{"AnyListType", TypeKind::any_list}, Plain{"list", TypeKind::any_list},
};

// "(a!)", "(b -> *)": which arguments share memory is of no concern to types.
void skip_alias(Tokens& tokens) {
  if (!tokens.accept("(")) return;
  while (!tokens.accept(")")) tokens.next();
}

struct ParsedType {
  Type type;
  std::optional<int64_t> repeat = {};
};
ParsedType parse_schema_type(Tokens& tokens);

// Results may have names, which say nothing about types.
std::vector<Type> parse_types(Tokens& tokens) {
  std::vector<Type> types;
  tokens.expect("(");
  while (!tokens.at(")")) {
    types.push_back(parse_schema_type(tokens).type);
    tokens.accept(TokenKind::name);
    if (!tokens.accept(",")) break;
  }
  tokens.expect(")");
  return types;
}

Type parse_name_of_type(Tokens& tokens) {
  if (tokens.at("(")) return {TypeKind::tuple, {}, parse_types(tokens)};
  std::string name(tokens.next().text);
  while (tokens.accept(".")) name += fmt::format(".{}", tokens.next().text);
  if (name == "Dict") return {TypeKind::dict, {}, parse_types(tokens)};
  if (name == "Future" || name == "Await" || name == "RRef") return {TypeKind::future, {}, parse_types(tokens)};
  const auto plain = std::ranges::find(plain_types, name, &Plain::name);
  if (plain != plain_types.end()) return {plain->kind};
  if (name.starts_with("__torch__")) return {TypeKind::named, name};
  return {name[0] >= 'a' && name[0] <= 'z' ? TypeKind::variable : TypeKind::other, name};
}

// A name with any of "[]", "[2]", "?" and aliases behind it.
ParsedType parse_schema_type(Tokens& tokens) {
  ParsedType parsed{parse_name_of_type(tokens)};
  for (;;) {
    skip_alias(tokens);
    if (tokens.accept("?")) {
      parsed.type = {TypeKind::optional, {}, {std::move(parsed.type)}};
    } else if (tokens.accept("[")) {
      if (!tokens.at("]")) parsed.repeat = parse_expression(tokens).integer;
      tokens.expect("]");
      parsed.type = {TypeKind::list, {}, {std::move(parsed.type)}};
    } else {
      return parsed;
    }
  }
}

SchemaArgument parse_argument(Tokens& tokens, bool keyword_only) {
  ParsedType parsed = parse_schema_type(tokens);
  SchemaArgument argument{.type = std::move(parsed.type), .repeat = parsed.repeat, .keyword_only = keyword_only};
  argument.name = tokens.next().text;
  if (tokens.accept("=")) argument.default_value = parse_expression(tokens);
  return argument;
}

void parse_arguments(Tokens& tokens, Schema& schema) {
  bool keyword_only = false;
  tokens.expect("(");
  while (!tokens.at(")")) {
    if (tokens.accept("*")) {
      keyword_only = true;
    } else if (tokens.accept("...")) {
      schema.takes_any_number = true;
    } else {
      schema.arguments.push_back(parse_argument(tokens, keyword_only));
    }
    if (!tokens.accept(",")) break;
  }
  tokens.expect(")");
}

std::string_view operator_name(std::string_view schema) {
  schema = schema.substr(0, schema.find('('));
  return schema.substr(0, schema.find('.'));
}

}  // namespace

Schema parse_schema(std::string_view text) {
  Schema schema{.text = text};
  try {
    Tokens tokens(text.substr(schema.name().size()), {});
    parse_arguments(tokens, schema);
    tokens.expect("->");
    if (tokens.at("(")) {  // several results, which are no tuple; "((str, t)[])" is one
      schema.returns = parse_types(tokens);
    } else if (!tokens.accept("...")) {
      schema.returns.push_back(parse_schema_type(tokens).type);
    }
  } catch (const Error& error) {
    throw Error(ErrorKind::internal, fmt::format("the schema {} is none: {}", text, error.what()));
  }
  return schema;
}

std::span<const std::string_view> all_schemas() { return table; }

const std::vector<Schema>& Schemas::of(std::string_view name) {
  const auto [place, is_new] = parsed_.try_emplace(std::string(name));
  if (!is_new) return place->second;
  const auto rows = std::ranges::equal_range(table, name, {}, operator_name);
  for (const std::string_view row : rows) place->second.push_back(parse_schema(row));
  return place->second;
}

}  // namespace okibi::script
