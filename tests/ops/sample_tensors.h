// What the sample arguments of operators are made of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <okibi/op_table.h>

namespace okibi::samples {

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

// What gradients are taken of: all numbers of a result that may have some, in one row where it has several tensors.
inline Tensor differentiable_part(const Value& result) {
  if (result.is_tensor()) return result.to_tensor();
  std::vector<Tensor> parts;
  for (size_t i = 0; i < result.size(); ++i) {
    const Tensor& each = result[i].to_tensor();
    if (is_floating_point(each.dtype())) parts.push_back(each.flatten());
  }
  return parts.empty() ? result[0].to_tensor() : cat(parts);
}

}  // namespace okibi::samples
