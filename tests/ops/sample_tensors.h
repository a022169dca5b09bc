// What the sample arguments of operators are made of.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <vector>

#include <okibi/op_table.h>

namespace okibi::samples {

constexpr double infinity = std::numeric_limits<double>::infinity();

using Arguments = std::vector<Value>;
using Map = std::map<std::string, std::vector<Arguments>>;  // by the operator's name with overload

// Numbers that depend on nothing but the sizes; none is near 0, where relu and division are not smooth.
inline Tensor some(Dims sizes, double shift = 0) {
  Tensor x = empty(std::move(sizes), {float64});
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double value = static_cast<double>((i * 7 + 3) % 11 - 5) / 3 + shift;
    x.data<double>()[i] = value + (value < 0 ? -0.2 : 0.2);
  }
  return x;
}
// No two of fewer than 97 are equal: where there is a largest number, it has a derivative.
inline Tensor distinct(Dims sizes) {
  Tensor x = empty(std::move(sizes), {float64});
  for (int64_t i = 0; i < x.numel(); ++i) x.data<double>()[i] = static_cast<double>((i * 41 + 5) % 97 - 48) / 30;
  return x;
}
inline Tensor probabilities(Dims sizes, double shift = 0) { return sigmoid(some(std::move(sizes), shift)); }
inline Tensor ids(std::initializer_list<TensorLiteral> values) { return tensor(TensorLiteral(values)); }
inline Value dims(std::initializer_list<Value> values) { return List(values); }

// All tensors in a value, also in lists and tuples of it, in order.
inline std::vector<Tensor> tensors_in(const Value& value) {
  if (value.is_tensor()) return {value.to_tensor()};
  std::vector<Tensor> tensors;
  for (size_t i = 0; (value.is_list() || value.is_tuple()) && i < value.size(); ++i) {
    for (const Tensor& tensor : tensors_in(value[i])) tensors.push_back(tensor);
  }
  return tensors;
}

}  // namespace okibi::samples
