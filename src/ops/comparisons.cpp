// Comparisons and logic, element by element. None has a gradient.
#include <cmath>
#include <functional>

#include "ops/complex_numbers.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// Halves are compared as float32, numbers beside them once they are rounded to halves: x == 0.1 where x is the half
// next to 0.1.
DType comparable(DType dtype) { return is_half(dtype) ? float32 : dtype; }

// Complex numbers are equal or not; none is less than another.
template <class Compare>
void compare_complex(const Operands& in, const Tensor& out) {
  if constexpr (std::is_same_v<Compare, std::equal_to<>> || std::is_same_v<Compare, std::not_equal_to<>>) {
    dispatch_complex(in.a.dtype(), "comparison", [&]<class T>() {
      const auto *x = complex_numbers<T>(in.a), *y = complex_numbers<T>(in.b);
      for (int64_t i = 0; i < out.numel(); ++i) out.data<bool>()[i] = Compare()(x[i], y[i]);
    });
  } else {
    throw_cannot_compute("this comparison", in.a.dtype());
  }
}

template <class Compare, class Names>
struct WithTensor {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = Names::tensor;
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return {broadcast_sizes(a.sizes(), b.sizes()), boolean}; }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const DType dtype = result_type(a, b);
    const Operands in(a.to(dtype), b.to(dtype), out.sizes(), comparable(dtype));
    if (is_complex(dtype)) return compare_complex<Compare>(in, out);
    dispatch_numbers(comparable(dtype), "comparison", [&]<class T>() { map2<T>(in, out, Compare()); });
  }
};

template <class Compare, class Names>
struct WithNumber {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = Names::number;
  static OutputSpec infer(const Tensor& a, const Value&) { return {a.sizes(), boolean}; }
  static void forward(const Tensor& a, const Value& number, const Tensor& out) {
    const DType dtype = result_type(a.dtype(), number);
    const Tensor x = a.to(comparable(dtype)).contiguous();
    const Tensor y = number_tensor(number, dtype).to(comparable(dtype));
    if (is_complex(dtype)) return compare_complex<Compare>(Operands(x, y, out.sizes(), dtype), out);
    dispatch_numbers(comparable(dtype), "comparison", [&]<class T>() {
      const T limit = *y.data<T>();
      map1<T>(x, out, [limit](T v) { return Compare()(v, limit); });
    });
  }
};

#define OKIBI_COMPARISON(Name, word)                                                                         \
  struct Name {                                                                                              \
    static constexpr std::string_view tensor = "aten::" word ".Tensor(Tensor self, Tensor other) -> Tensor"; \
    static constexpr std::string_view number = "aten::" word ".Scalar(Tensor self, Scalar other) -> Tensor"; \
  };
OKIBI_COMPARISON(Eq, "eq")
OKIBI_COMPARISON(Ne, "ne")
OKIBI_COMPARISON(Lt, "lt")
OKIBI_COMPARISON(Le, "le")
OKIBI_COMPARISON(Gt, "gt")
OKIBI_COMPARISON(Ge, "ge")
#undef OKIBI_COMPARISON

// --------------------------------------------------------------------------------------------------------------- logic

struct LogicalNot {
  static constexpr std::string_view schema = "aten::logical_not(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) { return {x.sizes(), boolean}; }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_numbers(x.dtype(), "logical_not", [&]<class T>() { map1<T>(in, out, [](T v) { return v == T(0); }); });
  }
};

// Of truths: what is not zero is true.
template <class Join, class Names>
struct Logical {
  static constexpr std::string_view schema = Names::logical;
  static OutputSpec infer(const Tensor& a, const Tensor& b) { return {broadcast_sizes(a.sizes(), b.sizes()), boolean}; }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a.to(boolean), b.to(boolean), out.sizes(), boolean);
    map2<bool>(in, out, [](bool x, bool y) { return Join()(x, y) != 0; });
  }
};

void require_integers(DType dtype, std::string_view name) {
  if (is_integral(dtype) || dtype == boolean) return;
  throw Error(ErrorKind::bad_argument, std::string(name) + " is for integers and booleans")
      .found(std::string(name_of(dtype)));
}

struct BitwiseNot {
  static constexpr std::string_view schema = "aten::bitwise_not(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) {
    require_integers(x.dtype(), "bitwise_not");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_integers(x.dtype(), "bitwise_not", [&]<class T>() {
      map1<T>(in, out, [](T v) -> T {
        if constexpr (std::is_same_v<T, bool>) {
          return !v;
        } else {
          return static_cast<T>(~v);
        }
      });
    });
  }
};

template <class Join>
struct Bitwise {
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    const OutputSpec spec = promoted(a, b);
    require_integers(spec.dtype, "and, or and xor");
    return spec;
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Operands in(a, b, out.sizes(), out.dtype());
    dispatch_integers(out.dtype(), "and, or and xor",
                      [&]<class T>() { map2<T>(in, out, [](T x, T y) -> T { return static_cast<T>(Join()(x, y)); }); });
  }
};
struct BitwiseAnd : Bitwise<std::bit_and<>> {
  static constexpr std::string_view schema = "aten::bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor";
};
struct BitwiseOr : Bitwise<std::bit_or<>> {
  static constexpr std::string_view schema = "aten::bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor";
};
struct BitwiseXor : Bitwise<std::bit_xor<>> {
  static constexpr std::string_view schema = "aten::bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor";
};
struct And : Bitwise<std::bit_and<>> {
  static constexpr std::string_view schema = "aten::__and__.Tensor(Tensor self, Tensor other) -> Tensor";
};
struct Or : Bitwise<std::bit_or<>> {
  static constexpr std::string_view schema = "aten::__or__.Tensor(Tensor self, Tensor other) -> Tensor";
};

struct Xor : Bitwise<std::bit_xor<>> {
  static constexpr std::string_view schema = "aten::__xor__.Tensor(Tensor self, Tensor other) -> Tensor";
};

// With a number, which is a tensor without dimensions of the dtype that both give.
template <class Join, class Names>
struct BitwiseNumber {
  static constexpr std::string_view schema = Names::number;
  static Tensor beside(const Tensor& x, const Value& number) {
    const DType dtype = result_type(x.dtype(), number);
    require_integers(dtype, "and, or and xor");
    return number_tensor(number, dtype);
  }
  static OutputSpec infer(const Tensor& x, const Value& number) { return {x.sizes(), beside(x, number).dtype()}; }
  static void forward(const Tensor& x, const Value& number, const Tensor& out) {
    Bitwise<Join>::forward(x, beside(x, number), out);
  }
};
#define OKIBI_WITH_NUMBER(Name, word)                                                                        \
  struct Name {                                                                                              \
    static constexpr std::string_view number = "aten::" word ".Scalar(Tensor self, Scalar other) -> Tensor"; \
  };
OKIBI_WITH_NUMBER(BitwiseAndNumber, "bitwise_and")
OKIBI_WITH_NUMBER(BitwiseOrNumber, "bitwise_or")
OKIBI_WITH_NUMBER(BitwiseXorNumber, "bitwise_xor")
OKIBI_WITH_NUMBER(AndNumber, "__and__")
OKIBI_WITH_NUMBER(OrNumber, "__or__")
OKIBI_WITH_NUMBER(XorNumber, "__xor__")
#undef OKIBI_WITH_NUMBER

// Of floating point: what kind of number. Integers and booleans are finite ones.
template <class Kind>
struct IsKind {
  static constexpr std::string_view schema = Kind::schema;
  static OutputSpec infer(const Tensor& x) { return {x.sizes(), boolean}; }
  static void forward(const Tensor& x, const Tensor& out) {
    if (is_complex(x.dtype())) throw_cannot_compute(Kind::schema, x.dtype());
    const bool is_small = is_floating_point(x.dtype()) && itemsize(x.dtype()) < 4;
    const Tensor in = is_small ? x.to(float32).contiguous() : x.contiguous();
    if (!is_floating_point(in.dtype())) return void(out.fill_(Kind::of(0.0)));
    dispatch_floating(in.dtype(), Kind::schema, [&]<class T>() { map1<T>(in, out, [](T v) { return Kind::of(v); }); });
  }
};
#define OKIBI_KIND(Name, word, test)                                                    \
  struct Name {                                                                         \
    static constexpr std::string_view schema = "aten::" word "(Tensor self) -> Tensor"; \
    template <class T>                                                                  \
    static bool of(T x) {                                                               \
      return test;                                                                      \
    }                                                                                   \
  };
OKIBI_KIND(IsNan, "isnan", std::isnan(x))
OKIBI_KIND(IsInf, "isinf", std::isinf(x))
OKIBI_KIND(IsFinite, "isfinite", std::isfinite(x))
OKIBI_KIND(IsPosInf, "isposinf", x > 0 && std::isinf(x))
OKIBI_KIND(IsNegInf, "isneginf", x < 0 && std::isinf(x))
#undef OKIBI_KIND

struct AndNames {
  static constexpr std::string_view logical = "aten::logical_and(Tensor self, Tensor other) -> Tensor";
};
struct OrNames {
  static constexpr std::string_view logical = "aten::logical_or(Tensor self, Tensor other) -> Tensor";
};
struct XorNames {
  static constexpr std::string_view logical = "aten::logical_xor(Tensor self, Tensor other) -> Tensor";
};

}  // namespace

std::span<const okibi::Op> comparison_ops() {
  static constexpr okibi::Op rows[] = {entry<WithTensor<std::equal_to<>, Eq>>(),
                                       entry<WithNumber<std::equal_to<>, Eq>>(),
                                       entry<WithTensor<std::not_equal_to<>, Ne>>(),
                                       entry<WithNumber<std::not_equal_to<>, Ne>>(),
                                       entry<WithTensor<std::less<>, Lt>>(),
                                       entry<WithNumber<std::less<>, Lt>>(),
                                       entry<WithTensor<std::less_equal<>, Le>>(),
                                       entry<WithNumber<std::less_equal<>, Le>>(),
                                       entry<WithTensor<std::greater<>, Gt>>(),
                                       entry<WithNumber<std::greater<>, Gt>>(),
                                       entry<WithTensor<std::greater_equal<>, Ge>>(),
                                       entry<WithNumber<std::greater_equal<>, Ge>>(),
                                       entry<LogicalNot>(),
                                       entry<Logical<std::bit_and<>, AndNames>>(),
                                       entry<Logical<std::bit_or<>, OrNames>>(),
                                       entry<Logical<std::bit_xor<>, XorNames>>(),
                                       entry<BitwiseNot>(),
                                       entry<BitwiseAnd>(),
                                       entry<BitwiseOr>(),
                                       entry<BitwiseXor>(),
                                       entry<And>(),
                                       entry<Or>(),
                                       entry<Xor>(),
                                       entry<BitwiseNumber<std::bit_and<>, BitwiseAndNumber>>(),
                                       entry<BitwiseNumber<std::bit_or<>, BitwiseOrNumber>>(),
                                       entry<BitwiseNumber<std::bit_xor<>, BitwiseXorNumber>>(),
                                       entry<BitwiseNumber<std::bit_and<>, AndNumber>>(),
                                       entry<BitwiseNumber<std::bit_or<>, OrNumber>>(),
                                       entry<BitwiseNumber<std::bit_xor<>, XorNumber>>(),
                                       entry<IsKind<IsNan>>(),
                                       entry<IsKind<IsInf>>(),
                                       entry<IsKind<IsFinite>>(),
                                       entry<IsKind<IsPosInf>>(),
                                       entry<IsKind<IsNegInf>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor eq(const Tensor& a, const Tensor& b) { return call<WithTensor<std::equal_to<>, Eq>>(a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return call<WithTensor<std::not_equal_to<>, Ne>>(a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return call<WithTensor<std::less<>, Lt>>(a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return call<WithTensor<std::less_equal<>, Le>>(a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return call<WithTensor<std::greater<>, Gt>>(a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return call<WithTensor<std::greater_equal<>, Ge>>(a, b); }
Tensor logical_not(const Tensor& x) { return call<LogicalNot>(x); }
Tensor logical_and(const Tensor& a, const Tensor& b) { return call<Logical<std::bit_and<>, AndNames>>(a, b); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return call<Logical<std::bit_or<>, OrNames>>(a, b); }
Tensor logical_xor(const Tensor& a, const Tensor& b) { return call<Logical<std::bit_xor<>, XorNames>>(a, b); }

}  // namespace okibi
