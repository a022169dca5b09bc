// Samples of what looks at pictures, sequences and signals.
#pragma once

#include "sample_tensors.h"

namespace okibi::samples {

inline Map detector_samples() {
  const Tensor boxes = tensor({{0, 0, 10, 10}, {1, 1, 11, 11}, {20, 20, 30, 30}, {0, 0, 10, 9}, {21, 20, 30, 31}, {5, 5, 5, 5}}, float64);
  const Tensor regions = tensor({{0.0, 0.5, 0.7, 3.6, 4.2}, {1.0, -1.0, -2.0, 2.5, 9.0}, {1.0, 3.0, 3.0, 2.0, 1.0}, {0.0, 1.0, 2.0, 3.0, 3.5}}, float64);
  return {
      {"torchvision::nms",
       {{boxes, tensor({0.9, 0.8, 0.7, 0.95, 0.7, 0.1}, float64), 0.5},
        {boxes, tensor({0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, float64), 0.9},
        {boxes.to(float32).t().contiguous().t(), tensor({0.1, 0.8, 0.7, 0.2, 0.9, 0.1}), 0.0},
        {zeros({0, 4}), zeros({0}), 0.5}}},
      {"torchvision::roi_align",
       {{some({2, 3, 5, 6}), regions, 1.0, 2, 3, 2, false},
        {some({2, 3, 5, 6}), regions, 0.5, 2, 2, -1, true},
        {some({2, 3, 5, 6}), regions, 1.0, 1, 2, 0, false},
        {some({2, 5, 6, 2}).permute({0, 3, 1, 2}), regions, 0.7, 3, 3, 1, true},
        {some({2, 3, 5, 6}), regions.narrow(0, 0, 0), 1.0, 2, 2, 2, false}}},
  };
}

inline Map transformer_samples() {
  const Tensor x = some({2, 3, 4}), qkv = some({12, 4}) * 0.5, qkv_bias = some({12}) * 0.3, out = some({4, 4}) * 0.5, out_bias = some({4});
  const Tensor causal = tensor({{false, true, true}, {false, false, true}, {false, false, false}});
  const Tensor padding = tensor({{false, false, true}, {false, true, true}});
  const auto attention = [&](const Value& mask, bool weights, bool average, const Value& type) {
    return Arguments{x, x, x, 4, 2, qkv, qkv_bias, out, out_bias, mask, weights, average, type};
  };
  const auto layer = [&](bool gelu, bool norm_first, const Value& mask, const Value& type) {
    return Arguments{x, 4, 2, qkv, qkv_bias, out, out_bias, gelu, norm_first, 1e-5, some({4}), some({4}, 1), some({4}, 1), some({4}),
                     some({5, 4}) * 0.5, some({5}), some({4, 5}) * 0.5, some({4}), mask, type};
  };
  return {
      {"aten::_native_multi_head_attention",
       {attention(nullptr, true, true, nullptr),
        attention(causal, true, false, 0),
        attention(padding, true, true, 1),
        attention(padding.view({2, 1, 1, 3}).expand({2, 2, 3, 3}), true, true, 2),
        {x, some({2, 3, 4}, 1), some({2, 3, 4}, 0.5), 4, 2, qkv, qkv_bias, out, out_bias, nullptr, true, true, nullptr}}},
      {"aten::_transformer_encoder_layer_fwd",
       {layer(false, false, nullptr, nullptr), layer(true, true, causal, 0), layer(false, true, padding, 1)}},
  };
}

inline Map spectral_samples() {
  const Tensor window = tensor({0.5, 1.0, 0.7, 0.2}, float64);
  const Tensor pairs = some({3, 4, 2});
  const Tensor numbers = find_op("aten::view_as_complex")->call(std::vector<Value>{pairs}).to_tensor().clone();
  return {
      {"aten::view_as_complex", {{pairs}, {some({4, 3, 2}).transpose(0, 1)}}},
      {"aten::view_as_real", {{numbers}, {numbers.t()}}},
      {"aten::real", {{numbers}, {some({3})}}},
      {"aten::imag", {{numbers}}},
      {"aten::stft",
       {{some({2, 20}), 8, nullptr, nullptr, nullptr, false, nullptr, false, nullptr},
        {some({17}), 6, 3, 4, window, true, false, false, nullptr},
        {some({20, 2}).t(), 5, 2, nullptr, nullptr, false, true, false, nullptr}}},
      {"aten::stft.center",
       {{some({2, 20}), 8, 3, 4, window, true, "reflect", false, true, false, nullptr},
        {some({17}), 6, nullptr, nullptr, nullptr, true, "constant", true, nullptr, false, nullptr}}},
  };
}

inline Map detection_samples() {
  Map all = detector_samples();
  for (Map family : {transformer_samples(), spectral_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
