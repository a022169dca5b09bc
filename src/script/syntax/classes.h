// script/syntax/classes.h: classes of all kinds.
#pragma once

#include "script/syntax/tokens.h"

namespace okibi::script {

// From "class" to the end of its body.
Class parse_class(Tokens& tokens);

}  // namespace okibi::script
