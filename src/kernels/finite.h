// kernels/finite.h: whether there is no NaN and no infinity.
#pragma once

#include <cstddef>

namespace okibi::kernels {

bool are_finite(const float* numbers, size_t count) noexcept;

}  // namespace okibi::kernels
