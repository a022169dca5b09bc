// kernels/vector-inl.h: loops over contiguous elements, a vector at a time. Included once for each target.
#if defined(OKIBI_KERNELS_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OKIBI_KERNELS_VECTOR_INL_H
#undef OKIBI_KERNELS_VECTOR_INL_H
#else
#define OKIBI_KERNELS_VECTOR_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Full = hn::ScalableTag<T>;
template <class T>
using VecOf = hn::Vec<Full<T>>;

template <class T>
HWY_INLINE int64_t lanes() {
  return static_cast<int64_t>(hn::Lanes(Full<T>()));
}

// The first `count` lanes from or to memory, fewer than a vector has; the other lanes are 0, their memory is not
// touched.
template <class T>
HWY_INLINE VecOf<T> load_some(const T* from, int64_t count) {
  const Full<T> d;
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN T buffer[HWY_MAX_BYTES / sizeof(T)] = {};
  std::copy_n(from, count, buffer);
  return hn::Load(d, buffer);
#else
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, from);
#endif
}

template <class T>
HWY_INLINE void store_some(VecOf<T> value, T* to, int64_t count) {
  const Full<T> d;
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN T buffer[HWY_MAX_BYTES / sizeof(T)];
  hn::Store(value, d, buffer);
  std::copy_n(buffer, count, to);
#else
  hn::BlendedStore(value, hn::FirstN(d, static_cast<size_t>(count)), d, to);
#endif
}

// out[i] = f(in[i]…). The last elements go through f in a vector too, so their bits do not depend on where they stand.
template <class T, class F, class... In>
HWY_INLINE void map(int64_t n, T* out, F f, const In*... in) {
  const Full<T> d;
  int64_t i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>()) hn::StoreU(f(hn::LoadU(d, in + i)...), d, out + i);
  if (i < n) store_some<T>(f(load_some<T>(in + i, n - i)...), out + i, n - i);
}

// Sixteen running sums, in as many vectors as that takes here: sums have the same bits on every CPU.
constexpr int64_t running_sums = 16;
template <class T>
constexpr int64_t sum_vectors = running_sums / static_cast<int64_t>(hn::MaxLanes(Full<T>()));

// Lanes added up by halves: i + (i + n / 2), and so on.
template <class D>
HWY_INLINE hn::TFromD<D> sum_of_lanes(D /*d*/, hn::Vec<D> v) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) > 16) {
    const hn::Half<D> half;
    return sum_of_lanes(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else if constexpr (hn::MaxLanes(D()) == 4) {
    v = hn::Add(v, hn::Shuffle1032(v));
    v = hn::Add(v, hn::Shuffle2301(v));
  } else {
    v = hn::Add(v, hn::Shuffle01(v));
  }
#endif
  return hn::GetLane(v);
}

template <class T>
HWY_INLINE T total(VecOf<T> (&sums)[sum_vectors<T>]) {
  HWY_UNROLL(4)
  for (int64_t half = sum_vectors<T> / 2; half > 0; half /= 2) {
    HWY_UNROLL(8)
    for (int64_t v = 0; v < half; ++v) sums[v] = hn::Add(sums[v], sums[v + half]);
  }
  return sum_of_lanes(Full<T>(), sums[0]);
}

// The lanes of `value` among the first `count`, and those of `other`.
template <class T>
HWY_INLINE VecOf<T> first_lanes(int64_t count, VecOf<T> value, VecOf<T> other) {
  return hn::IfThenElse(hn::FirstN(Full<T>(), static_cast<size_t>(count)), value, other);
}

// sums[…] = add(sums[…], in[i]…) for i in [0, n).
template <class T, class F, class... In>
HWY_INLINE T accumulate(int64_t n, F add, const In*... in) {
  const Full<T> d;
  VecOf<T> sums[sum_vectors<T>];
  HWY_UNROLL(16)
  for (int64_t v = 0; v < sum_vectors<T>; ++v) sums[v] = hn::Zero(d);
  int64_t i = 0;
  for (; i + running_sums <= n; i += running_sums) {
    HWY_UNROLL(16)
    for (int64_t v = 0; v < sum_vectors<T>; ++v) sums[v] = add(sums[v], hn::LoadU(d, in + i + v * lanes<T>())...);
  }
  HWY_UNROLL(16)
  for (int64_t v = 0; v < sum_vectors<T>; ++v) {  // the rest, in the lanes that follow
    const int64_t at = i + v * lanes<T>();
    if (at >= n) break;
    const int64_t count = std::min(n - at, lanes<T>());
    sums[v] = first_lanes<T>(count, add(sums[v], load_some<T>(in + at, count)...), sums[v]);
  }
  return total<T>(sums);
}

// What sums are made of. Not lambdas: GCC 12 breaks off over those at -O3.
struct AddTo {
  template <class V>
  HWY_INLINE V operator()(V sum, V v) const {
    return hn::Add(sum, v);
  }
};
struct AddProduct {
  template <class V>
  HWY_INLINE V operator()(V sum, V a, V b) const {
    return hn::MulAdd(a, b, sum);
  }
};
template <class V>
struct AddOff {  // how far v lies from the middle
  V middle;
  HWY_INLINE V operator()(V sum, V v) const { return hn::Add(sum, hn::Sub(v, middle)); }
};
template <class V>
struct AddSquareOff {
  V middle;
  HWY_INLINE V operator()(V sum, V v) const {
    const V off = hn::Sub(v, middle);
    return hn::MulAdd(off, off, sum);
  }
};
template <class V>
struct AddProductOff {  // g · (v - middle)
  V middle;
  HWY_INLINE V operator()(V sum, V g, V v) const { return hn::MulAdd(g, hn::Sub(v, middle), sum); }
};

// The same of many: by halves down to runs of at most 1024, so that the error grows with log n.
template <class T, class F, class... In>
T accumulate_long(int64_t n, F add, const In*... in) {
  if (n <= 1024) return accumulate<T>(n, add, in...);
  const int64_t half = n / 2;
  return accumulate_long<T>(half, add, in...) + accumulate_long<T>(n - half, add, in + half...);
}

}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
