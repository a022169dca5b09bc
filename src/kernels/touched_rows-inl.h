// The walk over touched rows, compiled into the loops of each kind of CPU: a call for each row through a table of
// functions takes as long as the row itself.
#if defined(OKIBI_KERNELS_TOUCHED_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OKIBI_KERNELS_TOUCHED_ROWS_INL_H_
#undef OKIBI_KERNELS_TOUCHED_ROWS_INL_H_
#else
#define OKIBI_KERNELS_TOUCHED_ROWS_INL_H_
#endif

#include "kernels/fetch.h"
#include "kernels/touched_rows.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {

// The entries as plain numbers: stores of vectors may change anything that lies behind a reference.
template <class T>
struct Entries {
  const uint64_t* keys;
  unsigned position_bits;
  uint64_t position_mask;
  int64_t width;
  const T* gradient;
  HWY_INLINE int64_t row(size_t entry) const { return static_cast<int64_t>(keys[entry] >> position_bits); }
  HWY_INLINE const T* of(size_t entry) const {
    return gradient + static_cast<int64_t>(keys[entry] & position_mask) * width;
  }
};

// K vectors of each entry's gradient: their sums stay in registers.
template <size_t K, class T>
HWY_INLINE void sum_some_columns(const Entries<T> entries, size_t begin, size_t end, int64_t column, T* out) {
  const Full<T> d;
  VecOf<T> sums[K];
  for (size_t k = 0; k < K; ++k) {
    sums[k] = hn::LoadU(d, entries.of(begin) + column + static_cast<int64_t>(k) * lanes<T>());
  }
  for (size_t entry = begin + 1; entry < end; ++entry) {
    const T* const from = entries.of(entry) + column;
    for (size_t k = 0; k < K; ++k) {
      sums[k] = hn::Add(sums[k], hn::LoadU(d, from + static_cast<int64_t>(k) * lanes<T>()));
    }
  }
  for (size_t k = 0; k < K; ++k) hn::StoreU(sums[k], d, out + column + static_cast<int64_t>(k) * lanes<T>());
}

// out = Σ gradients of the entries [begin, end), in their order.
template <class T>
HWY_INLINE void sum_entries(const Entries<T> entries, size_t begin, size_t end, T* out) {
  int64_t c = 0;
  for (; c + 4 * lanes<T>() <= entries.width; c += 4 * lanes<T>()) sum_some_columns<4>(entries, begin, end, c, out);
  for (; c + lanes<T>() <= entries.width; c += lanes<T>()) sum_some_columns<1>(entries, begin, end, c, out);
  if (const int64_t rest = entries.width - c; rest > 0) {
    VecOf<T> sum = load_some<T>(entries.of(begin) + c, rest);
    for (size_t entry = begin + 1; entry < end; ++entry) sum = hn::Add(sum, load_some<T>(entries.of(entry) + c, rest));
    store_some<T>(sum, out + c, rest);
  }
}

// step(row, the row's gradient) for each touched row, rows ascending. The gradient is its entries' sum, in their order.
template <class T, class Step>
HWY_INLINE void each_touched_row(const TouchedRows<T>& rows, T* sum, Step step) {
  const Entries<T> entries{rows.groups.keys(), rows.groups.position_bits(), rows.groups.position_mask(), rows.width,
                           rows.gradient};
  const auto arrays = rows.arrays;
  const T* const numbers = rows.numbers;
  const double* const numbers_of_before = rows.numbers_of_before;
  const auto fetch = [=](size_t entry) HWY_ATTR {
    fetch_row(entries.of(entry), entries.width);
    const int64_t row = entries.row(entry);
    if (row == entries.row(entry - 1)) return;
    for (const T* array : arrays) {
      if (array != nullptr) fetch_row(array + row * entries.width, entries.width);
    }
    if (numbers != nullptr) __builtin_prefetch(numbers + row);
    if (numbers_of_before != nullptr) __builtin_prefetch(numbers_of_before + row);
  };
  const size_t last = rows.last;
  for (size_t begin = rows.first, end = begin; begin < last; begin = end) {
    const int64_t row = entries.row(begin);
    while (++end < last && entries.row(end) == row) {
    }
    for (size_t later = begin + rows_ahead; later < std::min(end + rows_ahead, last); ++later) fetch(later);
    if (rows.before != nullptr) rows.before(rows.context, row);
    if (end - begin > 1) sum_entries(entries, begin, end, sum);
    step(row, end - begin > 1 ? static_cast<const T*>(sum) : entries.of(begin));
  }
}

}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
