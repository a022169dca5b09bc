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

// Booleans as their bytes.
template <class Work>
void dispatch_ordered(DType dtype, std::string_view what, Work&& work) {
  dispatch_real(dtype == boolean ? uint8 : dtype, what, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) work.template operator()<T>();
  });
}

}  // namespace okibi::ops
