#include "tensor/half_rows.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace okibi {
namespace {

uint32_t from_bfloat16(uint16_t bits) { return static_cast<uint32_t>(bits) << 16; }

uint16_t to_bfloat16(uint32_t bits) {
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

// In a float's places the bits are the number but for a factor of 2^112, subnormal numbers, too.
uint32_t from_float16(uint16_t bits) {
  const uint32_t magnitude = bits & 0x7fff, sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t number = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112F);
  const uint32_t finite = sign | number, infinite = sign | 0x7f800000;
  return magnitude < 0x7c00 ? finite : magnitude == 0x7c00 ? infinite : 0x7fc00000;
}

// Below 2^-14 the addition of 0.5, whose last digit is 2^-24 as that of such halves, rounds.
uint16_t to_float16(uint32_t bits) {
  const uint32_t magnitude = bits & 0x7fffffff, sign = (bits >> 16) & 0x8000;
  const uint32_t usual = (magnitude - (uint32_t{112} << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  const uint32_t small =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - std::bit_cast<uint32_t>(0.5F);
  const uint32_t finite = magnitude < 0x38800000 ? small : usual;
  const uint32_t others = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
  return static_cast<uint16_t>(sign | (magnitude < 0x477ff000 ? finite : others));
}

template <class To, class From, To (*convert)(From)>
void convert_row(std::byte* to, const std::byte* from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    From before;
    std::memcpy(&before, from + i * sizeof before, sizeof before);
    const To after = convert(before);
    std::memcpy(to + i * sizeof after, &after, sizeof after);
  }
}

}  // namespace

HalfRow half_row(DType to, DType from) noexcept {
  if (to == float32 && from == bfloat16) return convert_row<uint32_t, uint16_t, from_bfloat16>;
  if (to == float32 && from == float16) return convert_row<uint32_t, uint16_t, from_float16>;
  if (to == bfloat16 && from == float32) return convert_row<uint16_t, uint32_t, to_bfloat16>;
  if (to == float16 && from == float32) return convert_row<uint16_t, uint32_t, to_float16>;
  return nullptr;
}

}  // namespace okibi
