// Trees as text, one way for each meaning: what the tests expect, and what compare_with_ast.py makes of Python's own
// trees.
#pragma once

#include <fmt/format.h>

#include <string>

#include "script/syntax/literal.h"
#include "script/syntax/tree.h"

namespace okibi::script {

std::string describe(const Expr& expr);
std::string describe(const Stmt& statement);

inline std::string joined(const auto& items, std::string_view between = " ") {
  std::string text;
  for (const auto& item : items) text += std::string(text.empty() ? "" : between) + describe(item);
  return text;
}

inline std::string describe(const std::optional<Expr>& expr) { return expr ? describe(*expr) : "-"; }

inline std::string describe(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::none:
      return "None";
    case ExprKind::boolean:
      return expr.integer ? "True" : "False";
    case ExprKind::integer:
      return std::to_string(expr.integer);
    case ExprKind::real:
      return fmt::format("{:.17g}f", expr.real);
    case ExprKind::imaginary:
      return fmt::format("{:.17g}j", expr.real);
    case ExprKind::string:
      return literal_of(expr.text);
    case ExprKind::name:
      return expr.text;
    case ExprKind::attribute:
      return fmt::format("(. {} {})", describe(expr.items[0]), expr.text);
    case ExprKind::call:
      return fmt::format("(call {})", joined(expr.items));
    case ExprKind::keyword:
      return fmt::format("(= {} {})", expr.text, describe(expr.items[0]));
    case ExprKind::index:
      return fmt::format("(index {})", joined(expr.items));
    case ExprKind::slice:
      return fmt::format("(slice {})", joined(expr.items));
    case ExprKind::list:
      return fmt::format("[{}]", joined(expr.items));
    case ExprKind::tuple:
      return fmt::format("(tuple{}{})", expr.items.empty() ? "" : " ", joined(expr.items));
    case ExprKind::dict:
      return fmt::format("{{{}}}", joined(expr.items));
    case ExprKind::unary:
    case ExprKind::binary:
      return fmt::format("({} {})", expr.text, joined(expr.items));
  }
  return "?";
}

inline std::string block(const std::vector<Stmt>& statements) {
  return fmt::format("{{{}}}", joined(statements, "; "));
}

inline std::string describe(const Parameter& parameter) {
  return fmt::format("{}{}:{}={}", parameter.keyword_only ? "*" : "", parameter.name, describe(parameter.type),
                     describe(parameter.default_value));
}

inline std::string describe(const Function& function) {
  return fmt::format("(def {} ({}) {} {})", function.name, joined(function.parameters, ", "),
                     describe(function.returns), block(function.body));
}

inline std::string describe(const Stmt& s) {
  const std::string targets = joined(s.targets);
  switch (s.kind) {
    case StmtKind::assign:
      return fmt::format("{} {} {}", targets, s.unpacks ? "<=" : "=", describe(s.value));
    case StmtKind::annotated:
      return fmt::format("{} : {} = {}", targets, describe(s.type), describe(s.value));
    case StmtKind::expression:
      return describe(s.value);
    case StmtKind::if_else:
      return fmt::format("if {} {} {}", describe(s.value), block(s.body), block(s.orelse));
    case StmtKind::while_loop:
      return fmt::format("while {} {}", describe(s.value), block(s.body));
    case StmtKind::for_loop:
      return fmt::format("for {} in {} {}", targets, describe(s.value), block(s.body));
    case StmtKind::with:
      return fmt::format("with {} as {} {}", describe(s.value), targets.empty() ? "-" : targets, block(s.body));
    case StmtKind::function:
      return describe(s.functions.at(0));
    case StmtKind::returns:
      return fmt::format("return {}", describe(s.value));
    case StmtKind::pass:
      return "pass";
    case StmtKind::raise:
      return fmt::format("raise {}", describe(s.value));
    case StmtKind::asserts:
      return fmt::format("assert {} {}", describe(s.value), describe(s.message));
  }
  return "?";
}

}  // namespace okibi::script
