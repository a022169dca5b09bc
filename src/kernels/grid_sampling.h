// kernels/grid_sampling.h: pictures and boxes read at places that a grid names, which may lie between their points, or
// outside.
#pragma once

#include <cstdint>

namespace okibi::kernels {

// x (batch, channels, depth, height, width), grid (batch, places, dims) → out (batch, channels, places). A place is
// (across, down), and then (deep) where there are 3 dims: -1 and 1 are the edges, or with align_corners the middles of
// the outermost points.
struct GridSampling {
  enum class Mode : uint8_t { linear, nearest, cubic };        // numbered as PyTorch's
  enum class Outside : uint8_t { zeros, border, reflection };  // what is there
  int64_t batch, channels, depth, height, width, places;
  int64_t dims;  // 2 (depth is 1 then) or 3
  Mode mode;
  Outside outside;
  bool align_corners;

  int64_t inputs() const noexcept { return depth * height * width; }
};

template <class T>
void grid_sample(const GridSampling& s, const T* x, const T* grid, T* out);
// Written whole; either may be null.
template <class T>
void grid_sample_backward(const GridSampling& s, const T* grad, const T* x, const T* grid, T* grad_x, T* grad_grid);

}  // namespace okibi::kernels
