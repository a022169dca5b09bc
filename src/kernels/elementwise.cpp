// Elementwise loops.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/functions-inl.h"
#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "kernels/split.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

template <class T>
void add(int64_t n, const T* a, const T* b, T alpha, T* out) {
  const auto factor = hn::Set(Full<T>(), alpha);
  map(
      n, out, [=](auto x, auto y) HWY_ATTR { return hn::MulAdd(factor, y, x); }, a, b);
}
template <class T>
void mul(int64_t n, const T* a, const T* b, T* out) {
  map(
      n, out, [](auto x, auto y) HWY_ATTR { return hn::Mul(x, y); }, a, b);
}
template <class T>
void div(int64_t n, const T* a, const T* b, T* out) {
  map(
      n, out, [](auto x, auto y) HWY_ATTR { return hn::Div(x, y); }, a, b);
}
template <class T>
void scale(int64_t n, const T* a, T factor, T* out) {
  const auto f = hn::Set(Full<T>(), factor);
  map(
      n, out, [=](auto x) HWY_ATTR { return hn::Mul(x, f); }, a);
}

template <class T>
void relu(int64_t n, const T* x, T* out) {
  const auto zero = hn::Zero(Full<T>());
  map(
      n, out, [=](auto v) HWY_ATTR { return hn::IfThenZeroElse(hn::Lt(v, zero), v); }, x);
}
template <class T>
void relu_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  const auto zero = hn::Zero(Full<T>());
  map(
      n, grad_in, [=](auto g, auto y) HWY_ATTR { return hn::IfThenElseZero(hn::Gt(y, zero), g); }, grad, out);
}

template <class T>
void sigmoid(int64_t n, const T* x, T* out) {
  map(
      n, out, [](auto v) HWY_ATTR { return logistic(v); }, x);
}
template <class T>
void sigmoid_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  const auto one = hn::Set(Full<T>(), 1);
  const auto f = [=](auto g, auto y) HWY_ATTR { return hn::Mul(hn::Mul(g, hn::Sub(one, y)), y); };
  map(n, grad_in, f, grad, out);
}

template <class T>
void apply_mask(int64_t n, const T* x, const bool* mask, T factor, T* out) {
  for (int64_t i = 0; i < n; ++i) {
    const T scaled = x[i] * factor;  // also where it is not wanted, so that the loop has no branch
    out[i] = mask[i] ? scaled : T(0);
  }
}

template <class T>
constexpr ElementwiseLoops<T> table{
    .add = add<T>,
    .mul = mul<T>,
    .div = div<T>,
    .scale = scale<T>,
    .relu = relu<T>,
    .relu_backward = relu_backward<T>,
    .sigmoid = sigmoid<T>,
    .sigmoid_backward = sigmoid_backward<T>,
    .apply_mask = apply_mask<T>,
};
const ElementwiseLoops<float>* float_loops() { return &table<float>; }
const ElementwiseLoops<double>* double_loops() { return &table<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace okibi::kernels {
namespace {

OKIBI_LOOPS(ElementwiseLoops)

}  // namespace

template <class T>
void add(int64_t n, const T* a, const T* b, T alpha, T* out) {
  in_pieces(n, loops<T>().add, a, b, alpha, out);
}
template <class T>
void sub(int64_t n, const T* a, const T* b, T alpha, T* out) {
  add(n, a, b, -alpha, out);
}
template <class T>
void mul(int64_t n, const T* a, const T* b, T* out) {
  in_pieces(n, loops<T>().mul, a, b, out);
}
template <class T>
void div(int64_t n, const T* a, const T* b, T* out) {
  in_pieces(n, loops<T>().div, a, b, out);
}
template <class T>
void scale(int64_t n, const T* a, T factor, T* out) {
  in_pieces(n, loops<T>().scale, a, factor, out);
}
template <class T>
void relu(int64_t n, const T* x, T* out) {
  in_pieces(n, loops<T>().relu, x, out);
}
template <class T>
void relu_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  in_pieces(n, loops<T>().relu_backward, grad, out, grad_in);
}
template <class T>
void sigmoid(int64_t n, const T* x, T* out) {
  in_pieces(n, loops<T>().sigmoid, x, out);
}
template <class T>
void sigmoid_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  in_pieces(n, loops<T>().sigmoid_backward, grad, out, grad_in);
}
template <class T>
void apply_mask(int64_t n, const T* x, const bool* mask, T factor, T* out) {
  in_pieces(n, loops<T>().apply_mask, x, mask, factor, out);
}

#define INSTANTIATE(T)                                                     \
  template void add(int64_t, const T*, const T*, T, T*);                   \
  template void sub(int64_t, const T*, const T*, T, T*);                   \
  template void mul(int64_t, const T*, const T*, T*);                      \
  template void div(int64_t, const T*, const T*, T*);                      \
  template void scale(int64_t, const T*, T, T*);                           \
  template void relu(int64_t, const T*, T*);                               \
  template void relu_backward(int64_t, const T*, const T*, T*);            \
  template void sigmoid(int64_t, const T*, T*);                            \
  template void sigmoid_backward(int64_t, const T*, const T*, T*);         \
  template void apply_mask(int64_t, const T*, const bool*, T, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace okibi::kernels
#endif
