// Arithmetic on Python's numbers: ints of 64 bits, floats and bools.
#include <array>
#include <complex>
#include <numbers>
#include <numeric>

#include "script/host_values.h"

namespace okibi::script {
namespace {

Error no_division() { return Error(ErrorKind::bad_argument, "the program divides by zero"); }

// Ints wrap around, as they do in PyTorch.
template <class Operation>
int64_t wrapped(int64_t a, int64_t b, Operation operation) {
  return static_cast<int64_t>(operation(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

bool is_complex(const Value& value) { return value.kind() == ValueKind::complex_number; }

template <class Operation>
Value arithmetic(Arguments a) {
  if (is_complex(a[0]) || is_complex(a[1])) return Operation()(a[0].to_complex(), a[1].to_complex());
  if (are_ints(a[0], a[1])) return wrapped(a[0].to_int(), a[1].to_int(), Operation());
  return Operation()(a[0].to_double(), a[1].to_double());
}

template <class Operation>
Value comparison(Arguments a) {
  if (are_ints(a[0], a[1])) return Operation()(a[0].to_int(), a[1].to_int());
  return Operation()(a[0].to_double(), a[1].to_double());
}

Value true_division(Arguments a) {
  if (is_complex(a[0]) || is_complex(a[1])) return a[0].to_complex() / a[1].to_complex();
  const double divisor = a[1].to_double();
  if (divisor == 0) throw no_division();
  return a[0].to_double() / divisor;
}

int64_t floor_of(int64_t a, int64_t b) {
  if (b == 0) throw no_division();
  if (b == -1) return wrapped(0, a, std::minus<>());  // the least int has no positive
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

Value floor_division(Arguments a) {
  if (are_ints(a[0], a[1])) return floor_of(a[0].to_int(), a[1].to_int());
  if (a[1].to_double() == 0) throw no_division();
  return std::floor(a[0].to_double() / a[1].to_double());
}

// With the sign of the divisor, as in Python.
Value remainder(Arguments a) {
  if (are_ints(a[0], a[1])) {
    const int64_t b = a[1].to_int();
    if (b == 0) throw no_division();
    return b == -1
               ? int64_t{0}
               : wrapped(a[0].to_int(), wrapped(floor_of(a[0].to_int(), b), b, std::multiplies<>()), std::minus<>());
  }
  const double b = a[1].to_double();
  if (b == 0) throw no_division();
  const double rest = std::fmod(a[0].to_double(), b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value quotient_and_rest(Arguments a) { return Tuple{floor_division(a), remainder(a)}; }

Value towards_zero(Arguments a) {
  const int64_t x = a[0].to_int(), y = a[1].to_int();
  if (y == 0) throw no_division();
  return y == -1 ? wrapped(0, x, std::minus<>()) : x / y;  // the least int has no positive
}

Value power(Arguments a) { return std::pow(a[0].to_double(), a[1].to_double()); }

Value integer_power(Arguments a) {
  int64_t base = a[0].to_int(), exponent = a[1].to_int(), result = 1;
  if (exponent < 0) throw Error(ErrorKind::bad_argument, "the program raises an int to a negative power");
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = wrapped(result, base, std::multiplies<>());
    base = wrapped(base, base, std::multiplies<>());
  }
  return result;
}

Value negative(Arguments a) {
  if (is_complex(a[0])) return -a[0].to_complex();
  return a[0].is_double() ? Value(-a[0].to_double()) : Value(wrapped(0, a[0].to_int(), std::minus<>()));
}

Value absolute(Arguments a) {
  if (is_complex(a[0])) return std::abs(a[0].to_complex());
  if (a[0].is_double()) return std::abs(a[0].to_double());
  return a[0].to_int() < 0 ? negative(a) : Value(a[0].to_int());
}

// What no int can be, NaN too, is the least of them: as PyTorch has it on x86.
int64_t int_of(double value) { return value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value) : INT64_MIN; }

template <double (*round)(double)>
Value rounded(Arguments a) {
  return a[0].is_double() ? Value(int_of(round(a[0].to_double()))) : a[0];
}
double floored(double x) { return std::floor(x); }
double ceiled(double x) { return std::ceil(x); }

template <double (*function)(double)>
Value real_function(Arguments a) {
  return function(a[0].to_double());
}
double square_root(double x) { return std::sqrt(x); }
double logarithm(double x) { return std::log(x); }
double exponential(double x) { return std::exp(x); }
double half_to_even(double x) { return std::nearbyint(x); }

double scaled(double x, double factor) { return x * factor; }
constexpr double degree = std::numbers::pi / 180;

template <double (*function)(double, double)>
Value real_function_of_two(Arguments a) {
  return function(a[0].to_double(), a[1].to_double());
}

template <bool (*is)(double)>
Value real_test(Arguments a) {
  return is(a[0].to_double());
}

Value greatest_common_divisor(Arguments a) {
  uint64_t x = a[0].to_int() < 0 ? 0 - static_cast<uint64_t>(a[0].to_int()) : static_cast<uint64_t>(a[0].to_int());
  uint64_t y = a[1].to_int() < 0 ? 0 - static_cast<uint64_t>(a[1].to_int()) : static_cast<uint64_t>(a[1].to_int());
  return static_cast<int64_t>(std::gcd(x, y));
}

Value as_int(Arguments a) { return a[0].is_double() ? int_of(a[0].to_double()) : a[0].to_int(); }
Value as_float(Arguments a) { return a[0].to_double(); }
Value as_bool(Arguments a) { return a[0].is_double() ? a[0].to_double() != 0 : a[0].to_int() != 0; }
Value as_complex(Arguments a) { return std::complex<double>(a[0].to_double(), a[1].to_double()); }

Value logical_not(Arguments a) { return !a[0].to_bool(); }

template <class Operation>
Value bitwise(Arguments a) {
  if (a[0].is_bool()) return static_cast<bool>(Operation()(a[0].to_bool(), a[1].to_bool()));
  return Operation()(a[0].to_int(), a[1].to_int());
}

uint64_t checked_shift(const Value& by) {
  if (by.to_int() >= 0 && by.to_int() < 64) return static_cast<uint64_t>(by.to_int());
  throw Error(ErrorKind::bad_argument, "the program shifts an int by more bits than it has").found(by.to_int());
}
Value shifted_left(Arguments a) {
  return static_cast<int64_t>(static_cast<uint64_t>(a[0].to_int()) << checked_shift(a[1]));
}
Value shifted_right(Arguments a) { return a[0].to_int() >> checked_shift(a[1]); }

bool same(const Value& a, const Value& b) {
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  return a.is_same(b);
}
Value is(Arguments a) { return same(a[0], a[1]); }
Value is_not(Arguments a) { return !same(a[0], a[1]); }
// Members of an enum are equal when their classes and values are.
bool are_equal(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return a == b;
  const auto &one = a.to_object().parts(), &other = b.to_object().parts();
  return one.module == other.module && one.name == other.name && one.arguments == other.arguments;
}
Value equal_values(Arguments a) { return are_equal(a[0], a[1]); }
Value other_values(Arguments a) { return !are_equal(a[0], a[1]); }

template <class Before>
Value best_of_two(Arguments a) {
  const bool second =
      are_ints(a[0], a[1]) ? Before()(a[1].to_int(), a[0].to_int()) : Before()(a[1].to_double(), a[0].to_double());
  return second ? a[1] : a[0];
}

template <class Before>
Value best_of_list(Arguments a) {
  const List list = a[0].to_list();
  if (list.size() == 0)
    throw Error(ErrorKind::bad_argument, "the program asks for the least or greatest of an empty list");
  Value best = list[0];
  for (const Value& item : list) best = best_of_two<Before>(std::array{best, item});
  return best;
}

// Of an int or float, where the numbers of range(begin, end, step) are counted.
Value range_length(Arguments a) {
  const int64_t begin = a[0].to_int(), end = a[1].to_int(), step = a[2].to_int();
  if (step == 0) throw Error(ErrorKind::bad_argument, "the step of a range is zero");
  if (step > 0 ? begin >= end : begin <= end) return int64_t{0};
  const auto distance =
      static_cast<uint64_t>(step > 0 ? wrapped(end, begin, std::minus<>()) : wrapped(begin, end, std::minus<>()));
  const uint64_t width = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  return static_cast<int64_t>((distance - 1) / width + 1);
}
Value range_index(Arguments a) {
  return wrapped(a[1].to_int(), wrapped(a[0].to_int(), a[2].to_int(), std::multiplies<>()), std::plus<>());
}

constexpr std::string_view pairs =
    "int float int_float float_int complex int_complex complex_int float_complex complex_float -";

constexpr HostRow rows[] = {
    {"aten::add", pairs, arithmetic<std::plus<>>},
    {"aten::sub", pairs, arithmetic<std::minus<>>},
    {"aten::mul", pairs, arithmetic<std::multiplies<>>},
    {"aten::div", "int float complex -", true_division},
    {"aten::divmod", "int float int_float float_int", quotient_and_rest},
    {"aten::__round_to_zero_floordiv", "int", towards_zero},
    {"aten::floordiv", "int float int_float float_int -", floor_division},
    {"aten::remainder", "int float int_float float_int -", remainder},
    {"aten::pow", "int float int_float float_int Scalar_Scalar", power},
    {"aten::pow", "int_to_int", integer_power},
    {"aten::neg", "int float complex Scalar", negative},
    {"prim::abs", "int float complex Scalar", absolute},
    {"aten::floor", "int float Scalar", rounded<floored>},
    {"aten::ceil", "int float Scalar", rounded<ceiled>},
    {"aten::round", "int float Scalar", real_function<half_to_even>},
    {"aten::sqrt", "int float Scalar", real_function<square_root>},
    {"aten::log", "int float Scalar", real_function<logarithm>},
    {"aten::exp", "int float Scalar", real_function<exponential>},
    {"aten::sin", "int float Scalar", real_function<+[](double x) { return std::sin(x); }>},
    {"aten::cos", "int float Scalar", real_function<+[](double x) { return std::cos(x); }>},
    {"aten::tan", "int float Scalar", real_function<+[](double x) { return std::tan(x); }>},
    {"aten::asin", "int float Scalar", real_function<+[](double x) { return std::asin(x); }>},
    {"aten::acos", "int float Scalar", real_function<+[](double x) { return std::acos(x); }>},
    {"aten::atan", "int float Scalar", real_function<+[](double x) { return std::atan(x); }>},
    {"aten::sinh", "int float Scalar", real_function<+[](double x) { return std::sinh(x); }>},
    {"aten::cosh", "int float Scalar", real_function<+[](double x) { return std::cosh(x); }>},
    {"aten::tanh", "int float Scalar", real_function<+[](double x) { return std::tanh(x); }>},
    {"aten::asinh", "int float Scalar", real_function<+[](double x) { return std::asinh(x); }>},
    {"aten::acosh", "int float Scalar", real_function<+[](double x) { return std::acosh(x); }>},
    {"aten::atanh", "int float Scalar", real_function<+[](double x) { return std::atanh(x); }>},
    {"aten::expm1", "int float Scalar", real_function<+[](double x) { return std::expm1(x); }>},
    {"aten::log1p", "int float Scalar", real_function<+[](double x) { return std::log1p(x); }>},
    {"aten::log10", "int float Scalar", real_function<+[](double x) { return std::log10(x); }>},
    {"aten::erf", "int float Scalar", real_function<+[](double x) { return std::erf(x); }>},
    {"aten::erfc", "int float Scalar", real_function<+[](double x) { return std::erfc(x); }>},
    {"aten::gamma", "int float Scalar", real_function<+[](double x) { return std::tgamma(x); }>},
    {"aten::fabs", "int float Scalar", real_function<+[](double x) { return std::abs(x); }>},
    {"aten::radians", "int float Scalar", real_function<+[](double x) { return scaled(x, degree); }>},
    {"aten::degrees", "int float Scalar", real_function<+[](double x) { return scaled(x, 1 / degree); }>},
    {"aten::atan2", "int float int_float float_int Scalar_Scalar",
     real_function_of_two<+[](double x, double y) { return std::atan2(x, y); }>},
    {"aten::fmod", "int float int_float float_int -",
     real_function_of_two<+[](double x, double y) { return std::fmod(x, y); }>},
    {"aten::copysign", "int float int_float float_int -",
     real_function_of_two<+[](double x, double y) { return std::copysign(x, y); }>},
    {"aten::mathremainder", "int float int_float float_int -",
     real_function_of_two<+[](double x, double y) { return std::remainder(x, y); }>},
    {"aten::log", "int_int float_float int_float float_int Scalar_Scalar",
     real_function_of_two<+[](double x, double y) { return std::log(x) / std::log(y); }>},
    {"aten::isnan", "float", real_test<+[](double x) { return std::isnan(x); }>},
    {"aten::isinf", "float", real_test<+[](double x) { return std::isinf(x); }>},
    {"aten::isfinite", "float", real_test<+[](double x) { return std::isfinite(x); }>},
    {"aten::gcd", "int", greatest_common_divisor},
    {"aten::Int", "Scalar float bool", as_int},
    {"aten::Float", "Scalar int bool", as_float},
    {"aten::Bool", "int float", as_bool},
    {"aten::Complex", "int_int int_float float_int float_float", as_complex},
    {"aten::__not__", "-", logical_not},
    {"aten::__and__", "bool int", bitwise<std::bit_and<>>},
    {"aten::__or__", "bool int", bitwise<std::bit_or<>>},
    {"aten::__xor__", "bool int", bitwise<std::bit_xor<>>},
    {"aten::__lshift__", "int", shifted_left},
    {"aten::__rshift__", "int", shifted_right},
    {"aten::__is__", "-", is},
    {"aten::__isnot__", "-", is_not},
    {"aten::eq", "int float int_float float_int complex bool str device enum int_list float_list bool_list str_list -",
     equal_values},
    {"aten::ne", "int float int_float float_int complex bool str device enum int_list float_list bool_list str_list -",
     other_values},
    {"aten::lt", "int float int_float float_int -", comparison<std::less<>>},
    {"aten::le", "int float int_float float_int -", comparison<std::less_equal<>>},
    {"aten::gt", "int float int_float float_int -", comparison<std::greater<>>},
    {"aten::ge", "int float int_float float_int -", comparison<std::greater_equal<>>},
    {"prim::min", "int float int_float float_int -", best_of_two<std::less<>>},
    {"prim::max", "int float int_float float_int -", best_of_two<std::greater<>>},
    {"prim::min", "self_int self_float self_bool", best_of_list<std::less<>>},
    {"prim::max", "self_int self_float self_bool", best_of_list<std::greater<>>},
    {"aten::__range_length", "-", range_length},
    {"aten::__derive_index", "-", range_index},
};

}  // namespace

std::span<const HostRow> number_rows() { return rows; }

}  // namespace okibi::script
