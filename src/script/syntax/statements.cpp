#include "script/syntax/statements.h"

#include <array>

#include "script/syntax/expressions.h"

namespace okibi::script {
namespace {

Stmt parse_statement(Tokens& tokens);

Stmt begin(Tokens& tokens, StmtKind kind) {
  Stmt statement{.kind = kind, .place = tokens.place()};
  tokens.next();  // the word
  return statement;
}

// ----------------------------------------------------------------------------------------- what ends with its line

// What may stand to the left of "=": a name, an attribute, an index, or several.
void require_target(const Expr& target) {
  const bool is_one =
      target.kind == ExprKind::name || target.kind == ExprKind::attribute || target.kind == ExprKind::index;
  if (!is_one) throw syntax_error(target.place, "nothing can be assigned to this").expected("a name or an attribute");
}

// The targets of an assignment or a loop, out of what was read before it was known to be one.
std::vector<Expr> targets_of(Expr expr) {
  std::vector<Expr> targets;
  if (expr.kind == ExprKind::tuple) {
    targets = std::move(expr.items);
  } else {
    targets.push_back(std::move(expr));
  }
  for (const Expr& target : targets) require_target(target);
  return targets;
}

Stmt parse_annotated(Tokens& tokens, Expr target, Stmt statement) {
  require_target(target);
  statement.kind = StmtKind::annotated;
  statement.targets.push_back(std::move(target));
  tokens.expect(":");
  statement.type = parse_type(tokens);
  tokens.expect("=");
  statement.value = parse_expressions(tokens);
  return statement;
}

Stmt parse_assignment(Tokens& tokens) {
  Stmt statement{.kind = StmtKind::expression, .place = tokens.place()};
  Expr expr = parse_expressions(tokens);
  if (tokens.at(":")) return parse_annotated(tokens, std::move(expr), std::move(statement));
  if (!tokens.accept("=")) {
    statement.value = std::move(expr);
    return statement;
  }
  statement.kind = StmtKind::assign;
  statement.unpacks = expr.kind == ExprKind::tuple;
  statement.targets = targets_of(std::move(expr));
  statement.value = parse_expressions(tokens);
  if (tokens.at("=")) tokens.fail("one assignment in a line");
  return statement;
}

Stmt parse_return(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::returns);
  if (!tokens.at(TokenKind::newline) && !tokens.at(TokenKind::end)) statement.value = parse_expressions(tokens);
  return statement;
}

Stmt parse_raise(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::raise);
  statement.value = parse_expression(tokens);
  return statement;
}

Stmt parse_assert(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::asserts);
  statement.value = parse_expression(tokens);
  if (tokens.accept(",")) statement.message = parse_expression(tokens);
  return statement;
}

Stmt parse_pass(Tokens& tokens) { return begin(tokens, StmtKind::pass); }

// ------------------------------------------------------------------------------------------- what has a block behind

// "elif" is an if in the else, which is how deep it counts, too.
Stmt parse_if(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::if_else);
  statement.value = parse_expression(tokens);
  statement.body = parse_block(tokens);
  if (tokens.at("elif")) {
    const Tokens::Nested nested(tokens);
    statement.orelse.push_back(parse_if(tokens));
  } else if (tokens.accept("else")) {
    statement.orelse = parse_block(tokens);
  }
  return statement;
}

Stmt parse_while(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::while_loop);
  statement.value = parse_expression(tokens);
  statement.body = parse_block(tokens);
  return statement;
}

// The targets of a loop: `in` is also an operator, so that they cannot be read as expressions.
std::vector<Expr> parse_loop_targets(Tokens& tokens) {
  std::vector<Expr> targets;
  do {
    if (tokens.at("in")) break;
    Expr name{.kind = ExprKind::name, .place = tokens.place()};
    name.text = tokens.expect_name("the name of a variable");
    targets.push_back(tokens.finished(std::move(name)));
  } while (tokens.accept(","));
  return targets;
}

Stmt parse_for(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::for_loop);
  statement.targets = parse_loop_targets(tokens);
  if (statement.targets.empty()) tokens.fail("the name of a variable");
  statement.unpacks = statement.targets.size() > 1;
  tokens.expect("in");
  statement.value = parse_expressions(tokens);
  statement.body = parse_block(tokens);
  return statement;
}

Stmt parse_with(Tokens& tokens) {
  Stmt statement = begin(tokens, StmtKind::with);
  statement.value = parse_expression(tokens);
  if (tokens.accept("as")) statement.targets = targets_of(parse_expression(tokens));
  statement.body = parse_block(tokens);
  return statement;
}

Stmt parse_nested_function(Tokens& tokens) {
  Stmt statement{.kind = StmtKind::function, .place = tokens.place()};
  statement.functions.push_back(parse_function(tokens));
  return statement;
}

// A statement's first word, and its parser.
struct Row {
  std::string_view word;
  Stmt (*parse)(Tokens& tokens);
  bool has_block;
};
constexpr std::array rows = {
    Row{"if", parse_if, true},
    Row{"for", parse_for, true},
    Row{"while", parse_while, true},
    Row{"with", parse_with, true},
    Row{"def", parse_nested_function, true},
    Row{"return", parse_return, false},
    Row{"raise", parse_raise, false},
    Row{"assert", parse_assert, false},
    Row{"pass", parse_pass, false},
};

Stmt parse_statement(Tokens& tokens) {
  for (const Row& row : rows) {
    if (!tokens.at(row.word)) continue;
    Stmt statement = row.parse(tokens);
    if (!row.has_block) expect_line_end(tokens);
    return statement;
  }
  Stmt statement = parse_assignment(tokens);
  expect_line_end(tokens);
  return statement;
}

// --------------------------------------------------------------------------------------------------------- functions

Parameter parse_parameter(Tokens& tokens, bool keyword_only) {
  Parameter parameter{.place = tokens.place(), .keyword_only = keyword_only};
  parameter.name = tokens.expect_name("the name of a parameter");
  if (tokens.accept(":")) parameter.type = parse_type(tokens);
  if (tokens.accept("=")) parameter.default_value = parse_expression(tokens);
  return parameter;
}

// Those behind a "*" are given by name only.
std::vector<Parameter> parse_parameters(Tokens& tokens) {
  std::vector<Parameter> parameters;
  bool keyword_only = false;
  tokens.expect("(");
  while (!tokens.at(")")) {
    if (!keyword_only && tokens.accept("*")) {
      keyword_only = true;
    } else {
      parameters.push_back(parse_parameter(tokens, keyword_only));
    }
    if (!tokens.accept(",")) break;
  }
  tokens.expect(")");
  return parameters;
}

}  // namespace

void expect_line_end(Tokens& tokens) {
  tokens.accept(";");
  if (!tokens.at(TokenKind::end)) tokens.expect(TokenKind::newline, "the end of the line");
}

std::vector<Stmt> parse_block(Tokens& tokens) {
  const Tokens::Nested nested(tokens);
  std::vector<Stmt> statements;
  tokens.expect(":");
  if (!tokens.at(TokenKind::newline)) {  // `if x: pass`
    statements.push_back(parse_statement(tokens));
    return statements;
  }
  tokens.next();
  tokens.expect(TokenKind::indent, "a block, indented deeper");
  while (!tokens.at(TokenKind::dedent)) statements.push_back(parse_statement(tokens));
  tokens.next();
  return statements;
}

Function parse_function(Tokens& tokens) {
  tokens.expect("def");
  Function function{.place = tokens.place()};
  function.name = tokens.expect_name("the name of a function");
  function.parameters = parse_parameters(tokens);
  if (tokens.accept("->")) function.returns = parse_type(tokens);
  function.body = parse_block(tokens);
  return function;
}

}  // namespace okibi::script
