// checkpoint/formats/nesting.h: a flat list of leaves with paths ⇄ the dicts and lists that they lay in.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <okibi/value.h>

namespace okibi::checkpoint {

struct Leaf {
  std::vector<Value> path = {};  // str: a key of a dict; int: a position in a list
  Value value = {};
};

// As PyTorch's unflatten_state_dict: a list grows to the positions named, with None where nothing is. Error(bad_file)
// for paths that contradict each other, and for positions far beyond the leaves there are.
Value nested(std::span<const Leaf> leaves);

// "optim.state.0.step"
std::string name_of_path(std::span<const Value> path);

}  // namespace okibi::checkpoint
