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
inline Tensor ids(std::initializer_list<TensorLiteral> values) { return tensor(TensorLiteral(values)); }
inline Value dims(std::initializer_list<Value> values) { return List(values); }

// By the operator's name with overload.
inline const std::map<std::string, std::vector<Arguments>>& all() {
  static const std::map<std::string, std::vector<Arguments>> samples = {
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
      {"aten::lt.Tensor", {{some({2, 3}), some({3})}}},
      {"aten::gt.Tensor", {{some({2, 3}), some({})}}},
      {"aten::sum", {{some({2, 3}), nullptr}, {some({2, 3}).t(), nullptr}, {some({0}), nullptr}}},
      {"aten::mean", {{some({2, 3}), nullptr}}},
      {"aten::sum.dim_IntList",
       {{some({2, 3, 4}), dims({1}), false, nullptr},
        {some({2, 3, 4}), dims({-1}), true, nullptr},
        {some({2, 3}), dims({0}), false, nullptr}}},
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
      {"aten::conv1d",
       {{some({2, 2, 5}), some({3, 2, 3}), some({3}), dims({2}), dims({1}), dims({1}), 1},
        {some({2, 7}), some({3, 2, 3}), nullptr, dims({1}), dims({0}), dims({3}), 1}}},
      {"aten::conv2d",
       {{some({2, 2, 5, 5}), some({3, 2, 3, 3}), some({3}), dims({1, 1}), dims({1, 1}), dims({1, 1}), 1},
        {some({2, 4, 4}), some({2, 1, 2, 2}), some({2}), dims({2}), dims({0}), dims({1}), 2}}},
      {"aten::lstm.input",
       {{some({3, 2, 2}), List{some({1, 2, 2}), some({1, 2, 2}, 1)}, List{some({8, 2}), some({8, 2}, 1), some({8}), some({8}, 1)},
         true, 1, 0.0, false, false, false},
        {some({2, 3, 2}), List{some({4, 2, 1}), some({4, 2, 2}, 1)},
         List{some({8, 2}), some({8, 1}), some({1, 2}), some({8, 2}, 1), some({8, 1}), some({1, 2}), some({8, 2}), some({8, 1}),
              some({1, 2}), some({8, 2}), some({8, 1}, 1), some({1, 2})},
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
      {"aten::binary_cross_entropy_with_logits",
       {{some({6}), some({6}), nullptr, nullptr, 1},
        {some({2, 3}), some({2, 3}), nullptr, nullptr, 2},
        {some({2, 3}), some({2, 3}), nullptr, nullptr, 0},
        {some({4}, 40), some({4}), nullptr, nullptr, 1}}},
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
  };
  return samples;
}

// Where the gradient is not the derivative, on purpose: a padding row gets none, and frequent rows get less. PyTorch
// alone judges these.
inline bool is_no_derivative(std::string_view name, const Arguments& sample) {
  if (name == "aten::embedding_bag.padding_idx") return sample[3].to_bool() || !sample[8].is_none();
  return name == "aten::embedding" && (sample[2].to_int() >= 0 || sample[3].to_bool());
}

}  // namespace okibi::samples
