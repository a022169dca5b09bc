// Loops over rows whose width the compiler knows.
#pragma once

#include <cstdint>
#include <type_traits>

namespace okibi::kernels {

// Calls f with n as a constant where it is one of the usual ones, so that the loop over so many is unrolled; else with
// 0.
template <int64_t... usual, class F>
void with_one_of(int64_t n, F f) {
  const bool is_usual = ((n == usual && (f(std::integral_constant<int64_t, usual>()), true)) || ...);
  if (!is_usual) f(std::integral_constant<int64_t, 0>());
}
template <class F>
void with_width(int64_t width, F f) {
  with_one_of<4, 8, 16, 32, 64>(width, f);
}

}  // namespace okibi::kernels
