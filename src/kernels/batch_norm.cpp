// Batch normalisation: of x (outer, channels, inner), each channel by its own mean and variance.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

// A vector of columns, or the first `count` lanes of one.
template <class T>
struct Columns {
  int64_t count;
  HWY_INLINE VecOf<T> load(const T* from) const {
    return count == lanes<T>() ? hn::LoadU(Full<T>(), from) : load_some<T>(from, count);
  }
  HWY_INLINE void store(VecOf<T> v, T* to) const {
    if (count == lanes<T>())
      hn::StoreU(v, Full<T>(), to);
    else
      store_some<T>(v, to, count);
  }
};

// work(columns, first column) for vectors of columns, the last with fewer.
template <class T, class Work>
HWY_INLINE void each_vector(int64_t columns, Work work) {
  int64_t c = 0;
  for (; c + lanes<T>() <= columns; c += lanes<T>()) work(Columns<T>{lanes<T>()}, c);
  if (c < columns) work(Columns<T>{columns - c}, c);
}

// So few rows that a block of some columns stays in the nearest cache, where it is gone through twice.
constexpr int64_t block = 64;

// Means and sums of squares around them, block by block of rows, joined as Chan, Golub and LeVeque (1979) join them.
template <class T>
void column_stats(int64_t rows, int64_t columns, int64_t stride, const T* x, T* mean, T* square) {
  for (int64_t c = 0; c < columns; ++c) mean[c] = square[c] = 0;
  for (int64_t begin = 0; begin < rows; begin += block) {
    const int64_t n = std::min(block, rows - begin);
    const auto inverse = hn::Set(Full<T>(), T(1) / static_cast<T>(n));
    const auto share = hn::Set(Full<T>(), static_cast<T>(n) / static_cast<T>(begin + n));
    const auto spread = hn::Set(Full<T>(), static_cast<T>(n) * static_cast<T>(begin) / static_cast<T>(begin + n));
    each_vector<T>(columns, [&](Columns<T> some, int64_t c) HWY_ATTR {
      const T* from = x + begin * stride + c;
      auto sum = hn::Zero(Full<T>());
      for (int64_t row = 0; row < n; ++row) sum = hn::Add(sum, some.load(from + row * stride));
      const auto here = hn::Mul(sum, inverse);
      auto squares = hn::Zero(Full<T>());
      for (int64_t row = 0; row < n; ++row) {
        const auto off = hn::Sub(some.load(from + row * stride), here);
        squares = hn::MulAdd(off, off, squares);
      }
      const auto before = some.load(mean + c), apart = hn::Sub(here, before);
      some.store(hn::MulAdd(apart, share, before), mean + c);
      some.store(hn::Add(some.load(square + c), hn::MulAdd(hn::Mul(apart, apart), spread, squares)), square + c);
    });
  }
}

// Σ g and Σ g·(x - mean) of each column, block by block of rows.
template <class T>
void column_gradients(int64_t rows, int64_t columns, int64_t stride, const T* grad, const T* x, const T* mean, T* sum,
                      T* dot) {
  for (int64_t c = 0; c < columns; ++c) sum[c] = dot[c] = 0;
  for (int64_t begin = 0; begin < rows; begin += block) {
    const int64_t n = std::min(block, rows - begin);
    each_vector<T>(columns, [&](Columns<T> some, int64_t c) HWY_ATTR {
      const int64_t at = begin * stride + c;
      auto s = hn::Zero(Full<T>()), d = s;
      const auto m = some.load(mean + c);
      for (int64_t row = 0; row < n; ++row) {
        const auto g = some.load(grad + at + row * stride);
        s = hn::Add(s, g);
        d = hn::MulAdd(g, hn::Sub(some.load(x + at + row * stride), m), d);
      }
      some.store(hn::Add(some.load(sum + c), s), sum + c);
      some.store(hn::Add(some.load(dot + c), d), dot + c);
    });
  }
}

// (x - mean)·factor + shift, with a number for each column.
template <class T>
void row_scaled(int64_t columns, const T* x, const T* mean, const T* factor, const T* shift, T* out) {
  const auto f = [](auto v, auto m, auto k, auto b) HWY_ATTR { return hn::MulAdd(hn::Sub(v, m), k, b); };
  map(columns, out, f, x, mean, factor, shift);
}
// g·factor + (x - mean)·slope + shift
template <class T>
void row_backward(int64_t columns, const T* grad, const T* x, const T* mean, const T* factor, const T* slope,
                  const T* shift, T* out) {
  const auto f = [](auto g, auto v, auto m, auto k, auto s, auto b)
                     HWY_ATTR { return hn::MulAdd(g, k, hn::MulAdd(hn::Sub(v, m), s, b)); };
  map(columns, out, f, grad, x, mean, factor, slope, shift);
}

// The same of n numbers of one channel that lie side by side.
template <class T>
void run_sums(int64_t n, const T* x, T mean, T* sums) {  // Σ (x - mean) and Σ (x - mean)²
  const auto m = hn::Set(Full<T>(), mean);
  sums[0] = accumulate_long<T>(n, AddOff<VecOf<T>>{m}, x);
  sums[1] = accumulate_long<T>(n, AddSquareOff<VecOf<T>>{m}, x);
}
template <class T>
void run_gradients(int64_t n, const T* grad, const T* x, T mean, T* sums) {  // Σ g and Σ g·(x - mean)
  const auto m = hn::Set(Full<T>(), mean);
  sums[0] = accumulate_long<T>(n, AddTo(), grad);
  sums[1] = accumulate_long<T>(n, AddProductOff<VecOf<T>>{m}, grad, x);
}
template <class T>
void run_scaled(int64_t n, const T* x, T mean, T factor, T shift, T* out) {
  const Full<T> d;
  const auto m = hn::Set(d, mean), k = hn::Set(d, factor), b = hn::Set(d, shift);
  map(
      n, out, [=](auto v) HWY_ATTR { return hn::MulAdd(hn::Sub(v, m), k, b); }, x);
}
template <class T>
void run_backward(int64_t n, const T* grad, const T* x, T mean, T factor, T slope, T shift, T* out) {
  const Full<T> d;
  const auto m = hn::Set(d, mean), k = hn::Set(d, factor), s = hn::Set(d, slope), b = hn::Set(d, shift);
  const auto f = [=](auto g, auto v) HWY_ATTR { return hn::MulAdd(g, k, hn::MulAdd(hn::Sub(v, m), s, b)); };
  map(n, out, f, grad, x);
}

template <class T>
constexpr BatchNormLoops<T> table{.column_stats = column_stats<T>,
                                  .column_gradients = column_gradients<T>,
                                  .row_scaled = row_scaled<T>,
                                  .row_backward = row_backward<T>,
                                  .run_sums = run_sums<T>,
                                  .run_gradients = run_gradients<T>,
                                  .run_scaled = run_scaled<T>,
                                  .run_backward = run_backward<T>};
const BatchNormLoops<float>* float_loops() { return &table<float>; }
const BatchNormLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

OKIBI_LOOPS(BatchNormLoops)

// Channels as columns, on several threads by ranges of them that are whole cache lines.
template <class Work>
void each_column_range(const Channels& shape, Work&& work) {
  const int64_t grain = std::max<int64_t>(elementwise_grain / std::max<int64_t>(shape.outer, 1), 64);
  split(shape.channels, grain, work);
}
// Channels one by one: visit(channel, where a run of its numbers begins).
template <class Each>
void each_channel(const Channels& shape, Each&& each) {
  const int64_t grain = std::max<int64_t>(elementwise_grain / std::max<int64_t>(shape.count(), 1), 1);
  split(shape.channels, grain, [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) each(c);
  });
}
template <class Row>
void each_row(const Channels& shape, Row&& row) {
  split(shape.outer, std::max<int64_t>(elementwise_grain / shape.channels, 1), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) row(i * shape.channels);
  });
}

int64_t run_at(const Channels& shape, int64_t outer, int64_t channel) {
  return (outer * shape.channels + channel) * shape.inner;
}

// The two sums of a channel, over all its runs: sums(run, into).
template <class T, class Sums>
void add_runs(const Channels& shape, int64_t channel, double (&total)[2], Sums&& sums) {
  for (int64_t i = 0; i < shape.outer; ++i) {
    T part[2];
    sums(run_at(shape, i, channel), part);
    total[0] += static_cast<double>(part[0]);
    total[1] += static_cast<double>(part[1]);
  }
}

}  // namespace

template <class T>
void channel_stats(const Channels& shape, const T* x, T* mean, T* square) {
  if (shape.inner == 1) {
    return each_column_range(shape, [&](int64_t first, int64_t last) {
      loops<T>().column_stats(shape.outer, last - first, shape.channels, x + first, mean + first, square + first);
    });
  }
  each_channel(shape, [&](int64_t c) {
    const T guess = shape.count() > 0 ? x[run_at(shape, 0, c)] : T(0);  // near enough that what is left is small
    double rough[2] = {}, fine[2] = {};
    add_runs<T>(shape, c, rough, [&](int64_t at, T* part) { loops<T>().run_sums(shape.inner, x + at, guess, part); });
    const double exact = static_cast<double>(guess) + rough[0] / static_cast<double>(shape.count());
    mean[c] = static_cast<T>(exact);
    add_runs<T>(shape, c, fine, [&](int64_t at, T* part) { loops<T>().run_sums(shape.inner, x + at, mean[c], part); });
    square[c] = static_cast<T>(fine[1]);
  });
}

template <class T>
void channel_scale(const Channels& shape, const T* x, const T* mean, const T* factor, const T* shift, T* out) {
  if (shape.inner == 1) {
    return each_row(shape,
                    [&](int64_t at) { loops<T>().row_scaled(shape.channels, x + at, mean, factor, shift, out + at); });
  }
  each_channel(shape, [&](int64_t c) {
    for (int64_t i = 0; i < shape.outer; ++i) {
      const int64_t at = run_at(shape, i, c);
      loops<T>().run_scaled(shape.inner, x + at, mean[c], factor[c], shift[c], out + at);
    }
  });
}

template <class T>
void channel_gradients(const Channels& shape, const T* grad, const T* x, const T* mean, T* sum, T* dot) {
  if (shape.inner == 1) {
    return each_column_range(shape, [&](int64_t first, int64_t last) {
      loops<T>().column_gradients(shape.outer, last - first, shape.channels, grad + first, x + first, mean + first,
                                  sum + first, dot + first);
    });
  }
  each_channel(shape, [&](int64_t c) {
    double total[2] = {};
    add_runs<T>(shape, c, total,
                [&](int64_t at, T* part) { loops<T>().run_gradients(shape.inner, grad + at, x + at, mean[c], part); });
    sum[c] = static_cast<T>(total[0]), dot[c] = static_cast<T>(total[1]);
  });
}

template <class T>
void channel_backward(const Channels& shape, const T* grad, const T* x, const T* mean, const T* factor, const T* slope,
                      const T* shift, T* out) {
  if (shape.inner == 1) {
    return each_row(shape, [&](int64_t at) {
      loops<T>().row_backward(shape.channels, grad + at, x + at, mean, factor, slope, shift, out + at);
    });
  }
  each_channel(shape, [&](int64_t c) {
    for (int64_t i = 0; i < shape.outer; ++i) {
      const int64_t at = run_at(shape, i, c);
      loops<T>().run_backward(shape.inner, grad + at, x + at, mean[c], factor[c], slope[c], shift[c], out + at);
    }
  });
}

#define INSTANTIATE(T)                                                                      \
  template void channel_stats(const Channels&, const T*, T*, T*);                           \
  template void channel_scale(const Channels&, const T*, const T*, const T*, const T*, T*); \
  template void channel_gradients(const Channels&, const T*, const T*, const T*, T*, T*);   \
  template void channel_backward(const Channels&, const T*, const T*, const T*, const T*, const T*, const T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace okibi::kernels
#endif
