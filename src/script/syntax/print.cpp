#include "script/syntax/print.h"

#include <fmt/format.h>

#include "script/syntax/literal.h"

namespace okibi::script {
namespace {

std::string joined(const std::vector<Expr>& items, size_t first = 0) {
  std::string text;
  for (size_t i = first; i < items.size(); ++i) text += (i > first ? ", " : "") + to_source(items[i]);
  return text;
}

// "1." where a number is whole, so that it reads as a real one.
std::string real_text(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == text.npos ? text + '.' : text;
}

std::string dict_text(const std::vector<Expr>& items) {
  std::string text;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    text += fmt::format("{}{}: {}", i > 0 ? ", " : "", to_source(items[i]), to_source(items[i + 1]));
  }
  return '{' + text + '}';
}

std::string slice_text(const std::vector<Expr>& items) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    text += (i > 0 ? ":" : "") + (items[i].kind == ExprKind::none ? std::string() : to_source(items[i]));
  }
  return text;
}

}  // namespace

std::string to_source(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::none:
      return "None";
    case ExprKind::boolean:
      return expr.integer ? "True" : "False";
    case ExprKind::integer:
      return std::to_string(expr.integer);
    case ExprKind::real:
      return real_text(expr.real);
    case ExprKind::imaginary:
      return real_text(expr.real) + 'j';
    case ExprKind::string:
      return literal_of(expr.text);
    case ExprKind::name:
      return expr.text;
    case ExprKind::attribute:
      return fmt::format("{}.{}", to_source(expr.items[0]), expr.text);
    case ExprKind::call:
      return fmt::format("{}({})", to_source(expr.items[0]), joined(expr.items, 1));
    case ExprKind::keyword:
      return fmt::format("{}={}", expr.text, to_source(expr.items[0]));
    case ExprKind::index:
      return fmt::format("{}[{}]", to_source(expr.items[0]), joined(expr.items, 1));
    case ExprKind::slice:
      return slice_text(expr.items);
    case ExprKind::list:
      return fmt::format("[{}]", joined(expr.items));
    case ExprKind::tuple:
      return fmt::format("({}{})", joined(expr.items), expr.items.size() == 1 ? "," : "");
    case ExprKind::dict:
      return dict_text(expr.items);
    case ExprKind::unary:
      return fmt::format("({} {})", expr.text, to_source(expr.items[0]));
    case ExprKind::binary:
      return fmt::format("({} {} {})", to_source(expr.items[0]), expr.text, to_source(expr.items[1]));
  }
  return {};
}

}  // namespace okibi::script
