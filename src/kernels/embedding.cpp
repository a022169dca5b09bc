// What an embedding needs beside gathering rows: checked indices, and gradients added to rows on the way back.
#include "kernels/embedding.h"

#include <algorithm>
#include <type_traits>

#include "kernels/kernels.h"
#include "kernels/row_groups.h"
#include "kernels/split.h"
#include "kernels/usual_width.h"

namespace okibi::kernels {
namespace {

template <int64_t fixed, class T>
void add_row(int64_t dim, const T* grad, T* row) {
  const int64_t width = fixed > 0 ? fixed : dim;
  for (int64_t column = 0; column < width; ++column) row[column] += grad[column];
}

// Adds the rows whose id lies in [first, last), in the order of ids.
template <int64_t fixed, class T, class Index>
void scatter_add(std::span<const Index> ids, int64_t first, int64_t last, int64_t dim, int64_t padding,
                 const EntryGradients<T>& entries, T* weight_grad) {
  const int64_t width = fixed > 0 ? fixed : dim;
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t id = ids[i];
    if (id < first || id >= last || id == padding) continue;
    T* const row = weight_grad + id * width;
    if (entries.share == nullptr) {
      add_row<fixed>(width, entries.row(i), row);
    } else {
      add(width, row, entries.row(i), entries.share[i], row);
    }
  }
}

// On several threads by rows of the table: each thread reads all ids and adds those that are its own, so the order of
// additions to a row is that of ids, whatever the number of threads.
template <class T, class Index>
void add_in_place(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding,
                  const EntryGradients<T>& entries, T* weight_grad) {
  const int64_t work = std::max<int64_t>(static_cast<int64_t>(ids.size()) * dim, 1);
  const int64_t grain =
      is_worth_sharing<T>(dim) ? std::max<int64_t>(rows * elementwise_grain / work, 1) : rows;  // of rows
  with_width(dim, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    split(rows, grain, [&](int64_t first, int64_t last) {
      scatter_add<fixed>(ids, first, last, dim, padding, entries, weight_grad);
    });
  });
}

template <class T>
void add_wide(int64_t dim, float share, const T* grad, float* sums) {
  for (int64_t column = 0; column < dim; ++column) sums[column] += share * static_cast<float>(grad[column]);
}

// Numbers of half precision: a row's sum stands in float until its last entry.
template <class T, class Index>
void add_wide_and_round(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding,
                        const EntryGradients<T>& entries, T* weight_grad) {
  const RowGroups groups(ids, rows, padding);
  groups.share_rows(elementwise_grain / std::max<int64_t>(dim, 1) + 1, [&](size_t first, size_t last) {
    const Scratch<float> sums(static_cast<size_t>(dim));
    groups.for_each_row(first, last, [&](size_t begin, size_t end) {
      T* const row = weight_grad + groups.row(begin) * dim;
      std::transform(row, row + dim, sums.data(), [](T number) { return static_cast<float>(number); });
      for (size_t i = begin; i < end; ++i) {
        const size_t entry = groups.position(i);
        add_wide(dim, entries.share != nullptr ? entries.share[entry] : 1.F, entries.row(entry), sums.data());
      }
      std::transform(sums.data(), sums.data() + dim, row, [](float sum) { return T(sum); });
    });
  });
}

}  // namespace

template <class Index>
int64_t first_out_of_range(std::span<const Index> ids, int64_t rows) {
  bool any = false;  // of all, which the compiler does many at a time; where, matters only if there is one
  for (const Index id : ids) any |= static_cast<uint64_t>(int64_t{id}) >= static_cast<uint64_t>(rows);
  if (!any) return -1;
  return std::ranges::find_if(ids, [rows](Index id) { return id < 0 || id >= rows; }) - ids.begin();
}

template <class T, class Index>
void embedding_backward(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding,
                        const EntryGradients<T>& entries, T* weight_grad) {
  if constexpr (is_small_float<T>)
    add_wide_and_round(ids, rows, dim, padding, entries, weight_grad);
  else
    add_in_place(ids, rows, dim, padding, entries, weight_grad);
}

template <class T, class Index>
void frequency_shares(std::span<const Index> ids, int64_t rows, T* share) {
  const RowGroups groups(ids, rows);
  groups.for_each_row(0, groups.entries(), [&](size_t begin, size_t end) {
    const T one_of_many = static_cast<T>(1 / static_cast<double>(end - begin));
    for (size_t i = begin; i < end; ++i) share[groups.position(i)] = one_of_many;
  });
}

template int64_t first_out_of_range(std::span<const int32_t>, int64_t);
template int64_t first_out_of_range(std::span<const int64_t>, int64_t);
template void frequency_shares(std::span<const int32_t>, int64_t, float*);
template void frequency_shares(std::span<const int64_t>, int64_t, float*);
template void frequency_shares(std::span<const int32_t>, int64_t, double*);
template void frequency_shares(std::span<const int64_t>, int64_t, double*);
#define INSTANTIATE(T, Index) \
  template void embedding_backward(std::span<const Index>, int64_t, int64_t, int64_t, const EntryGradients<T>&, T*);
INSTANTIATE(float, int32_t)
INSTANTIATE(float, int64_t)
INSTANTIATE(double, int32_t)
INSTANTIATE(double, int64_t)
INSTANTIATE(Half, int32_t)
INSTANTIATE(Half, int64_t)
INSTANTIATE(BFloat16, int32_t)
INSTANTIATE(BFloat16, int64_t)
#undef INSTANTIATE

}  // namespace okibi::kernels
