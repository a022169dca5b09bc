#include "kernels/interpolation.h"

#include <algorithm>
#include <cmath>

#include "kernels/cubic.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

// ------------------------------------------------------------------------------------------- which places, what
// weights

// Inputs for each output. As PyTorch has it (area_pixel_compute_scale), in the precision of the dtype: a rounding here
// decides which place is taken.
template <class T>
T scale_of(const Rescaling& axis) {
  if (axis.align_corners) return axis.out > 1 ? static_cast<T>(axis.in - 1) / static_cast<T>(axis.out - 1) : T(0);
  if (axis.scale && *axis.scale > 0) return static_cast<T>(1 / *axis.scale);
  return static_cast<T>(axis.in) / static_cast<T>(axis.out);
}

// Where the middle of the i-th output lies among the inputs. PyTorch's compilers make one step of the product and the
// difference, and where the middle lies between two inputs that decides which of them is the nearest.
template <class T>
T middle_of(int64_t i, T scale, bool align_corners) {
  return align_corners ? scale * static_cast<T>(i) : std::fma(scale, static_cast<T>(i) + T(0.5), T(-0.5));
}

// In float32 whatever the dtype, as PyTorch's floorf. A scale of nonsense may have made it any number, or none.
int64_t floor_within(double place, int64_t least, int64_t most) {
  const float whole = std::floor(static_cast<float>(place));
  if (!(whole >= static_cast<float>(least))) return least;
  return whole >= static_cast<float>(most) ? most : static_cast<int64_t>(whole);
}

template <class T>
Taps<T> room_for(const Rescaling& axis, int64_t taps) {
  const auto n = static_cast<size_t>(axis.out * taps);
  return {axis.in, axis.out, taps, std::vector<int64_t>(n), std::vector<T>(n)};
}

template <class T>
Taps<T> nearest(const Rescaling& axis, bool exact) {
  Taps<T> taps = room_for<T>(axis, 1);
  const T scale = scale_of<T>(axis);
  for (int64_t i = 0; i < axis.out; ++i) {
    const double place = exact ? static_cast<double>(std::max(middle_of(i, scale, false), T(0))) + 0.5
                               : static_cast<double>(scale * static_cast<T>(i));
    taps.index[static_cast<size_t>(i)] = floor_within(place, 0, axis.in - 1);
    taps.weight[static_cast<size_t>(i)] = T(1);
  }
  return taps;
}

// How far behind `first` it lies, from 0 to 1.
template <class T>
T part_behind(T place, int64_t first) {
  return std::min(std::max(place - static_cast<T>(first), T(0)), T(1));
}

template <class T>
Taps<T> linear(const Rescaling& axis) {
  Taps<T> taps = room_for<T>(axis, 2);
  const T scale = scale_of<T>(axis);
  for (int64_t i = 0; i < axis.out; ++i) {
    const T place = std::max(middle_of(i, scale, axis.align_corners), T(0));
    const bool as_it_is = axis.in == axis.out;
    const int64_t first = as_it_is ? i : floor_within(static_cast<double>(place), 0, axis.in - 1);
    const T behind = as_it_is ? T(0) : part_behind(place, first);
    const auto at = static_cast<size_t>(2 * i);
    taps.index[at] = first;
    taps.index[at + 1] = as_it_is ? first : std::min(first + 1, axis.in - 1);
    taps.weight[at] = T(1) - behind;
    taps.weight[at + 1] = behind;
  }
  return taps;
}

template <class T>
Taps<T> cubic(const Rescaling& axis) {
  Taps<T> taps = room_for<T>(axis, 4);
  const T scale = scale_of<T>(axis);
  for (int64_t i = 0; i < axis.out; ++i) {
    const T place = middle_of(i, scale, axis.align_corners);
    const int64_t second = floor_within(static_cast<double>(place), -1, axis.in - 1);
    const T behind = part_behind(place, second);
    for (int64_t k = 0; k < 4; ++k) {
      const auto at = static_cast<size_t>(4 * i + k);
      taps.index[at] = std::clamp<int64_t>(second - 1 + k, 0, axis.in - 1);
      taps.weight[at] = keys(static_cast<T>(k - 1) - behind, T(-0.75));
    }
  }
  return taps;
}

template <class T>
T triangle(T x) {
  return std::max(T(1) - std::abs(x), T(0));
}

// Sums over all inputs that an output covers. Weights add up to 1; those beyond the edges are left out.
template <class T>
Taps<T> antialiased(const Rescaling& axis, bool is_cubic) {
  const T scale =
      axis.in == axis.out ? T(1) : std::min(scale_of<T>(axis), T(1 << 30));  // places fit into an integer then
  const T wide = std::max(scale, T(1)), support = T(is_cubic ? 2 : 1) * wide;
  Taps<T> taps = room_for<T>(axis, std::min(static_cast<int64_t>(std::ceil(support)) * 2 + 1, axis.in));
  for (int64_t i = 0; i < axis.out; ++i) {
    const T middle = scale * (static_cast<T>(i) + T(0.5));
    const auto begin = static_cast<int64_t>(std::max(middle - support + T(0.5), T(0)));
    const auto end = std::min(static_cast<int64_t>(middle + support + T(0.5)), std::min(axis.in, begin + taps.taps));
    const auto at = static_cast<size_t>(i * taps.taps);
    T sum = 0;
    for (int64_t k = 0; k < taps.taps; ++k) {
      const T x = (static_cast<T>(begin + k) - middle + T(0.5)) / wide;
      const T weight = begin + k >= end ? T(0) : is_cubic ? keys(x, T(-0.5)) : triangle(x);
      taps.index[at + static_cast<size_t>(k)] = std::min(begin + k, axis.in - 1);
      taps.weight[at + static_cast<size_t>(k)] = weight;
      sum += weight;
    }
    for (int64_t k = 0; k < taps.taps && sum != T(0); ++k) taps.weight[at + static_cast<size_t>(k)] /= sum;
  }
  return taps;
}

// ----------------------------------------------------------------------------------------------------------- the sums

// One line of the output: its lines of the input are summed up first, then the places within that sum.
struct Line {
  int64_t plane, z, y;
  template <class T>
  Line(const Resampling<T>& r, int64_t row)
      : plane(row / r.out_rows()), z(row % r.out_rows() / r.down.out), y(row % r.down.out) {}
};

// visit(where the line of the input begins, its weight) for each line that a line of the output is made of.
template <class T, class Visit>
void for_each_source(const Resampling<T>& r, const Line& line, Visit&& visit) {
  for (int64_t a = line.z * r.deep.taps; a < (line.z + 1) * r.deep.taps; ++a) {
    for (int64_t b = line.y * r.down.taps; b < (line.y + 1) * r.down.taps; ++b) {
      const auto i = static_cast<size_t>(a), j = static_cast<size_t>(b);
      const int64_t row = (line.plane * r.deep.in + r.deep.index[i]) * r.down.in + r.down.index[j];
      visit(row * r.across.in, r.deep.weight[i] * r.down.weight[j]);
    }
  }
}

// The weighted sum of those lines, in `sum`, or where it lies if it is one line.
template <class T>
const T* summed(const Resampling<T>& r, const Line& line, const T* x, T* sum) {
  const bool is_one_line = r.deep.taps * r.down.taps == 1;
  const T* result = nullptr;
  for_each_source(r, line, [&](int64_t at, T weight) {
    const T* from = x + at;
    if (is_one_line && weight == T(1)) {
      result = from;
    } else if (result == nullptr) {
      for (int64_t i = 0; i < r.across.in; ++i) sum[i] = weight * from[i];
      result = sum;
    } else {
      for (int64_t i = 0; i < r.across.in; ++i) sum[i] += weight * from[i];
    }
  });
  return result;
}

template <int64_t count, class T>
void sum_across_of(const Taps<T>& taps, const T* line, T* out) {
  const int64_t n = count > 0 ? count : taps.taps, *index = taps.index.data();
  const T* weight = taps.weight.data();
  for (int64_t i = 0; i < taps.out; ++i, index += n, weight += n) {
    T sum = weight[0] * line[index[0]];
    for (int64_t k = 1; k < n; ++k) sum += weight[k] * line[index[k]];
    out[i] = sum;
  }
}
template <class T>
void sum_across(const Taps<T>& taps, const T* line, T* out) {
  if (taps.taps == 1) return sum_across_of<1>(taps, line, out);
  if (taps.taps == 2) return sum_across_of<2>(taps, line, out);
  if (taps.taps == 4) return sum_across_of<4>(taps, line, out);
  sum_across_of<0>(taps, line, out);
}

template <class T>
void spread_across(const Taps<T>& taps, const T* grad, T* line) {
  std::fill_n(line, taps.in, T(0));
  size_t at = 0;
  for (int64_t i = 0; i < taps.out; ++i) {
    for (int64_t k = 0; k < taps.taps; ++k, ++at) line[taps.index[at]] += taps.weight[at] * grad[i];
  }
}

template <class T>
int64_t row_grain(const Resampling<T>& r) {
  const int64_t work = r.across.out * r.across.taps + r.across.in * r.deep.taps * r.down.taps;
  return std::max<int64_t>(elementwise_grain / std::max<int64_t>(work, 1), 1);
}

template <class T, class Word>
void pick_lines(const Resampling<T>& r, const Word* x, Word* out) {
  split(r.planes * r.out_rows(), row_grain(r), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      for_each_source(r, Line(r, row), [&](int64_t at, T) {
        Word* const to = out + row * r.across.out;
        for (int64_t i = 0; i < r.across.out; ++i) to[i] = x[at + r.across.index[static_cast<size_t>(i)]];
      });
    }
  });
}

}  // namespace

template <class T>
Taps<T> taps_of(Filter filter, const Rescaling& axis) {
  if (filter == Filter::linear) return linear<T>(axis);
  if (filter == Filter::cubic) return cubic<T>(axis);
  if (filter == Filter::linear_antialiased) return antialiased<T>(axis, false);
  if (filter == Filter::cubic_antialiased) return antialiased<T>(axis, true);
  return nearest<T>(axis, filter == Filter::nearest_exact);
}

template <class T>
void resample(const Resampling<T>& r, const T* x, T* out) {
  split(r.planes * r.out_rows(), row_grain(r), [&](int64_t first, int64_t last) {
    const Scratch<T> sum(static_cast<size_t>(r.across.in));
    for (int64_t row = first; row < last; ++row) {
      sum_across(r.across, summed(r, Line(r, row), x, sum.data()), out + row * r.across.out);
    }
  });
}

template <class T>
void resample_backward(const Resampling<T>& r, const T* grad, T* grad_x) {
  const int64_t rows = r.out_rows(), grain = row_grain(r) / std::max<int64_t>(rows, 1);
  split(r.planes, std::max<int64_t>(grain, 1), [&](int64_t first, int64_t last) {
    const Scratch<T> line(static_cast<size_t>(r.across.in));
    std::fill(grad_x + first * r.inputs(), grad_x + last * r.inputs(), T(0));
    for (int64_t row = first * rows; row < last * rows; ++row) {
      spread_across(r.across, grad + row * r.across.out, line.data());
      for_each_source(r, Line(r, row), [&](int64_t at, T weight) {
        T* const to = grad_x + at;
        for (int64_t i = 0; i < r.across.in; ++i) to[i] += weight * line[static_cast<size_t>(i)];
      });
    }
  });
}

template <class Word>
void pick(const Resampling<float>& r, const Word* x, Word* out) {
  pick_lines(r, x, out);
}
template <class Word>
void pick(const Resampling<double>& r, const Word* x, Word* out) {
  pick_lines(r, x, out);
}

#define OKIBI_RESAMPLING(T)                                   \
  template Taps<T> taps_of(Filter, const Rescaling&);         \
  template void resample(const Resampling<T>&, const T*, T*); \
  template void resample_backward(const Resampling<T>&, const T*, T*);
OKIBI_RESAMPLING(float)
OKIBI_RESAMPLING(double)
#undef OKIBI_RESAMPLING
template void pick(const Resampling<float>&, const uint8_t*, uint8_t*);
template void pick(const Resampling<float>&, const uint16_t*, uint16_t*);
template void pick(const Resampling<float>&, const uint32_t*, uint32_t*);
template void pick(const Resampling<double>&, const uint64_t*, uint64_t*);

}  // namespace okibi::kernels
