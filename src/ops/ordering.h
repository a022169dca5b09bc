// ops/ordering.h: which of two numbers comes first. NaN is larger than all others, and as large as itself.
#pragma once

#include <cmath>
#include <type_traits>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "tensor/element.h"

namespace okibi::ops {

// For comparing: half-precision numbers as float, booleans as bytes.
template <class T>
auto comparable(T value) {
  if constexpr (is_small_float<T>)
    return static_cast<float>(value);
  else
    return value;
}
template <class T>
bool comes_before(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a < b || (std::isnan(b) && !std::isnan(a));
  return a < b;
}

// The dtypes that can be put in order; booleans as their bytes.
template <class Work>
void dispatch_ordered(DType dtype, std::string_view what, Work&& work) {
  if (dtype == float16) return work.template operator()<Half>();
  if (dtype == bfloat16) return work.template operator()<BFloat16>();
  if (dtype == float32) return work.template operator()<float>();
  if (dtype == float64) return work.template operator()<double>();
  if (dtype == int64) return work.template operator()<int64_t>();
  if (dtype == int32) return work.template operator()<int32_t>();
  if (dtype == int16) return work.template operator()<int16_t>();
  if (dtype == int8) return work.template operator()<int8_t>();
  if (dtype == uint8 || dtype == boolean) return work.template operator()<uint8_t>();
  throw_cannot_compute(what, dtype);
}

// The rows of the table that do not stand in ordering.cpp.
std::span<const okibi::Op> counting_ops();  // counting.cpp

}  // namespace okibi::ops
