// kernels/convolution.h: convolutions over boxes, by unfolding: the patches that a filter sees become the columns of a
// matrix, and the filters, one a row, are multiplied with it (Chellapilla et al. 2006), some columns at a time.
#pragma once

#include <cstdint>

namespace okibi::kernels {

// x (batch, channels, in) ∗ weight (filters, channels / groups, kernel) → out (batch, filters, out), where in, kernel and
// out are (depth, height, width). A convolution over planes has depths of 1, one over lines heights of 1, too.
struct Convolution {
  int64_t batch, channels, filters, groups;
  struct Box {
    int64_t depth, height, width;
    int64_t size() const noexcept { return depth * height * width; }
  };
  Box in, kernel, out, stride, padding, dilation;

  int64_t patch() const noexcept { return channels / groups * kernel.size(); }  // numbers that one output is made of
  int64_t group_filters() const noexcept { return filters / groups; }
};

template <class T>
void convolve(const Convolution& c, const T* x, const T* weight, const T* bias, T* out);  // bias (filters) may be null
// What adds each output's numbers to the inputs they were made of: the gradient by x, and, of its own right, a transposed
// convolution, whose input is of the sizes of c's output. bias (channels) may be null.
template <class T>
void convolve_backward_input(const Convolution& c, const T* grad, const T* weight, const T* bias, T* grad_x);
template <class T>
void convolve_backward_weight(const Convolution& c, const T* grad, const T* x, T* grad_weight);

}  // namespace okibi::kernels
