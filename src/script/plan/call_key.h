// script/plan/call_key.h: for which calls a plan is good.
#pragma once

#include <optional>
#include <span>
#include <string>

#include <okibi/value.h>

#include "tensor/pool.h"

namespace okibi::script {

using CallKey = std::basic_string<char, std::char_traits<char>, pool::Allocator<char>>;

// A text that is the same for calls of a method of the very same object whose tensors agree in all but their numbers,
// all else in its values, and which of them are the same thing. None where an argument is what a plan cannot be made
// for.
std::optional<CallKey> call_key(const std::string& function, const Value& self, std::span<const Value> arguments);

}  // namespace okibi::script
