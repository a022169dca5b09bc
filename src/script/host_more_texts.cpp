// More of what programs do with texts, numbers as texts, and complex numbers.
#include <cerrno>
#include <charconv>
#include <cmath>
#include <complex>
#include <cstdlib>

#include "script/host_values.h"

namespace okibi::script {
namespace {

bool is_upper(char c) { return lower(c) != c; }
bool is_lower(char c) { return upper(c) != c; }

template <bool (*wanted)(char), bool (*other)(char)>
Value consists_of_case(Arguments a) {
  const std::string& text = a[0].to_string();
  return std::ranges::any_of(text, wanted) && std::ranges::none_of(text, other);
}

// Each word, or the first alone, begins with a capital.
template <bool each_word>
Value capitalised(Arguments a) {
  std::string text = a[0].to_string();
  bool begins = true;
  for (char& c : text) {
    c = begins ? upper(c) : lower(c);
    begins = each_word && !is_upper(c) && !is_lower(c);
  }
  return text;
}
Value swapped_case(Arguments a) {
  std::string text = a[0].to_string();
  for (char& c : text) c = is_upper(c) ? lower(c) : upper(c);
  return text;
}

// ---- wider, with what stands on both sides
std::string widened(const std::string& text, const Value& width, char fill, bool on_left, bool on_right) {
  const int64_t wanted = std::max<int64_t>(width.to_int(), 0);
  const int64_t missing = std::max<int64_t>(wanted - static_cast<int64_t>(text.size()), 0);
  if (std::cmp_greater(wanted, longest_text))
    throw Error(ErrorKind::limit, "a text of the program grows beyond any").found(wanted);
  if (missing == 0) return text;
  const int64_t half = missing / 2 + (missing & wanted & 1);
  const int64_t left = on_left && on_right ? half : on_left ? missing : 0;
  return std::string(static_cast<size_t>(left), fill) + text + std::string(static_cast<size_t>(missing - left), fill);
}
template <bool on_left, bool on_right>
Value justified(Arguments a) {
  const std::string& fill = a[2].to_string();
  if (fill.size() != 1) {
    throw Error(ErrorKind::bad_argument, "TypeError: The fill character must be exactly one character long")
        .found(printable(fill, 40));
  }
  return widened(a[0].to_string(), a[1], fill[0], on_left, on_right);
}
Value filled_with_zeros(Arguments a) { return widened(a[0].to_string(), a[1], '0', true, false); }

// ---- in pieces
Value lines(Arguments a) {
  const std::string& text = a[0].to_string();
  const bool keeps_ends = a[1].to_bool();
  const List parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\n\r\v\f\x1c\x1d\x1e", at), text.size());
    size_t next = std::min(end + 1, text.size());
    if (end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n') ++next;
    parts.push_back(text.substr(at, (keeps_ends ? next : end) - at));
    at = next;
  }
  return parts;
}
template <bool from_behind>
Value partitioned(Arguments a) {
  const std::string &text = a[0].to_string(), &by = a[1].to_string();
  if (by.empty()) throw Error(ErrorKind::bad_argument, "ValueError: empty separator");
  const size_t at = from_behind ? text.rfind(by) : text.find(by);
  if (at == text.npos) return from_behind ? Tuple{"", "", text} : Tuple{text, "", ""};
  return Tuple{text.substr(0, at), by, text.substr(at + by.size())};
}
Value split_from_behind(Arguments a) {
  std::string_view text = a[0].to_string();
  const std::string& by = a[1].to_string();
  const int64_t most = a[2].to_int();
  if (by.empty()) throw Error(ErrorKind::bad_argument, "ValueError: empty separator");
  std::vector<Value> parts;
  while (most < 0 || std::cmp_less(parts.size(), most)) {
    const size_t at = text.rfind(by);
    if (at == text.npos) break;
    parts.emplace_back(text.substr(at + by.size()));
    text = text.substr(0, at);
  }
  parts.emplace_back(text);
  std::ranges::reverse(parts);
  return List(std::move(parts));
}

template <class Compare>
Value compared(Arguments a) {
  return Compare()(a[0].to_string(), a[1].to_string());
}

// ---- texts as numbers, and back
Value float_of(Arguments a) {
  std::string_view text = a[0].to_string();
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r\v\f"), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;  // from_chars goes by no locale, as a program's text does
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  throw Error(ErrorKind::bad_argument, fmt::format("could not convert string to float: '{}'", printable(text, 80)));
}
Value int_of(Arguments a) {
  const std::string& text = a[0].to_string();
  char* end = nullptr;
  errno = 0;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  if (!text.empty() && end == text.c_str() + text.size() && errno == 0) return static_cast<int64_t>(number);
  throw Error(ErrorKind::bad_argument,
              fmt::format("invalid literal for int() with base 10: '{}'", printable(text, 80)));
}
uint64_t size_of_int(int64_t n) { return n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n); }
const char* sign_of(const Value& n) { return n.to_int() < 0 ? "-" : ""; }
Value hexadecimal(Arguments a) { return fmt::format("{}0x{:x}", sign_of(a[0]), size_of_int(a[0].to_int())); }
Value octal(Arguments a) { return fmt::format("{}0o{:o}", sign_of(a[0]), size_of_int(a[0].to_int())); }
Value binary(Arguments a) { return fmt::format("{}0b{:b}", sign_of(a[0]), size_of_int(a[0].to_int())); }
Value character(Arguments a) {
  const int64_t code = a[0].to_int();
  if (code >= 0 && code < 128) return std::string(1, static_cast<char>(code));
  throw Error(ErrorKind::unsupported, "chr() is for the letters of ASCII here").found(code);
}
Value code_of(Arguments a) {
  const std::string& text = a[0].to_string();
  if (text.size() == 1) return static_cast<int64_t>(static_cast<unsigned char>(text[0]));
  throw Error(ErrorKind::bad_argument, fmt::format("String for ord() must be 1 character, found: {}", text.size()));
}

Value factorial(Arguments a) {
  const int64_t n = a[0].to_int();
  if (n < 0) throw Error(ErrorKind::bad_argument, "factorial() not defined for negative values").found(n);
  uint64_t product = 1;  // which wraps around, and is 0 from 66 on
  for (int64_t i = 2; i <= std::min<int64_t>(n, 70); ++i) product *= static_cast<uint64_t>(i);
  return static_cast<int64_t>(product);
}
Value log_of_gamma(Arguments a) { return std::lgamma(a[0].to_double()); }

// ---- complex numbers
using Complex = std::complex<double>;
template <Complex (*function)(const Complex&)>
Value of_complex(Arguments a) {
  return function(a[0].to_complex());
}
template <bool (*test)(double), bool all>
Value tested(Arguments a) {
  const Complex z = a[0].to_complex();
  return all ? test(z.real()) && test(z.imag()) : test(z.real()) || test(z.imag());
}
Value complex_power(Arguments a) { return std::pow(a[0].to_complex(), a[1].to_complex()); }
Value angle(Arguments a) { return std::arg(a[0].to_complex()); }
Value polar(Arguments a) {
  const double length = a[0].to_double(), turned = a[1].to_double();
  return Complex(length * std::cos(turned), length * std::sin(turned));
}
Value are_equal(Arguments a) { return a[0].to_complex() == a[1].to_complex(); }
Value are_other(Arguments a) { return a[0].to_complex() != a[1].to_complex(); }
Value complex_sum(Arguments a) {
  Complex sum = 0;
  for (const Value& item : a[0].to_list()) sum += item.to_complex();
  return sum;
}

bool is_nan(double x) { return std::isnan(x); }
bool is_inf(double x) { return std::isinf(x); }
bool is_finite(double x) { return std::isfinite(x); }

constexpr HostRow rows[] = {
    {"aten::islower", "-", consists_of_case<is_lower, is_upper>},
    {"aten::isupper", "-", consists_of_case<is_upper, is_lower>},
    {"aten::title", "-", capitalised<true>},
    {"aten::capitalize", "-", capitalised<false>},
    {"aten::swapcase", "-", swapped_case},
    {"aten::rjust", "-", justified<true, false>},
    {"aten::ljust", "-", justified<false, true>},
    {"aten::center", "-", justified<true, true>},
    {"aten::zfill", "-", filled_with_zeros},
    {"aten::splitlines", "-", lines},
    {"aten::partition", "-", partitioned<false>},
    {"aten::rpartition", "-", partitioned<true>},
    {"aten::rsplit", "-", split_from_behind},
    {"aten::lt", "str", compared<std::less<>>},
    {"aten::le", "str", compared<std::less_equal<>>},
    {"aten::gt", "str", compared<std::greater<>>},
    {"aten::ge", "str", compared<std::greater_equal<>>},
    {"aten::Float", "str", float_of},
    {"aten::Int", "str", int_of},
    {"aten::hex", "-", hexadecimal},
    {"aten::oct", "-", octal},
    {"aten::bin", "-", binary},
    {"aten::chr", "-", character},
    {"aten::ord", "-", code_of},
    {"aten::factorial", "int", factorial},
    {"aten::lgamma", "int float Scalar", log_of_gamma},
    {"aten::sqrt", "complex", of_complex<std::sqrt<double>>},
    {"aten::exp", "complex", of_complex<std::exp<double>>},
    {"aten::log", "complex", of_complex<std::log<double>>},
    {"aten::log10", "complex", of_complex<std::log10<double>>},
    {"aten::sin", "complex", of_complex<std::sin<double>>},
    {"aten::cos", "complex", of_complex<std::cos<double>>},
    {"aten::tan", "complex", of_complex<std::tan<double>>},
    {"aten::asin", "complex", of_complex<std::asin<double>>},
    {"aten::acos", "complex", of_complex<std::acos<double>>},
    {"aten::atan", "complex", of_complex<std::atan<double>>},
    {"aten::sinh", "complex", of_complex<std::sinh<double>>},
    {"aten::cosh", "complex", of_complex<std::cosh<double>>},
    {"aten::tanh", "complex", of_complex<std::tanh<double>>},
    {"aten::asinh", "complex", of_complex<std::asinh<double>>},
    {"aten::acosh", "complex", of_complex<std::acosh<double>>},
    {"aten::atanh", "complex", of_complex<std::atanh<double>>},
    {"aten::pow", "complex complex_float float_complex", complex_power},
    {"aten::angle", "int float complex Scalar", angle},
    {"aten::polar", "int float int_float float_int Scalar_Scalar", polar},
    {"aten::eq", "complex_float float_complex", are_equal},
    {"aten::ne", "complex_float float_complex", are_other},
    {"aten::isnan", "complex", tested<is_nan, false>},
    {"aten::isinf", "complex", tested<is_inf, false>},
    {"aten::isfinite", "complex", tested<is_finite, true>},
    {"aten::sum", "complex", complex_sum},
};

}  // namespace

std::span<const HostRow> more_text_rows() { return rows; }

}  // namespace okibi::script
