// kernels/interpolation.h: lines, pictures and boxes made larger or smaller. Each place of the output is a weighted sum
// of a few places along each dimension: which ones, and how they are weighted, stands in one table for each dimension.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace okibi::kernels {

enum class Filter : uint8_t {
  nearest,             // the one in whose cell the output's cell begins
  nearest_exact,       // the one in whose cell the middle of the output's cell lies
  linear,              // the two on both sides
  cubic,               // four: Keys 1981, with a = -0.75
  linear_antialiased,  // those under a triangle or a cubic (a = -0.5) as wide as the scale: Pillow's
  cubic_antialiased,
};

// One dimension. `scale` is how much larger the output is, if the sizes do not tell.
struct Rescaling {
  int64_t in = 1, out = 1;
  bool align_corners = false;
  std::optional<double> scale = {};
};

// The i-th output is Σ weight[t] · input[index[t]], t from i · taps on.
template <class T>
struct Taps {
  int64_t in = 1, out = 1, taps = 1;
  std::vector<int64_t> index = {0};
  std::vector<T> weight = {T(1)};
};
// With the bits of PyTorch's indices, which depend on the dtype. All sizes are 1 or more.
template <class T>
Taps<T> taps_of(Filter filter, const Rescaling& axis);

template <class T>
struct Resampling {
  int64_t planes;  // all that is before the spatial dimensions
  Taps<T> deep, down, across;

  int64_t inputs() const noexcept { return deep.in * down.in * across.in; }
  int64_t out_rows() const noexcept { return deep.out * down.out; }
};

// x (planes, in) → out (planes, out)
template <class T>
void resample(const Resampling<T>& r, const T* x, T* out);
// grad_x is written whole.
template <class T>
void resample_backward(const Resampling<T>& r, const T* grad, T* grad_x);

// Where each output is one of the inputs, of numbers that need no arithmetic. Word: as many bytes as such a number has.
template <class Word>
void pick(const Resampling<float>& r, const Word* x, Word* out);
template <class Word>
void pick(const Resampling<double>& r, const Word* x, Word* out);

}  // namespace okibi::kernels
