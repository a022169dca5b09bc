#pragma once

#include <string>

#include <okibi/tensor.h>

namespace okibi::inspect {

// SHA-256, in hexadecimal, of the elements in row-major order, little-endian.
std::string sha256_of(const Tensor& tensor);

}  // namespace okibi::inspect
