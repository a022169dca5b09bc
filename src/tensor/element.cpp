#include "tensor/element.h"

#include <fmt/format.h>

#include <cstring>

namespace okibi {
namespace {

// `value` shifted right by `shift`, to nearest, ties to even.
uint32_t shift_rounded(uint32_t value, int shift) noexcept {
  if (shift <= 0) return value << -shift;
  if (shift > 31) return 0;
  const uint32_t kept = value >> shift;
  const uint32_t rest = value - (kept << shift), half = uint32_t{1} << (shift - 1);
  return kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0);
}

uint32_t largest_finite(const SmallFloatFormat& format) noexcept {
  const uint32_t all = (uint32_t{1} << (format.exponent_bits + format.mantissa_bits)) - 1;
  if (format.has_infinity) return all - (uint32_t{1} << format.mantissa_bits);
  return format.unsigned_zero ? all : all - 1;
}

uint32_t nan_bits(const SmallFloatFormat& format) noexcept {
  const int width = format.exponent_bits + format.mantissa_bits;
  if (format.unsigned_zero) return uint32_t{1} << width;
  const uint32_t all = (uint32_t{1} << width) - 1;
  if (!format.has_infinity) return all;
  // A quiet NaN: half as c10 writes it, with the top bit of the mantissa; float8_e5m2 with all of them.
  return format.mantissa_bits == 2 ? all : (all ^ ((uint32_t{1} << (format.mantissa_bits - 1)) - 1));
}

uint32_t overflow_bits(const SmallFloatFormat& format) noexcept {
  if (format.has_infinity) return largest_finite(format) + 1;
  return format.unsigned_zero ? nan_bits(format) : largest_finite(format);  // PyTorch's float8_e4m3fn stays at 448
}

bool is_nan_bits(uint32_t magnitude, bool negative, const SmallFloatFormat& format) noexcept {
  if (format.unsigned_zero) return magnitude == 0 && negative;
  return magnitude > largest_finite(format) + (format.has_infinity ? 1 : 0);
}

}  // namespace

uint32_t largest_finite_bits(const SmallFloatFormat& format) noexcept { return largest_finite(format); }

float small_float_value(uint32_t bits, const SmallFloatFormat& format) noexcept {
  const int width = format.exponent_bits + format.mantissa_bits;
  const uint32_t magnitude = bits & ((uint32_t{1} << width) - 1);
  const bool negative = (bits >> width) != 0;
  if (is_nan_bits(magnitude, negative, format)) return std::numeric_limits<float>::quiet_NaN();
  if (format.has_infinity && magnitude > largest_finite(format)) {
    return negative ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
  }
  // Placed where a float has exponent and mantissa, the bits differ from the value by the biases alone; that one
  // multiplication, by a power of two, sets subnormal numbers right too.
  const float unscaled = std::bit_cast<float>(magnitude << (23 - format.mantissa_bits));
  const float value = unscaled * std::bit_cast<float>(static_cast<uint32_t>(254 - format.bias) << 23);
  return negative ? -value : value;
}

uint32_t small_float_bits(float value, const SmallFloatFormat& format) noexcept {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const int width = format.exponent_bits + format.mantissa_bits;
  const uint32_t sign = (bits >> 31) << width;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return format.unsigned_zero ? nan_bits(format) : sign | nan_bits(format);
  const int exponent = static_cast<int>(magnitude >> 23) - 127 + format.bias;
  uint32_t result = 0;
  if (exponent >= 1) {
    const uint32_t rebiased = magnitude - (static_cast<uint32_t>(127 - format.bias) << 23);
    result = shift_rounded(rebiased, 23 - format.mantissa_bits);
  } else if (exponent > -format.mantissa_bits - 1) {
    const uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    result = shift_rounded(mantissa, 24 - format.mantissa_bits - exponent);
  }
  if (magnitude >= 0x7f800000 || result > largest_finite(format)) result = overflow_bits(format);
  if (format.unsigned_zero && (result == 0 || result == nan_bits(format))) return result;
  return sign | result;
}

BFloat16::BFloat16(float value) noexcept {
  const uint32_t wide = std::bit_cast<uint32_t>(value);
  const bool nan = (wide & 0x7fffffff) > 0x7f800000;
  bits = nan ? 0x7fc0 : static_cast<uint16_t>((wide + 0x7fff + ((wide >> 16) & 1)) >> 16);
}

Float8E8M0::Float8E8M0(float value) noexcept {
  const uint32_t wide = std::bit_cast<uint32_t>(value) & 0x7fffffff;
  const uint32_t exponent = wide >> 23, mantissa = wide & 0x7fffff;
  if (exponent == 0xff) {
    bits = 0xff;
    return;
  }
  // To the nearest power of two; of two equally near ones the larger, except from the least exponent.
  const bool up = exponent == 0 ? mantissa > 0x400000 : mantissa >= 0x400000;
  bits = static_cast<uint8_t>(exponent + (up ? 1 : 0));
}

Float8E8M0::operator float() const noexcept {
  if (bits == 0xff) return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(bits == 0 ? uint32_t{0x400000} : static_cast<uint32_t>(bits) << 23);
}

bool has_element_type(DType dtype) noexcept {
  if (dtype == bcomplex32 || dtype == float4_e2m1fn_x2) return false;
  const DTypeCategory category = info(dtype).category;
  return category != DTypeCategory::quantised && category != DTypeCategory::bits;
}

void refuse_element_type(DType dtype) {
  throw Error(ErrorKind::unsupported,
              fmt::format("the elements of torch.{} can be kept and copied, but not computed with", name_of(dtype)));
}

namespace {

template <class T>
bool fits(double value) {
  if constexpr (std::same_as<T, bool> || is_complex_number<T> || std::same_as<T, ComplexHalf>) {
    return true;
  } else if constexpr (std::integral<T>) {
    const double top = std::ldexp(1.0, std::numeric_limits<T>::digits);  // one more than the largest
    const double bottom = std::signed_integral<T> ? -top : 1 - top;
    return std::trunc(value) >= bottom && value < top;
  } else if constexpr (std::same_as<T, double> || std::same_as<T, float>) {
    return !std::isfinite(value) || std::abs(value) <= static_cast<double>(std::numeric_limits<T>::max());
  } else {
    return !std::isfinite(value) || std::abs(value) <= static_cast<double>(T::largest());
  }
}

// Integers near the ends of 64 bits, which a double cannot tell apart.
template <class T, class Integer>
bool integer_fits(Integer value) {
  if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    const bool wraps = std::unsigned_integral<T> && std::cmp_less(value, 0) && std::in_range<T>(-(value + 1));
    return std::in_range<T>(value) || wraps;
  } else {
    return fits<T>(static_cast<double>(value));
  }
}

template <class T>
struct Fits {
  bool operator()(int64_t value) const { return integer_fits<T>(value); }
  bool operator()(uint64_t value) const { return integer_fits<T>(value); }
  bool operator()(double value) const { return fits<T>(value); }
  bool operator()(std::complex<double> value) const { return fits<T>(value.real()); }
};

template <class Number>
std::string number_text(const Number& value) {
  if constexpr (is_complex_number<Number>) {
    return fmt::format("{}{:+}j", value.real(), value.imag());
  } else {
    return fmt::to_string(value);
  }
}

}  // namespace

void require_fitting(DType dtype, const Wide& value) {
  if (with_element_type(dtype, [&]<class T>(std::type_identity<T>) { return std::visit(Fits<T>(), value); })) return;
  const std::string text = std::visit([](const auto& number) { return number_text(number); }, value);
  throw Error(ErrorKind::bad_argument,
              fmt::format("value {} cannot be converted to type torch.{} without overflow", text, name_of(dtype)));
}

Wide load_wide(DType dtype, const std::byte* at) {
  return with_element_type(dtype, [&]<class T>(std::type_identity<T>) -> Wide {
    T value;
    std::memcpy(&value, at, sizeof value);
    return widen(value);
  });
}

void store_wide(DType dtype, std::byte* at, const Wide& value) {
  with_element_type(dtype, [&]<class T>(std::type_identity<T>) {
    const T element = std::visit([](const auto& wide) { return cast_element<T>(wide); }, value);
    std::memcpy(at, &element, sizeof element);
  });
}

}  // namespace okibi
