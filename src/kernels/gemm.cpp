// Matrix products by OpenBLAS.
#include <cblas.h>

#include <algorithm>
#include <type_traits>

#include "kernels/kernels.h"

namespace okibi::kernels {
namespace {

template <class T>
void blas_gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b,
               int64_t ldb, T beta, T* c, int64_t ldc) {
  const auto ta = transpose_a ? CblasTrans : CblasNoTrans;
  const auto tb = transpose_b ? CblasTrans : CblasNoTrans;
  if constexpr (std::is_same_v<T, float>) {
    cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
  } else {
    cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
  }
}

}  // namespace

template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b,
          int64_t ldb, T beta, T* c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  blas_gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

template <class T>
void linear(int64_t m, int64_t n, int64_t k, const T* x, const T* weight, const T* bias, T* out) {
  for (int64_t row = 0; row < m; ++row) {
    if (bias != nullptr) std::copy_n(bias, n, out + row * n);
  }
  gemm(false, true, m, n, k, x, std::max<int64_t>(k, 1), weight, std::max<int64_t>(k, 1), T(bias != nullptr), out, n);
}

template void gemm(bool, bool, int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, float, float*,
                   int64_t);
template void gemm(bool, bool, int64_t, int64_t, int64_t, const double*, int64_t, const double*, int64_t, double,
                   double*, int64_t);
template void linear(int64_t, int64_t, int64_t, const float*, const float*, const float*, float*);
template void linear(int64_t, int64_t, int64_t, const double*, const double*, const double*, double*);

}  // namespace okibi::kernels
