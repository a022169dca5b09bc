// What numbers inside the parts of a tensor must be. See check_invariants() in okibi/tensor.h.
#pragma once

#include <okibi/tensor.h>

namespace okibi {

// A few bytes can be shown as 2^60 elements, all in the same place. What is looked at one by one must not be of that
// kind: Error(bad_file).
void require_own_memory(const Tensor& part, std::string_view name);

}  // namespace okibi
