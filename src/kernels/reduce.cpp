// Sums.
#include <algorithm>

#include "kernels/kernels.h"

namespace okibi::kernels {

// Halves down to short runs: the error grows with log n, not n.
template <class T>
T sum(int64_t n, const T* x) {
  if (n > 128) return sum(n / 2, x) + sum(n - n / 2, x + n / 2);
  T total = 0;
  for (int64_t i = 0; i < n; ++i) total += x[i];
  return total;
}

template <class T>
void sum_rows(int64_t rows, int64_t columns, const T* x, T* out) {
  std::fill_n(out, columns, T(0));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) out[column] += x[row * columns + column];
  }
}

template float sum(int64_t, const float*);
template double sum(int64_t, const double*);
template void sum_rows(int64_t, int64_t, const float*, float*);
template void sum_rows(int64_t, int64_t, const double*, double*);

}  // namespace okibi::kernels
