// script/write/made.h: a program that was made here, as a module that runs.
#pragma once

#include <okibi/jit.h>

#include "script/write/scripted.h"

namespace okibi::jit {

Module module_of(const script::Scripted& program);

}  // namespace okibi::jit
