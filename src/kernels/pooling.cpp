#include "kernels/pooling.h"

#include <cmath>
#include <limits>

#include "kernels/split.h"

namespace okibi::kernels {
namespace {

int64_t box_grain(const Pooling& p) {
  const auto places = [](const PoolAxis& axis) { return static_cast<double>(axis.reach(0).places); };
  const double window = places(p.deep) * places(p.down) * places(p.across);
  const double work = std::max(static_cast<double>(p.outputs()) * window, static_cast<double>(p.inputs()));
  return std::max<int64_t>(static_cast<int64_t>(static_cast<double>(elementwise_grain) / std::max(work, 1.0)), 1);
}

struct Window {
  Reach slices, rows, columns;
};

// visit(output's place, its window) for each output of a box.
template <class Visit>
void for_each_window(const Pooling& p, Visit&& visit) {
  int64_t place = 0;
  for (int64_t z = 0; z < p.deep.out; ++z) {
    const Reach slices = p.deep.reach(z);
    for (int64_t y = 0; y < p.down.out; ++y) {
      const Reach rows = p.down.reach(y);
      for (int64_t x = 0; x < p.across.out; ++x) visit(place++, Window{slices, rows, p.across.reach(x)});
    }
  }
}

// visit(where in the box a row of the window's slice begins) for each of them.
template <class Visit>
void for_each_row(const Pooling& p, const Window& window, Visit&& visit) {
  for (int64_t z = window.slices.begin; z < window.slices.end; z += window.slices.step) {
    for (int64_t y = window.rows.begin; y < window.rows.end; y += window.rows.step) {
      visit((z * p.down.in + y) * p.across.in);
    }
  }
}

// Where the largest number of a window stands. A NaN is larger than all.
template <class T>
int64_t largest_of(const Pooling& p, const T* box, const Window& window) {
  const Reach& columns = window.columns;
  int64_t found = (window.slices.begin * p.down.in + window.rows.begin) * p.across.in + columns.begin;
  T most = -std::numeric_limits<T>::infinity();
  for_each_row(p, window, [&](int64_t row) {
    for (int64_t at = row + columns.begin; at < row + columns.end; at += columns.step) {
      if (box[at] > most || std::isnan(box[at])) most = box[at], found = at;
    }
  });
  return found;
}

template <class T>
T sum_of(const Pooling& p, const T* box, const Window& window) {
  T sum = 0;
  for_each_row(p, window, [&](int64_t row) {
    for (int64_t at = row + window.columns.begin; at < row + window.columns.end; ++at) sum += box[at];
  });
  return sum;
}

int64_t count_for(Divisor divisor, const Window& window) {
  const auto& [slices, rows, columns] = window;
  if (divisor.instead != 0) return divisor.instead;
  if (divisor.counts_padding) return slices.places * rows.places * columns.places;
  return (slices.end - slices.begin) * (rows.end - rows.begin) * (columns.end - columns.begin);
}

}  // namespace

template <class T>
void max_pool(const Pooling& p, const T* x, T* out, int64_t* index) {
  split(p.boxes, box_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t box = first; box < last; ++box) {
      const T* from = x + box * p.inputs();
      const int64_t begin = box * p.outputs();
      for_each_window(p, [&](int64_t place, const Window& window) {
        const int64_t at = largest_of(p, from, window);
        out[begin + place] = from[at];
        if (index != nullptr) index[begin + place] = at;
      });
    }
  });
}

template <class T>
void max_pool_backward(const Pooling& p, const T* grad, const int64_t* index, T* grad_x) {
  split(p.boxes, box_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t box = first; box < last; ++box) {
      T* to = grad_x + box * p.inputs();
      std::fill_n(to, p.inputs(), T(0));
      for (int64_t i = box * p.outputs(); i < (box + 1) * p.outputs(); ++i) to[index[i]] += grad[i];
    }
  });
}

template <class T>
void average_pool(const Pooling& p, Divisor divisor, const T* x, T* out) {
  split(p.boxes, box_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t box = first; box < last; ++box) {
      const T* from = x + box * p.inputs();
      T* to = out + box * p.outputs();
      for_each_window(p, [&](int64_t place, const Window& window) {
        to[place] = sum_of(p, from, window) / static_cast<T>(count_for(divisor, window));
      });
    }
  });
}

template <class T>
void average_pool_backward(const Pooling& p, Divisor divisor, const T* grad, T* grad_x) {
  split(p.boxes, box_grain(p), [&](int64_t first, int64_t last) {
    for (int64_t box = first; box < last; ++box) {
      T* to = grad_x + box * p.inputs();
      const T* from = grad + box * p.outputs();
      std::fill_n(to, p.inputs(), T(0));
      for_each_window(p, [&](int64_t place, const Window& window) {
        const T share = from[place] / static_cast<T>(count_for(divisor, window));
        for_each_row(p, window, [&](int64_t row) {
          for (int64_t at = row + window.columns.begin; at < row + window.columns.end; ++at) to[at] += share;
        });
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
