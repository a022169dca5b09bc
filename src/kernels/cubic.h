// kernels/cubic.h: the cubic convolution of Keys ("Cubic convolution interpolation", 1981) by which pictures are
// resampled.
#pragma once

#include <cmath>

namespace okibi::kernels {

// 1 at 0, and 0 at all other whole numbers; beyond 2 it is 0. The smaller a, the steeper.
template <class T>
T keys(T x, T a) {
  x = std::abs(x);
  if (x <= T(1)) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < T(2)) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return T(0);
}

// Its derivative, up to 2.
template <class T>
T keys_slope(T x, T a) {
  const T sign = x < 0 ? T(-1) : T(1);
  x = std::abs(x);
  return sign * (x <= 1 ? (3 * (a + 2) * x - 2 * (a + 3)) * x : (3 * a * x - 10 * a) * x + 8 * a);
}

}  // namespace okibi::kernels
