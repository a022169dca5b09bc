// What an embedding needs beside gathering rows: checked indices, and gradients added to rows on the way back.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/split.h"
#include "kernels/usual_width.h"

namespace okibi::kernels {
namespace {

// 1 / how often each id occurs, or nothing where every row counts in full.
template <class T, class Index>
std::vector<T> shares(std::span<const Index> ids, int64_t rows, bool by_freq) {
  if (!by_freq) return {};
  std::vector<int64_t> counts(static_cast<size_t>(rows));
  for (const Index id : ids) ++counts[static_cast<size_t>(id)];
  std::vector<T> result(counts.size());
  std::transform(counts.begin(), counts.end(), result.begin(),
                 [](int64_t count) { return static_cast<T>(1.0 / static_cast<double>(count)); });
  return result;
}

template <int64_t fixed, class T>
void add_row(int64_t dim, const T* grad, T* row) {
  const int64_t width = fixed > 0 ? fixed : dim;
  for (int64_t column = 0; column < width; ++column) row[column] += grad[column];
}

// Adds the rows whose id lies in [first, last), in the order of ids.
template <int64_t fixed, class T, class Index>
void scatter_add(std::span<const Index> ids, int64_t first, int64_t last, int64_t dim, int64_t padding,
                 const std::vector<T>& shares, const T* grad, int64_t grad_stride, T* weight_grad) {
  const int64_t width = fixed > 0 ? fixed : dim;
  for (size_t i = 0; i < ids.size(); ++i, grad += grad_stride) {
    const int64_t id = ids[i];
    if (id < first || id >= last || id == padding) continue;
    T* const row = weight_grad + id * width;
    if (shares.empty()) {
      add_row<fixed>(width, grad, row);
    } else {
      add(width, row, grad, shares[static_cast<size_t>(id)], row);
    }
  }
}

}  // namespace

template <class Index>
int64_t first_out_of_range(std::span<const Index> ids, int64_t rows) {
  const auto outside = [rows](Index id) { return id < 0 || id >= rows; };
  const auto found = std::find_if(ids.begin(), ids.end(), outside);
  return found == ids.end() ? -1 : found - ids.begin();
}

// On several threads by rows of the table: each thread reads all ids and adds those that are its own, so the order of
// additions to a row is that of ids, whatever the number of threads.
template <class T, class Index>
void embedding_backward(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding, bool by_freq,
                        const T* grad, int64_t grad_stride, T* weight_grad) {
  const std::vector<T> by_id = shares<T>(ids, rows, by_freq);
  const int64_t work = std::max<int64_t>(static_cast<int64_t>(ids.size()) * dim, 1);
  const int64_t grain = std::max<int64_t>(rows * elementwise_grain / work, 1);  // of rows
  with_width(dim, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    split(rows, grain, [&](int64_t first, int64_t last) {
      scatter_add<fixed>(ids, first, last, dim, padding, by_id, grad, grad_stride, weight_grad);
    });
  });
}

template int64_t first_out_of_range(std::span<const int32_t>, int64_t);
template int64_t first_out_of_range(std::span<const int64_t>, int64_t);
#define INSTANTIATE(T, Index) \
  template void embedding_backward(std::span<const Index>, int64_t, int64_t, int64_t, bool, const T*, int64_t, T*);
INSTANTIATE(float, int32_t)
INSTANTIATE(float, int64_t)
INSTANTIATE(double, int32_t)
INSTANTIATE(double, int64_t)
#undef INSTANTIATE

}  // namespace okibi::kernels
