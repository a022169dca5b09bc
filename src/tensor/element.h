// The elements of each dtype as C++ values, and how one is converted to another: one rule for copies, casts, printing
// and comparing.
#pragma once

#include <okibi/dtype.h>

#include <bit>
#include <cmath>
#include <complex>
#include <concepts>
#include <limits>
#include <variant>

namespace okibi {

// ---- small floats: stored as bits, computed with as float

// Bits of a small binary float: how many for exponent and mantissa, and what its largest values mean.
struct SmallFloatFormat {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  bool has_infinity;   // an all-ones exponent is infinity or NaN, as in IEEE 754
  bool unsigned_zero;  // "fnuz": the bits of -0 are the only NaN
};

uint32_t largest_finite_bits(const SmallFloatFormat& format) noexcept;
float small_float_value(uint32_t bits, const SmallFloatFormat& format) noexcept;
uint32_t small_float_bits(float value, const SmallFloatFormat& format) noexcept;  // to nearest, ties to even

template <class Bits, int exponent_bits, int mantissa_bits, int bias, bool has_infinity, bool unsigned_zero>
struct SmallFloat {
  static constexpr SmallFloatFormat format{exponent_bits, mantissa_bits, bias, has_infinity, unsigned_zero};
  Bits bits;

  SmallFloat() = default;
  explicit SmallFloat(float value) noexcept : bits(static_cast<Bits>(small_float_bits(value, format))) {}
  explicit operator float() const noexcept { return small_float_value(bits, format); }
  static float largest() noexcept { return small_float_value(largest_finite_bits(format), format); }
};
using Half = SmallFloat<uint16_t, 5, 10, 15, true, false>;
using Float8E5M2 = SmallFloat<uint8_t, 5, 2, 15, true, false>;
using Float8E4M3 = SmallFloat<uint8_t, 4, 3, 7, false, false>;
using Float8E5M2Fnuz = SmallFloat<uint8_t, 5, 2, 16, false, true>;
using Float8E4M3Fnuz = SmallFloat<uint8_t, 4, 3, 8, false, true>;

struct Float8E8M0 {  // a power of two, from 2^-127 to 2^127; 255 is NaN
  uint8_t bits;
  Float8E8M0() = default;
  explicit Float8E8M0(float value) noexcept;
  explicit operator float() const noexcept;
  static float largest() noexcept { return 0x1p127f; }
};

struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  explicit BFloat16(float value) noexcept;
  explicit operator float() const noexcept { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
  static float largest() noexcept { return 0x1.fep127f; }
};

struct ComplexHalf {
  Half real, imag;
};

template <class T>
inline constexpr bool is_small_float = requires(T value) {
  value.bits;
};
template <class T>
inline constexpr bool is_complex_number = std::same_as<T, std::complex<float>> || std::same_as<T, std::complex<double>>;

// ---- conversions

// A real number cut towards zero. What int64 cannot hold (NaN too) becomes its least value, as x86 does it; a narrower
// integer then takes the low bits. PyTorch leaves these cases to the processor.
inline int64_t truncate(double value) noexcept {
  constexpr double limit = 0x1p63;
  return value >= -limit && value < limit ? static_cast<int64_t>(value) : std::numeric_limits<int64_t>::min();
}
inline uint64_t truncate_unsigned(double value) noexcept {
  constexpr double half = 0x1p63;
  return value >= half && value < 2 * half ? static_cast<uint64_t>(value) : static_cast<uint64_t>(truncate(value));
}

// Into T from one of the widest types below.
template <class T, class From>
T cast_element(const From& value) noexcept {
  if constexpr (std::same_as<T, From>) {
    return value;
  } else if constexpr (std::same_as<T, bool>) {
    return value != From(0);
  } else if constexpr (std::same_as<T, ComplexHalf>) {
    const std::complex<double> wide = cast_element<std::complex<double>>(value);
    return {Half(static_cast<float>(wide.real())), Half(static_cast<float>(wide.imag()))};
  } else if constexpr (is_complex_number<From> && is_complex_number<T>) {
    return T(static_cast<typename T::value_type>(value.real()), static_cast<typename T::value_type>(value.imag()));
  } else if constexpr (is_complex_number<From>) {
    return cast_element<T>(value.real());
  } else if constexpr (is_complex_number<T>) {
    return T(static_cast<typename T::value_type>(value), 0);
  } else if constexpr (is_small_float<T>) {
    return T(static_cast<float>(value));
  } else if constexpr (std::floating_point<From> && std::same_as<T, uint64_t>) {
    return truncate_unsigned(value);
  } else if constexpr (std::floating_point<From> && std::integral<T>) {
    return static_cast<T>(truncate(value));
  } else {
    return static_cast<T>(value);
  }
}

// The widest type of each kind of number, through which all conversions go: none of them loses anything.
template <class T>
auto widen(const T& value) noexcept {
  if constexpr (std::same_as<T, uint64_t>) {
    return value;
  } else if constexpr (std::integral<T>) {
    return static_cast<int64_t>(value);
  } else if constexpr (std::same_as<T, ComplexHalf>) {
    return std::complex<double>(static_cast<float>(value.real), static_cast<float>(value.imag));
  } else if constexpr (is_complex_number<T>) {
    return std::complex<double>(value);
  } else if constexpr (is_small_float<T>) {
    return static_cast<double>(static_cast<float>(value));
  } else {
    return static_cast<double>(value);
  }
}
template <class T>
using WideOf = decltype(widen(std::declval<T>()));

using Wide = std::variant<int64_t, uint64_t, double, std::complex<double>>;

// One element, from any address. Error(unsupported) for dtypes whose elements are no single numbers.
Wide load_wide(DType dtype, const std::byte* at);
void store_wide(DType dtype, std::byte* at, const Wide& value);

// Error(bad_argument) where a number given by a person is too large for the dtype. As in PyTorch, negative integers may
// wrap in unsigned types, and fractions are cut off.
void require_fitting(DType dtype, const Wide& value);

// ---- from a dtype to its C++ type

bool has_element_type(DType dtype) noexcept;
[[noreturn]] void refuse_element_type(DType dtype);

// Calls visit(std::type_identity<T>()) with the type of the dtype's elements.
template <class Visit>
decltype(auto) with_element_type(DType dtype, Visit&& visit) {
  switch (dtype) {
    case boolean:
      return visit(std::type_identity<bool>());
    case uint8:
      return visit(std::type_identity<uint8_t>());
    case int8:
      return visit(std::type_identity<int8_t>());
    case int16:
      return visit(std::type_identity<int16_t>());
    case int32:
      return visit(std::type_identity<int32_t>());
    case int64:
      return visit(std::type_identity<int64_t>());
    case uint16:
      return visit(std::type_identity<uint16_t>());
    case uint32:
      return visit(std::type_identity<uint32_t>());
    case uint64:
      return visit(std::type_identity<uint64_t>());
    case float16:
      return visit(std::type_identity<Half>());
    case bfloat16:
      return visit(std::type_identity<BFloat16>());
    case float32:
      return visit(std::type_identity<float>());
    case float64:
      return visit(std::type_identity<double>());
    case complex32:
      return visit(std::type_identity<ComplexHalf>());
    case complex64:
      return visit(std::type_identity<std::complex<float>>());
    case complex128:
      return visit(std::type_identity<std::complex<double>>());
    case float8_e5m2:
      return visit(std::type_identity<Float8E5M2>());
    case float8_e4m3fn:
      return visit(std::type_identity<Float8E4M3>());
    case float8_e5m2fnuz:
      return visit(std::type_identity<Float8E5M2Fnuz>());
    case float8_e4m3fnuz:
      return visit(std::type_identity<Float8E4M3Fnuz>());
    case float8_e8m0fnu:
      return visit(std::type_identity<Float8E8M0>());
    default:
      refuse_element_type(dtype);
  }
}

}  // namespace okibi
