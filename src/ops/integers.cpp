// Functions of integers: shifts of their bits, divisors, and the same of a number beside a tensor.
#include <numeric>

#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

void require_integers(DType dtype, std::string_view name) {
  if (!is_integral(dtype)) throw_cannot_compute(name, dtype);
}

// Beyond all bits, and by less than none: to the left 0 is left, to the right the sign.
template <class T>
T shifted_left(T x, T by) {
  using Bits = std::make_unsigned_t<T>;
  return by < 0 || by >= static_cast<T>(8 * sizeof(T)) ? T(0) : static_cast<T>(static_cast<Bits>(x) << by);
}
template <class T>
T shifted_right(T x, T by) {
  constexpr T most = 8 * sizeof(T) - (std::is_signed_v<T> ? 1 : 0);
  return static_cast<T>(x >> (by < 0 || by > most ? most : by));
}

// The greatest of all that divide both, from 0 on: of the least integer too, whose size is no T.
template <class T>
T greatest_divisor(T x, T y) {
  using Bits = std::make_unsigned_t<T>;
  const auto size = [](T v) -> Bits { return v < 0 ? Bits(0) - static_cast<Bits>(v) : static_cast<Bits>(v); };
  return static_cast<T>(std::gcd(size(x), size(y)));
}
// Of short integers in an int, whose size is then cut to them.
template <class T>
T least_multiple(T x, T y) {
  using Wide = decltype(x * y);
  using Bits = std::make_unsigned_t<Wide>;
  const T divisor = greatest_divisor(x, y);
  if (divisor == 0) return 0;
  const Bits product = static_cast<Bits>(x / divisor) * static_cast<Bits>(y);
  return static_cast<T>(static_cast<Wide>(product) < 0 ? Bits(0) - product : product);
}

#define OKIBI_OF_INTEGERS(Name, text, function)                                                       \
  struct Name {                                                                                       \
    static constexpr std::string_view schema = "aten::" text "(Tensor self, Tensor other) -> Tensor"; \
    template <class T>                                                                                \
    static T of(T x, T y) {                                                                           \
      return function(x, y);                                                                          \
    }                                                                                                 \
  };
OKIBI_OF_INTEGERS(ShiftLeft, "bitwise_left_shift.Tensor", shifted_left)
OKIBI_OF_INTEGERS(ShiftRight, "bitwise_right_shift.Tensor", shifted_right)
OKIBI_OF_INTEGERS(Gcd, "gcd", greatest_divisor)
OKIBI_OF_INTEGERS(Lcm, "lcm", least_multiple)
#undef OKIBI_OF_INTEGERS

template <class Function>
struct OfIntegers {
  static constexpr std::string_view schema = Function::schema;
  static constexpr std::string_view name = schema.substr(6, schema.find_first_of("(.") - 6);
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    const OutputSpec spec = promoted(a, b);
    require_integers(spec.dtype, name);
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_integers(out.dtype(), name, [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) map2<T>(in, out, [](T x, T y) { return Function::of(x, y); });
    });
  }
};

template <class Function, class Names>
struct ByNumber {
  static constexpr std::string_view schema = Names::with_number;
  static Tensor compose(const Tensor& x, const Value& by) {
    const Beside both(x, by);
    return call<OfIntegers<Function>>(both.x, both.number);
  }
};
template <class Function, class Names>
struct NumberBy {
  static constexpr std::string_view schema = Names::of_number;
  static Tensor compose(const Value& x, const Tensor& by) {
    const Beside both(by, x);
    return call<OfIntegers<Function>>(both.number, both.x);
  }
};
struct LeftNames {
  static constexpr std::string_view with_number =
      "aten::bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor";
  static constexpr std::string_view of_number =
      "aten::bitwise_left_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor";
};
struct RightNames {
  static constexpr std::string_view with_number =
      "aten::bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor";
  static constexpr std::string_view of_number =
      "aten::bitwise_right_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor";
};

// And, or and xor do not care which side comes first.
#define OKIBI_NUMBER_FIRST(Name, word)                                                                              \
  struct Name {                                                                                                     \
    static constexpr std::string_view schema = "aten::" word ".Scalar_Tensor(Scalar self, Tensor other) -> Tensor"; \
    static Tensor compose(const Value& x, const Tensor& y) {                                                        \
      return call_named("aten::" word ".Scalar", {y, x}).to_tensor();                                               \
    }                                                                                                               \
  };
OKIBI_NUMBER_FIRST(NumberAnd, "bitwise_and")
OKIBI_NUMBER_FIRST(NumberOr, "bitwise_or")
OKIBI_NUMBER_FIRST(NumberXor, "bitwise_xor")
#undef OKIBI_NUMBER_FIRST

}  // namespace

std::span<const okibi::Op> integer_ops() {
  static constexpr okibi::Op rows[] = {entry<OfIntegers<ShiftLeft>>(),
                                       entry<OfIntegers<ShiftRight>>(),
                                       entry<OfIntegers<Gcd>>(),
                                       entry<OfIntegers<Lcm>>(),
                                       plain_entry<ByNumber<ShiftLeft, LeftNames>>(),
                                       plain_entry<ByNumber<ShiftRight, RightNames>>(),
                                       plain_entry<NumberBy<ShiftLeft, LeftNames>>(),
                                       plain_entry<NumberBy<ShiftRight, RightNames>>(),
                                       plain_entry<NumberAnd>(),
                                       plain_entry<NumberOr>(),
                                       plain_entry<NumberXor>()};
  return rows;
}

}  // namespace okibi::ops
