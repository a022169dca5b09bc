// script/effects.h: what an operator does beside computing tensors from tensors.
#pragma once

#include <optional>

#include "script/schema.h"

namespace okibi::script {

struct Effects {
  bool changes = false;        // its first argument, in place
  bool reads = false;          // gives something else than tensors, by what numbers a tensor has
  bool sizes = false;          // gives tensors whose sizes depend on numbers
  bool sizes_by_mask = false;  // the same where an index is a mask of booleans
  bool is_random = false;
  bool acts = false;                    // on something that is no argument
  std::optional<size_t> training = {};  // the argument that says so: then it may change more than its first argument
  std::optional<size_t> moved =
      {};  // the argument that training moves along; where it is given none, nothing is changed
};

Effects effects_of(const Schema& schema);

}  // namespace okibi::script
