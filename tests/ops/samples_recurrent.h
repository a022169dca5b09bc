// Samples of recurrent cells, of plain recurrent networks, and of all of them over packed sequences.
#pragma once

#include "sample_tensors.h"

namespace okibi::samples {

inline Map recurrent_samples() {
  const Tensor x = some({2, 3}), h = some({2, 2}, 0.3), c = some({2, 2}, 1);
  const auto weights = [](int64_t gates) {
    return List{some({gates, 3}) * 0.3, some({gates, 2}, 0.5) * 0.3, some({gates}), some({gates}, 0.2)};
  };
  const auto cell = [&](int64_t gates) -> std::vector<Arguments> {
    const List w = weights(gates);
    return {{x, h, w[0], w[1], w[2], w[3]},
            {some({3, 2}).t(), h, w[0], w[1], nullptr, nullptr},
            {x, h, w[0], w[1], nullptr, w[3]}};
  };
  // Sequences of 3, 3, 1 and 1 steps, as rows.
  const Tensor packed = some({8, 3}), batch_sizes = ids({4, 2, 2});
  const auto both_ways = [&](int64_t gates) {
    List w = weights(gates);
    for (const Value& each : weights(gates)) w.push_back(each);
    return w;
  };
  const auto plain = [&](int64_t gates) -> std::vector<Arguments> {
    return {{packed, batch_sizes, some({1, 4, 2}), weights(gates), true, 1, 0.0, false, false},
            {packed, batch_sizes, some({2, 4, 2}), both_ways(gates), true, 1, 0.0, false, true},
            {some({4, 3}), ids({2, 2}), some({1, 2, 2}), weights(gates), true, 1, 0.0, true, false}};
  };
  const auto padded = [&](int64_t gates) -> std::vector<Arguments> {
    return {{some({3, 2, 3}), some({1, 2, 2}), weights(gates), true, 1, 0.0, false, false, false},
            {some({2, 3, 3}), some({2, 2, 2}), both_ways(gates), true, 1, 0.0, false, true, true}};
  };
  const List w4 = weights(8);
  return {
      {"aten::lstm_cell",
       {{x, List{h, c}, w4[0], w4[1], w4[2], w4[3]},
        {x, List{h, c}, w4[0], w4[1], nullptr, nullptr},
        {some({3, 2}).t(), List{h.t(), c}, w4[0], w4[1], w4[2], nullptr}}},
      {"aten::gru_cell", cell(6)},
      {"aten::rnn_tanh_cell", cell(2)},
      {"aten::rnn_relu_cell", cell(2)},
      {"aten::rnn_tanh.input", padded(2)},
      {"aten::rnn_relu.input", padded(2)},
      {"aten::lstm.data",
       {{packed, batch_sizes, List{some({1, 4, 2}), some({1, 4, 2}, 1)}, w4, true, 1, 0.0, false, false},
        {packed, batch_sizes, List{some({2, 4, 2}), some({2, 4, 2}, 1)}, both_ways(8), true, 1, 0.0, false, true},
        {some({6, 2}), ids({3, 2, 1}), List{some({2, 3, 1}), some({2, 3, 2}, 1)},
         List{some({8, 2}) * 0.3, some({8, 1}), some({1, 2}), some({8, 1}), some({8, 1}, 1), some({1, 2}, 1)}, false, 2,
         0.0, false, false}}},
      {"aten::gru.data", plain(6)},
      {"aten::rnn_tanh.data", plain(2)},
      {"aten::rnn_relu.data", plain(2)},
      {"aten::_pack_padded_sequence",
       {{some({3, 4, 2}), ids({3, 3, 1, 1}), false},
        {some({3, 4, 2}), ids({4, 3, 2}), true},
        {some({3, 4}), ids({2, 1, 1, 1}), false},
        {ids({{1, 2}, {3, 4}, {5, 6}}), ids({3, 1}), false}}},
      {"aten::_pad_packed_sequence",
       {{some({8, 3}), ids({4, 2, 2}), false, 0.0, -1},
        {some({8, 3}), ids({4, 2, 2}), true, 1.5, 5},
        {some({4}), ids({2, 2}), true, 0.0, 0},
        {ids({1, 2, 3}), ids({2, 1}), false, -1, 0}}},
      {"aten::threshold",
       {{some({2, 5}), 0.1, 20.0}, {some({5, 2}).t(), -1.0, -2}, {ids({1, 5, 3}), 3, -1}, {some({}), 0, 0}}},
      {"aten::glu", {{some({2, 6}), -1}, {some({4, 3}), 0}, {some({4, 2, 3}).transpose(0, 1), 1}, {some({2, 0}), 1}}},
  };
}

}  // namespace okibi::samples
