#include <fmt/format.h>
#include <okibi/dtype.h>

#include <algorithm>

namespace okibi {
namespace {

// PyTorch stores these three but gives them no arithmetic with other integers.
bool is_barebones_unsigned(DType dtype) { return dtype == uint16 || dtype == uint32 || dtype == uint64; }

bool is_promotable(DType dtype) {
  switch (info(dtype).category) {
    case DTypeCategory::boolean:
    case DTypeCategory::unsigned_integer:
    case DTypeCategory::signed_integer:
      return true;
    case DTypeCategory::floating:
      return dtype == bfloat16 || (dtype >= float16 && dtype <= float64);
    case DTypeCategory::complex_number:
      return dtype != bcomplex32;
    case DTypeCategory::quantised:
    case DTypeCategory::bits:
      return false;
  }
  return false;
}

[[noreturn]] void refuse_promotion(DType a, DType b) {
  throw Error(ErrorKind::unsupported, fmt::format("torch.{} and torch.{} have no common dtype", name_of(a), name_of(b)))
      .hint("Convert one of them with to() first.");
}

DType promote_integers(DType a, DType b) {
  if (is_barebones_unsigned(a) || is_barebones_unsigned(b)) refuse_promotion(a, b);
  if ((a == uint8 && b == int8) || (a == int8 && b == uint8)) return int16;
  if (a == uint8) return b;
  if (b == uint8) return a;
  return std::max(a, b);  // int8 < int16 < int32 < int64, by number too
}

// float16 and bfloat16 hold values that the other does not.
DType promote_reals(DType a, DType b) {
  if (a == bfloat16) std::swap(a, b);
  if (b == bfloat16) return a == float16 ? float32 : a;
  return std::max(a, b);
}

DType complex_of(DType real) {
  switch (real) {
    case float16:
      return complex32;
    case float64:
      return complex128;
    default:
      return complex64;  // that of bfloat16 too
  }
}

DType promote_with_complex(DType a, DType b) {
  const DType complex = is_complex(a) ? a : b;
  const DType other = is_complex(a) ? b : a;
  if (is_complex(other)) return std::max(a, b);
  if (is_barebones_unsigned(other)) refuse_promotion(a, b);
  return is_floating_point(other) ? std::max(complex, complex_of(other)) : complex;
}

}  // namespace

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (!is_promotable(a) || !is_promotable(b)) refuse_promotion(a, b);
  if (is_complex(a) || is_complex(b)) return promote_with_complex(a, b);
  if (is_floating_point(a) && is_floating_point(b)) return promote_reals(a, b);
  if (is_floating_point(a)) return a;
  if (is_floating_point(b)) return b;
  if (is_barebones_unsigned(a) || is_barebones_unsigned(b)) refuse_promotion(a, b);
  if (a == boolean) return b;
  if (b == boolean) return a;
  return promote_integers(a, b);
}

}  // namespace okibi
