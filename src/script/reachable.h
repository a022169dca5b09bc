// script/reachable.h: all that a value holds.
#pragma once

#include <unordered_set>
#include <vector>

#include <okibi/value.h>

namespace okibi::script {

struct Reach {
  std::unordered_set<const void*> holders;      // lists, tuples, dicts and objects, by their identities
  std::unordered_set<const Storage*> storages;  // of tensors
  bool holds_changeable = false;                // more than tuples and tensors
};
void add_reachable(const Value& value, Reach& reach);

// Whether it is or holds, through tuples, a list, a dict or an object: what someone else who has it may change.
bool is_changeable(const Value& value);

// The objects among what it holds, what one holds before it.
std::vector<Object> objects_in(const Value& value);

}  // namespace okibi::script
