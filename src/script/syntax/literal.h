// script/syntax/literal.h: numbers and texts as they stand in the source → what they mean.
#pragma once

#include "script/syntax/lexer.h"

namespace okibi::script {

// An integer, a real or an imaginary number. `negative` where a minus stands before it: the least int64 has no
// positive. Error(bad_file) for what is no number, or none of 64 bits.
Expr number_of(const Token& token, bool negative);

// What stands between the quotation marks, its escapes resolved.
std::string text_of(const Token& token);

// The same text with quotation marks and escapes, as PyTorch prints it.
std::string literal_of(std::string_view text);

}  // namespace okibi::script
