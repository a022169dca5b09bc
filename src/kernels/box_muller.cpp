// The scalar definition, with its polynomials. See box_muller.h.
#include "kernels/box_muller.h"

#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace okibi::kernels {
namespace {

template <size_t n>
float horner(const std::array<float, n>& coefficients, float x) {
  float y = coefficients[0];
  for (size_t i = 1; i < n; ++i) y = std::fma(y, x, coefficients[i]);
  return y;
}

constexpr std::array log_polynomial{7.0376836292E-2f,  -1.1514610310E-1f, 1.1676998740E-1f,
                                    -1.2420140846E-1f, 1.4249322787E-1f,  -1.6668057665E-1f,
                                    2.0000714765E-1f,  -2.4999993993E-1f, 3.3333331174E-1f};
constexpr std::array sin_polynomial{-1.9515295891E-4f, 8.3321608736E-3f, -1.6666654611E-1f};
constexpr std::array cos_polynomial{2.443315711809948E-5f, -1.388731625493765E-3f, 4.166664568298827E-2f};
// π/4 in three parts, so that multiples of it are taken off without loss.
constexpr std::array minus_quarter_pi{-0.78515625f, -2.4187564849853515625e-4f, -3.77489497744594108e-8f};

float with_sign(float value, bool negative) { return negative ? -value : value; }

}  // namespace

float cephes_log(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  float exponent = static_cast<float>(static_cast<int32_t>(bits >> 23) - 126);
  float fraction = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
  const bool below = fraction < 0.707106781186547524f;
  if (below) exponent -= 1;
  fraction = below ? (fraction - 1) + fraction : fraction - 1;  // in [√½ - 1, √2 - 1)

  const float square = fraction * fraction;
  const float series = horner(log_polynomial, fraction) * fraction;
  float y = std::fma(series, square, exponent * -2.12194440e-4f);  // ln 2 in two parts: this one, and below
  y = std::fma(square, -0.5f, y);
  return std::fma(exponent, 0.693359375f, fraction + y);
}

SinCos cephes_sincos(float angle) {
  const int32_t octant = (static_cast<int32_t>(angle * 1.27323954473516f) + 1) & ~1;
  const float multiple = static_cast<float>(octant);
  float x = angle;
  for (const float part : minus_quarter_pi) x = std::fma(multiple, part, x);

  const float z = x * x;
  const float cosine = std::fma(horner(cos_polynomial, z) * z, z, z * -0.5f) + 1;
  const float sine = std::fma(horner(sin_polynomial, z) * z, x, x);
  const bool swapped = (octant & 2) != 0;
  return {.sin = with_sign(swapped ? cosine : sine, (octant & 4) != 0),
          .cos = with_sign(swapped ? sine : cosine, ((octant - 2) & 4) == 0)};
}

void box_muller_scalar(int64_t blocks, float mean, float std, float* data) {
  constexpr float two_pi = static_cast<float>(2 * std::numbers::pi);
  for (const float* const end = data + blocks * 16; data != end; data += 16) {
    for (int i = 0; i < 8; ++i) {
      const float radius = std::sqrt(-2 * cephes_log(1 - data[i]));  // of (0, 1], never of 0
      const SinCos direction = cephes_sincos(two_pi * data[i + 8]);
      data[i] = std::fma(radius * direction.cos, std, mean);
      data[i + 8] = std::fma(radius * direction.sin, std, mean);
    }
  }
}

void box_muller(int64_t blocks, double mean, double std, double* data) {
  for (const double* const end = data + blocks * 16; data != end; data += 16) {
    for (int i = 0; i < 8; ++i) {
      const double radius = std::sqrt(-2 * std::log(1 - data[i]));
      const double angle = 2 * std::numbers::pi * data[i + 8];
      data[i] = std::fma(radius * std::cos(angle), std, mean);
      data[i + 8] = std::fma(radius * std::sin(angle), std, mean);
    }
  }
}

}  // namespace okibi::kernels
