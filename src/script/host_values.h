// script/host_values.h: what the functions that run operators have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "script/kernels.h"

namespace okibi::script {

using Arguments = std::span<const Value>;

inline bool are_ints(const Value& a, const Value& b) { return !a.is_double() && !b.is_double(); }

// Python's index from the end; Error(out_of_range) beyond both.
size_t index_in(int64_t index, size_t size);

// Python's begin and end of a slice.
struct Range {
  int64_t begin = 0, end = 0, step = 1;
};
Range slice_of(const Value& begin, const Value& end, const Value& step, size_t size);

// As TorchScript's str() and format() have it.
std::string text_of(const Value& value);

// The number of a dtype in programs.
int64_t number_of(DType dtype);

}  // namespace okibi::script
