// script/walk.h: all nodes of a function's code.
#pragma once

#include <functional>

#include "script/code.h"

namespace okibi::script {

// What is computed first comes first; both ways of an if.
void for_each_node(const Code& code, const std::function<void(const Node&)>& visit);
void change_each_node(Code& code, const std::function<void(Node&)>& change);

}  // namespace okibi::script
