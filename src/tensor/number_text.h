// Numbers as PyTorch prints them: all numbers of a tensor in one width and one notation.
#pragma once

#include <okibi/dtype.h>

#include <span>
#include <string>
#include <vector>

#include "tensor/element.h"

namespace okibi {

// How the numbers that will be shown want to be written, with 4 digits: as whole numbers ("3."), with a fraction
// ("0.2500"), or, where they are too large, too small or too far apart for that, with an exponent ("1.0000e+10").
class RealFormat {
 public:
  explicit RealFormat(std::span<const double> shown);
  size_t width() const noexcept { return width_; }
  std::string operator()(double value) const;

 private:
  std::string unpadded(double value) const;
  void choose_notation(std::span<const double> numbers);

  bool whole_ = true;
  bool scientific_ = false;
  size_t width_ = 1;
};

// The same for any dtype.
class NumberFormat {
 public:
  NumberFormat(DType dtype, std::span<const Wide> shown);
  size_t width() const noexcept { return width_; }
  std::string operator()(const Wide& value) const;

 private:
  std::string unpadded(const Wide& value) const;

  DType dtype_;
  RealFormat real_, imaginary_;  // of floating and complex numbers
  size_t width_ = 1;
};

}  // namespace okibi
