#pragma once

#include <string>

#include <okibi/value.h>

namespace okibi::inspect {

// The part of `root` that a path names: keys, positions and attributes, joined by '.'. Where a key itself holds dots,
// the longest key that fits is taken. Error(not_found) lists what there is at the step that failed.
Value part_of(const Value& root, const std::string& path);

}  // namespace okibi::inspect
