// kernels/embedding.h: tables of rows: gradients added to them, rows kept short, bags of rows. Indices were checked before.
//
// T is float, double, Half or BFloat16 (tensor/element.h). Half-precision numbers are added up as float and rounded once:
// PyTorch adds them in their own precision, where 1,000 ones make 256.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "tensor/element.h"

namespace okibi::kernels {

// The position of the first id outside [0, rows), or -1.
template <class Index>
int64_t first_out_of_range(std::span<const Index> ids, int64_t rows);

// What numbers of a table are added up as.
template <class T>
using Wide = std::conditional_t<is_small_float<T>, float, T>;

// The gradient of each entry of a list of ids: share · a row of a gradient. Null: the entry's own row; a share of 1.
template <class T>
struct EntryGradients {
  const T* gradient;
  int64_t stride;  // elements from row to row
  const int64_t* source = nullptr;
  const Wide<T>* share = nullptr;

  const T* row(size_t entry) const noexcept {
    return gradient + (source != nullptr ? source[entry] : static_cast<int64_t>(entry)) * stride;
  }
};

// weight_grad (rows, dim)[id] += its entries' gradients, in the order of ids, whatever the number of threads. Entries of
// the row `padding` are left out; -1 means none.
template <class T, class Index>
void embedding_backward(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding,
                        const EntryGradients<T>& entries, T* weight_grad);

// share[i] = 1 / how often ids[i] occurs in the list. T is float or double.
template <class T, class Index>
void frequency_shares(std::span<const Index> ids, int64_t rows, T* share);

// Scales each row that ids name and whose p-norm is greater than max_norm down to it, with PyTorch's bits on x86-64.
template <class T, class Index>
void renormalise(std::span<const Index> ids, int64_t rows, int64_t dim, double max_norm, double p, T* table);

// ---- bags: entries bounds[b] to bounds[b + 1] of ids belong to bag b. Those of the row `padding` do not count.
enum class BagMode : uint8_t { sum, mean, max };  // numbered as PyTorch's
template <class Index>
struct Bags {
  std::span<const Index> ids;
  std::span<const int64_t> bounds;
  int64_t padding;
  size_t count() const noexcept { return bounds.size() - 1; }
};
// out (bags, dim); counts (bags): entries that count. share, one number an entry, weighs sums; null means 1. largest
// (bags, dim), for max only: the row that each number came from, -1 for none.
template <class T, class Index>
void embedding_bag(const Bags<Index>& bags, BagMode mode, int64_t dim, const T* table, const Wide<T>* share, T* out,
                   int64_t* counts, int64_t* largest);
// The gradient of max: each number goes to the row that it came from.
template <class T>
void embedding_bag_max_backward(int64_t bags, int64_t dim, const T* gradient, const int64_t* largest, T* weight_grad);
// The gradient of share: of each entry its row · the gradient of its bag, 0 for the row `padding`.
template <class T, class Index>
void embedding_bag_share_backward(const Bags<Index>& bags, int64_t dim, const T* table, const T* gradient,
                                  Wide<T>* share_grad);

}  // namespace okibi::kernels
