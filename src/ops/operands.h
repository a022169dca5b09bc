// Two tensors, or a tensor and a number, that are worked on element by element.
#pragma once

#include <okibi/value.h>

#include "kernels/split.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {

// The dtype of a result, as torch.result_type: a tensor without dimensions, and a number even more so, changes that of
// one with dimensions only where it is of a higher kind (booleans, integers, floating, complex).
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(std::span<const Tensor> tensors);
DType result_type(DType tensor, const Value& number);

OutputSpec promoted(const Tensor& a, const Tensor& b);  // broadcast, of that dtype

// Of floating point that of x; integers and booleans become float32. Error(unsupported) for complex numbers.
OutputSpec floating_spec(const Tensor& x, std::string_view what);

// A number of C++, where whole ones are ints: x + 1 and x + 1.0 are the same there.
Value as_number(double number);

// beta · x + alpha · product, of the product's sizes. With a beta of 0 what x holds does not count, NaN included.
Tensor added(const Tensor& x, const Tensor& product, double beta, double alpha);

// A number as a tensor without dimensions.
Tensor number_tensor(const Value& number, DType dtype);

// A number beside a tensor, and that tensor, of the dtype that both give: as a tensor without dimensions x would not
// count for more than the number does.
struct Beside {
  Tensor x, number;
  Beside(const Tensor& tensor, const Value& value)
      : x(tensor.to(result_type(tensor.dtype(), value))), number(number_tensor(value, x.dtype())) {}
};

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

// What backward needs where it is the two tensors themselves.
struct SavesBoth {
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor&) {
    return {SavedTensor::input(a), SavedTensor::input(b)};
  }
};

// The gradients of both, by the slopes by_a(x, y) and by_b(x, y) of each two numbers.
template <class ByA, class ByB>
std::array<Tensor, 2> pair_gradients(const Tensor& gradient, const SavesBoth::Saved& saved, const Edges& edges,
                                     std::string_view what, ByA by_a, ByB by_b) {
  const Tensor &a = std::get<0>(saved).get(), &b = std::get<1>(saved).get();
  const Operands in(a, b, gradient.sizes(), gradient.dtype());
  const auto gradient_of = [&](const Tensor& one, auto slope) {
    const Tensor slopes = empty(gradient.sizes(), {gradient.dtype()});
    dispatch_floating(gradient.dtype(), what, [&]<class T>() {
      map2<T>(in, slopes, [slope](T x, T y) { return static_cast<T>(slope(x, y)); });
    });
    return sum_to(okibi::mul(gradient, slopes), one.sizes()).to(one.dtype());
  };
  std::array<Tensor, 2> gradients;
  if (edges.needed(0)) gradients[0] = gradient_of(a, by_a);
  if (edges.needed(1)) gradients[1] = gradient_of(b, by_b);
  return gradients;
}

}  // namespace okibi::ops
