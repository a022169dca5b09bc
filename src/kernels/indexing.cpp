#include "kernels/indexing.h"

#include <cstring>
#include <type_traits>

#include "kernels/split.h"
#include "kernels/usual_width.h"
#include "tensor/element.h"

namespace okibi::kernels {
namespace {

// A number is moved by one instruction.
template <class F>
void with_bytes(int64_t bytes, F f) {
  with_one_of<1, 2, 4, 8, 16>(bytes, f);
}

template <class T>
void add_to(T& sum, T value) {
  if constexpr (std::is_same_v<T, bool>)
    sum = sum || value;
  else if constexpr (is_small_float<T>)
    sum = T(static_cast<float>(sum) + static_cast<float>(value));
  else if constexpr (std::is_integral_v<T>)
    sum = static_cast<T>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(value));
  else
    sum += value;
}

// visit(row, its place) for the rows [first, last).
template <class Visit>
void for_each_row(const Places& places, int64_t first, int64_t last, Visit&& visit) {
  const auto& slow = places.others_first ? places.others : places.picked;
  const auto& fast = places.others_first ? places.picked : places.others;
  if (first >= last) return;
  size_t s = static_cast<size_t>(first) / fast.size(), f = static_cast<size_t>(first) % fast.size();
  for (int64_t row = first; row < last; ++row) {
    visit(row, slow[s] + fast[f]);
    if (++f == fast.size()) f = 0, ++s;
  }
}

// visit(line, first number of its x, its first place) for the lines (o, i) in [first, last) of (outer, count).
template <class Visit>
void for_each_line(const Along& along, int64_t first, int64_t last, Visit&& visit) {
  if (first >= last) return;
  int64_t o = first / along.count, i = first % along.count;
  for (int64_t line = first; line < last; ++line) {
    visit(o * along.n * along.inner, line * along.inner);
    if (++i == along.count) i = 0, ++o;
  }
}

// The lines of some outer ones go to memory of their own: threads may share those, but not lines.
template <class Visit>
void share_outer(const Along& along, Visit&& visit) {
  const int64_t numbers = along.count * along.inner;
  split(along.outer, elementwise_grain / (numbers + 1) + 1,
        [&](int64_t first, int64_t last) { for_each_line(along, first * along.count, last * along.count, visit); });
}

}  // namespace

void pick(const Places& places, int64_t itemsize, const std::byte* x, std::byte* out) {
  with_bytes(places.inner * itemsize, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    const int64_t bytes = fixed > 0 ? fixed : places.inner * itemsize;
    if (bytes == 0) return;
    split(places.rows(), elementwise_grain / places.inner + 1, [&](int64_t first, int64_t last) {
      for_each_row(places, first, last, [&](int64_t row, int64_t at) {
        std::memcpy(out + row * bytes, x + at * itemsize, static_cast<size_t>(bytes));
      });
    });
  });
}

void put(const Places& places, int64_t itemsize, const std::byte* values, std::byte* x) {
  with_bytes(places.inner * itemsize, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    const int64_t bytes = fixed > 0 ? fixed : places.inner * itemsize;
    if (bytes == 0) return;
    for_each_row(places, 0, places.rows(), [&](int64_t row, int64_t at) {
      std::memcpy(x + at * itemsize, values + row * bytes, static_cast<size_t>(bytes));
    });
  });
}

template <class T>
void add_at(const Places& places, const T* values, T* x) {
  for_each_row(places, 0, places.rows(), [&](int64_t row, int64_t at) {
    for (int64_t j = 0; j < places.inner; ++j) add_to(x[at + j], values[row * places.inner + j]);
  });
}

template <class Index>
void gather_along(const Along& along, int64_t itemsize, const Index* at, const std::byte* x, std::byte* out) {
  with_bytes(itemsize, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    const int64_t bytes = fixed > 0 ? fixed : itemsize;
    split(along.outer * along.count, elementwise_grain / (along.inner + 1) + 1, [&](int64_t first, int64_t last) {
      for_each_line(along, first, last, [&](int64_t base, int64_t line) {
        for (int64_t j = 0; j < along.inner; ++j) {
          const int64_t from = base + int64_t{at[line + j]} * along.inner + j;
          std::memcpy(out + (line + j) * bytes, x + from * bytes, static_cast<size_t>(bytes));
        }
      });
    });
  });
}

template <class Index>
void scatter_along(const Along& along, int64_t itemsize, const Index* at, const std::byte* source, bool one_for_each,
                   std::byte* x) {
  with_bytes(itemsize, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    const int64_t bytes = fixed > 0 ? fixed : itemsize, step = one_for_each ? bytes : 0;
    share_outer(along, [&](int64_t base, int64_t line) {
      for (int64_t j = 0; j < along.inner; ++j) {
        const int64_t to = base + int64_t{at[line + j]} * along.inner + j;
        std::memcpy(x + to * bytes, source + (line + j) * step, static_cast<size_t>(bytes));
      }
    });
  });
}

template <class T, class Index>
void add_along(const Along& along, const Index* at, const T* source, T* x) {
  share_outer(along, [&](int64_t base, int64_t line) {
    for (int64_t j = 0; j < along.inner; ++j) {
      add_to(x[base + int64_t{at[line + j]} * along.inner + j], source[line + j]);
    }
  });
}

int64_t count_true(int64_t n, const std::byte* mask) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += mask[i] != std::byte{0};
  return count;
}

void places_of_true(int64_t n, const std::byte* mask, int64_t* out) {
  for (int64_t i = 0; i < n; ++i) {
    if (mask[i] != std::byte{0}) *out++ = i;
  }
}

#define INSTANTIATE(Index)                                                                       \
  template void gather_along(const Along&, int64_t, const Index*, const std::byte*, std::byte*); \
  template void scatter_along(const Along&, int64_t, const Index*, const std::byte*, bool, std::byte*);
INSTANTIATE(int32_t)
INSTANTIATE(int64_t)
#undef INSTANTIATE
#define INSTANTIATE(T)                                                 \
  template void add_at(const Places&, const T*, T*);                   \
  template void add_along(const Along&, const int32_t*, const T*, T*); \
  template void add_along(const Along&, const int64_t*, const T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(Half)
INSTANTIATE(BFloat16)
INSTANTIATE(bool)
INSTANTIATE(uint8_t)
INSTANTIATE(int8_t)
INSTANTIATE(int16_t)
INSTANTIATE(int32_t)
INSTANTIATE(int64_t)
#undef INSTANTIATE

}  // namespace okibi::kernels
