// Products of small matrices, which the layers of a tabular model are made of. A tile of C stays in registers while k
// runs; each element is a chain of fused additions in the order of k, 128 of them at a time, then the sum of those. So
// its bits depend neither on the tile, nor on the width of the vectors, nor on the number of threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <type_traits>

#include "kernels/loops.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t panel_vectors = 2;
constexpr int64_t tile_rows = HWY_TARGET <= HWY_AVX3 ? 8 : 6;  // 32 registers, or 16
constexpr int64_t block_k = 128;                               // of k at a time, so that a panel stays in the L1 cache
template <class T>
constexpr int64_t panel_columns = panel_vectors* int64_t{HWY_MAX_BYTES / sizeof(T)};

// A panel of B: block_k rows of up to two vectors of columns.
template <class T>
struct Panel {
  const T* at;
  int64_t stride;
  int64_t width;  // columns that are there; the panel is whole vectors, filled up with zeros
};

// Columns of a B that is stored transposed, 4 by 4 through registers.
template <class T>
HWY_INLINE void transpose_4x4(const T* from, int64_t stride, T* to, int64_t to_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 4; ++j) to[j * to_stride + i] = from[i * stride + j];
  }
#else
  if constexpr (sizeof(T) == 4) {
    const hn::FixedTag<T, 4> d;
    const hn::RepartitionToWide<decltype(d)> wide;
    const auto r0 = hn::LoadU(d, from), r1 = hn::LoadU(d, from + stride);
    const auto r2 = hn::LoadU(d, from + 2 * stride), r3 = hn::LoadU(d, from + 3 * stride);
    const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, r0, r1));
    const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, r2, r3));
    const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, r0, r1));
    const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, r2, r3));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, low01, low23)), d, to);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23)), d, to + to_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, high01, high23)), d, to + 2 * to_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23)), d, to + 3 * to_stride);
  } else {
    const hn::FixedTag<T, 2> d;
    for (int64_t i = 0; i < 4; i += 2) {
      for (int64_t j = 0; j < 4; j += 2) {
        const auto r0 = hn::LoadU(d, from + i * stride + j), r1 = hn::LoadU(d, from + (i + 1) * stride + j);
        hn::StoreU(hn::InterleaveLower(d, r0, r1), d, to + j * to_stride + i);
        hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, to + (j + 1) * to_stride + i);
      }
    }
  }
#endif
}

template <class T>
HWY_INLINE void transpose(int64_t rows, int64_t columns, const T* from, int64_t stride, T* to, int64_t to_stride) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    int64_t column = 0;
    for (; column + 4 <= columns; column += 4) {
      transpose_4x4(from + row * stride + column, stride, to + column * to_stride + row, to_stride);
    }
    for (; column < columns; ++column) {
      for (int64_t i = row; i < row + 4; ++i) to[column * to_stride + i] = from[i * stride + column];
    }
  }
  for (; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) to[column * to_stride + row] = from[row * stride + column];
  }
}

// B's rows [p0, p0 + depth) and columns from j0: where they are when they are whole vectors, else a copy in `buffer`.
template <class T>
HWY_INLINE Panel<T> panel_of(const Product<T>& w, int64_t p0, int64_t depth, int64_t j0, int64_t width, T* buffer) {
  const T* const from = w.b + p0 * w.b_row + j0 * w.b_column;
  const bool whole = width % lanes<T>() == 0;
  // Rows a large power of two apart would share few sets of the cache: read often, they are worth a copy.
  const bool far_apart = w.b_row * int64_t{sizeof(T)} >= 1024 && w.m > 4 * tile_rows;
  if (w.b_column == 1 && whole && !far_apart) return {from, w.b_row, width};
  const int64_t stride = panel_columns<T>;
  if (!whole) std::fill_n(buffer, depth * stride, T(0));
  if (w.b_column == 1) {
    for (int64_t p = 0; p < depth; ++p) std::copy_n(from + p * w.b_row, width, buffer + p * stride);
  } else {
    transpose(width, depth, from, w.b_column, buffer, stride);
  }
  return {buffer, stride, width};
}

// The sums begin with the bias, if any, and are added to what stands in C, if asked: so does every block of k but the
// first. Sums of blocks keep the error small where k is a large batch.
template <class T>
struct TileOf {
  const T* bias;
  bool add_to_c;
  T* c;
  int64_t c_row;
};

template <class T>
HWY_INLINE VecOf<T> load_columns(const T* from, int64_t count) {
  return count >= lanes<T>() ? hn::LoadU(Full<T>(), from) : load_some<T>(from, count);
}

template <class T>
HWY_INLINE void put_columns(VecOf<T> sums, bool add_to_c, T* to, int64_t count) {
  if (add_to_c) sums = hn::Add(load_columns<T>(to, count), sums);
  count >= lanes<T>() ? hn::StoreU(sums, Full<T>(), to) : store_some<T>(sums, to, count);
}

// rows × (vectors of columns) of C over one block of k.
template <int64_t rows, int64_t vectors, class T>
HWY_INLINE void tile(const Panel<T>& panel, int64_t depth, const T* a, int64_t a_row, int64_t a_column,
                     const TileOf<T>& out) {
  const Full<T> d;
  const int64_t step = lanes<T>();
  VecOf<T> sums[rows][vectors];
  HWY_UNROLL(2)
  for (int64_t v = 0; v < vectors; ++v) {
    const auto begin = out.bias != nullptr ? load_columns<T>(out.bias + v * step, panel.width - v * step) : hn::Zero(d);
    HWY_UNROLL(8)
    for (int64_t i = 0; i < rows; ++i) sums[i][v] = begin;
  }
  for (int64_t p = 0; p < depth; ++p) {
    VecOf<T> b[vectors];
    HWY_UNROLL(2)
    for (int64_t v = 0; v < vectors; ++v) b[v] = hn::LoadU(d, panel.at + p * panel.stride + v * step);
    HWY_UNROLL(8)
    for (int64_t i = 0; i < rows; ++i) {
      const auto factor = hn::Set(d, a[i * a_row + p * a_column]);
      HWY_UNROLL(2)
      for (int64_t v = 0; v < vectors; ++v) sums[i][v] = hn::MulAdd(factor, b[v], sums[i][v]);
    }
  }
  HWY_UNROLL(8)
  for (int64_t i = 0; i < rows; ++i) {
    HWY_UNROLL(2)
    for (int64_t v = 0; v < vectors; ++v) {
      put_columns<T>(sums[i][v], out.add_to_c, out.c + i * out.c_row + v * step, panel.width - v * step);
    }
  }
}

// All rows of C under one panel: tiles of full height, then of 4, 2 and 1.
template <int64_t vectors, class T>
HWY_NOINLINE void under_panel(const Product<T>& w, const Panel<T>& panel, int64_t p0, int64_t depth, int64_t j0) {
  const bool first = p0 == 0;
  TileOf<T> out{first && w.bias != nullptr ? w.bias + j0 : nullptr, w.accumulate || !first, w.c + j0, w.c_row};
  const T* a = w.a + p0 * w.a_column;
  int64_t left = w.m;
  const auto run = [&]<int64_t rows>(std::integral_constant<int64_t, rows>) HWY_ATTR {
    for (; left >= rows; left -= rows, a += rows * w.a_row, out.c += rows * w.c_row) {
      tile<rows, vectors>(panel, depth, a, w.a_row, w.a_column, out);
    }
  };
  run(std::integral_constant<int64_t, tile_rows>());
  run(std::integral_constant<int64_t, 4>());
  run(std::integral_constant<int64_t, 2>());
  run(std::integral_constant<int64_t, 1>());
}

template <class T>
void product(const Product<T>& w) {
  HWY_ALIGN T buffer[block_k * panel_columns<T>];
  const int64_t columns = panel_vectors * lanes<T>();
  for (int64_t p0 = 0; p0 == 0 || p0 < w.k; p0 += block_k) {  // once for k = 0 too: C is the bias, or zero
    const int64_t depth = std::min(block_k, w.k - p0);
    for (int64_t j0 = 0; j0 < w.n; j0 += columns) {
      const int64_t width = std::min(columns, w.n - j0);
      const Panel<T> panel = panel_of(w, p0, depth, j0, width, buffer);
      width > lanes<T>() ? under_panel<2>(w, panel, p0, depth, j0) : under_panel<1>(w, panel, p0, depth, j0);
    }
  }
}

struct AddProduct {  // not a lambda: GCC 12 breaks off over one here
  template <class V>
  HWY_INLINE V operator()(V sum, V x, V y) const {
    return hn::MulAdd(x, y, sum);
  }
};

template <class T>
void matrix_vector(const Product<T>& w) {
  for (int64_t i = 0; i < w.m; ++i) {
    T* const to = w.c + i * w.c_row;
    const T start = w.accumulate ? *to : w.bias != nullptr ? *w.bias : T(0);
    *to = start + accumulate<T>(w.k, AddProduct(), w.a + i * w.a_row, w.b);
  }
}

template <class T>
constexpr ProductLoops<T> table{.product = product<T>, .matrix_vector = matrix_vector<T>};
const ProductLoops<float>* float_loops() { return &table<float>; }
const ProductLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace okibi::kernels {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <>
const ProductLoops<float>& product_loops() {
  return *HWY_DYNAMIC_DISPATCH(float_loops)();
}
template <>
const ProductLoops<double>& product_loops() {
  return *HWY_DYNAMIC_DISPATCH(double_loops)();
}

}  // namespace okibi::kernels
#endif
