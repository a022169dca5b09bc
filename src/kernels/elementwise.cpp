// Elementwise loops and losses.
#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

// out[i] = f(i), on several threads when n is large.
template <class T, class Function>
void each(int64_t n, T* out, Function f) {
  split(n, elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) out[i] = f(i);
  });
}

template <class T>
T logistic(T x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

template <class T>
void add(int64_t n, const T* a, const T* b, T alpha, T* out) {
  each(n, out, [=](int64_t i) { return std::fma(alpha, b[i], a[i]); });
}
template <class T>
void sub(int64_t n, const T* a, const T* b, T alpha, T* out) {
  add(n, a, b, -alpha, out);
}
template <class T>
void mul(int64_t n, const T* a, const T* b, T* out) {
  each(n, out, [=](int64_t i) { return a[i] * b[i]; });
}
template <class T>
void div(int64_t n, const T* a, const T* b, T* out) {
  each(n, out, [=](int64_t i) { return a[i] / b[i]; });
}
template <class T>
void scale(int64_t n, const T* a, T factor, T* out) {
  each(n, out, [=](int64_t i) { return a[i] * factor; });
}
template <class T>
void relu(int64_t n, const T* x, T* out) {
  each(n, out, [=](int64_t i) { return x[i] < 0 ? T(0) : x[i]; });
}
template <class T>
void relu_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  each(n, grad_in, [=](int64_t i) { return out[i] > 0 ? grad[i] : T(0); });
}
template <class T>
void sigmoid(int64_t n, const T* x, T* out) {
  each(n, out, [=](int64_t i) { return logistic(x[i]); });
}
template <class T>
void sigmoid_backward(int64_t n, const T* grad, const T* out, T* grad_in) {
  each(n, grad_in, [=](int64_t i) { return grad[i] * (1 - out[i]) * out[i]; });
}
template <class T>
void apply_mask(int64_t n, const T* x, const bool* mask, T factor, T* out) {
  each(n, out, [=](int64_t i) { return mask[i] ? x[i] * factor : T(0); });
}

template <class T>
void bce_with_logits(int64_t n, const T* x, const T* target, T* out) {
  each(n, out,
       [=](int64_t i) { return std::max(x[i], T(0)) - x[i] * target[i] + std::log1p(std::exp(-std::abs(x[i]))); });
}
template <class T>
void bce_with_logits_backward(int64_t n, const T* x, const T* target, T* grad_in) {
  each(n, grad_in, [=](int64_t i) { return logistic(x[i]) - target[i]; });
}
template <class T>
void squared_error(int64_t n, const T* x, const T* target, T* out) {
  each(n, out, [=](int64_t i) { return (x[i] - target[i]) * (x[i] - target[i]); });
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
  template void apply_mask(int64_t, const T*, const bool*, T, T*);         \
  template void bce_with_logits(int64_t, const T*, const T*, T*);          \
  template void bce_with_logits_backward(int64_t, const T*, const T*, T*); \
  template void squared_error(int64_t, const T*, const T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace okibi::kernels
