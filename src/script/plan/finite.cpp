#include "script/plan/finite.h"

#include <array>

namespace okibi::script {
namespace {

// By bits, several lanes at a time: such a loop compilers make wide. A lane overflows into its sign where all bits of
// an exponent are set.
bool are_finite(const uint32_t* bits, int64_t count) {
  constexpr int64_t lanes = 32;
  constexpr uint32_t without_sign = 0x7fffffff, above_exponents = 0x00800000;
  std::array<uint32_t, lanes> seen = {};
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (int64_t j = 0; j < lanes; ++j) seen[static_cast<size_t>(j)] |= (bits[i + j] & without_sign) + above_exponents;
  }
  for (; i < count; ++i) seen[0] |= (bits[i] & without_sign) + above_exponents;
  uint32_t all = 0;
  for (const uint32_t lane : seen) all |= lane;
  return (all & ~without_sign) == 0;
}

}  // namespace

bool is_finite(const Tensor& tensor) {
  if (!tensor.defined() || !is_floating_point(tensor.dtype())) return true;
  const Tensor numbers = tensor.to(float32).contiguous();
  return are_finite(reinterpret_cast<const uint32_t*>(numbers.raw_data()), numbers.numel());
}

}  // namespace okibi::script
