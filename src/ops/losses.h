// ops/losses.h: what all losses check.
#pragma once

#include <okibi/ops.h>

namespace okibi::ops {

void check_reduction(Reduction reduction);  // none, mean or sum
// PyTorch has no derivative for it either: Error(unsupported) rather than a gradient that is not there.
void check_has_no_gradient(const Tensor& tensor, const char* name);

}  // namespace okibi::ops
