#include "tensor/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace okibi {
namespace {

std::string right_aligned(std::string text, size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::vector<double> nonzero_finite(std::span<const double> values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept),
               [](double value) { return std::isfinite(value) && value != 0; });
  return kept;
}

std::vector<double> reals_of(std::span<const Wide> values, bool imaginary) {
  std::vector<double> reals;
  for (const Wide& value : values) {
    if (const auto* complex = std::get_if<std::complex<double>>(&value)) {
      reals.push_back(imaginary ? complex->imag() : complex->real());
    } else if (const auto* real = std::get_if<double>(&value); real != nullptr && !imaginary) {
      reals.push_back(*real);
    }
  }
  return reals;
}

// "j" is put behind the imaginary part, and a sign before it.
std::string joined_complex(const std::string& real, std::string imaginary) {
  imaginary.erase(0, imaginary.find_first_not_of(' '));
  const bool has_sign = imaginary.front() == '-' || imaginary.front() == '+';
  return fmt::format("{}{}{}j", real, has_sign ? "" : "+", imaginary);
}

}  // namespace

RealFormat::RealFormat(std::span<const double> shown) {
  const std::vector<double> numbers = nonzero_finite(shown);  // the others are short, and fit in any width
  if (numbers.empty()) return;
  choose_notation(numbers);
  for (const double value : numbers) width_ = std::max(width_, unpadded(value).size());
}

void RealFormat::choose_notation(std::span<const double> numbers) {
  const auto smaller = [](double a, double b) { return std::abs(a) < std::abs(b); };
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end(), smaller);
  const double low = std::abs(*least), high = std::abs(*most);
  whole_ = std::all_of(numbers.begin(), numbers.end(), [](double value) { return value == std::ceil(value); });
  scientific_ = high / low > 1000 || high > 1e8 || low < 1e-4;
}

std::string RealFormat::unpadded(double value) const {
  if (std::isnan(value)) return "nan";  // never "-nan"
  if (scientific_) return fmt::format("{:.4e}", value);
  if (whole_) return fmt::format("{:.0f}{}", value, std::isinf(value) ? "" : ".");
  return fmt::format("{:.4f}", value);
}

std::string RealFormat::operator()(double value) const { return right_aligned(unpadded(value), width_); }

NumberFormat::NumberFormat(DType dtype, std::span<const Wide> shown)
    : dtype_(dtype), real_(reals_of(shown, false)), imaginary_(reals_of(shown, true)) {
  if (is_complex(dtype)) {
    width_ = real_.width() + imaginary_.width() + 1;
  } else if (is_floating_point(dtype)) {
    width_ = real_.width();
  } else {
    for (const Wide& value : shown) width_ = std::max(width_, unpadded(value).size());
  }
}

std::string NumberFormat::operator()(const Wide& value) const {
  if (const auto* complex = std::get_if<std::complex<double>>(&value)) {
    return joined_complex(real_(complex->real()), imaginary_(complex->imag()));
  }
  if (const auto* real = std::get_if<double>(&value)) return real_(*real);
  return right_aligned(unpadded(value), width_);
}

std::string NumberFormat::unpadded(const Wide& value) const {
  if (const auto* large = std::get_if<uint64_t>(&value)) return fmt::to_string(*large);
  const int64_t integer = std::get<int64_t>(value);
  if (dtype_ == boolean) return integer != 0 ? "True" : "False";
  return fmt::to_string(integer);
}

}  // namespace okibi
