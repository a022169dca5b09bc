// ops/further_ops.h: the rows of further families of the operator table, beside those of ops/op.h.
#pragma once

#include "ops/op.h"

namespace okibi::ops {

std::span<const okibi::Op> pointwise_ops();
std::span<const okibi::Op> number_product_ops();
std::span<const okibi::Op> vector_norm_ops();
std::span<const okibi::Op> vector_product_ops();

}  // namespace okibi::ops
