// script/syntax/print.h: expressions as they are written: for signatures and messages.
#pragma once

#include "script/syntax/tree.h"

namespace okibi::script {

// As PyTorch writes it: "CONSTANTS.c0", "[1, 2]", "-0.5".
std::string to_source(const Expr& expr);

}  // namespace okibi::script
