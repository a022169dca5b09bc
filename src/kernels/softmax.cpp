// Softmax and its logarithm. Over another dimension than the last, the numbers are brought side by side first.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>

#include "kernels/functions-inl.h"
#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

template <class T>
HWY_INLINE T greatest(int64_t n, const T* x) {
  const Full<T> d;
  const auto least = hn::Set(d, -std::numeric_limits<T>::infinity());
  auto most = least;
  int64_t i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>()) most = hn::Max(most, hn::LoadU(d, x + i));
  if (i < n) most = hn::Max(most, first_lanes<T>(n - i, load_some<T>(x + i, n - i), least));
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

template <class V>
struct AddExp {
  V shift;
  HWY_INLINE V operator()(V sum, V v) const { return hn::Add(sum, exp_kept(hn::Sub(v, shift))); }
};

template <class T>
void softmax(int64_t n, const T* x, T* out) {
  const Full<T> d;
  const auto shift = hn::Set(d, greatest(n, x));
  map(
      n, out, [=](auto v) HWY_ATTR { return exp_kept(hn::Sub(v, shift)); }, x);
  const auto sum = hn::Set(d, accumulate<T>(n, AddTo(), out));
  map(
      n, out, [=](auto v) HWY_ATTR { return hn::Div(v, sum); }, out);
}

template <class T>
void softmax_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  const auto dot = hn::Set(Full<T>(), accumulate<T>(n, AddProduct(), grad, out));
  const auto f = [=](auto g, auto y) HWY_ATTR { return hn::Mul(hn::Sub(g, dot), y); };
  map(n, grad_in, f, grad, out);
}

template <class T>
void log_sum(int64_t n, const T* x, T* out) {
  out[0] = greatest(n, x);  // taken off before the logarithm, so that both keep their digits
  out[1] = std::log(accumulate<T>(n, AddExp<VecOf<T>>{hn::Set(Full<T>(), out[0])}, x));
}

template <class T>
void log_softmax(int64_t n, const T* x, T* out) {
  T parts[2];
  log_sum(n, x, parts);
  const auto shift = hn::Set(Full<T>(), parts[0]), log = hn::Set(Full<T>(), parts[1]);
  map(
      n, out, [=](auto v) HWY_ATTR { return hn::Sub(hn::Sub(v, shift), log); }, x);
}

template <class T>
void log_softmax_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  const auto total = hn::Set(Full<T>(), accumulate<T>(n, AddTo(), grad));
  const auto f = [=](auto g, auto y) HWY_ATTR { return hn::NegMulAdd(exp_kept(y), total, g); };
  map(n, grad_in, f, grad, out);
}

template <class T>
void softmax_times(int64_t n, const T* x, const T* log_sum, T factor, T* out) {
  const Full<T> d;
  const auto shift = hn::Set(d, log_sum[0]), log = hn::Set(d, log_sum[1]), f = hn::Set(d, factor);
  const auto value = [=](auto v) HWY_ATTR { return hn::Mul(f, exp_kept(hn::Sub(hn::Sub(v, shift), log))); };
  map(n, out, value, x);
}

template <class T>
constexpr SoftmaxLoops<T> table{.softmax = softmax<T>,
                                .softmax_backward = softmax_backward<T>,
                                .log_softmax = log_softmax<T>,
                                .log_softmax_backward = log_softmax_backward<T>,
                                .log_sum = log_sum<T>,
                                .softmax_times = softmax_times<T>};
const SoftmaxLoops<float>* float_loops() { return &table<float>; }
const SoftmaxLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

OKIBI_LOOPS(SoftmaxLoops)

template <class T>
void gather(int64_t n, int64_t stride, const T* from, T* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
}
template <class T>
void scatter(int64_t n, int64_t stride, const T* from, T* to) {
  for (int64_t i = 0; i < n; ++i) to[i * stride] = from[i];
}

// Rows for one thread at least, so that splitting pays.
int64_t grain_of(int64_t n) { return std::max<int64_t>(elementwise_grain / n / 4, 1); }

// loop(n, in…, out) for each of the outer · inner rows, on several threads where there is enough in them.
template <class T, class Loop, class... In>
void over_middle(int64_t outer, int64_t n, int64_t inner, Loop loop, T* out, const In*... in) {
  if (n == 0) return;
  split(outer * inner, grain_of(n), [&](int64_t first, int64_t last) {
    const Scratch<T> lines(inner == 1 ? 0 : static_cast<size_t>(n) * (1 + sizeof...(in)));
    for (int64_t row = first; row < last; ++row) {
      const int64_t at = row / inner * n * inner + row % inner;
      if (inner == 1) {
        loop(n, in + at..., out + at);
        continue;
      }
      T* line = lines.data();
      const auto brought = [&](const T* from) {
        line += n;
        gather(n, inner, from + at, line);
        return static_cast<const T*>(line);
      };
      loop(n, brought(in)..., lines.data());
      scatter(n, inner, lines.data(), out + at);
    }
  });
}

}  // namespace

template <class T>
void softmax(int64_t outer, int64_t n, int64_t inner, const T* x, T* out) {
  over_middle(outer, n, inner, loops<T>().softmax, out, x);
}
template <class T>
void softmax_backward(int64_t outer, int64_t n, int64_t inner, const T* grad, const T* out, T* grad_in) {
  over_middle(outer, n, inner, loops<T>().softmax_backward, grad_in, grad, out);
}
template <class T>
void log_softmax(int64_t outer, int64_t n, int64_t inner, const T* x, T* out) {
  over_middle(outer, n, inner, loops<T>().log_softmax, out, x);
}
template <class T>
void log_softmax_backward(int64_t outer, int64_t n, int64_t inner, const T* grad, const T* out, T* grad_in) {
  over_middle(outer, n, inner, loops<T>().log_softmax_backward, grad_in, grad, out);
}
template <class T>
void log_sums(int64_t rows, int64_t n, const T* x, T* out) {
  split(rows, grain_of(n), [&, loop = loops<T>().log_sum](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) loop(n, x + i * n, out + 2 * i);
  });
}
template <class T>
void softmax_times(int64_t rows, int64_t n, const T* x, const T* log_sums, const T* factor, T* out) {
  split(rows, grain_of(n), [&, loop = loops<T>().softmax_times](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) loop(n, x + i * n, log_sums + 2 * i, factor[i], out + i * n);
  });
}

#define INSTANTIATE(T)                                                                   \
  template void softmax(int64_t, int64_t, int64_t, const T*, T*);                        \
  template void softmax_backward(int64_t, int64_t, int64_t, const T*, const T*, T*);     \
  template void log_softmax(int64_t, int64_t, int64_t, const T*, T*);                    \
  template void log_softmax_backward(int64_t, int64_t, int64_t, const T*, const T*, T*); \
  template void log_sums(int64_t, int64_t, const T*, T*);                                \
  template void softmax_times(int64_t, int64_t, const T*, const T*, const T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace okibi::kernels
#endif
