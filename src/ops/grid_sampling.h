// ops/grid_sampling.h: rows of the operator table.
#pragma once

#include "ops/op.h"

namespace okibi::ops {

std::span<const okibi::Op> grid_sampling_ops();

}  // namespace okibi::ops
