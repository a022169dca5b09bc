// script/reachable.h: all that a value holds.
#pragma once

#include <unordered_set>
#include <vector>

#include <okibi/value.h>

namespace okibi::script {

// Lists, tuples, dicts and objects, by their identities.
void add_reachable(const Value& value, std::unordered_set<const void*>& seen);

// The objects among them, what one holds before it.
std::vector<Object> objects_in(const Value& value);

}  // namespace okibi::script
