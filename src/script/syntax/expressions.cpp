#include "script/syntax/expressions.h"

#include <array>

#include "script/syntax/literal.h"

namespace okibi::script {
namespace {

Expr parse_binary(Tokens& tokens, int weakest);

// Binary operators by how strongly they bind. "not in" and "is not" are told apart from "in" and "is" as they are read.
struct Operator {
  std::string_view symbol;
  int strength;
};
constexpr int strength_of_not = 3, strength_of_sign = 10, strength_of_power = 11;
constexpr std::array operators = {
    Operator{"or", 1},  Operator{"and", 2}, Operator{"in", 4}, Operator{"not", 4},
    Operator{"is", 4},  Operator{"==", 4},  Operator{"!=", 4}, Operator{"<", 4},
    Operator{"<=", 4},  Operator{">", 4},   Operator{">=", 4}, Operator{"|", 5},
    Operator{"^", 6},   Operator{"&", 7},   Operator{"<<", 8}, Operator{">>", 8},
    Operator{"+", 9},   Operator{"-", 9},   Operator{"*", 10}, Operator{"/", 10},
    Operator{"//", 10}, Operator{"%", 10},  Operator{"@", 10}, Operator{"**", strength_of_power},
};

const Operator* operator_at(const Tokens& tokens) {
  for (const Operator& candidate : operators) {
    if (tokens.at(candidate.symbol)) return &candidate;
  }
  return nullptr;
}

// Takes the operator, of one word or two.
std::string take_operator(Tokens& tokens, std::string_view symbol) {
  tokens.next();
  if (symbol == "is" && tokens.accept("not")) return "is not";
  if (symbol != "not") return std::string(symbol);
  tokens.expect("in");
  return "not in";
}

// What stands between brackets, with commas, to the one that closes; a comma may stand behind the last.
template <class Parse>
std::vector<Expr> parse_until(Tokens& tokens, std::string_view closing, Parse parse) {
  std::vector<Expr> items;
  while (!tokens.at(closing)) {
    items.push_back(parse(tokens));
    if (!tokens.accept(",")) break;
  }
  tokens.expect(closing);
  return items;
}

Expr parse_argument(Tokens& tokens) {
  Expr value = parse_expression(tokens);
  if (value.kind != ExprKind::name || !tokens.accept("=")) return value;
  Expr keyword{.kind = ExprKind::keyword, .place = value.place, .text = std::move(value.text)};
  keyword.items.push_back(parse_expression(tokens));
  return tokens.finished(std::move(keyword));
}

bool at_end_of_bound(const Tokens& tokens) { return tokens.at(":") || tokens.at("]") || tokens.at(","); }

Expr parse_bound(Tokens& tokens) {
  if (!at_end_of_bound(tokens)) return parse_expression(tokens);
  return tokens.finished({.kind = ExprKind::none, .place = tokens.place()});
}

// i, or begin:end, or begin:end:step.
Expr parse_subscript(Tokens& tokens) {
  const Place place = tokens.place();
  Expr first = parse_bound(tokens);
  if (!tokens.at(":")) return first;
  Expr slice{.kind = ExprKind::slice, .place = place};
  slice.items.push_back(std::move(first));
  while (slice.items.size() < 3 && tokens.accept(":")) slice.items.push_back(parse_bound(tokens));
  return tokens.finished(std::move(slice));
}

Expr with_first(Expr first, std::vector<Expr> rest, ExprKind kind, const Place& place) {
  Expr expr{.kind = kind, .place = place};
  expr.items.reserve(rest.size() + 1);
  expr.items.push_back(std::move(first));
  std::move(rest.begin(), rest.end(), std::back_inserter(expr.items));
  return expr;
}

Expr parse_attribute(Tokens& tokens, Expr of, const Place& place) {
  if (!tokens.at(TokenKind::name)) tokens.fail("the name of an attribute");
  Expr expr = with_first(std::move(of), {}, ExprKind::attribute, place);
  expr.text = tokens.next().text;
  return expr;
}

Expr parse_index(Tokens& tokens, Expr of, const Place& place) {
  if (tokens.at("]")) tokens.fail("an index");
  return with_first(std::move(of), parse_until(tokens, "]", parse_subscript), ExprKind::index, place);
}

// Attributes, calls and indices behind an operand.
Expr parse_trailers(Tokens& tokens, Expr expr) {
  for (;;) {
    const Place place = tokens.place();
    if (tokens.accept(".")) {
      expr = parse_attribute(tokens, std::move(expr), place);
    } else if (tokens.accept("(")) {
      expr = with_first(std::move(expr), parse_until(tokens, ")", parse_argument), ExprKind::call, place);
    } else if (tokens.accept("[")) {
      expr = parse_index(tokens, std::move(expr), place);
    } else {
      return expr;
    }
    expr = tokens.finished(std::move(expr));
  }
}

// (), (a,), (a, b): a tuple; (a) is a itself.
Expr parse_parentheses(Tokens& tokens) {
  const Place place = tokens.next().place;
  Expr expr = tokens.at(")") ? tokens.finished({.kind = ExprKind::tuple, .place = place}) : parse_expressions(tokens);
  tokens.expect(")");
  return expr;
}

Expr parse_list(Tokens& tokens) {
  Expr expr{.kind = ExprKind::list, .place = tokens.next().place};
  expr.items = parse_until(tokens, "]", parse_expression);
  return expr;
}

Expr parse_dict(Tokens& tokens) {
  Expr expr{.kind = ExprKind::dict, .place = tokens.next().place};
  while (!tokens.at("}")) {
    expr.items.push_back(parse_expression(tokens));
    tokens.expect(":");
    expr.items.push_back(parse_expression(tokens));
    if (!tokens.accept(",")) break;
  }
  tokens.expect("}");
  return expr;
}

// Texts that stand beside each other are one.
Expr parse_string(Tokens& tokens) {
  Expr expr{.kind = ExprKind::string, .place = tokens.place()};
  while (tokens.at(TokenKind::string)) expr.text += text_of(tokens.next());
  return expr;
}

Expr parse_word(Tokens& tokens) {
  Expr expr{.kind = ExprKind::name, .place = tokens.place()};
  if (tokens.accept("None")) return expr.kind = ExprKind::none, expr;
  if (tokens.at("True") || tokens.at("False")) {
    expr.kind = ExprKind::boolean;
    expr.integer = tokens.next().text == "True";
    return expr;
  }
  expr.text = tokens.expect_name("an expression");
  return expr;
}

Expr parse_operand(Tokens& tokens) {
  if (tokens.at("(")) return parse_parentheses(tokens);
  if (tokens.at("[")) return tokens.finished(parse_list(tokens));
  if (tokens.at("{")) return tokens.finished(parse_dict(tokens));
  if (tokens.at(TokenKind::number)) return tokens.finished(number_of(tokens.next(), false));
  if (tokens.at(TokenKind::string)) return tokens.finished(parse_string(tokens));
  return tokens.finished(parse_word(tokens));
}

// A minus before a number is the number's own: the least int64 could not be written otherwise. But -x ** y is -(x **
// y).
Expr parse_sign(Tokens& tokens) {
  const Token sign = tokens.next();
  if (sign.text == "-" && tokens.at(TokenKind::number)) {
    const Token digits = tokens.next();
    if (!tokens.at("**")) {
      Expr number = number_of(digits, true);
      number.place = sign.place;
      return parse_trailers(tokens, tokens.finished(std::move(number)));
    }
    tokens.fail("brackets around the number: -(2 ** 3) or (-2) ** 3");
  }
  Expr expr{.kind = ExprKind::unary, .place = sign.place, .text = std::string(sign.text)};
  expr.items.push_back(parse_binary(tokens, strength_of_sign + 1));
  return tokens.finished(std::move(expr));
}

Expr parse_unary(Tokens& tokens) {
  if (tokens.at("-") || tokens.at("~") || tokens.at("+")) return parse_sign(tokens);
  if (!tokens.at("not")) return parse_trailers(tokens, parse_operand(tokens));
  Expr expr{.kind = ExprKind::unary, .place = tokens.next().place, .text = "not"};
  expr.items.push_back(parse_binary(tokens, strength_of_not));
  return tokens.finished(std::move(expr));
}

// An operand and the operators behind it that bind at least so strongly. Powers group from the right, all else from the
// left.
Expr parse_binary(Tokens& tokens, int weakest) {
  const Tokens::Nested nested(tokens);
  Expr left = parse_unary(tokens);
  for (const Operator* op = operator_at(tokens); op && op->strength >= weakest; op = operator_at(tokens)) {
    Expr expr{.kind = ExprKind::binary, .place = tokens.place()};
    expr.text = take_operator(tokens, op->symbol);
    expr.items.push_back(std::move(left));
    expr.items.push_back(
        parse_binary(tokens, op->strength == strength_of_power ? strength_of_power : op->strength + 1));
    left = tokens.finished(std::move(expr));
  }
  return left;
}

bool ends_expressions(const Tokens& tokens) {
  return tokens.at(TokenKind::newline) || tokens.at(TokenKind::end) || tokens.at("=") || tokens.at(")") ||
         tokens.at("]") || tokens.at("in");
}

}  // namespace

Expr parse_expression(Tokens& tokens) { return parse_binary(tokens, 1); }

Expr parse_expressions(Tokens& tokens) {
  const Place place = tokens.place();
  Expr first = parse_expression(tokens);
  if (!tokens.at(",")) return first;
  Expr tuple{.kind = ExprKind::tuple, .place = place};
  tuple.items.push_back(std::move(first));
  while (tokens.accept(",") && !ends_expressions(tokens)) tuple.items.push_back(parse_expression(tokens));
  return tokens.finished(std::move(tuple));
}

}  // namespace okibi::script
