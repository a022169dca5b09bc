// Sample arguments for every operator of the table. The gradient test and the comparison with PyTorch both walk the
// table and fail for an operator that has no sample here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <okibi/op_table.h>

namespace okibi::samples {

using Arguments = std::vector<Value>;

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

using Map = std::map<std::string, std::vector<Arguments>>;  // by the operator's name with overload

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

#include "samples_arranging.h"
#include "samples_indexing.h"
#include "samples_ordering.h"

namespace okibi::samples {

inline Map merged(Map all, std::initializer_list<Map> families) {
  for (const Map& family : families) {
    for (const auto& [name, more] : family) all[name].insert(all[name].end(), more.begin(), more.end());
  }
  return all;
}

inline const Map& all() {
  static const Map samples = merged({
      {"aten::add.Tensor",
       {{some({2, 3}), some({2, 3}, 1), 1.0},
        {some({2, 3}), some({3}), 2.5},
        {some({2, 1}), some({3}), 1.0},
        {some({4, 1, 3}), some({2, 1}), -1.0},
        {some({}), some({2, 2}), 1.0},
        {some({0, 3}), some({3}), 1.0}}},
      {"aten::sub.Tensor", {{some({2, 3}), some({2, 3}, 1), 1.0}, {some({3}), some({2, 3}), 2.0}}},
      {"aten::mul.Tensor", {{some({2, 3}), some({2, 3}, 1)}, {some({2, 3}), some({2, 1})}, {some({}), some({4})}}},
      {"aten::div.Tensor", {{some({2, 3}), some({2, 3}, 4)}, {some({2, 3}), some({3}, 4)}}},
      {"aten::add.Scalar", {{some({2, 3}), 1.5, 1.0}, {some({3}), 2.0, -3.0}}},
      {"aten::mul.Scalar", {{some({2, 3}), -1.5}, {some({2, 3}).t(), 2.0}}},
      {"aten::eq.Tensor", {{some({2, 3}), some({2, 3})}, {ids({1, 2, 3}), ids({1, 5, 3})}}},
      {"aten::ne.Tensor", {{some({2, 3}), some({3})}}},
      {"aten::lt.Tensor", {{some({2, 3}), some({3})}}},
      {"aten::le.Tensor", {{some({2, 3}), some({3})}}},
      {"aten::gt.Tensor", {{some({2, 3}), some({})}}},
      {"aten::ge.Tensor", {{some({2, 3}), some({3})}}},
      {"aten::eq.Scalar", {{some({2, 3}), 0.8666666666666667}, {ids({1, 2}), 2}, {lt(some({3}), some({})), true}}},
      {"aten::ne.Scalar", {{some({2, 3}).t(), 0.5}, {ids({1, (int64_t{1} << 53) + 1}), int64_t{1} << 53}}},
      {"aten::lt.Scalar", {{some({2, 3}), 1}, {ids({1, 2}), 1.5}}},
      {"aten::le.Scalar", {{some({2, 3}), 1}}},
      {"aten::gt.Scalar", {{some({2, 3}), 1}}},
      {"aten::ge.Scalar", {{some({2, 3}), 1}}},
      {"aten::logical_not", {{ids({0, 1, -2})}, {lt(some({3}), some({}))}}},
      {"aten::logical_and", {{ids({0, 1, 2}), ids({1, 2, 0})}, {some({2, 3}), lt(some({3}), some({}))}}},
      {"aten::logical_or", {{ids({0, 1, 0}), ids({1, 2, 0})}}},
      {"aten::logical_xor", {{ids({0, 1, 2}), ids({1, 2, 0})}}},
      {"aten::bitwise_not", {{ids({0, 1, -2})}, {lt(some({3}), some({}))}}},
      {"aten::bitwise_and.Tensor",
       {{ids({6, 3}), ids({3, -1})}, {lt(some({2, 3}), some({3})), lt(some({3}), some({}))}}},
      {"aten::bitwise_or.Tensor", {{ids({6, 3}), ids({3, 8}).to(int32)}}},
      {"aten::bitwise_xor.Tensor", {{ids({6, 3}), ids({3, 8})}}},
      {"aten::__and__.Tensor", {{lt(some({2, 3}), some({3})), lt(some({3}), some({}))}}},
      {"aten::__or__.Tensor", {{lt(some({2, 3}), some({3})), lt(some({3}), some({}))}}},
      // ---- functions of single numbers
      {"aten::neg", {{some({2, 3}).t()}, {ids({1, -2})}}},
      {"aten::exp", {{some({2, 3})}, {ids({1, 2})}}},
      {"aten::expm1", {{some({2, 3})}}},
      {"aten::log", {{some({2, 3}, 3)}, {ids({1, 2})}}},
      {"aten::log2", {{some({2, 3}, 3)}}},
      {"aten::log10", {{some({2, 3}, 3)}}},
      {"aten::log1p", {{some({2, 3}, 3)}}},
      {"aten::sqrt", {{some({2, 3}, 3)}, {ids({1, 2})}}},
      {"aten::rsqrt", {{some({2, 3}, 3)}}},
      {"aten::reciprocal", {{some({2, 3})}, {ids({1, 2})}}},
      {"aten::square", {{some({2, 3})}, {ids({3, -2})}}},
      {"aten::sin", {{some({2, 3})}}},
      {"aten::cos", {{some({2, 3})}}},
      {"aten::erf", {{some({2, 3})}}},
      {"aten::floor", {{some({2, 3})}, {ids({3, -2})}}},
      {"aten::ceil", {{some({2, 3})}}},
      {"aten::trunc", {{some({2, 3})}}},
      {"aten::round", {{some({2, 3})}}},
      {"aten::pow.Tensor_Scalar",
       {{some({2, 3}), 2},
        {some({2, 3}), 3},
        {some({2, 3}, 3), 0.5},
        {some({2, 3}), 0},
        {some({2, 3}), -1},
        {ids({3, -2}), 3}}},
      {"aten::pow.Tensor_Tensor", {{some({2, 3}, 3), some({3})}, {some({2, 3}, 3), some({})}}},
      {"aten::sub.Scalar", {{some({2, 3}), 1.5, 2.0}, {ids({1, 2}), 1, 1}, {ids({1, 2}), 1.5, 1}}},
      {"aten::rsub.Scalar", {{some({2, 3}), 1.5, 2.0}, {ids({1, 2}), 1, 1}}},
      {"aten::div.Scalar", {{some({2, 3}), 1.5}, {ids({1, 2}), 2}}},
      {"aten::maximum", {{some({2, 3}), some({3}, 0.1)}, {ids({1, 2}), ids({2, 1})}}},
      {"aten::minimum", {{some({2, 3}), some({3}, 0.1)}}},
      {"aten::max.other", {{some({2, 3}), some({}, 0.1)}}},
      {"aten::min.other", {{some({2, 3}), some({}, 0.1)}}},
      {"aten::clamp",
       {{some({2, 3}), -1.0, 1.0}, {some({2, 3}), nullptr, 1}, {some({2, 3}), 0, nullptr}, {ids({1, 5}), 2, 4}}},
      {"aten::clamp_min", {{some({2, 3}), 0.0}}},
      {"aten::clamp_max", {{some({2, 3}), 0.0}}},
      {"aten::floor_divide", {{ids({7, -7, 7}), ids({2, 2, -2})}, {some({2, 3}), some({3})}}},
      {"aten::floor_divide.Scalar", {{ids({7, -7}), 2}, {some({2, 3}), 0.7}}},
      {"aten::remainder.Scalar", {{some({2, 3}), 0.7}, {some({2, 3}), -0.7}, {ids({7, -7}), 3}, {ids({7, -7}), -3}}},
      {"aten::sum", {{some({2, 3}), nullptr}, {some({2, 3}).t(), nullptr}, {some({0}), nullptr}}},
      {"aten::mean", {{some({2, 3}), nullptr}}},
      {"aten::sum.dim_IntList",
       {{some({2, 3, 4}), dims({1}), false, nullptr},
        {some({2, 3, 4}), dims({-1}), true, nullptr},
        {some({2, 3}), dims({0}), false, nullptr},
        {some({2, 3, 4}), dims({0, -1}), false, nullptr},
        {some({2, 3, 4}).transpose(0, 2), dims({1, 2}), true, nullptr},
        {some({2, 3}), nullptr, true, nullptr},
        {ids({{1, 2}, {3, 4}}), dims({0}), false, nullptr}}},
      {"aten::mean.dim",
       {{some({2, 3, 4}), dims({1}), false, nullptr},
        {some({2, 3, 4, 2}), dims({2, 3}), true, nullptr},
        {some({2, 3, 4}), dims({0, 2}), false, nullptr},
        {some({2, 3}), nullptr, false, nullptr}}},
      {"aten::max.dim",
       {{distinct({2, 3, 4}), 1, false}, {distinct({4, 3}).t(), -1, true}, {ids({{1, 5}, {3, 3}}), 0, false}}},
      {"aten::min.dim", {{distinct({2, 3, 4}), 1, false}, {distinct({4, 3}).t(), -1, true}}},
      {"aten::amax",
       {{distinct({2, 3, 4}), dims({1}), false},
        {distinct({2, 3, 4}), dims({0, 2}), true},
        {distinct({4, 3}), dims({}), false}}},
      {"aten::amin", {{distinct({2, 3, 4}), dims({1}), false}, {distinct({2, 3, 4}), dims({0, 2}), true}}},
      {"aten::argmax",
       {{distinct({2, 3, 4}), 1, false}, {distinct({4, 3}), nullptr, false}, {ids({3, 5, 5}), 0, true}}},
      {"aten::argmin", {{distinct({2, 3, 4}), 1, false}, {distinct({4, 3}), nullptr, false}}},
      {"aten::any", {{lt(some({2, 3}), some({3}))}, {ids({0, 0})}, {some({0})}}},
      {"aten::all", {{lt(some({2, 3}), some({3}))}, {ids({1, 2})}, {some({0})}}},
      {"aten::any.dim", {{lt(some({2, 3}), some({3})), 1, false}, {ids({{0, 1}, {0, 0}}), 0, true}}},
      {"aten::all.dim", {{lt(some({2, 3}), some({3})), 1, false}, {ids({{0, 1}, {2, 1}}), 0, true}}},
      {"aten::cumsum",
       {{some({2, 3, 4}), 1, nullptr}, {some({4, 3}).t(), 0, nullptr}, {ids({{1, 2}, {3, 4}}), -1, nullptr}}},
      {"aten::mm", {{some({2, 3}), some({3, 4})}, {some({3, 2}).t(), some({4, 3}).t()}, {some({2, 0}), some({0, 3})}}},
      {"aten::linear",
       {{some({5, 3}), some({4, 3}), some({4})},
        {some({2, 2, 3}), some({1, 3}), nullptr},
        {some({3}), some({2, 3}), some({2})},
        {some({3, 5}).t(), some({3, 4}).t(), some({4})}}},
      {"aten::matmul",
       {{some({2, 3}), some({3, 4})},
        {some({2, 2, 3}), some({2, 3, 4})},
        {some({2, 1, 2, 3}), some({3, 3, 2})},
        {some({2, 2, 3}), some({3, 4})},
        {some({3, 2, 2}).permute({1, 2, 0}), some({4, 3}).t()},
        {some({2, 3}), some({2, 3, 2})},
        {some({2, 3, 2, 2}).transpose(1, 2), some({2, 3, 2, 2}).permute({0, 2, 3, 1})},
        {some({3}), some({3})},
        {some({3}), some({2, 3, 2})},
        {some({2, 2, 3}), some({3})},
        {some({2, 2, 0}), some({2, 0, 3})}}},
      {"aten::bmm", {{some({2, 2, 3}), some({2, 3, 2})}, {some({3, 2, 2}).transpose(0, 2), some({2, 3, 2})}}},
      {"aten::scaled_dot_product_attention",
       {{some({2, 3, 4}), some({2, 5, 4}, 1), some({2, 5, 2}), nullptr, 0.0, false, nullptr, false},
        {some({2, 2, 3, 4}), some({2, 2, 3, 4}, 1), some({2, 2, 3, 4}), nullptr, 0.0, true, 0.3, false},
        {some({2, 3, 4}), some({2, 5, 4}, 1), some({2, 5, 2}), gt(some({3, 5}), some({})), 0.0, false, nullptr, false},
        {some({2, 3, 4}), some({2, 5, 4}, 1), some({2, 5, 2}), some({3, 5}), 0.0, false, nullptr, false}}},
      {"aten::baddbmm",
       {{some({2, 2, 2}), some({2, 2, 3}), some({2, 3, 2}), 0.5, 2.0},
        {some({2}), some({2, 2, 3}), some({2, 3, 2}), 1, 1}}},
      {"aten::repeat", {{some({2, 3}), dims({2, 1, 3})}, {some({3}), dims({0})}, {some({2, 3}).t(), dims({2, 2})}}},
      {"aten::split.sizes", {{some({5, 2}), dims({2, 3}), 0}, {some({2, 4}), dims({1, 0, 3}), -1}}},
      {"aten::split_with_sizes", {{some({5, 2}), dims({4, 1}), 0}}},
      {"aten::pad",
       {{some({2, 3}), dims({1, 2}), "constant", nullptr},
        {some({2, 3, 4}), dims({-1, 1, 2, 0}), "constant", 1.5},
        {some({2, 3}), dims({-1, -1}), "constant", 0.0}}},
      {"aten::addmm",
       {{some({4}), some({2, 3}), some({3, 4}), 1.0, 1.0}, {some({2, 2}), some({2, 3}), some({3, 2}), 0.5, -2.0}}},
      {"aten::bilinear",
       {{some({3, 2}), some({3, 4}), some({2, 2, 4}), some({2})},
        {some({2, 2, 3}), some({2, 2, 2}), some({1, 3, 2}), nullptr}}},
      {"aten::convolution",
       {{some({2, 2, 5}), some({3, 2, 2}), some({3}), dims({1}), dims({0}), dims({1}), false, dims({0}), 1},
        {some({1, 4, 5, 4}), some({4, 2, 3, 2}), some({4}), dims({2, 1}), dims({1, 2}), dims({1, 2}), false,
         dims({0, 0}), 2},
        {some({2, 5, 4, 2}).permute({0, 3, 1, 2}), some({2, 1, 3, 3}), nullptr, dims({1}), dims({1}), dims({1}), false,
         dims({0}), 2},
        {some({1, 2, 3}), some({2, 2, 5}), some({2}), dims({3}), dims({4}), dims({2}), false, dims({0}), 1}}},
      {"aten::_convolution",
       {{some({2, 2, 5, 5}), some({3, 2, 3, 3}), some({3}), dims({2, 1}), dims({1, 1}), dims({1, 1}), false,
         dims({0, 0}), 1, false, false, true, true}}},
      {"aten::conv1d",
       {{some({2, 2, 5}), some({3, 2, 3}), some({3}), dims({2}), dims({1}), dims({1}), 1},
        {some({2, 7}), some({3, 2, 3}), nullptr, dims({1}), dims({0}), dims({3}), 1}}},
      {"aten::conv2d",
       {{some({2, 2, 5, 5}), some({3, 2, 3, 3}), some({3}), dims({1, 1}), dims({1, 1}), dims({1, 1}), 1},
        {some({2, 4, 4}), some({2, 1, 2, 2}), some({2}), dims({2}), dims({0}), dims({1}), 2}}},
      {"aten::max_pool1d",
       {{distinct({2, 2, 7}), dims({2}), dims({}), dims({0}), dims({1}), false},
        {distinct({2, 9}), dims({3}), dims({2}), dims({1}), dims({2}), true}}},
      {"aten::max_pool1d_with_indices",
       {{distinct({2, 2, 7}), dims({2}), dims({}), dims({0}), dims({1}), false},
        {distinct({2, 9}), dims({3}), dims({2}), dims({1}), dims({2}), true}}},
      {"aten::max_pool2d",
       {{distinct({2, 2, 5, 4}), dims({2}), dims({}), dims({0}), dims({1}), false},
        {distinct({2, 6, 7}), dims({3, 2}), dims({2, 1}), dims({1, 0}), dims({1, 2}), true},
        {distinct({1, 5, 6, 2}).permute({0, 3, 1, 2}), dims({3}), dims({2}), dims({1}), dims({1}), false}}},
      {"aten::max_pool2d_with_indices",
       {{distinct({2, 2, 5, 4}), dims({2}), dims({}), dims({0}), dims({1}), false},
        {distinct({2, 6, 7}), dims({3, 2}), dims({2, 1}), dims({1, 0}), dims({1, 2}), true}}},
      {"aten::adaptive_max_pool1d", {{distinct({2, 2, 7}), dims({3})}, {distinct({2, 5}), dims({7})}}},
      {"aten::adaptive_max_pool2d", {{distinct({2, 2, 5, 7}), dims({3, 2})}, {distinct({1, 3, 4}), dims({1, 1})}}},
      {"aten::avg_pool1d",
       {{some({2, 2, 7}), dims({2}), dims({}), dims({0}), false, true},
        {some({2, 8}), dims({3}), dims({2}), dims({1}), true, false},
        {some({2, 8}), dims({3}), dims({2}), dims({1}), true, true}}},
      {"aten::avg_pool2d",
       {{some({2, 2, 5, 4}), dims({2}), dims({}), dims({0}), false, true, nullptr},
        {some({2, 6, 7}), dims({3, 2}), dims({2, 1}), dims({1, 1}), true, true, nullptr},
        {some({2, 6, 7}), dims({3, 2}), dims({2, 1}), dims({1, 1}), true, false, nullptr},
        {some({1, 6, 5, 2}).permute({0, 3, 1, 2}), dims({3}), dims({2}), dims({1}), false, true, -2}}},
      {"aten::adaptive_avg_pool1d", {{some({2, 2, 7}), dims({3})}, {some({2, 5}), dims({7})}}},
      {"aten::adaptive_avg_pool2d", {{some({2, 2, 5, 7}), dims({3, 2})}, {some({1, 3, 4}), dims({1, 1})}}},
      {"aten::lstm.input",
       {{some({3, 2, 2}), List{some({1, 2, 2}), some({1, 2, 2}, 1)},
         List{some({8, 2}), some({8, 2}, 1), some({8}), some({8}, 1)}, true, 1, 0.0, false, false, false},
        {some({2, 3, 2}), List{some({4, 2, 1}), some({4, 2, 2}, 1)},
         List{some({8, 2}), some({8, 1}), some({1, 2}), some({8, 2}, 1), some({8, 1}), some({1, 2}), some({8, 2}),
              some({8, 1}), some({1, 2}), some({8, 2}), some({8, 1}, 1), some({1, 2})},
         false, 2, 0.0, true, true, true}}},
      {"aten::gru.input",
       {{some({3, 2, 2}), some({1, 2, 2}), List{some({6, 2}), some({6, 2}, 1), some({6}), some({6}, 1)}, true, 1, 0.0,
         false, false, false},
        {some({2, 3, 2}), some({4, 2, 2}),
         List{some({6, 2}), some({6, 2}), some({6, 2}, 1), some({6, 2}), some({6, 4}), some({6, 2}), some({6, 4}),
              some({6, 2}, 1)},
         false, 2, 0.0, true, true, true}}},
      {"aten::where.self",
       {{lt(some({2, 3}), some({3})), some({2, 3}), some({2, 3}, 1)},
        {lt(some({2, 1}), some({})), some({3}), some({})}}},
      {"aten::masked_fill.Scalar", {{some({2, 3}), lt(some({3}), some({})), -2.5}}},
      {"aten::stack", {{List{some({2, 3}), some({2, 3}, 1)}, 0}, {List{some({2}), some({2}, 1), some({2}, 2)}, -1}}},
      {"aten::split.Tensor", {{some({5, 2}), 2, 0}, {some({2, 3}), 3, 1}}},
      {"aten::chunk", {{some({5, 2}), 3, 0}, {some({2, 4}), 2, -1}}},
      {"aten::cat",
       {{List{some({2, 3}), some({2, 1})}, 1},
        {List{some({2, 3}), some({1, 3}), some({2, 3})}, 0},
        {List{some({2, 2, 2}), some({2, 2, 2})}, -1},
        {List{some({2}), some({0})}, 0},
        {List{some({2, 1}), some({2, 1}), some({2, 1}), some({2, 1}), some({2, 2})}, 1}}},
      {"aten::index_select",
       {{some({4, 3}), 0, ids({2, 0, 2})}, {some({2, 3, 2}), 1, ids({1, 1}).to(int32)}, {some({3}), 0, ids({2})}}},
      {"aten::embedding",
       {{some({5, 3}), ids({1, 4, 1, 0}), -1, false, false},
        {some({5, 3}), ids({{1, 4}, {1, 0}}), 1, false, false},
        {some({5, 3}), ids({1, 4, 1, 1}).to(int32), -1, true, false},
        {some({2, 8}), ids({0, 1, 1}), 0, true, false}}},
      {"aten::embedding_bag.padding_idx",
       {{some({5, 3}), ids({1, 4, 1, 0}), ids({0, 1, 3}), false, 0, false, nullptr, false, nullptr},
        {some({5, 3}), ids({1, 4, 1, 0}), ids({0, 0, 3}).to(int32), false, 1, false, nullptr, false, nullptr},
        {some({5, 3}), ids({1, 4, 2, 0}).to(int32), ids({0, 3}).to(int32), false, 2, false, nullptr, false, nullptr},
        {some({5, 3}), ids({1, 4, 1, 0}), ids({0, 3, 4}), false, 0, false, some({4}), true, nullptr},
        {some({5, 3}), ids({1, 4, 1, 0}), ids({0, 3}), true, 1, false, nullptr, false, nullptr},
        {some({5, 3}), ids({1, 4, 1, 0}), ids({0, 2}), false, 0, false, some({4}), false, -1},
        {some({5, 3}), ids({1, 4, 1, 4}), ids({0, 2, 3}), false, 1, false, nullptr, false, 1},
        {some({5, 3}), ids({1, 4, 1, 4}), ids({0, 2, 3}), false, 2, false, nullptr, false, 1}}},
      {"aten::relu", {{some({2, 5})}, {some({5, 2}).t()}}},
      {"aten::sigmoid", {{some({2, 5})}}},
      {"aten::abs", {{some({2, 5})}, {some({5, 2}).t()}}},
      {"aten::tanh", {{some({2, 5})}, {some({5, 2}).t()}}},
      {"aten::leaky_relu", {{some({2, 5}), 0.01}, {some({5, 2}).t(), -2.0}}},
      {"aten::elu", {{some({2, 5}), 1.0, 1.0, 1.0}, {some({5, 2}).t(), 0.7, 1.5, 2.0}}},
      {"aten::selu", {{some({2, 5})}, {some({5, 2}).t()}}},
      {"aten::celu", {{some({2, 5}), 1.0}, {some({5, 2}).t(), 0.5}}},
      {"aten::gelu", {{some({3, 5}), "none"}, {some({5, 3}, 2), "none"}, {some({3, 7}), "tanh"}}},
      {"aten::silu", {{some({2, 5})}, {some({5, 2}).t()}}},
      {"aten::mish", {{some({2, 5})}, {some({2, 9}, -20)}, {some({2, 9}, 20)}}},
      {"aten::hardsigmoid", {{some({2, 5})}, {some({2, 9}, -3)}, {some({2, 9}, 3)}}},
      {"aten::hardswish", {{some({2, 5})}, {some({2, 9}, -3)}, {some({2, 9}, 3)}}},
      {"aten::hardtanh", {{some({2, 5}), -1.0, 1.0}, {some({2, 5}), 0.4, 1.7}}},
      {"aten::relu6", {{some({2, 9})}, {some({9, 2}, 6).t()}}},
      {"aten::softplus", {{some({2, 5}), 1.0, 20.0}, {some({2, 9}), 3.0, 2.0}, {some({3}, -40), 1.0, 20.0}}},
      {"aten::log_sigmoid", {{some({2, 5})}, {some({4}, -40)}, {some({4}, 40)}}},
      {"aten::prelu",
       {{some({2, 3, 2}), some({3})},
        {some({2, 3}), some({1})},
        {some({3, 2}).t(), some({3})},
        {some({5}), some({})},
        {some({2, 2, 2, 2}), some({2})}}},
      {"aten::softmax.int",
       {{some({2, 5}), 1, nullptr},
        {some({2, 3, 4}), 1, nullptr},
        {some({3, 4}).t(), -2, nullptr},
        {some({2, 19}, 700), 1, nullptr},
        {some({}), 0, nullptr},
        {some({2, 3}), 1, float32}}},
      {"aten::log_softmax.int",
       {{some({2, 5}), 1, nullptr},
        {some({2, 3, 4}), 1, nullptr},
        {some({3, 4}).t(), -2, nullptr},
        {some({2, 19}, 700), 1, nullptr},
        {some({}), -1, nullptr},
        {some({2, 3}), 0, float32}}},
      {"aten::unflatten.int", {{some({2, 6}), 1, dims({2, -1})}, {some({6, 2}).t(), -1, dims({3, 2})}}},
      {"aten::native_dropout", {{some({2, 5}), 0.0, true}, {some({2, 5}), 0.5, false}}},
      {"aten::feature_dropout",
       {{some({2, 3, 2}), 0.0, true}, {some({2, 3}), 0.5, false}, {some({2, 3}).t(), 1.0, true}}},
      {"aten::alpha_dropout", {{some({2, 5}), 0.0, true}, {some({5, 2}).t(), 0.5, false}, {some({2, 3}), 1.0, true}}},
      {"aten::layer_norm",
       {{some({3, 5}), dims({5}), some({5}), some({5}, 1), 1e-5, true},
        {some({2, 3, 4}), dims({3, 4}), some({3, 4}), nullptr, 0.1, true},
        {some({5, 3}).t(), dims({5}), nullptr, nullptr, 1e-5, true},
        {some({2, 37}, 10), dims({37}), nullptr, some({37}), 1e-5, true},
        {some({0, 3}), dims({3}), some({3}), some({3}), 1e-5, true}}},
      {"aten::rms_norm",
       {{some({3, 5}), dims({5}), some({5}), nullptr},
        {some({2, 3, 4}), dims({3, 4}), some({3, 4}), 0.1},
        {some({5, 3}).t(), dims({5}), nullptr, 1e-3}}},
      {"aten::group_norm",
       {{some({2, 6, 5}), 3, some({6}), some({6}, 1), 1e-5, true},
        {some({3, 6}), 2, some({6}), some({6}), 1e-5, true},
        {some({2, 4, 3, 2}).transpose(2, 3), 1, some({4}), nullptr, 1e-3, true},
        {some({2, 4, 3}), 4, nullptr, nullptr, 1e-5, true},
        {some({0, 4, 3}), 2, some({4}), some({4}), 1e-5, true}}},
      {"aten::batch_norm",
       {{some({5, 3}), some({3}), some({3}, 1), zeros({3}, {float64}), ones({3}, {float64}), true, 0.1, 1e-5, true},
        {some({5, 3}, 50), some({3}), some({3}, 1), some({3}), some({3}, 4), false, 0.1, 1e-5, true},
        {some({3, 2, 4}), some({2}), nullptr, nullptr, nullptr, true, 0.1, 1e-2, true},
        {some({3, 2, 4}), nullptr, nullptr, some({2}), some({2}, 4), false, 0.1, 1e-5, true},
        {some({2, 3, 3, 2}).transpose(2, 3), some({3}), some({3}), nullptr, nullptr, true, 0.1, 1e-5, true},
        {some({70, 17}), some({17}), some({17}), nullptr, nullptr, true, 0.1, 1e-5, true},
        {some({9, 5}).t(), some({9}), some({9}), nullptr, nullptr, true, 0.1, 1e-5, true}}},
      {"aten::binary_cross_entropy_with_logits",
       {{some({6}), some({6}), nullptr, nullptr, 1},
        {some({2, 3}), some({2, 3}), nullptr, nullptr, 2},
        {some({2, 3}), some({2, 3}), nullptr, nullptr, 0},
        {some({4}, 40), some({4}), nullptr, nullptr, 1},
        {some({2, 3}), some({2, 3}, 3), some({3}), nullptr, 1},
        {some({2, 3}), some({2, 3}, 3), some({2, 1}), some({3}, 3), 0},
        {some({4, 3}).t(), some({4, 3}, 3).t(), nullptr, some({}, 3), 2}}},
      {"aten::binary_cross_entropy",
       {{probabilities({2, 3}), probabilities({2, 3}, 1), nullptr, 1},
        {probabilities({2, 3}), probabilities({2, 3}, 1), some({3}), 0},
        {probabilities({3, 2}).t(), probabilities({3, 2}, 1).t(), some({2, 1}), 2}}},
      {"aten::l1_loss",
       {{some({6}), some({6}, 2.1), 1},
        {some({2, 3}), some({3, 2}, 0.7).t(), 2},
        {some({2, 3}), some({2, 3}, 2.1), 0}}},
      {"aten::smooth_l1_loss",
       {{some({6}), some({6}, 2.1), 1, 1.0},
        {some({2, 3}), some({3, 2}, 0.7).t(), 2, 0.3},
        {some({2, 3}), some({3, 2}, 0.7).t(), 0, 2.6},
        {some({2, 3}), some({3, 2}, 0.7).t(), 1, 0.0}}},
      {"aten::huber_loss",
       {{some({6}), some({6}, 2.1), 1, 1.0},
        {some({2, 3}), some({3, 2}, 0.7).t(), 2, 0.3},
        {some({2, 3}), some({3, 2}, 0.7).t(), 0, 2.6}}},
      {"aten::kl_div",
       {{some({2, 3}), probabilities({2, 3}), 1, false},
        {some({2, 3}), some({3, 2}, -2).t(), 0, true},
        {some({3, 2}).t(), probabilities({2, 3}), 2, false}}},
      {"aten::nll_loss_nd",
       {{some({3, 4}), ids({1, 3, 0}), nullptr, 1, -100},
        {some({3, 4}), ids({1, 3, 0}), some({4}, 3), 1, 3},
        {some({4}), tensor(2), some({4}, 3), 2, -100},
        {some({2, 3, 2}), ids({{1, 2}, {0, 1}}), some({3}, 3), 0, 0},
        {some({4, 3}).t(), ids({1, 3, -7}), nullptr, 2, -7}}},
      {"aten::cross_entropy_loss",
       {{some({3, 4}), ids({1, 3, 0}), nullptr, 1, -100, 0.0},
        {some({3, 4}, 500), ids({1, 3, 0}), some({4}, 3), 1, 3, 0.1},
        {some({4}), tensor(2), some({4}, 3), 2, -100, 0.0},
        {some({2, 3, 2}), ids({{1, 2}, {0, 1}}), some({3}, 3), 0, 0, 0.3},
        {some({4, 3}).t(), ids({1, 3, -7}), nullptr, 1, -7, 0.2},
        {some({3, 4}), probabilities({3, 4}), nullptr, 1, -100, 0.0},
        {some({2, 3, 2}), probabilities({2, 3, 2}), some({3}, 3), 0, -100, 0.1},
        {some({4}), probabilities({4}), some({4}, 3), 2, -100, 1.0}}},
      {"aten::cosine_embedding_loss",
       {{some({3, 4}), some({3, 4}, 1), ids({1, -1, 1}), 0.0, 1},
        {some({4, 3}).t(), some({4, 3}, 1).t(), ids({-1, -1, 1}), 0.3, 0},
        {some({5}), some({5}, 0.4), tensor(-1), -0.5, 2}}},
      {"aten::triplet_margin_loss",
       {{some({3, 4}), some({3, 4}, 1), some({4, 3}).t(), 1.0, 2.0, 1e-6, false, 1},
        {some({3, 4}), some({3, 4}, 1), some({4, 3}).t(), 1.0, 2.0, 1e-6, true, 0},
        {some({2, 3, 4}), some({2, 4, 3}, 0.45).transpose(1, 2), some({2, 3, 4}, 1), 2.0, 1.0, 1e-6, true, 2},
        {some({5}), some({5}, 0.4), some({5}, -0.3), 3.0, 3.0, 1e-6, false, 1},
        {some({3, 4}), some({4, 3}, 0.45).t(), some({3, 4}, 1), 2.5, 1.5, 1e-6, false, 0}}},
      {"aten::mse_loss",
       {{some({6}), some({6}, 2), 1}, {some({2, 3}), some({2, 3}, 2), 2}, {some({2, 3}), some({2, 3}, 2), 0}}},
      {"aten::view", {{some({2, 3}), dims({3, -1})}}},
      {"aten::reshape", {{some({2, 3}).t(), dims({2, 3})}, {some({2, 3}), dims({6})}}},
      {"aten::flatten.using_ints", {{some({2, 3, 2}), 1, -1}}},
      {"aten::slice.Tensor", {{some({4, 3}), 0, 1, 3, 1}, {some({4, 3}), 1, nullptr, nullptr, 2}}},
      {"aten::select.int", {{some({4, 3}), 0, 2}, {some({4, 3}), 1, -1}}},
      {"aten::transpose.int", {{some({2, 3, 2}), 0, 2}}},
      {"aten::t", {{some({2, 3})}}},
      {"aten::permute", {{some({2, 3, 2}), dims({2, 0, 1})}}},
      {"aten::squeeze.dim", {{some({2, 1, 3}), 1}}},
      {"aten::squeeze", {{some({1, 3, 1})}}},
      {"aten::unsqueeze", {{some({2, 3}), 1}}},
      {"aten::expand", {{some({2, 1}), dims({3, 2, 4}), false}, {some({3}), dims({2, -1}), false}}},
      {"aten::contiguous", {{some({2, 3}).t(), 0}}},
      {"aten::clone", {{some({2, 3}).t(), nullptr}}},
      {"aten::to.dtype",
       {{some({2, 3}), float32, false, false, nullptr}, {some({2, 3}), float64, false, true, nullptr}}},
  }, {indexing_samples(), arranging_samples(), ordering_samples()});
  return samples;
}

// Tensors of floating point that get no gradient: weights of losses and running statistics, as in PyTorch.
inline bool gets_gradient(std::string_view name, size_t argument) {
  if (name == "aten::batch_norm") return argument < 3;
  if (name == "aten::expand_as" || name == "aten::view_as" || name == "aten::reshape_as") return argument < 1;
  if (name == "aten::binary_cross_entropy" || name == "aten::nll_loss_nd" || name == "aten::cross_entropy_loss" ||
      name == "aten::binary_cross_entropy_with_logits") {
    return argument < 2;
  }
  return true;
}

// Whether the tensors among the arguments are such as finite differences can be taken of.
inline bool has_doubles_alone(const Arguments& sample) {
  bool some = false, others = false;
  const auto look = [&](const Value& value) {
    if (!value.is_tensor() || !is_floating_point(value.to_tensor().dtype())) return;
    (value.to_tensor().dtype() == float64 ? some : others) = true;
  };
  for (const Value& argument : sample) {
    look(argument);
    for (size_t i = 0; argument.is_list() && i < argument.size(); ++i) look(argument[i]);
  }
  return some && !others;
}

// Where there is no derivative, because of integers, or the gradient is another one on purpose: a padding row gets
// none, and frequent rows get less. PyTorch alone judges these.
inline bool is_no_derivative(std::string_view name, const Arguments& sample) {
  if (!has_doubles_alone(sample)) return true;
  if (sample[0].is_tensor() && !is_floating_point(sample[0].to_tensor().dtype())) return !name.starts_with("aten::where.");
  if (name == "aten::embedding_bag.padding_idx") return sample[3].to_bool() || !sample[8].is_none();
  return name == "aten::embedding" && (sample[2].to_int() >= 0 || sample[3].to_bool());
}

}  // namespace okibi::samples
