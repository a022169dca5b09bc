// Rows of float16 and bfloat16, to float32 and back, many elements at a time: without branches, so that compilers make
// vector loops of it. The numbers are those of element.h, bit by bit but for what a NaN carries.
#pragma once

#include <okibi/dtype.h>

#include <cstddef>

namespace okibi {

using HalfRow = void (*)(std::byte* to, const std::byte* from, size_t count);  // both contiguous

HalfRow half_row(DType to, DType from) noexcept;  // null for other pairs of dtypes

}  // namespace okibi
