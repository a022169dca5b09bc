// ops/complex_numbers.h: arithmetic of complex64 and complex128, for the operators that real numbers have too. None of
// it has a gradient: recording an operation with complex numbers is an error (op.h).
#pragma once

#include <complex>

#include "ops/dispatch.h"
#include "ops/operands.h"

namespace okibi::ops {

template <class Work>
void dispatch_complex(DType dtype, std::string_view what, Work&& work) {
  if (dtype == complex64) return work.template operator()<float>();
  if (dtype == complex128) return work.template operator()<double>();
  throw_cannot_compute(what, dtype);
}
template <class T>
std::complex<T>* complex_numbers(const Tensor& tensor) {
  return reinterpret_cast<std::complex<T>*>(tensor.raw_data());
}

DType real_of(DType complex);  // float32 of complex64
DType complex_of(DType real);  // complex64 of float32; Error(unsupported) for what is neither float32 nor float64
Tensor pairs_of(const Tensor& complex);  // (*) as (*, 2) of real numbers, over the same memory
Tensor conjugated(const Tensor& x);      // with its numbers written out: who looks at them need not know of lazy ones

// What makes complex numbers of real ones, or the other way, says so: its `no_gradient` is this one, or it asks
// refuse_recording<ThroughComplexNumbers>(arguments…).
struct ThroughComplexNumbers {
  static constexpr const char* no_gradient = "gradients through complex numbers are not there yet";
};

// Into `out`, which has the dtype and the sizes that both give.
void complex_sum(const Tensor& a, const Tensor& b, double alpha, const Tensor& out);  // a + alpha · b
void complex_product(const Tensor& a, const Tensor& b, const Tensor& out);
void complex_quotient(const Tensor& a, const Tensor& b, const Tensor& out);
// By the name of an operator: "exp", "neg" … Error(unsupported) for one that complex numbers do not have here.
void complex_function(std::string_view schema, const Tensor& x, const Tensor& out);

}  // namespace okibi::ops
