// Rows of a table: gathered on the way forward, added to on the way back.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/split.h"

namespace okibi::kernels {

template <class Index>
int64_t first_out_of_range(std::span<const Index> ids, int64_t rows) {
  const auto outside = [rows](Index id) { return id < 0 || id >= rows; };
  const auto found = std::find_if(ids.begin(), ids.end(), outside);
  return found == ids.end() ? -1 : found - ids.begin();
}

template <class T, class Index>
void embedding(std::span<const Index> ids, int64_t dim, const T* weight, T* out, int64_t out_stride) {
  for (const Index id : ids) {
    std::copy_n(weight + int64_t{id} * dim, dim, out);
    out += out_stride;
  }
}

template <class T, class Index>
void embedding_backward(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding, bool by_freq,
                        const T* grad, int64_t grad_stride, T* weight_grad) {
  std::vector<int64_t> counts(by_freq ? static_cast<size_t>(rows) : 0);
  if (by_freq) {
    for (const Index id : ids) ++counts[static_cast<size_t>(id)];
  }
  for (const Index id : ids) {
    if (id != padding) {
      const T factor = by_freq ? static_cast<T>(1.0 / static_cast<double>(counts[static_cast<size_t>(id)])) : T(1);
      T* row = weight_grad + int64_t{id} * dim;
      for (int64_t column = 0; column < dim; ++column) row[column] = std::fma(factor, grad[column], row[column]);
    }
    grad += grad_stride;
  }
}

template int64_t first_out_of_range(std::span<const int32_t>, int64_t);
template int64_t first_out_of_range(std::span<const int64_t>, int64_t);
#define INSTANTIATE(T, Index)                                                      \
  template void embedding(std::span<const Index>, int64_t, const T*, T*, int64_t); \
  template void embedding_backward(std::span<const Index>, int64_t, int64_t, int64_t, bool, const T*, int64_t, T*);
INSTANTIATE(float, int32_t)
INSTANTIATE(float, int64_t)
INSTANTIATE(double, int32_t)
INSTANTIATE(double, int64_t)
#undef INSTANTIATE

}  // namespace okibi::kernels
