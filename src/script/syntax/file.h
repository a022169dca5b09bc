// script/syntax/file.h: a whole file of source.
#pragma once

#include <string_view>

#include <okibi/base.h>

#include "script/syntax/tree.h"

namespace okibi::script {

// Error(bad_file) with line and column, what was expected and what was found; Error(limit) for what is deeper or longer
// than any program.
File parse_file(std::string_view source, const Limits& limits = {});

}  // namespace okibi::script
