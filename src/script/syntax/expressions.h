// script/syntax/expressions.h: the expressions of the language, by the strength with which operators bind.
#pragma once

#include "script/syntax/tokens.h"

namespace okibi::script {

Expr parse_expression(Tokens& tokens);

// One, or several with commas between them, which are a tuple, as one with a comma behind it is.
Expr parse_expressions(Tokens& tokens);

// A type: written as an expression, and checked where its meaning is asked for.
inline TypeExpr parse_type(Tokens& tokens) { return parse_expression(tokens); }

}  // namespace okibi::script
