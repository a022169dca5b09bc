// script/operators_used.h: which operators a program's source calls.
#pragma once

#include <string>
#include <vector>

#include <okibi/jit.h>

#include "script/sources.h"

namespace okibi::script {

// By name. `for` and `if`, and what is done by the language alone, are not among them.
std::vector<jit::Operator> operators_used(Sources& sources);

}  // namespace okibi::script
