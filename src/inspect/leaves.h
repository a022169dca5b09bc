// inspect/leaves.h: what an object holds besides tensors.
#pragma once

#include <string>
#include <vector>

#include <okibi/value.h>

namespace okibi::inspect {

struct Leaf {
  std::string name;  // the path joined by '.'
  Value value;       // of an Object its class, as a string; of an empty container, itself
};

// Every value that is neither a tensor nor a container. Iterative; what is reached twice is told once. Error(limit)
// when the names come to more than 32 MiB: each repeats its path.
std::vector<Leaf> leaves_of(const Value& root);

}  // namespace okibi::inspect
