// Two tensors, or a tensor and a number, that are worked on element by element.
#pragma once

#include <okibi/value.h>

#include "kernels/split.h"
#include "ops/op.h"

namespace okibi::ops {

// The dtype of a result, as torch.result_type: a tensor without dimensions, and a number even more so, changes that of
// one with dimensions only where it is of a higher kind (booleans, integers, floating, complex).
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(DType tensor, const Value& number);

OutputSpec promoted(const Tensor& a, const Tensor& b);  // broadcast, of that dtype

// A number of C++, where whole ones are ints: x + 1 and x + 1.0 are the same there.
Value as_number(double number);

// beta · x + alpha · product, of the product's sizes. With a beta of 0 what x holds does not count, NaN included.
Tensor added(const Tensor& x, const Tensor& product, double beta, double alpha);

// A number as a tensor without dimensions.
Tensor number_tensor(const Value& number, DType dtype);

// Both as contiguous tensors of the output's sizes and of one dtype. Copies only where they are not yet.
struct Operands {
  Tensor a, b;
  Operands(const Tensor& x, const Tensor& y, const Dims& sizes, DType dtype);
};

template <class T, class F>
void map1(const Tensor& in, const Tensor& out, F f) {
  const T* x = in.data<T>();
  auto* to = out.data<std::invoke_result_t<F, T>>();
  kernels::split(out.numel(), kernels::elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) to[i] = f(x[i]);
  });
}

template <class T, class F>
void map2(const Tensor& in_a, const Tensor& in_b, const Tensor& out, F f) {
  const T *a = in_a.data<T>(), *b = in_b.data<T>();
  auto* to = out.data<std::invoke_result_t<F, T, T>>();
  kernels::split(out.numel(), kernels::elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) to[i] = f(a[i], b[i]);
  });
}
template <class T, class F>
void map2(const Operands& in, const Tensor& out, F f) {
  map2<T>(in.a, in.b, out, f);
}

}  // namespace okibi::ops
