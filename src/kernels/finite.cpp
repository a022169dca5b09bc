#include "kernels/finite.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace okibi::kernels {

// By bits, several lanes at a time: such a loop compilers make wide. A lane overflows into its sign where all bits of
// an exponent are set.
bool are_finite(const float* numbers, size_t count) noexcept {
  constexpr size_t lanes = 32;
  constexpr uint32_t without_sign = 0x7fffffff, above_exponents = 0x00800000;
  std::array<uint32_t, lanes> seen = {};
  const auto look = [&](size_t i, size_t lane) {
    uint32_t bits = 0;
    std::memcpy(&bits, numbers + i, sizeof bits);
    seen[lane] |= (bits & without_sign) + above_exponents;
  };
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (size_t j = 0; j < lanes; ++j) look(i + j, j);
  }
  for (; i < count; ++i) look(i, 0);
  uint32_t all = 0;
  for (const uint32_t lane : seen) all |= lane;
  return (all & ~without_sign) == 0;
}

}  // namespace okibi::kernels
