// Which code a matrix product runs on: a small one on our own tiles (product.cpp), which start at once; a large one on
// OpenBLAS, which packs and splits better. The choice depends on sizes alone.
#include <cblas.h>

#include <algorithm>
#include <type_traits>

#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

// Up to here our tiles keep up: two of the three sides are so small that what is read again stays in the cache.
constexpr int64_t small_side = 128;
constexpr int64_t small_work = int64_t{512} * 512 * 512;
// Multiplications worth a thread's waking, some 20 µs of them.
constexpr int64_t product_grain = int64_t{1} << 20;

template <class T>
bool is_small(const Product<T>& w) {
  return (w.n <= small_side && std::min(w.m, w.k) <= small_side) || w.m * w.n * w.k <= small_work;
}

template <class T>
bool is_matrix_vector(const Product<T>& w) {
  return w.n == 1 && w.a_column == 1 && w.b_row == 1;
}

template <class T>
void run_tiles(const Product<T>& work) {
  const auto loop = is_matrix_vector(work) ? product_loops<T>().matrix_vector : product_loops<T>().product;
  const int64_t row_work = std::max<int64_t>(work.n * work.k, 1);
  split(work.m, std::max<int64_t>(product_grain / row_work, 1), [&](int64_t first, int64_t last) {
    Product<T> rows = work;
    rows.m = last - first;
    rows.a += first * rows.a_row;
    rows.c += first * rows.c_row;
    loop(rows);
  });
}

// cblas takes a transposed factor by its stored rows; one of a factor's two strides is 1.
template <class T>
void run_blas(const Product<T>& w) {
  const auto ta = w.a_column == 1 ? CblasNoTrans : CblasTrans, tb = w.b_column == 1 ? CblasNoTrans : CblasTrans;
  const int64_t lda = w.a_column == 1 ? w.a_row : w.a_column, ldb = w.b_column == 1 ? w.b_row : w.b_column;
  const auto call = [&](auto gemm) {
    gemm(CblasRowMajor, ta, tb, static_cast<blasint>(w.m), static_cast<blasint>(w.n), static_cast<blasint>(w.k), T(1),
         w.a, static_cast<blasint>(lda), w.b, static_cast<blasint>(ldb), T(w.accumulate), w.c,
         static_cast<blasint>(w.c_row));
  };
  if constexpr (std::is_same_v<T, float>) {
    call(cblas_sgemm);
  } else {
    call(cblas_dgemm);
  }
}

template <class T>
void fill_rows(const Product<T>& w, const T* row) {
  for (int64_t i = 0; i < w.m; ++i) std::copy_n(row, w.n, w.c + i * w.c_row);
}

template <class T>
void run(Product<T> w) {
  if (w.m == 0 || w.n == 0) return;
  if (is_small(w) || is_matrix_vector(w)) return run_tiles(w);
  if (w.bias != nullptr) {
    fill_rows(w, w.bias);
    w.accumulate = true;
  }
  run_blas(w);
}

}  // namespace

template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b,
          int64_t ldb, T beta, T* c, int64_t ldc) {
  if (beta != 0 && beta != 1) {
    for (int64_t i = 0; i < m; ++i) scale(n, c + i * ldc, beta, c + i * ldc);
  }
  run(Product<T>{.m = m,
                 .n = n,
                 .k = k,
                 .a = a,
                 .a_row = transpose_a ? 1 : lda,
                 .a_column = transpose_a ? lda : 1,
                 .b = b,
                 .b_row = transpose_b ? 1 : ldb,
                 .b_column = transpose_b ? ldb : 1,
                 .bias = nullptr,
                 .accumulate = beta != 0,
                 .c = c,
                 .c_row = ldc});
}

template <class T>
void linear(int64_t m, int64_t n, int64_t k, const T* x, const T* weight, const T* bias, T* out) {
  run(Product<T>{.m = m,
                 .n = n,
                 .k = k,
                 .a = x,
                 .a_row = k,
                 .a_column = 1,
                 .b = weight,
                 .b_row = 1,
                 .b_column = k,
                 .bias = bias,
                 .accumulate = false,
                 .c = out,
                 .c_row = n});
}

template void gemm(bool, bool, int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, float, float*,
                   int64_t);
template void gemm(bool, bool, int64_t, int64_t, int64_t, const double*, int64_t, const double*, int64_t, double,
                   double*, int64_t);
template void linear(int64_t, int64_t, int64_t, const float*, const float*, const float*, float*);
template void linear(int64_t, int64_t, int64_t, const double*, const double*, const double*, double*);

}  // namespace okibi::kernels
