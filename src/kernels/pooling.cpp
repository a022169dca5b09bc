#include "kernels/pooling.h"

#include <cmath>
#include <limits>

#include "kernels/split.h"

namespace okibi::kernels {
namespace {

int64_t plane_grain(const Pooling& p) {
  const int64_t work = std::max(p.outputs() * p.down.reach(0).places * p.across.reach(0).places, p.inputs());
  return std::max<int64_t>(elementwise_grain / std::max<int64_t>(work, 1), 1);
}

// visit(output's place, rows, columns) for each output of a plane.
template <class Visit>
void for_each_window(const Pooling& p, Visit&& visit) {
  int64_t place = 0;
  for (int64_t y = 0; y < p.down.out; ++y) {
    const Reach rows = p.down.reach(y);
    for (int64_t x = 0; x < p.across.out; ++x) visit(place++, rows, p.across.reach(x));
  }
}

// Where the largest number of a window stands. A NaN is larger than all.
template <class T>
int64_t largest_of(const T* plane, int64_t width, const Reach& rows, const Reach& columns) {
  int64_t found = rows.begin * width + columns.begin;
  T most = -std::numeric_limits<T>::infinity();
  for (int64_t y = rows.begin; y < rows.end; y += rows.step) {
    for (int64_t x = columns.begin; x < columns.end; x += columns.step) {
      const int64_t at = y * width + x;
      if (plane[at] > most || std::isnan(plane[at])) most = plane[at], found = at;
    }
  }
  return found;
}

template <class T>
T sum_of(const T* plane, int64_t width, const Reach& rows, const Reach& columns) {
  T sum = 0;
  for (int64_t y = rows.begin; y < rows.end; ++y) {
    for (int64_t x = columns.begin; x < columns.end; ++x) sum += plane[y * width + x];
  }
  return sum;
}

int64_t count_for(Divisor divisor, const Reach& rows, const Reach& columns) {
  if (divisor.instead != 0) return divisor.instead;
  if (divisor.counts_padding) return rows.places * columns.places;
  return (rows.end - rows.begin) * (columns.end - columns.begin);
}

}  // namespace

template <class T>
void max_pool(const Pooling& p, const T* x, T* out, int64_t* index) {
  split(p.planes, plane_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      const T* from = x + plane * p.inputs();
      const int64_t begin = plane * p.outputs();
      for_each_window(p, [&](int64_t place, const Reach& rows, const Reach& columns) {
        const int64_t at = largest_of(from, p.across.in, rows, columns);
        out[begin + place] = from[at];
        if (index != nullptr) index[begin + place] = at;
      });
    }
  });
}

template <class T>
void max_pool_backward(const Pooling& p, const T* grad, const int64_t* index, T* grad_x) {
  split(p.planes, plane_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      T* to = grad_x + plane * p.inputs();
      std::fill_n(to, p.inputs(), T(0));
      for (int64_t i = plane * p.outputs(); i < (plane + 1) * p.outputs(); ++i) to[index[i]] += grad[i];
    }
  });
}

template <class T>
void average_pool(const Pooling& p, Divisor divisor, const T* x, T* out) {
  split(p.planes, plane_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      const T* from = x + plane * p.inputs();
      T* to = out + plane * p.outputs();
      for_each_window(p, [&](int64_t place, const Reach& rows, const Reach& columns) {
        to[place] = sum_of(from, p.across.in, rows, columns) / static_cast<T>(count_for(divisor, rows, columns));
      });
    }
  });
}

template <class T>
void average_pool_backward(const Pooling& p, Divisor divisor, const T* grad, T* grad_x) {
  split(p.planes, plane_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      T* to = grad_x + plane * p.inputs();
      const T* from = grad + plane * p.outputs();
      std::fill_n(to, p.inputs(), T(0));
      for_each_window(p, [&](int64_t place, const Reach& rows, const Reach& columns) {
        const T share = from[place] / static_cast<T>(count_for(divisor, rows, columns));
        for (int64_t y = rows.begin; y < rows.end; ++y) {
          for (int64_t x = columns.begin; x < columns.end; ++x) to[y * p.across.in + x] += share;
        }
      });
    }
  });
}

#define OKIBI_POOLING(T)                                                         \
  template void max_pool(const Pooling&, const T*, T*, int64_t*);                \
  template void max_pool_backward(const Pooling&, const T*, const int64_t*, T*); \
  template void average_pool(const Pooling&, Divisor, const T*, T*);             \
  template void average_pool_backward(const Pooling&, Divisor, const T*, T*);
OKIBI_POOLING(float)
OKIBI_POOLING(double)
#undef OKIBI_POOLING

}  // namespace okibi::kernels
