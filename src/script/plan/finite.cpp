#include "script/plan/finite.h"

namespace okibi::script {

// By bits: such a loop compilers make wide.
bool is_finite(const Tensor& tensor) {
  if (!tensor.defined() || !is_floating_point(tensor.dtype())) return true;
  const Tensor numbers = tensor.to(float32).contiguous();
  constexpr uint32_t exponent = 0x7f800000;
  const auto* bits = reinterpret_cast<const uint32_t*>(numbers.raw_data());
  uint32_t others = 0;
  for (int64_t i = 0; i < numbers.numel(); ++i) others |= static_cast<uint32_t>((bits[i] & exponent) == exponent);
  return others == 0;
}

}  // namespace okibi::script
