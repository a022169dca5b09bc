// checkpoint/step_name.h: a step of a path through an object, as names of tensors and other parts have it.
#pragma once

#include <string>

#include <okibi/value.h>

namespace okibi::checkpoint {

// A key may be a tuple of anything: what is printed of it is for people.
inline std::string text_of_step(const Value& key) { return key.is_string() ? key.to_string() : repr(key, 100); }

}  // namespace okibi::checkpoint
