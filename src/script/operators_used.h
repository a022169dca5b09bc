// script/operators_used.h: which operators a program's source calls.
#pragma once

#include <vector>

#include <okibi/jit.h>

#include "script/program.h"

namespace okibi::script {

struct OperatorsUsed {
  std::vector<jit::Operator> operators = {};  // by name
  std::vector<jit::Problem> problems = {};
};

// `for` and `if`, and what is done by the language alone, are not among them.
OperatorsUsed operators_used(Program& program);

}  // namespace okibi::script
