// script/syntax/statements.h: statements, blocks and functions.
#pragma once

#include "script/syntax/tokens.h"

namespace okibi::script {

// From ":" to the end of the block.
std::vector<Stmt> parse_block(Tokens& tokens);

// From "def" to the end of its body.
Function parse_function(Tokens& tokens);

// A line end, or nothing more in the file.
void expect_line_end(Tokens& tokens);

}  // namespace okibi::script
