// kernels/row_groups.h: which entries of a list of ids name the same row of a table.
//
// What a table's gradient needs: each row that was looked up once, however often it was, with all its entries in the
// order in which they came. That order makes sums of gradients the same in every run and for any number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernels/scratch.h"
#include "kernels/split.h"

namespace okibi::kernels {

// The entries sorted by row, and of one row by their position in the list: a radix sort, which takes time for the
// entries, whatever the number of rows.
class RowGroups {
 public:
  // Ids lie within [0, rows): checked before. Those equal to `skip` are left out.
  template <class Index>
  RowGroups(std::span<const Index> ids, int64_t rows, int64_t skip = -1);

  size_t entries() const noexcept { return size_; }
  int64_t row(size_t entry) const noexcept { return static_cast<int64_t>(keys_[entry] >> position_bits_); }
  size_t position(size_t entry) const noexcept { return keys_[entry] & position_mask_; }
  // An entry as one number: its row, and under position_mask() its position.
  const uint64_t* keys() const noexcept { return keys_.data(); }
  unsigned position_bits() const noexcept { return position_bits_; }
  uint64_t position_mask() const noexcept { return position_mask_; }
  size_t count_rows() const noexcept;
  size_t first_entry(int64_t from_row) const noexcept;  // of this row, or of the first one behind it

  // work(begin, end) for each row in [first, last) of the entries, where first and last are where a row begins: its
  // entries. A loop that several threads share uses share_rows.
  template <class Work>
  void for_each_row(size_t first, size_t last, Work&& work) const {
    while (first < last) {
      const size_t begin = first;
      const int64_t id = row(first);
      while (++first < last && row(first) == id) {
      }
      work(begin, first);
    }
  }

  // Calls work(first, last) on several threads, where there are `grain` entries for each: ranges of entries that cover
  // all of them and cut no row in two.
  template <class Work>
  void share_rows(int64_t grain, Work&& work) const {
    split(static_cast<int64_t>(size_), grain, [&](int64_t first, int64_t last) {
      const size_t begin = begin_of_row(static_cast<size_t>(first)), end = begin_of_row(static_cast<size_t>(last));
      if (begin < end) work(begin, end);
    });
  }

 private:
  // The first entry at or behind this one where a row begins.
  size_t begin_of_row(size_t entry) const noexcept {
    while (entry > 0 && entry < size_ && row(entry) == row(entry - 1)) ++entry;
    return entry;
  }

  Scratch<uint64_t> keys_;  // row << position_bits_ | position
  size_t size_ = 0;
  unsigned position_bits_ = 0;
  uint64_t position_mask_ = 0;
};

}  // namespace okibi::kernels
