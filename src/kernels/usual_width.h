// Loops over rows whose width the compiler knows.
#pragma once

#include <cstdint>
#include <type_traits>

namespace okibi::kernels {

// Calls f with the width as a constant where it is a usual one, so that a row's loop is unrolled; else with 0.
template <class F>
void with_width(int64_t width, F f) {
  switch (width) {
    case 4:
      return f(std::integral_constant<int64_t, 4>());
    case 8:
      return f(std::integral_constant<int64_t, 8>());
    case 16:
      return f(std::integral_constant<int64_t, 16>());
    case 32:
      return f(std::integral_constant<int64_t, 32>());
    case 64:
      return f(std::integral_constant<int64_t, 64>());
    default:
      return f(std::integral_constant<int64_t, 0>());
  }
}

}  // namespace okibi::kernels
