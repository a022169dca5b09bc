// From a dtype at run time to a type at compile time. `work` is a template lambda: [&]<class T>() { … }.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include <okibi/tensor.h>

#include "tensor/element.h"

namespace okibi {

[[noreturn]] inline void throw_cannot_compute(std::string_view what, DType dtype) {
  throw Error(ErrorKind::unsupported, fmt::format("{} is not implemented for {}", what, name_of(dtype)))
      .hint("Convert with .to(okibi::float32) first.");
}
inline void require_floating(const Tensor& x, std::string_view what) {
  if (!is_floating_point(x.dtype())) throw_cannot_compute(what, x.dtype());
}

template <class Work>
void dispatch_floating(DType dtype, std::string_view what, Work&& work) {
  if (dtype == float32) return work.template operator()<float>();
  if (dtype == float64) return work.template operator()<double>();
  throw_cannot_compute(what, dtype);
}

template <class Work>
void dispatch_numbers(DType dtype, std::string_view what, Work&& work) {
  if (dtype == int64) return work.template operator()<int64_t>();
  if (dtype == int32) return work.template operator()<int32_t>();
  if (dtype == boolean) return work.template operator()<bool>();
  dispatch_floating(dtype, what, std::forward<Work>(work));
}

// All real numbers: those, and half precision and short integers.
template <class Work>
void dispatch_real(DType dtype, std::string_view what, Work&& work) {
  if (dtype == float16) return work.template operator()<Half>();
  if (dtype == bfloat16) return work.template operator()<BFloat16>();
  if (dtype == uint8) return work.template operator()<uint8_t>();
  if (dtype == int8) return work.template operator()<int8_t>();
  if (dtype == int16) return work.template operator()<int16_t>();
  dispatch_numbers(dtype, what, std::forward<Work>(work));
}

// Integers of all lengths, and booleans.
template <class Work>
void dispatch_integers(DType dtype, std::string_view what, Work&& work) {
  if (dtype != boolean && !is_integral(dtype)) throw_cannot_compute(what, dtype);
  dispatch_real(dtype, what, [&]<class T>() {
    if constexpr (std::is_integral_v<T>) work.template operator()<T>();
  });
}

// Elements of a contiguous tensor whose dtype was dispatched on.
template <class T>
T* numbers_of(const Tensor& tensor) {
  return reinterpret_cast<T*>(tensor.raw_data());
}

template <class Work>
void dispatch_index(DType dtype, std::string_view what, Work&& work) {
  if (dtype == int64) return work.template operator()<int64_t>();
  if (dtype == int32) return work.template operator()<int32_t>();
  throw Error(ErrorKind::bad_argument,
              fmt::format("Expected tensor for argument 'indices' to have one of the following "
                          "scalar types: Long, Int; but got {} instead (while checking arguments "
                          "for {})",
                          name_of(dtype), what))
      .hint("Convert with .to(okibi::int64).");
}

}  // namespace okibi
