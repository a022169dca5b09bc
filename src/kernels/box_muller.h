// kernels/box_muller.h: the transform that PyTorch's normal_ makes of blocks of 16 uniform floats, bit for bit.
//
// On x86 with AVX2 PyTorch takes ln, sin and cos from the single-precision polynomials of Cephes (Moshier), and its
// compiler fuses some of their multiplications and additions. Which ones is part of the result; here std::fma says it.
#pragma once

#include <cstdint>

namespace okibi::kernels {

struct SinCos {
  float sin, cos;
};
float cephes_log(float x);          // of a normal number above 0
SinCos cephes_sincos(float angle);  // of 0 ≤ angle < 8192

// A block is 16 uniform numbers in [0, 1): 8 for radii, then 8 for angles. It becomes 16 normal numbers, in place.
// The first is written in scalars and is the definition; the second gives the same bits with the CPU's vectors.
void box_muller_scalar(int64_t blocks, float mean, float std, float* data);
void box_muller(int64_t blocks, float mean, float std, float* data);

// The same of doubles, by the C library's log, sin and cos, as PyTorch does.
void box_muller(int64_t blocks, double mean, double std, double* data);

}  // namespace okibi::kernels
