// Sums. The order of additions is the same on every CPU: 16 running sums, whatever the width of its vectors.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

template <class T>
T sum_run(int64_t n, const T* x) {
  return accumulate<T>(n, AddTo(), x);
}

template <class T>
T sum_of_squares(int64_t n, const T* x) {
  return accumulate_long<T>(n, AddProduct(), x, x);
}

// A vector of columns, by blocks of rows: a second level of sums keeps the error small over many rows.
template <class T, class Load>
HWY_INLINE VecOf<T> sum_columns(int64_t rows, int64_t stride, const T* x, Load load) {
  constexpr int64_t block = 256;
  VecOf<T> total = hn::Zero(Full<T>());
  for (int64_t begin = 0; begin < rows; begin += block) {
    VecOf<T> part = hn::Zero(Full<T>());
    for (int64_t row = begin; row < std::min(begin + block, rows); ++row) part = hn::Add(part, load(x + row * stride));
    total = hn::Add(total, part);
  }
  return total;
}

template <class T>
void sum_rows(int64_t rows, int64_t columns, int64_t stride, const T* x, T* out) {
  const Full<T> d;
  int64_t column = 0;
  for (; column + lanes<T>() <= columns; column += lanes<T>()) {
    const auto whole = [d](const T* from) HWY_ATTR { return hn::LoadU(d, from); };
    hn::StoreU(sum_columns(rows, stride, x + column, whole), d, out + column);
  }
  if (const int64_t rest = columns - column; rest > 0) {
    const auto part = [rest](const T* from) HWY_ATTR { return load_some<T>(from, rest); };
    store_some<T>(sum_columns(rows, stride, x + column, part), out + column, rest);
  }
}

template <class T>
constexpr ReduceLoops<T> table{.sum = sum_run<T>, .sum_of_squares = sum_of_squares<T>, .sum_rows = sum_rows<T>};
const ReduceLoops<float>* float_loops() { return &table<float>; }
const ReduceLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

OKIBI_LOOPS(ReduceLoops)

constexpr int64_t run_length = 1024;

}  // namespace

// Halves down to short runs: the error grows with log n, not n.
template <class T>
T sum(int64_t n, const T* x) {
  if (n <= run_length) return loops<T>().sum(n, x);
  const int64_t half = n / 2;
  return sum(half, x) + sum(n - half, x + half);
}

template <class T>
T sum_of_squares(int64_t n, const T* x) {
  return loops<T>().sum_of_squares(n, x);
}

// On several threads by columns, so that each column is one thread's and its order of additions stays.
template <class T>
void sum_rows(int64_t rows, int64_t columns, const T* x, T* out) {
  if (columns == 1) {
    *out = sum(rows, x);
    return;
  }
  const int64_t grain = std::max<int64_t>(elementwise_grain / std::max<int64_t>(rows, 1), 64);
  split(columns, grain,
        [&](int64_t first, int64_t last) { loops<T>().sum_rows(rows, last - first, columns, x + first, out + first); });
}

template float sum(int64_t, const float*);
template double sum(int64_t, const double*);
template float sum_of_squares(int64_t, const float*);
template double sum_of_squares(int64_t, const double*);
template void sum_rows(int64_t, int64_t, const float*, float*);
template void sum_rows(int64_t, int64_t, const double*, double*);

}  // namespace okibi::kernels
#endif
