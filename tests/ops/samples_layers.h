// Samples of layers beside products and convolutions, and of layers by the names of their parts.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Map shuffle_samples() {
  return {
      {"aten::pixel_shuffle",
       {{some({2, 8, 2, 3}), 2},
        {some({9, 1, 2}), 3},
        {some({2, 3, 4, 4}).transpose(1, 3), 2},
        {ids({{{1}}, {{2}}, {{3}}, {{4}}}), 2},
        {zeros({0, 4, 1, 1}, {int64}), 2},
        {some({2, 1, 4, 2, 2}), 2}}},
      {"aten::pixel_unshuffle", {{some({2, 2, 4, 6}), 2}, {some({1, 3, 3}), 3}, {some({4, 2, 4}).transpose(0, 1), 2}}},
      {"aten::channel_shuffle", {{some({2, 6, 3}), 3}, {some({3, 4, 2, 2}).transpose(0, 2), 1}, {some({1, 4, 2, 2}), 2}}},
      {"aten::native_channel_shuffle", {{some({2, 6, 3}), 2}}},
      {"aten::one_hot",
       {{ids({1, 0, 3}), -1}, {ids({{1, 0}, {2, 2}}), 4}, {ids({{1, 0}, {2, 2}}).t(), -1}, {tensor(2), 3}, {zeros({0}, {int64}), 2}}},
  };
}

inline Map layer_norm_samples() {
  const Tensor x = some({2, 3, 4}), mean = some({3}), variance = some({3}, 4);
  const Value none;
  const std::vector<Arguments> batch = {{x, some({3}), some({3}), mean, variance, false, 0.1, 1e-5},
                                        {some({3, 2, 2, 2}).transpose(0, 1), none, none, mean.narrow(0, 0, 3), variance, false, 0.1, 1e-3}};
  return {
      {"aten::instance_norm",
       {{x, none, none, none, none, true, 0.1, 1e-5, true},
        {some({2, 3, 2, 2}), some({3}), some({3}), none, none, true, 0.1, 1e-5, true},
        {some({4, 3, 2}).transpose(0, 2), some({3}), none, none, none, true, 0.1, 1e-5, true},
        {x, some({3}), some({3}), mean, variance, false, 0.1, 1e-5, false}}},
      {"aten::native_layer_norm",
       {{x, dims({4}), some({4}), some({4}), 1e-5}, {x, dims({3, 4}), none, none, 1e-3}, {some({4, 3}).t(), dims({4}), none, some({4}), 1e-5}}},
      {"aten::native_group_norm", {{some({2, 4, 3}), some({4}), some({4}), 2, 4, 3, 2, 1e-5}, {some({2, 4, 3, 2}), none, none, 2, 4, 6, 4, 1e-5}}},
      {"aten::native_batch_norm", batch},
      {"aten::_native_batch_norm_legit", batch},
      {"aten::_native_batch_norm_legit.no_stats", {{x, some({3}), some({3}), true, 0.1, 1e-5}, {some({2, 3}), none, none, true, 0.1, 1e-5}}},
      {"aten::_native_batch_norm_legit_no_training", {{x, some({3}), some({3}), mean, variance, 0.1, 1e-5}}},
      {"aten::_softmax", {{x, 1, false}, {some({3, 2}).t(), -1, false}, {some({}), 0, false}, {some({0, 2}), 1, false}}},
      {"aten::_log_softmax", {{x, 1, false}, {some({3, 2}).t(), -1, false}}},
      {"aten::_safe_softmax", {{x, 1, none}, {some({3, 2}).t(), -1, none}, {some({2}), 0, float64}}},
  };
}

inline Map patch_samples() {
  const Tensor x = some({2, 2, 5, 4});
  const Tensor indices = tensor({{{{0, 5}, {9, 12}}}});
  return {
      {"aten::unfold",
       {{some({2, 5}), 1, 2, 1}, {some({5, 2}).t(), -1, 3, 2}, {some({5}), 0, 0, 1}, {some({5}), 0, 5, 9}, {some({}), 0, 1, 1}, {ids({1, 2, 3}), 0, 2, 1}}},
      {"aten::im2col",
       {{x, dims({2, 2}), dims({1, 1}), dims({0, 0}), dims({1, 1})},
        {x, dims({3, 2}), dims({2, 1}), dims({1, 2}), dims({2, 3})},
        {some({4, 5, 2}).transpose(0, 2), dims({2, 3}), dims({1, 1}), dims({1, 0}), dims({2, 1})},
        {some({0, 2, 3, 3}), dims({2, 2}), dims({1, 1}), dims({0, 0}), dims({1, 1})}}},
      {"aten::col2im",
       {{some({2, 8, 6}), dims({4, 3}), dims({2, 2}), dims({1, 1}), dims({0, 0}), dims({1, 1})},
        {some({6, 4}), dims({4, 3}), dims({3, 1}), dims({1, 2}), dims({1, 0}), dims({2, 2})},
        {some({6, 8}).t(), dims({4, 3}), dims({2, 2}), dims({1, 1}), dims({0, 0}), dims({1, 1})}}},
      {"aten::max_unpool2d", {{some({1, 1, 2, 2}), indices, dims({4, 4})}, {some({1, 2, 2}), indices.select(0, 0), dims({3, 5})}}},
      {"aten::max_unpool3d",
       {{some({1, 1, 2, 2}), indices, dims({2, 3, 4}), dims({1, 1, 1}), dims({0, 0, 0})},
        {some({1, 1, 1, 2, 2}), indices.unsqueeze(0), dims({2, 3, 4}), dims({2, 2, 2}), dims({0, 0, 0})}}},
  };
}

inline Map layer_name_samples() {
  const Tensor line = some({2, 3, 4}), plane = some({2, 3, 4}), box = some({1, 2, 3, 2, 3});
  const Value none;
  const Tensor q = some({2, 3, 4}), k = some({2, 5, 4}, 0.3), v = some({2, 5, 2});
  return {
      {"aten::reflection_pad1d", {{line, dims({1, 2})}, {some({4, 3}).t(), dims({2, 0})}, {line, dims({-1, 1})}}},
      {"aten::reflection_pad2d", {{plane, dims({1, 2, 2, 0})}, {some({1, 2, 3, 3}), dims({1, 1, 1, 1})}, {some({0, 1, 2, 2}), dims({1, 1, 1, 1})}}},
      {"aten::reflection_pad3d", {{box, dims({1, 2, 1, 0, 2, 1})}}},
      {"aten::replication_pad1d", {{line, dims({1, 5})}, {line, dims({-1, 1})}}},
      {"aten::replication_pad2d", {{plane, dims({1, 2, 2, 0})}, {some({2, 2, 2, 3}).transpose(2, 3), dims({4, 1, 0, 1})}}},
      {"aten::replication_pad3d", {{box, dims({1, 2, 1, 0, 2, 1})}}},
      {"aten::_pad_circular", {{line, dims({1, 2})}, {box.select(0, 0), dims({1, 0, 1, 1})}}},
      {"aten::_pad_enum", {{line, dims({1, 2}), 3, 1.5}, {line, dims({1, 2}), 0, none}, {line, dims({1, 2}), 1, none}, {line, dims({1, 2}), 2, none}}},
      {"aten::thnn_conv2d", {{some({1, 2, 4, 4}), some({3, 2, 2, 3}), dims({2, 3}), some({3}), dims({1, 2}), dims({1, 1})}}},
      {"aten::slow_conv3d", {{some({1, 2, 3, 3, 3}), some({2, 2, 2, 1, 2}), dims({2, 1, 2}), some({2}), dims({1, 1, 1}), dims({1, 0, 0})}}},
      {"aten::slow_conv_dilated2d",
       {{some({1, 2, 5, 5}), some({2, 2, 2, 2}), dims({2, 2}), some({2}), dims({1, 1}), dims({0, 1}), dims({2, 3})}}},
      {"aten::slow_conv_dilated3d",
       {{some({1, 1, 3, 3, 3}), some({2, 1, 2, 2, 1}), dims({2, 2, 1}), none, dims({1, 1, 1}), dims({0, 0, 0}), dims({2, 1, 1})}}},
      {"aten::slow_conv_transpose2d",
       {{some({1, 2, 3, 3}), some({2, 2, 2, 2}), dims({2, 2}), some({2}), dims({2, 2}), dims({1, 0}), dims({1, 0}), dims({1, 1})}}},
      {"aten::slow_conv_transpose3d",
       {{some({1, 1, 2, 2, 2}), some({1, 2, 2, 1, 2}), dims({2, 1, 2}), none, dims({2, 1, 1}), dims({0, 0, 0}), dims({1, 0, 0}), dims({1, 1, 1})}}},
      {"aten::_conv_depthwise2d", {{some({1, 2, 4, 4}), some({4, 1, 2, 2}), dims({2, 2}), some({4}), dims({1, 1}), dims({0, 1}), dims({1, 2})}}},
      {"aten::conv_depthwise3d",
       {{some({1, 2, 2, 3, 3}), some({2, 1, 2, 2, 2}), dims({2, 2, 2}), some({2}), dims({1, 1, 1}), dims({0, 0, 0}), dims({1, 1, 1})}}},
      {"aten::conv_tbc", {{some({5, 2, 3}), some({3, 3, 2}), some({2}), 1}, {some({2, 5, 3}).transpose(0, 1), some({2, 3, 1}), some({1}), 0}}},
      {"aten::embedding_bag",
       {{some({5, 3}), ids({1, 0, 4, 1}), ids({0, 2}), false, 0, false, none, false},
        {some({5, 3}), ids({1, 0, 4, 1}), ids({0, 2, 4}), false, 1, false, none, true},
        {some({5, 3}), ids({1, 0, 4, 1}), ids({0, 2}), false, 0, false, some({4}), false}}},
      {"aten::embedding_renorm", {{some({4, 3}), ids({1, 3, 1}), 1.0, 2.0}, {some({3, 4}).t(), ids({0}), 0.5, 1.0}}},
      {"aten::_scaled_dot_product_attention_math",
       {{q, k, v, none, 0.0, false, none, none, false},
        {q, k, v, some({3, 5}), 0.0, false, none, 0.7, false},
        {q, k, v, none, 0.0, true, none, none, false},
        {q, k, v, gt(some({3, 5}), some({})), 0.0, false, none, none, false}}},
      {"aten::feature_alpha_dropout", {{plane, 0.5, false}, {plane, 0.0, true}, {plane, 1.0, true}}},
      {"aten::affine_grid_generator",
       {{some({2, 2, 3}), dims({2, 1, 3, 4}), true},
        {some({2, 2, 3}), dims({2, 1, 1, 4}), false},
        {some({3, 2, 1}).transpose(0, 2), dims({1, 1, 2, 2}), false},
        {some({1, 3, 4}), dims({1, 2, 2, 3, 2}), false}}},
  };
}

inline Map layer_samples() {
  Map all = shuffle_samples();
  for (Map family : {layer_norm_samples(), patch_samples(), layer_name_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
