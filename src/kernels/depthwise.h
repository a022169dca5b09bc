// kernels/depthwise.h: convolutions in which each output is made of one channel (Sifre 2014, chapter 6).
#pragma once

#include "kernels/convolution.h"

namespace okibi::kernels {

// Whether it is one for which that pays: a product of matrices would have few rows. Not where the padding is far larger
// than all else, which here takes memory.
bool is_depthwise(const Convolution& c);

// For such alone; bias (filters) may be null.
template <class T>
void convolve_depthwise(const Convolution& c, const T* x, const T* weight, const T* bias, T* out);

}  // namespace okibi::kernels
