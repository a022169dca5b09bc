// script/plan/call_key.h: for which calls a plan is good.
#pragma once

#include <optional>
#include <span>
#include <string>

#include <okibi/value.h>

namespace okibi::script {

// A text that is the same for calls of a function whose tensors agree in sizes, strides and dtypes, and all else in its
// values. None where an argument is what a plan cannot be made for.
std::optional<std::string> call_key(const std::string& function, std::span<const Value> arguments);

}  // namespace okibi::script
