#include "kernels/grid_sampling.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cubic.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

using Mode = GridSampling::Mode;
using Outside = GridSampling::Outside;

// A place along one dimension, and its derivative by what the grid says.
template <class T>
struct Place {
  T at, slope;
};

template <class T>
Place<T> place_of(T coordinate, int64_t size, bool align_corners) {
  const T n = static_cast<T>(size);
  if (align_corners) return {(coordinate + 1) / 2 * (n - 1), (n - 1) / 2};
  return {((coordinate + 1) * n - 1) / 2, n / 2};
}

// Into [0, size - 1]; NaN becomes 0.
template <class T>
Place<T> clipped(Place<T> place, int64_t size) {
  const T last = static_cast<T>(size - 1);
  if (!(place.at > 0)) return {T(0), T(0)};
  return place.at >= last ? Place<T>{last, T(0)} : place;
}

// As if mirrors stood at the edges, or in the middles of the outermost points.
template <class T>
Place<T> reflected(Place<T> place, int64_t size, bool align_corners) {
  const T low = align_corners ? T(0) : T(-0.5), span = static_cast<T>(align_corners ? size - 1 : size);
  if (span == T(0)) return {T(0), T(0)};
  const T from_low = place.at - low, distance = std::abs(from_low);
  const T slope = from_low < 0 ? -place.slope : place.slope;
  const T extra = std::fmod(distance, span);
  const bool is_even = std::fmod(std::floor(distance / span), T(2)) == T(0);
  return is_even ? Place<T>{extra + low, slope} : Place<T>{span - extra + low, -slope};
}

template <class T>
Place<T> within(Place<T> place, int64_t size, const GridSampling& s) {
  if (s.outside == Outside::zeros) return place;
  return clipped(s.outside == Outside::border ? place : reflected(place, size, s.align_corners), size);
}

// The points that a place is made of along one dimension, with their weights and the weights' derivatives by what the
// grid says. -1 stands for zeros.
template <class T>
struct Points {
  int count = 0;
  int64_t at[4] = {};
  T weight[4] = {}, slope[4] = {};

  void add(T point, int64_t size, T w, T by_place) {
    const bool is_inside = point >= 0 && point < static_cast<T>(size);
    at[count] = is_inside ? static_cast<int64_t>(point) : -1;
    weight[count] = w;
    slope[count++] = by_place;
  }
};

template <class T>
Points<T> points_of(T coordinate, int64_t size, const GridSampling& s) {
  Points<T> points;
  const Place<T> raw = place_of(coordinate, size, s.align_corners);
  if (s.mode == Mode::cubic) {
    const T first = std::floor(raw.at), behind = raw.at - first;
    for (int k = -1; k < 3; ++k) {
      const T point = within<T>({first + static_cast<T>(k), T(0)}, size, s).at, x = behind - static_cast<T>(k);
      points.add(point, size, keys(x, T(-0.75)), keys_slope(x, T(-0.75)) * raw.slope);
    }
    return points;
  }
  const Place<T> place = within(raw, size, s);
  if (s.mode == Mode::nearest) {
    points.add(std::nearbyint(place.at), size, T(1), T(0));
    return points;
  }
  const T first = std::floor(place.at), behind = place.at - first;
  points.add(first, size, T(1) - behind, -place.slope);
  points.add(first + 1, size, behind, place.slope);
  return points;
}

template <class T>
struct PlacePoints {
  Points<T> across, down, deep;

  PlacePoints(const GridSampling& s, const T* grid)
      : across(points_of(grid[0], s.width, s)), down(points_of(grid[1], s.height, s)) {
    if (s.dims == 3)
      deep = points_of(grid[2], s.depth, s);
    else
      deep.add(T(0), 1, T(1), T(0));
  }
};

// visit(point in the box, its weight, that weight's derivatives by across, down and deep) for each that is not zero.
template <class T, class Visit>
void for_each_point(const GridSampling& s, const PlacePoints<T>& p, Visit&& visit) {
  for (int z = 0; z < p.deep.count; ++z) {
    if (p.deep.at[z] < 0) continue;
    for (int y = 0; y < p.down.count; ++y) {
      if (p.down.at[y] < 0) continue;
      const int64_t row = (p.deep.at[z] * s.height + p.down.at[y]) * s.width;
      for (int x = 0; x < p.across.count; ++x) {
        if (p.across.at[x] < 0) continue;
        const T a = p.across.weight[x], b = p.down.weight[y], c = p.deep.weight[z];
        visit(row + p.across.at[x], a * b * c,
              std::array<T, 3>{p.across.slope[x] * b * c, a * p.down.slope[y] * c, a * b * p.deep.slope[z]});
      }
    }
  }
}

}  // namespace

template <class T>
void grid_sample(const GridSampling& s, const T* x, const T* grid, T* out) {
  const int64_t grain = std::max<int64_t>(elementwise_grain / (8 * std::max<int64_t>(s.channels, 1)), 1);
  split(s.batch * s.places, grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const PlacePoints<T> points(s, grid + i * s.dims);
      const int64_t image = i / s.places * s.channels;
      T* const to = out + image * s.places + i % s.places;
      for (int64_t c = 0; c < s.channels; ++c) to[c * s.places] = T(0);
      for_each_point(s, points, [&](int64_t at, T weight, const auto&) {
        const T* from = x + image * s.inputs() + at;
        for (int64_t c = 0; c < s.channels; ++c) to[c * s.places] += weight * from[c * s.inputs()];
      });
    }
  });
}

template <class T>
void grid_sample_backward(const GridSampling& s, const T* grad, const T* x, const T* grid, T* grad_x, T* grad_grid) {
  split(s.batch, 1, [&](int64_t first, int64_t last) {  // places of one image may share points
    const int64_t image_size = s.channels * s.inputs();
    if (grad_x != nullptr) std::fill(grad_x + first * image_size, grad_x + last * image_size, T(0));
    for (int64_t i = first * s.places; i < last * s.places; ++i) {
      const int64_t image = i / s.places * s.channels;
      const T* const up = grad + image * s.places + i % s.places;
      T slopes[3] = {};
      for_each_point(s, PlacePoints<T>(s, grid + i * s.dims), [&](int64_t at, T weight, const std::array<T, 3>& by) {
        T dot = 0;
        for (int64_t c = 0; c < s.channels; ++c) {
          const int64_t point = (image + c) * s.inputs() + at;
          if (grad_x != nullptr) grad_x[point] += weight * up[c * s.places];
          dot += x[point] * up[c * s.places];
        }
        for (size_t d = 0; d < 3; ++d) slopes[d] += by[d] * dot;
      });
      if (grad_grid != nullptr) std::copy_n(slopes, s.dims, grad_grid + i * s.dims);
    }
  });
}

template void grid_sample(const GridSampling&, const float*, const float*, float*);
template void grid_sample(const GridSampling&, const double*, const double*, double*);
template void grid_sample_backward(const GridSampling&, const float*, const float*, const float*, float*, float*);
template void grid_sample_backward(const GridSampling&, const double*, const double*, const double*, double*, double*);

}  // namespace okibi::kernels
