#pragma once

#include <string>

#include <okibi/checkpoint.h>

namespace okibi::inspect {

// SHA-256, in hexadecimal, of the elements in row-major order, little-endian. A tensor whose elements lie in that order is
// read piece by piece.
std::string sha256_of(const LazyTensor& tensor);

}  // namespace okibi::inspect
