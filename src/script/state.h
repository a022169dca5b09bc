// script/state.h: a module's parameters and buffers, as its classes name them.
#pragma once

#include <okibi/value.h>

#include "script/program.h"

namespace okibi::script {

// As torch.nn.Module.state_dict(): a module's parameters, its buffers, and then those of its submodules, in the order
// of the class. What lies in the same place is one tensor. Error(limit) for modules that hold one another without an
// end.
StateDict state_dict_of(Program& program, const Object& root);

}  // namespace okibi::script
