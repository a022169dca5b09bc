// ops/special_functions.h: functions that <cmath> has not, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

namespace okibi::special {

double log_gamma(double x);             // log |Γ(x)|; writes to nothing global, other than std::lgamma
double digamma(double x);               // Γ'(x) / Γ(x)
double polygamma(int64_t n, double x);  // its n-th derivative, n >= 0
double erf_inverse(double x);           // ±∞ at ±1, NaN beyond
double erfcx(double x);                 // exp(x²) · erfc(x)
double i0e(double x);                   // exp(-|x|) · I0(x), and the same of I1
double i1e(double x);
double log_ndtr(double x);  // log of the normal distribution's cumulative function
double ndtri(double x);     // the inverse of that function

// log(exp(x) + exp(y)), which may be too large and too small for themselves.
template <class T>
T log_sum(T x, T y) {
  if (std::isinf(x) && x == y) return x;
  return std::max(x, y) + std::log1p(std::exp(-std::abs(x - y)));
}

inline double ndtr(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
inline double i0(double x) { return std::exp(std::abs(x)) * i0e(x); }
inline double i1(double x) { return std::exp(std::abs(x)) * i1e(x); }

}  // namespace okibi::special
