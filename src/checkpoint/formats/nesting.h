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

// As PyTorch's flatten_state_dict: dicts are opened, and lists that hold tensors or dicts at any depth of lists; all
// else is a leaf. A key that is no str becomes one, and an empty dict leaves no trace, as PyTorch does it.
// Error(unsupported) for what PyTorch could not flatten: a value that is no dict, two items of one name, cycles.
std::vector<Leaf> flattened(const Value& value);

// "optim.state.0.step"
std::string name_of_path(std::span<const Value> path);

}  // namespace okibi::checkpoint
