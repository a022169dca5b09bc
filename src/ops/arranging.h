// ops/arranging.h: tensors as other tensors that have more dimensions, or their numbers more than once.
#pragma once

#include "ops/op.h"

namespace okibi::ops {

Tensor repeat(const Tensor& x, const Dims& repeats);  // assembled.cpp
Tensor at_least(int64_t dims, const Tensor& x);       // PyTorch's atleast_1d to atleast_3d
// `dims` without signs. Error(bad_argument) where one is named twice.
Dims distinct_dims(const Dims& dims, size_t rank, std::string_view name);

}  // namespace okibi::ops
