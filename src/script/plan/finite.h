// script/plan/finite.h: whether numbers are such that what is fused gives what the operators give.
//
// oneDNN's activations and poolings make numbers of NaN: relu 0, the largest of a window the least float32. So nothing
// is fused with weights that are not finite, and what enters the first of some fused operations is looked at in each
// call. Only what overflows within them is not seen.
#pragma once

#include <okibi/tensor.h>

namespace okibi::script {

// Of float32, or what becomes it; of others, yes.
bool is_finite(const Tensor& tensor);

}  // namespace okibi::script
