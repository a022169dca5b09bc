// Normalising rows: of LayerNorm, RMSNorm and GroupNorm.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norms.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

template <class T>
HWY_INLINE T mean_of(int64_t n, const T* x) {
  return accumulate_long<T>(n, AddTo(), x) / static_cast<T>(n);
}

template <class T>
void row_stats(int64_t n, bool centred, double eps, const T* x, T* stats) {
  stats[0] = centred ? mean_of(n, x) : T(0);
  const AddSquareOff<VecOf<T>> add_square{hn::Set(Full<T>(), stats[0])};
  const double square = static_cast<double>(accumulate_long<T>(n, add_square, x)) / static_cast<double>(n);
  stats[1] = static_cast<T>(1 / std::sqrt(square + eps));
}

// How far a number lies from the mean, in standard deviations.
template <class T>
struct Normal {
  VecOf<T> mean, factor;
  HWY_INLINE explicit Normal(const T* stats)
      : mean(hn::Set(Full<T>(), stats[0])), factor(hn::Set(Full<T>(), stats[1])) {}
  HWY_INLINE VecOf<T> operator()(VecOf<T> v) const { return hn::Mul(hn::Sub(v, mean), factor); }
};

template <class T>
struct AddNormal {  // g · normal(v), weighed or not
  Normal<T> normal;
  HWY_INLINE VecOf<T> operator()(VecOf<T> sum, VecOf<T> g, VecOf<T> v) const { return hn::MulAdd(g, normal(v), sum); }
  HWY_INLINE VecOf<T> operator()(VecOf<T> sum, VecOf<T> g, VecOf<T> v, VecOf<T> w) const {
    return hn::MulAdd(hn::Mul(g, w), normal(v), sum);
  }
};

template <class T>
void normalize(int64_t n, const T* stats, const T* x, const T* weight, const T* bias, T* out) {
  const Normal<T> normal(stats);
  if (weight != nullptr && bias != nullptr) {
    map(
        n, out, [=](auto v, auto w, auto b) HWY_ATTR { return hn::MulAdd(normal(v), w, b); }, x, weight, bias);
  } else if (weight != nullptr) {
    map(
        n, out, [=](auto v, auto w) HWY_ATTR { return hn::Mul(normal(v), w); }, x, weight);
  } else if (bias != nullptr) {
    map(
        n, out, [=](auto v, auto b) HWY_ATTR { return hn::Add(normal(v), b); }, x, bias);
  } else {
    map(
        n, out, [=](auto v) HWY_ATTR { return normal(v); }, x);
  }
}

template <class T>
void normalize_scaled(int64_t n, const T* stats, const T* x, T weight, T bias, T* out) {
  const Normal<T> normal(stats);
  const auto w = hn::Set(Full<T>(), weight), b = hn::Set(Full<T>(), bias);
  map(
      n, out, [=](auto v) HWY_ATTR { return hn::MulAdd(normal(v), w, b); }, x);
}

// sums[0] = Σ g·w, sums[1] = Σ g·w·(x - mean)·factor
template <class T>
void gradient_sums(int64_t n, const T* stats, const T* grad, const T* x, const T* weight, T* sums) {
  const AddNormal<T> add{Normal<T>(stats)};
  if (weight != nullptr) {
    sums[0] = accumulate_long<T>(n, AddProduct(), grad, weight);
    sums[1] = accumulate_long<T>(n, add, grad, x, weight);
  } else {
    sums[0] = accumulate_long<T>(n, AddTo(), grad);
    sums[1] = accumulate_long<T>(n, add, grad, x);
  }
}

// factor · (g·w - means[0] - (x - mean)·factor·means[1])
template <class T>
void normalize_backward(int64_t n, const T* stats, const T* means, const T* grad, const T* x, const T* weight,
                        T* grad_in) {
  const Normal<T> normal(stats);
  const auto first = hn::Set(Full<T>(), means[0]), second = hn::Set(Full<T>(), means[1]);
  const auto back = [=](auto gw, auto v) HWY_ATTR {
    return hn::Mul(normal.factor, hn::NegMulAdd(normal(v), second, hn::Sub(gw, first)));
  };
  if (weight != nullptr) {
    map(
        n, grad_in, [=](auto g, auto v, auto w) HWY_ATTR { return back(hn::Mul(g, w), v); }, grad, x, weight);
  } else {
    map(n, grad_in, back, grad, x);
  }
}
template <class T>
void normalize_backward_scaled(int64_t n, const T* stats, const T* means, const T* grad, const T* x, T weight,
                               T* grad_in) {
  const Normal<T> normal(stats);
  const auto first = hn::Set(Full<T>(), means[0]), second = hn::Set(Full<T>(), means[1]);
  const auto w = hn::Set(Full<T>(), weight);
  const auto back = [=](auto g, auto v) HWY_ATTR {
    return hn::Mul(normal.factor, hn::NegMulAdd(normal(v), second, hn::MulSub(g, w, first)));
  };
  map(n, grad_in, back, grad, x);
}

// by_weight += g · (x - mean)·factor, by_bias += g, number by number.
template <class T>
void add_by_weight(int64_t n, const T* stats, const T* grad, const T* x, T* by_weight, T* by_bias) {
  const Normal<T> normal(stats);
  const auto f = [=](auto g, auto v, auto sum) HWY_ATTR { return hn::MulAdd(g, normal(v), sum); };
  map(n, by_weight, f, grad, x, by_weight);
  map(
      n, by_bias, [](auto g, auto sum) HWY_ATTR { return hn::Add(sum, g); }, grad, by_bias);
}

template <class T>
constexpr NormLoops<T> table{.row_stats = row_stats<T>,
                             .normalize = normalize<T>,
                             .normalize_scaled = normalize_scaled<T>,
                             .gradient_sums = gradient_sums<T>,
                             .normalize_backward = normalize_backward<T>,
                             .normalize_backward_scaled = normalize_backward_scaled<T>,
                             .add_by_weight = add_by_weight<T>};
const NormLoops<float>* float_loops() { return &table<float>; }
const NormLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>

#include "kernels/scratch.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

OKIBI_LOOPS(NormLoops)

int64_t grain_of(const NormRows& shape) { return std::max<int64_t>(elementwise_grain / shape.width() / 4, 1); }

// Where a row's weights and biases begin.
int64_t first_channel(const NormRows& shape, int64_t row) { return row % shape.groups * shape.channels; }

template <class T>
void normalize_channels(const NormRows& shape, const T* stats, const T* x, const T* weight, const T* bias, T* out) {
  for (int64_t c = 0; c < shape.channels; ++c) {
    const int64_t at = c * shape.inner;
    loops<T>().normalize_scaled(shape.inner, stats, x + at, weight ? weight[c] : T(1), bias ? bias[c] : T(0), out + at);
  }
}

// One row whose channels are single numbers.
template <class T>
void row_backward(const NormRows& shape, const T* stats, const T* grad, const T* x, const T* weight, T* grad_in) {
  T sums[2];
  const int64_t n = shape.width();
  loops<T>().gradient_sums(n, stats, grad, x, weight, sums);
  const T means[2] = {shape.centred ? sums[0] / static_cast<T>(n) : T(0), sums[1] / static_cast<T>(n)};
  loops<T>().normalize_backward(n, stats, means, grad, x, weight, grad_in);
}

// One row of channels of several numbers each. What belongs to its weights and biases is said in by_weight and by_bias.
template <class T>
void channels_backward(const NormRows& shape, const T* stats, const T* grad, const T* x, const T* weight, T* grad_in,
                       T* by_weight, T* by_bias) {
  const T n = static_cast<T>(shape.width());
  T means[2] = {};
  for (int64_t c = 0; c < shape.channels; ++c) {
    T sums[2];
    loops<T>().gradient_sums(shape.inner, stats, grad + c * shape.inner, x + c * shape.inner, nullptr, sums);
    by_bias[c] = sums[0], by_weight[c] = sums[1];
    const T w = weight ? weight[c] : T(1);
    means[0] += shape.centred ? sums[0] * w / n : T(0);
    means[1] += sums[1] * w / n;
  }
  if (grad_in == nullptr) return;
  for (int64_t c = 0; c < shape.channels; ++c) {
    const int64_t at = c * shape.inner;
    loops<T>().normalize_backward_scaled(shape.inner, stats, means, grad + at, x + at, weight ? weight[c] : T(1),
                                         grad_in + at);
  }
}

// Rows whose weights' gradients are added up in one go: so many that few sums are left, so few that they stay exact.
constexpr int64_t block = 64;

}  // namespace

template <class T>
void norm_rows(const NormRows& shape, const T* x, const T* weight, const T* bias, T* out, T* stats) {
  const int64_t n = shape.width();
  split(shape.rows, grain_of(shape), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t channel = first_channel(shape, row);
      const T *w = moved(weight, channel), *b = moved(bias, channel);
      loops<T>().row_stats(n, shape.centred, shape.eps, x + row * n, stats + 2 * row);
      if (shape.inner == 1)
        loops<T>().normalize(n, stats + 2 * row, x + row * n, w, b, out + row * n);
      else
        normalize_channels(shape, stats + 2 * row, x + row * n, w, b, out + row * n);
    }
  });
}

template <class T>
void norm_rows_backward(const NormRows& shape, const T* stats, const T* grad, const T* x, const T* weight, T* grad_in,
                        T* by_weight, T* by_bias) {
  const int64_t n = shape.width(), channels = shape.groups * shape.channels;
  const int64_t rows_of_block = shape.inner == 1 ? block * shape.groups : shape.groups;
  const int64_t blocks = (shape.rows + rows_of_block - 1) / rows_of_block;
  const Scratch<T> parts(static_cast<size_t>(2 * blocks * channels));  // (2, blocks, channels)
  std::ranges::fill(parts.span(), T(0));
  split(blocks, std::max<int64_t>(grain_of(shape) / rows_of_block, 1), [&](int64_t first, int64_t last) {
    for (int64_t row = first * rows_of_block; row < std::min(last * rows_of_block, shape.rows); ++row) {
      const int64_t channel = first_channel(shape, row), at = row / rows_of_block * channels + channel;
      T *of_weight = parts.data() + at, *of_bias = of_weight + blocks * channels;
      const T *g = grad + row * n, *from = x + row * n, *w = moved(weight, channel), *s = stats + 2 * row;
      T* to = moved(grad_in, row * n);
      if (shape.inner != 1) {
        channels_backward(shape, s, g, from, w, to, of_weight, of_bias);
        continue;
      }
      if (to != nullptr) row_backward(shape, s, g, from, w, to);
      if (by_weight != nullptr || by_bias != nullptr) loops<T>().add_by_weight(n, s, g, from, of_weight, of_bias);
    }
  });
  if (by_weight != nullptr) sum_rows(blocks, channels, parts.data(), by_weight);
  if (by_bias != nullptr) sum_rows(blocks, channels, parts.data() + blocks * channels, by_bias);
}

#define INSTANTIATE(T)                                                            \
  template void norm_rows(const NormRows&, const T*, const T*, const T*, T*, T*); \
  template void norm_rows_backward(const NormRows&, const T*, const T*, const T*, const T*, T*, T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace okibi::kernels
#endif
