#include "kernels/row_groups.h"

#include <array>
#include <bit>

#include "kernels/kernels.h"

namespace okibi::kernels {
namespace {

constexpr unsigned most_digit_bits = 11;  // 2048 places to write to: as many as the nearest caches keep open
constexpr int64_t sort_grain = 16384;     // entries for a thread

// One digit of a radix sort, least significant first: entries go to the places of their digit, in the order in which
// they came. Each piece of the list counts and moves its own.
class DigitSort {
 public:
  DigitSort(unsigned shift, unsigned bits) : shift_(shift), mask_((uint64_t{1} << bits) - 1) {}

  void run(std::span<const uint64_t> from, uint64_t* to) {
    const int64_t size = static_cast<int64_t>(from.size());
    const int64_t pieces = size < 2 * sort_grain ? 1 : std::min<int64_t>(num_threads(), size / sort_grain);
    const size_t buckets = mask_ + 1;
    const Scratch<size_t> places(static_cast<size_t>(pieces) * buckets);
    const auto piece_of = [&](int64_t piece) {
      const auto begin = static_cast<size_t>(size * piece / pieces),
                 end = static_cast<size_t>(size * (piece + 1) / pieces);
      return from.subspan(begin, end - begin);
    };
    each(pieces, [&](int64_t piece) { count(piece_of(piece), places.data() + piece * static_cast<int64_t>(buckets)); });
    place(places.span(), static_cast<size_t>(pieces));
    each(pieces,
         [&](int64_t piece) { move(piece_of(piece), places.data() + piece * static_cast<int64_t>(buckets), to); });
  }

 private:
  size_t digit(uint64_t key) const noexcept { return (key >> shift_) & mask_; }

  template <class Work>
  static void each(int64_t pieces, Work&& work) {
    if (pieces == 1) return work(0);
    parallel_for(0, pieces, 1, [&](int64_t first, int64_t last) {
      for (int64_t piece = first; piece < last; ++piece) work(piece);
    });
  }
  void count(std::span<const uint64_t> keys, size_t* counts) const {
    std::fill_n(counts, mask_ + 1, 0);
    for (const uint64_t key : keys) ++counts[digit(key)];
  }
  // From how many each piece has of a digit to where its first one goes.
  void place(std::span<size_t> counts, size_t pieces) const {
    size_t next = 0;
    for (size_t bucket = 0; bucket <= mask_; ++bucket) {
      for (size_t piece = 0; piece < pieces; ++piece) {
        size_t& count = counts[piece * (mask_ + 1) + bucket];
        next += std::exchange(count, next);
      }
    }
  }
  void move(std::span<const uint64_t> keys, size_t* places, uint64_t* to) const {
    for (const uint64_t key : keys) to[places[digit(key)]++] = key;
  }

  unsigned shift_;
  uint64_t mask_;
};

unsigned bits_for(uint64_t count) { return count == 0 ? 0 : static_cast<unsigned>(std::bit_width(count - 1)); }

}  // namespace

template <class Index>
RowGroups::RowGroups(std::span<const Index> ids, int64_t rows, int64_t skip)
    : keys_(ids.size()), position_bits_(bits_for(ids.size())), position_mask_((uint64_t{1} << position_bits_) - 1) {
  const unsigned row_bits = bits_for(static_cast<uint64_t>(rows));
  for (size_t i = 0; i < ids.size();
       ++i) {  // a row and a position are less than 2^64 together, or no memory holds them
    if (ids[i] != skip) keys_[size_++] = static_cast<uint64_t>(ids[i]) << position_bits_ | i;
  }
  const unsigned passes = (row_bits + most_digit_bits - 1) / most_digit_bits;
  Scratch<uint64_t> other(passes > 0 ? ids.size() : 0);
  for (unsigned pass = 0, shift = position_bits_; pass < passes; ++pass) {
    const unsigned left = row_bits - (shift - position_bits_), bits = (left + passes - pass - 1) / (passes - pass);
    DigitSort(shift, bits).run({keys_.data(), size_}, other.data());
    keys_.swap(other);
    shift += bits;
  }
}

size_t RowGroups::count_rows() const noexcept {
  size_t rows = size_ > 0;
  for (size_t i = 1; i < size_; ++i) rows += row(i) != row(i - 1);
  return rows;
}

size_t RowGroups::first_entry(int64_t from_row) const noexcept {
  const auto is_before = [this](uint64_t key, int64_t row) {
    return static_cast<int64_t>(key >> position_bits_) < row;
  };
  return static_cast<size_t>(std::lower_bound(keys_.data(), keys_.data() + size_, from_row, is_before) - keys_.data());
}

template RowGroups::RowGroups(std::span<const int32_t>, int64_t, int64_t);
template RowGroups::RowGroups(std::span<const int64_t>, int64_t, int64_t);

}  // namespace okibi::kernels
