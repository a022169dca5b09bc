#include "script/syntax/file.h"

#include "script/syntax/classes.h"
#include "script/syntax/expressions.h"
#include "script/syntax/statements.h"

namespace okibi::script {
namespace {

int64_t parse_op_version_set(Tokens& tokens) {
  tokens.expect("=");
  const Expr value = parse_expression(tokens);
  if (value.kind != ExprKind::integer) throw syntax_error(value.place, "op_version_set must be a number");
  expect_line_end(tokens);
  return value.integer;
}

// Where names come from they say themselves; these lines were of use to the first readers only.
void skip_import(Tokens& tokens) {
  while (!tokens.at(TokenKind::newline) && !tokens.at(TokenKind::end)) tokens.next();
  expect_line_end(tokens);
}

}  // namespace

File parse_file(std::string_view source, const Limits& limits) {
  Tokens tokens(source, limits);
  File file;
  while (!tokens.at(TokenKind::end)) {
    if (tokens.at("class")) {
      file.classes.push_back(parse_class(tokens));
    } else if (tokens.at("def")) {
      file.functions.push_back(parse_function(tokens));
    } else if (tokens.accept("import")) {
      skip_import(tokens);
    } else if (tokens.accept("op_version_set")) {
      file.op_version_set = parse_op_version_set(tokens);
    } else {
      tokens.fail("a class or a function");
    }
  }
  return file;
}

}  // namespace okibi::script
