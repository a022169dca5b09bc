// ops/whole_division.h: quotients that are rounded, and what is left of a division. An integer divided by zero is
// Error(bad_argument); the least integer divided by -1 stays what it is.
#pragma once

#include <okibi/base.h>

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace okibi::ops {

// Rounded down, as Python's //; and what is left, which has the sign of the divisor, as Python's %.
template <class T>
T divided_down(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (b == 0) return a / b;
    const T left = std::fmod(a, b);
    T quotient = (a - left) / b;
    if (left != 0 && (b < 0) != (left < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(T(0), a / b);
    const T down = std::floor(quotient);
    return quotient - down > T(0.5) ? down + 1 : down;
  } else {
    if (b == 0) throw Error(ErrorKind::bad_argument, "ZeroDivisionError");
    if (b == T(-1)) return static_cast<T>(0 - static_cast<uint64_t>(a));
    return static_cast<T>(a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0));
  }
}
template <class T>
T left_over(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const T left = std::fmod(a, b);
    return left != 0 && (b < 0) != (left < 0) ? left + b : left;
  } else {
    if (b == 0) throw Error(ErrorKind::bad_argument, "ZeroDivisionError");
    if (b == T(-1)) return 0;
    const T left = static_cast<T>(a % b);
    return left != 0 && (left < 0) != (b < 0) ? static_cast<T>(left + b) : left;
  }
}

// Rounded towards zero, as C's / and fmod.
template <class T>
T divided_to_zero(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::trunc(a / b);
  } else {
    if (b == 0) throw Error(ErrorKind::bad_argument, "ZeroDivisionError");
    return b == T(-1) ? static_cast<T>(0 - static_cast<uint64_t>(a)) : static_cast<T>(a / b);
  }
}
template <class T>
T left_of_zero(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    if (b == 0) throw Error(ErrorKind::bad_argument, "ZeroDivisionError");
    return b == T(-1) ? T(0) : static_cast<T>(a % b);
  }
}

}  // namespace okibi::ops
