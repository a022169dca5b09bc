// kernels/pooling.h: the largest number or the mean of each window of a box. A plane is a box of depth 1, a line a plane
// of height 1.
#pragma once

#include <algorithm>
#include <cstdint>

namespace okibi::kernels {

// The inputs that one output is made of, along one dimension: from begin to end in steps, all of them inside.
struct Reach {
  int64_t begin, end, step;
  int64_t places;  // with those of the padding
};

// One dimension of a pooling. `adaptive`: the outputs divide the inputs among themselves as evenly as can be, and only
// `in` and `out` count.
struct PoolAxis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, padding = 0, dilation = 1;
  bool adaptive = false;

  Reach reach(int64_t i) const noexcept {
    if (adaptive) {
      const int64_t begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
      return {begin, end, 1, end - begin};
    }
    const int64_t first = i * stride - padding, last = first + dilation * (kernel - 1) + 1;
    const int64_t begin = first >= 0 ? first : first + (-first + dilation - 1) / dilation * dilation;
    return {begin, std::min(last, in), dilation, std::min(last, in + padding) - first};
  }
};

struct Pooling {
  int64_t boxes;
  PoolAxis deep, down, across;

  int64_t inputs() const noexcept { return deep.in * down.in * across.in; }
  int64_t outputs() const noexcept { return deep.out * down.out * across.out; }
};

// What the sum of a window is divided by.
struct Divisor {
  bool counts_padding = true;
  int64_t instead = 0;  // 0: the number of its places
};

// x (boxes, in) → out (boxes, out), and at which place of its box each of them stood: the first of several; the
// last NaN where there is one. `index` may be null.
template <class T>
void max_pool(const Pooling& p, const T* x, T* out, int64_t* index);
// Adds nothing up before: grad_x is written whole.
template <class T>
void max_pool_backward(const Pooling& p, const T* grad, const int64_t* index, T* grad_x);

template <class T>
void average_pool(const Pooling& p, Divisor divisor, const T* x, T* out);
template <class T>
void average_pool_backward(const Pooling& p, Divisor divisor, const T* grad, T* grad_x);

}  // namespace okibi::kernels
