// Formulas by their numbers in Abramowitz and Stegun, Handbook of Mathematical Functions (1964).
#include "ops/special_functions.h"

#include <math.h>

namespace okibi::special {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = std::numbers::pi;

// Bernoulli numbers B2, B4, …
constexpr double bernoulli[] = {1.0 / 6,       -1.0 / 30, 1.0 / 42,      -1.0 / 30,     5.0 / 66,
                                -691.0 / 2730, 7.0 / 6,   -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};

// Of x > 0: 6.3.18 from 10 on, below by 6.3.5.
double digamma_above_zero(double x) {
  double shift = 0;
  for (; x < 10; ++x) shift -= 1 / x;
  if (std::isinf(x)) return x;
  const double square = 1 / (x * x);
  double power = square, series = 0;
  for (int k = 0; k < 8; ++k, power *= square) series += bernoulli[k] * power / (2 * (k + 1));
  return shift + std::log(x) - 0.5 / x - series;
}

// ζ(s, x) = Σ 1 / (x + k)^s of s > 1 and x > 0, by Euler and Maclaurin: 23.1.30 with the sum cut off at 15.
double zeta_above_zero(double s, double x) {
  constexpr int cut = 15;
  double sum = 0;
  for (int k = 0; k < cut; ++k) sum += std::pow(x + k, -s);
  const double a = x + cut;
  double term = s / a;  // s (s + 1) … (s + 2k) / a^(2k + 1), over (2k + 2)!
  double series = 0, factorial = 2;
  for (int k = 0; k < 10; ++k) {
    series += bernoulli[k] * term / factorial;
    const double at = s + 2 * k + 1;
    term *= at * (at + 1) / (a * a);
    factorial *= (2.0 * k + 3) * (2.0 * k + 4);
  }
  return sum + std::pow(a, -s) * (a / (s - 1) + 0.5 + series);
}

// Of a whole s. The terms of x below 0 are those of its distances from there, from the smallest one on, up to -x: the
// difference of two such sums. There is none at whole numbers.
double zeta(double s, double x) {
  if (x > 0) return zeta_above_zero(s, x);
  if (x == std::floor(x)) return infinity;
  const double above = x - std::floor(x), below = std::ceil(x) - x, sign = std::fmod(s, 2) == 0 ? 1 : -1;
  return (zeta_above_zero(s, above) + sign * zeta_above_zero(s, below)) - sign * zeta_above_zero(s, 1 - x);
}

// 6.4.12 behind six steps of 6.4.6, and below ½ by 6.4.7: ψ1(1 - x) + ψ1(x) = π² / sin²(πx). Ten digits, and the same
// ones that PyTorch has.
double trigamma(double x) {
  if (x < 0.5) {
    const double sine = std::sin(pi * x);
    return pi * pi / (sine * sine) - trigamma(1 - x);
  }
  double sum = 0;
  for (int i = 0; i < 6; ++i, ++x) sum += 1 / (x * x);
  const double square = 1 / (x * x);
  return sum + (1 + 1 / (2 * x) + square * (1.0 / 6 - square * (1.0 / 30 - square / 42))) / x;
}

}  // namespace

double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double digamma(double x) {
  if (x == 0) return std::copysign(infinity, -x);
  if (std::isnan(x) || (x < 0 && x == std::floor(x)) || x == -infinity) return nan;
  if (x > 0) return digamma_above_zero(x);
  // 6.3.7, with the tangent of the fraction alone, which keeps its digits
  const double fraction = x - std::trunc(x);
  return digamma_above_zero(1 - x) - pi / std::tan(pi * fraction);
}

double polygamma(int64_t n, double x) {
  if (n == 0) return digamma(x);
  if (std::isnan(x)) return x;
  if (n == 1) return trigamma(x);
  const double s = static_cast<double>(n) + 1;
  return (n % 2 == 0 ? -1 : 1) * std::exp(log_gamma(s)) * zeta(s, x);
}

// A first guess by the logarithm (Winitzki 2008), then Newton's method with Halley's correction.
double erf_inverse(double x) {
  if (!(std::abs(x) < 1)) return std::abs(x) == 1 ? std::copysign(infinity, x) : nan;
  if (x == 0) return x;
  constexpr double a = 0.147;
  const double log = std::log1p(-x * x), half = 2 / (pi * a) + log / 2;
  double y = std::copysign(std::sqrt(std::sqrt(half * half - log / a) - half), x);
  for (int i = 0; i < 3; ++i) {
    // near ±1 erf(y) has no digits left, erfc has
    const double off = x > 0.5 ? (1 - x) - std::erfc(y) : x < -0.5 ? std::erfc(-y) - (1 + x) : std::erf(y) - x;
    const double step = off / (2 * std::numbers::inv_sqrtpi * std::exp(-y * y));
    y -= step / (1 + y * step);
  }
  return y;
}

// Up to 25 as it is written; beyond by the first terms of 7.1.23, since erfc comes to nothing there.
double erfcx(double x) {
  if (!(x >= 25)) return x < -26.7 ? infinity : std::exp(x * x) * std::erfc(x);
  const double s = 1 / (2 * x * x);
  double series = 1;
  for (int odd = 13; odd > 0; odd -= 2) series = 1 - odd * s * series;
  return std::numbers::inv_sqrtpi / x * series;
}

namespace {

// Σ (x²/4)^k / (k! (k + order)!), 9.6.10; all terms are above 0. Beyond 30 the series 9.7.1, whose terms shrink until
// k = 2x.
double bessel_scaled(double x, int order) {
  if (std::isnan(x)) return x;
  if (x > 30) {
    const double mu = 4.0 * order * order;
    double term = 1, sum = 1;
    for (int k = 1; k < 60 && std::abs(term) > 1e-17; ++k) {
      const double odd = 2.0 * k - 1;
      term *= (odd * odd - mu) / (8.0 * k * x);
      sum += term;
    }
    return sum / std::sqrt(2 * pi * x);
  }
  const double quarter = x * x / 4;
  double term = order == 0 ? 1 : x / 2, sum = term;
  for (int k = 1; term > sum * 1e-18 && k < 500; ++k) {
    term *= quarter / (static_cast<double>(k) * (k + order));
    sum += term;
  }
  return sum * std::exp(-x);
}

}  // namespace

double i0e(double x) { return bessel_scaled(std::abs(x), 0); }
double i1e(double x) { return std::copysign(bessel_scaled(std::abs(x), 1), x); }

double log_ndtr(double x) {
  const double t = x / std::numbers::sqrt2;
  return x < -1 ? std::log(erfcx(-t) / 2) - t * t : std::log1p(-std::erfc(t) / 2);
}

double ndtri(double x) {
  if (x < 0.25) {  // 2x - 1 would lose the digits of a small x
    if (!(x > 0)) return x == 0 ? -infinity : nan;
    double y = std::numbers::sqrt2 * erf_inverse(2 * x - 1);
    if (!std::isfinite(y)) y = -38;
    for (int i = 0; i < 100; ++i) {  // Newton on log Φ, which is concave
      const double slope = std::exp(-y * y / 2 - log_ndtr(y)) / std::sqrt(2 * pi);
      const double step = (log_ndtr(y) - std::log(x)) / slope;
      y -= step;
      if (std::abs(step) <= 1e-15 * std::abs(y)) break;
    }
    return y;
  }
  return x > 0.75 ? -ndtri(1 - x) : std::numbers::sqrt2 * erf_inverse(2 * x - 1);
}

}  // namespace okibi::special
