// Every layer with its options, beside the Python that makes the same. nn_tests fails for a layer of the table that has
// no case here; the comparison with PyTorch (tests/interop) walks this list.
#pragma once

#include <okibi/nn.h>

#include <functional>
#include <string>
#include <vector>

#include "../ops/samples.h"

namespace okibi::testing_help {

struct LayerCase {
  std::string python;                   // "nn.LeakyReLU(0.2)"
  std::function<nn::AnyModule()> make;  // after manual_seed(index), as Python is
  std::vector<Tensor> inputs;           // of forward
  bool training = true;
  // What forward is called with where that is more than the inputs: in Python a function of the module and them, and
  // the same in boxed arguments here. Several results are joined to one row.
  std::string python_call = {};
  std::function<std::vector<Value>(const std::vector<Value>& inputs)> arguments = {};
};

inline Tensor floats(Dims sizes, double shift = 0) { return samples::some(std::move(sizes), shift).to(float32); }

inline std::vector<LayerCase> layer_cases() {
  using samples::ids;
  const Tensor x = floats({4, 6}), y = floats({4, 6}, 1);
  return {
      {"nn.Module()", [] { return nn::Module(); }, {}},
      {"nn.Embedding(5, 3)", [] { return nn::Embedding(5, 3); }, {ids({{0, 4}, {4, 2}})}},
      {"nn.Embedding(5, 3, padding_idx=-1, norm_type=1.0, scale_grad_by_freq=True)",
       [] { return nn::Embedding(5, 3, {.padding_idx = -1, .norm_type = 1, .scale_grad_by_freq = true}); },
       {ids({{0, 4}, {0, 2}})}},
      {"nn.EmbeddingBag(5, 3)", [] { return nn::EmbeddingBag(5, 3); }, {}},  // does: tests/interop/embeddings.py
      {"nn.Linear(6, 2)", [] { return nn::Linear(6, 2); }, {x}},
      {"nn.Linear(6, 2, bias=False)", [] { return nn::Linear(6, 2, {.bias = false}); }, {x}},
      {"nn.Bilinear(2, 3, 4)", [] { return nn::Bilinear(2, 3, 4); }, {floats({5, 2}), floats({5, 3}, 1)}},
      {"nn.Bilinear(2, 3, 1, bias=False)",
       [] { return nn::Bilinear(2, 3, 1, {.bias = false}); },
       {floats({2, 2, 2}), floats({2, 2, 3}, 1)}},
      // ---- pooling
      {"nn.MaxPool1d(2)", [] { return nn::MaxPool1d(2); }, {floats({2, 3, 7})}},
      {"nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True)",
       [] { return nn::MaxPool1d(3, {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true}); },
       {floats({3, 10})}},
      {"nn.MaxPool2d(3, 2, 1)", [] { return nn::MaxPool2d(3, {.stride = 2, .padding = 1}); }, {floats({2, 3, 7, 6})}},
      {"nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), ceil_mode=True)",
       [] {
         return nn::MaxPool2d({3, 2}, {.stride = {{2, 1}}, .padding = {1, 0}, .dilation = {1, 2}, .ceil_mode = true});
       },
       {floats({2, 6, 7})}},
      {"nn.AvgPool1d(2)", [] { return nn::AvgPool1d(2); }, {floats({2, 3, 7})}},
      {"nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)",
       [] { return nn::AvgPool1d(3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}); },
       {floats({3, 8})}},
      {"nn.AvgPool2d(2)", [] { return nn::AvgPool2d(2); }, {floats({2, 3, 6, 7})}},
      {"nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 1), ceil_mode=True)",
       [] {
         return nn::AvgPool2d({3, 2}, {.stride = {{2, 1}}, .padding = {1, 1}, .ceil_mode = true});
       },
       {floats({1, 2, 6, 7})}},
      {"nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)",
       [] { return nn::AvgPool2d(3, {.stride = 2, .padding = 1, .count_include_pad = false}); },
       {floats({2, 6, 7})}},
      {"nn.AvgPool2d(2, divisor_override=3)",
       [] { return nn::AvgPool2d(2, {.divisor_override = 3}); },
       {floats({2, 6, 7})}},
      {"nn.AdaptiveAvgPool1d(3)", [] { return nn::AdaptiveAvgPool1d(3); }, {floats({2, 3, 7})}},
      {"nn.AdaptiveAvgPool2d(1)", [] { return nn::AdaptiveAvgPool2d(1); }, {floats({2, 3, 5, 7})}},
      {"nn.AdaptiveAvgPool2d((3, 9))",
       [] {
         return nn::AdaptiveAvgPool2d({3, 9});
       },
       {floats({3, 5, 7})}},
      {"nn.AdaptiveMaxPool1d(3)", [] { return nn::AdaptiveMaxPool1d(3); }, {floats({2, 3, 7})}},
      {"nn.AdaptiveMaxPool2d((3, 9))",
       [] {
         return nn::AdaptiveMaxPool2d({3, 9});
       },
       {floats({3, 5, 7})}},
      // ---- convolutions
      {"nn.Conv1d(2, 4, 3)", [] { return nn::Conv1d(2, 4, 3); }, {floats({3, 2, 7})}},
      {"nn.Conv1d(4, 6, 2, stride=3, padding=2, dilation=2, groups=2, bias=False)",
       [] { return nn::Conv1d(4, 6, 2, {.stride = 3, .padding = 2, .dilation = 2, .groups = 2, .bias = false}); },
       {floats({2, 4, 9})}},
      {"nn.Conv1d(2, 3, 4, padding='same')",
       [] { return nn::Conv1d(2, 3, 4, {.padding = "same"}); },
       {floats({2, 2, 7})}},
      {"nn.Conv1d(2, 3, 3, padding='valid')",
       [] { return nn::Conv1d(2, 3, 3, {.padding = "valid"}); },
       {floats({2, 7})}},
      {"nn.Conv1d(2, 3, 4, padding='same', padding_mode='replicate')",
       [] { return nn::Conv1d(2, 3, 4, {.padding = "same", .padding_mode = "replicate"}); },
       {floats({2, 2, 7})}},
      {"nn.Conv2d(1, 2, 3)", [] { return nn::Conv2d(1, 2, 3); }, {floats({2, 1, 5, 6})}},
      {"nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)",
       [] {
         return nn::Conv2d(2, 4, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2});
       },
       {floats({2, 2, 5, 6})}},
      {"nn.Conv2d(3, 3, 3, padding='same', dilation=2, groups=3, bias=False)",
       [] { return nn::Conv2d(3, 3, 3, {.padding = "same", .dilation = 2, .groups = 3, .bias = false}); },
       {floats({2, 5, 4, 3}).permute({0, 3, 1, 2})}},
      {"nn.Conv2d(2, 3, (2, 4), padding='same')",
       [] {
         return nn::Conv2d(2, 3, {2, 4}, {.padding = "same"});
       },
       {floats({2, 2, 5, 6})}},
      {"nn.Conv2d(2, 3, 3, padding=(2, 1), padding_mode='circular')",
       [] {
         return nn::Conv2d(2, 3, 3, {.padding = {2, 1}, .padding_mode = "circular"});
       },
       {floats({2, 2, 5, 6})}},
      {"nn.Conv2d(2, 3, 3, stride=2, padding=1, padding_mode='reflect')",
       [] { return nn::Conv2d(2, 3, 3, {.stride = 2, .padding = 1, .padding_mode = "reflect"}); },
       {floats({2, 5, 6})}},
      // ---- recurrent networks
      {"nn.LSTM(3, 4)", [] { return nn::LSTM(3, 4); }, {floats({5, 2, 3})}},
      {"nn.LSTM(3, 4, num_layers=2, bias=False, batch_first=True, dropout=0.4, bidirectional=True)",
       [] {
         return nn::LSTM(3, 4,
                         {.num_layers = 2, .bias = false, .batch_first = true, .dropout = 0.4, .bidirectional = true});
       },
       {floats({2, 5, 3})}},
      {"nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2)",
       [] { return nn::LSTM(3, 4, {.num_layers = 2, .bidirectional = true, .proj_size = 2}); },
       {floats({5, 2, 3}), floats({4, 2, 2}), floats({4, 2, 4}, 1)},
       true,
       "lambda m, x, h, c: m(x, (h, c))",
       [](const auto& in) {
         return std::vector<Value>{in[0], Tuple{in[1], in[2]}};
       }},
      {"nn.LSTM(3, 4, dropout=0.4, num_layers=2)",
       [] { return nn::LSTM(3, 4, {.num_layers = 2, .dropout = 0.4}); },
       {floats({5, 3})},
       false},
      {"nn.GRU(3, 4)", [] { return nn::GRU(3, 4); }, {floats({5, 2, 3})}},
      {"nn.GRU(3, 4, num_layers=3, bias=False, batch_first=True, dropout=0.4, bidirectional=True)",
       [] {
         return nn::GRU(3, 4,
                        {.num_layers = 3, .bias = false, .batch_first = true, .dropout = 0.4, .bidirectional = true});
       },
       {floats({2, 5, 3})}},
      {"nn.GRU(3, 4)", [] { return nn::GRU(3, 4); }, {floats({5, 3}), floats({1, 4})}},
      // ---- attention
      {"nn.MultiheadAttention(6, 2)",
       [] { return nn::MultiheadAttention(6, 2); },
       {floats({3, 2, 6}), floats({4, 2, 6}, 1), floats({4, 2, 6}, 2)}},
      {"nn.MultiheadAttention(6, 3, dropout=0.3, bias=False, batch_first=True)",
       [] { return nn::MultiheadAttention(6, 3, {.dropout = 0.3, .bias = false, .batch_first = true}); },
       {floats({2, 4, 6})},
       true,
       "lambda m, x: m(x, x, x)",
       [](const auto& in) {
         return std::vector<Value>{in[0], in[0], in[0]};
       }},
      {"nn.MultiheadAttention(6, 2, add_bias_kv=True, add_zero_attn=True, kdim=3, vdim=5)",
       [] { return nn::MultiheadAttention(6, 2, {.add_bias_kv = true, .add_zero_attn = true, .kdim = 3, .vdim = 5}); },
       {floats({3, 2, 6}), floats({4, 2, 3}, 1), floats({4, 2, 5}, 2), gt(floats({2, 4}), tensor(1.0)),
        floats({4, 3, 4})},
       true,
       "lambda m, q, k, v, hidden, mask: m(q, k, v, key_padding_mask=hidden, attn_mask=mask, "
       "average_attn_weights=False)",
       [](const auto& in) {
         return std::vector<Value>{
             in[0], in[1], in[2],
             Dict{{"key_padding_mask", in[3]}, {"attn_mask", in[4]}, {"average_attn_weights", false}}};
       }},
      {"nn.MultiheadAttention(4, 2, batch_first=True)",
       [] { return nn::MultiheadAttention(4, 2, {.batch_first = true}); },
       {floats({3, 4}), gt(floats({3, 3}), tensor(1.0))},
       true,
       "lambda m, x, mask: m(x, x, x, attn_mask=mask, need_weights=False)",
       [](const auto& in) {
         return std::vector<Value>{in[0], in[0], in[0], Dict{{"attn_mask", in[1]}, {"need_weights", false}}};
       }},
      // ---- encoders
      {"nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0)",
       [] { return nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 8, .dropout = 0}); },
       {floats({3, 2, 6})}},
      {"nn.TransformerEncoderLayer(6, 3, 8, dropout=0.3, activation='gelu', layer_norm_eps=0.1, batch_first=True, "
       "norm_first=True)",
       [] {
         return nn::TransformerEncoderLayer(6, 3,
                                            {.dim_feedforward = 8,
                                             .dropout = 0.3,
                                             .activation = "gelu",
                                             .layer_norm_eps = 0.1,
                                             .batch_first = true,
                                             .norm_first = true});
       },
       {floats({2, 4, 6})}},
      {"nn.TransformerEncoderLayer(4, 2, 6, bias=False)",
       [] { return nn::TransformerEncoderLayer(4, 2, {.dim_feedforward = 6, .bias = false}); },
       {floats({3, 4})},
       false},
      {"nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True), 2, nn.LayerNorm(4))",
       [] {
         const nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 6, .dropout = 0, .batch_first = true});
         return nn::TransformerEncoder(layer, 2, nn::LayerNorm(4));
       },
       {floats({2, 3, 4}), gt(floats({3, 3}), tensor(1.0)), gt(floats({2, 3}, -1), tensor(0.6))},
       true,
       "lambda m, x, mask, hidden: m(x, mask=mask, src_key_padding_mask=hidden)",
       [](const auto& in) {
         return std::vector<Value>{in[0], Dict{{"mask", in[1]}, {"src_key_padding_mask", in[2]}}};
       }},
      {"nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 1, 6, 0.2), 3)",
       [] {
         return nn::TransformerEncoder(nn::TransformerEncoderLayer(4, 1, {.dim_feedforward = 6, .dropout = 0.2}), 3);
       },
       {floats({3, 2, 4})}},
      {"nn.Identity()", [] { return nn::Identity(); }, {x}},
      {"nn.Flatten()", [] { return nn::Flatten(); }, {floats({2, 3, 2})}},
      {"nn.Flatten(0, 1)", [] { return nn::Flatten(0, 1); }, {floats({2, 3, 2}).permute({2, 0, 1})}},
      {"nn.Unflatten(1, (2, 3))",
       [] {
         return nn::Unflatten(1, {2, 3});
       },
       {x}},
      {"nn.Unflatten(-1, (-1, 2))",
       [] {
         return nn::Unflatten(-1, {-1, 2});
       },
       {x}},
      // ---- containers
      {"nn.Sequential()", [] { return nn::Sequential(); }, {x}},
      {"nn.Sequential(nn.Linear(6, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1)))",
       [] {
         return nn::Sequential{nn::Linear(6, 3), nn::Sequential{nn::Tanh(), nn::Linear(3, 1)}};
       },
       {x}},
      {"nn.Sequential(OrderedDict([('fc', nn.Linear(6, 3)), ('act', nn.Tanh())]))",
       [] {
         return nn::Sequential({{"fc", nn::Linear(6, 3)}, {"act", nn::Tanh()}});
       },
       {x}},
      {"nn.ModuleList([nn.Linear(2, 1), nn.ModuleList([nn.ReLU()])])",
       [] {
         return nn::ModuleList{nn::Linear(2, 1), nn::ModuleList{nn::ReLU()}};
       },
       {}},
      {"nn.ModuleDict({'b': nn.Linear(2, 1), 'a': nn.ReLU()})",
       [] {
         return nn::ModuleDict({{"b", nn::Linear(2, 1)}, {"a", nn::ReLU()}});
       },
       {}},
      // ---- activations
      {"nn.ReLU()", [] { return nn::ReLU(); }, {x}},
      {"nn.ReLU(inplace=True)", [] { return nn::ReLU(true); }, {x}},
      {"nn.ReLU6()", [] { return nn::ReLU6(); }, {floats({3, 9}, 4)}},
      {"nn.LeakyReLU()", [] { return nn::LeakyReLU(); }, {x}},
      {"nn.LeakyReLU(0.2, inplace=True)", [] { return nn::LeakyReLU(0.2, true); }, {x}},
      {"nn.ELU()", [] { return nn::ELU(); }, {x}},
      {"nn.ELU(alpha=0.5)", [] { return nn::ELU(0.5); }, {x.t()}},
      {"nn.SELU()", [] { return nn::SELU(); }, {x}},
      {"nn.CELU()", [] { return nn::CELU(); }, {x}},
      {"nn.CELU(alpha=2.5, inplace=True)", [] { return nn::CELU(2.5, true); }, {x}},
      {"nn.GELU()", [] { return nn::GELU(); }, {x}},
      {"nn.GELU(approximate='tanh')", [] { return nn::GELU("tanh"); }, {x}},
      {"nn.SiLU()", [] { return nn::SiLU(); }, {x}},
      {"nn.Mish()", [] { return nn::Mish(); }, {x}},
      {"nn.Sigmoid()", [] { return nn::Sigmoid(); }, {x}},
      {"nn.Tanh()", [] { return nn::Tanh(); }, {x}},
      {"nn.Hardsigmoid()", [] { return nn::Hardsigmoid(); }, {floats({3, 9}, -2)}},
      {"nn.Hardswish()", [] { return nn::Hardswish(); }, {floats({3, 9}, -2)}},
      {"nn.Hardswish(inplace=True)", [] { return nn::Hardswish(true); }, {floats({3, 9}, 2)}},
      {"nn.Hardtanh()", [] { return nn::Hardtanh(); }, {x}},
      {"nn.Hardtanh(-0.3, 1.1, inplace=True)", [] { return nn::Hardtanh(-0.3, 1.1, true); }, {x}},
      {"nn.Softplus(1.0, 20.0)", [] { return nn::Softplus(); }, {x}},
      {"nn.Softplus(beta=2.0, threshold=1.0)", [] { return nn::Softplus(2, 1); }, {x}},
      {"nn.Softsign()", [] { return nn::Softsign(); }, {x}},
      {"nn.LogSigmoid()", [] { return nn::LogSigmoid(); }, {x}},
      {"nn.Softmax()", [] { return nn::Softmax(); }, {x}},
      {"nn.Softmax(dim=0)", [] { return nn::Softmax(0); }, {x}},
      {"nn.Softmax(dim=-1)", [] { return nn::Softmax(-1); }, {floats({2, 3, 5})}},
      {"nn.LogSoftmax()", [] { return nn::LogSoftmax(); }, {floats({2, 3, 5})}},
      {"nn.LogSoftmax(dim=1)", [] { return nn::LogSoftmax(1); }, {x}},
      {"nn.PReLU()", [] { return nn::PReLU(); }, {x}},
      {"nn.PReLU(6, init=0.1)", [] { return nn::PReLU(6, 0.1); }, {x}},
      // ---- dropout
      {"nn.Dropout()", [] { return nn::Dropout(); }, {floats({20, 30})}},
      {"nn.Dropout(0.3)", [] { return nn::Dropout(0.3); }, {floats({20, 30})}},
      {"nn.Dropout(0.0)", [] { return nn::Dropout(0); }, {x}},
      {"nn.Dropout(0.3)", [] { return nn::Dropout(0.3); }, {x}, false},
      {"nn.Dropout(0.3)", [] { return nn::Dropout(0.3); }, {floats({5, 6, 7}).transpose(0, 2)}},
      {"nn.AlphaDropout(0.3)", [] { return nn::AlphaDropout(0.3); }, {floats({5, 6}).t()}},
      {"nn.Dropout(1.0)", [] { return nn::Dropout(1); }, {x}},
      {"nn.Dropout(0.4, inplace=True)", [] { return nn::Dropout(0.4, true); }, {x}},
      {"nn.Dropout1d()", [] { return nn::Dropout1d(); }, {floats({5, 6, 7})}},
      {"nn.Dropout1d(0.2)", [] { return nn::Dropout1d(0.2); }, {floats({30, 7})}},
      {"nn.Dropout1d(0.2)", [] { return nn::Dropout1d(0.2); }, {floats({30, 7})}, false},
      {"nn.Dropout2d(0.3, inplace=True)", [] { return nn::Dropout2d(0.3, true); }, {floats({5, 6, 2, 3})}},
      {"nn.Dropout2d(1.0)", [] { return nn::Dropout2d(1); }, {floats({5, 6, 2, 3})}},
      {"nn.AlphaDropout()", [] { return nn::AlphaDropout(); }, {floats({20, 30})}},
      {"nn.AlphaDropout(0.1)", [] { return nn::AlphaDropout(0.1); }, {floats({20, 30})}},
      {"nn.AlphaDropout(0.1)", [] { return nn::AlphaDropout(0.1); }, {floats({20, 30})}, false},
      {"nn.AlphaDropout(1.0)", [] { return nn::AlphaDropout(1); }, {x}},
      {"EmbeddingDropout(nn.Embedding(9, 4), 0.4)",
       [] { return nn::EmbeddingDropout(nn::Embedding(9, 4), 0.4); },
       {ids({{0, 4, 5, 8, 1}, {4, 2, 0, 3, 3}})}},
      {"EmbeddingDropout(nn.Embedding(9, 4, padding_idx=3), 0.4)",
       [] { return nn::EmbeddingDropout(nn::Embedding(9, 4, {.padding_idx = 3}), 0.4); },
       {ids({{0, 4, 5, 8, 1}, {4, 2, 0, 3, 3}})},
       false},
      // ---- norms
      {"nn.BatchNorm1d(6)", [] { return nn::BatchNorm1d(6); }, {x}},
      {"nn.BatchNorm1d(6)", [] { return nn::BatchNorm1d(6); }, {x}, false},
      {"nn.BatchNorm1d(3, eps=0.01, momentum=0.3)",
       [] { return nn::BatchNorm1d(3, {.eps = 0.01, .momentum = 0.3}); },
       {floats({4, 3, 5}, 7)}},
      {"nn.BatchNorm1d(6, momentum=None)", [] { return nn::BatchNorm1d(6, {.momentum = {}}); }, {x}},
      {"nn.BatchNorm1d(6, affine=False)", [] { return nn::BatchNorm1d(6, {.affine = false}); }, {x}},
      {"nn.BatchNorm1d(6, track_running_stats=False)",
       [] { return nn::BatchNorm1d(6, {.track_running_stats = false}); },
       {x},
       false},
      {"nn.BatchNorm1d(6, bias=False)", [] { return nn::BatchNorm1d(6, {.bias = false}); }, {x}},
      {"nn.BatchNorm2d(3)", [] { return nn::BatchNorm2d(3); }, {floats({2, 3, 4, 5}, -3)}},
      {"nn.BatchNorm2d(3, affine=False, track_running_stats=False)",
       [] { return nn::BatchNorm2d(3, {.affine = false, .track_running_stats = false}); },
       {floats({2, 3, 4, 5})}},
      {"nn.LayerNorm(6)", [] { return nn::LayerNorm(6); }, {x}},
      {"nn.LayerNorm((3, 5), eps=0.01)",
       [] {
         return nn::LayerNorm({3, 5}, {.eps = 0.01});
       },
       {floats({2, 3, 5}, 2)}},
      {"nn.LayerNorm(6, elementwise_affine=False)",
       [] { return nn::LayerNorm(6, {.elementwise_affine = false}); },
       {x}},
      {"nn.LayerNorm(6, bias=False)", [] { return nn::LayerNorm(6, {.bias = false}); }, {x}},
      {"nn.RMSNorm(6)", [] { return nn::RMSNorm(6); }, {x}},
      {"nn.RMSNorm((3, 5), eps=0.01)",
       [] {
         return nn::RMSNorm({3, 5}, {.eps = 0.01});
       },
       {floats({2, 3, 5}, 9)}},
      {"nn.RMSNorm(6, elementwise_affine=False)", [] { return nn::RMSNorm(6, {.elementwise_affine = false}); }, {x}},
      {"nn.GroupNorm(2, 6)", [] { return nn::GroupNorm(2, 6); }, {x}},
      {"nn.GroupNorm(3, 6, eps=0.1)", [] { return nn::GroupNorm(3, 6, {.eps = 0.1}); }, {floats({2, 6, 3, 2}, 5)}},
      {"nn.GroupNorm(2, 6, affine=False)", [] { return nn::GroupNorm(2, 6, {.affine = false}); }, {floats({2, 6, 3})}},
      {"nn.GroupNorm(2, 6, bias=False)", [] { return nn::GroupNorm(2, 6, {.bias = false}); }, {floats({2, 6, 3})}},
      // ---- losses
      {"nn.MSELoss()", [] { return nn::MSELoss(); }, {x, floats({4, 6}, 1)}},
      {"nn.MSELoss(reduction='sum')", [] { return nn::MSELoss(Reduction::sum); }, {x, floats({4, 6}, 1)}},
      {"nn.MSELoss(reduction='none')", [] { return nn::MSELoss(Reduction::none); }, {x, floats({4, 6}, 1)}},
      {"nn.L1Loss()", [] { return nn::L1Loss(); }, {x, y}},
      {"nn.L1Loss(reduction='none')", [] { return nn::L1Loss(Reduction::none); }, {x, y}},
      {"nn.SmoothL1Loss()", [] { return nn::SmoothL1Loss(); }, {x, y}},
      {"nn.SmoothL1Loss(reduction='sum', beta=0.4)", [] { return nn::SmoothL1Loss(Reduction::sum, 0.4); }, {x, y}},
      {"nn.HuberLoss()", [] { return nn::HuberLoss(); }, {x, y}},
      {"nn.HuberLoss(reduction='none', delta=0.4)", [] { return nn::HuberLoss(Reduction::none, 0.4); }, {x, y}},
      {"nn.BCELoss()", [] { return nn::BCELoss(); }, {sigmoid(x), sigmoid(y)}},
      {"nn.BCELoss(weight=torch.tensor([1.0, 2, 3, 4, 5, 6]), reduction='sum')",
       [] {
         return nn::BCELoss(Reduction::sum, tensor({1.0, 2, 3, 4, 5, 6}));
       },
       {sigmoid(x), sigmoid(y)}},
      {"nn.BCEWithLogitsLoss()", [] { return nn::BCEWithLogitsLoss(); }, {x, sigmoid(y)}},
      {"nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2, 3, 4, 5, 6]))",
       [] {
         return nn::BCEWithLogitsLoss(Reduction::mean, {}, tensor({1.0, 2, 3, 4, 5, 6}));
       },
       {x, sigmoid(y)}},
      {"nn.BCEWithLogitsLoss(weight=torch.tensor([[0.5], [2], [1], [3]]), reduction='none')",
       [] {
         return nn::BCEWithLogitsLoss(Reduction::none, tensor({{0.5}, {2}, {1}, {3}}));
       },
       {x, sigmoid(y)}},
      {"nn.CrossEntropyLoss()", [] { return nn::CrossEntropyLoss(); }, {x, ids({5, 0, 2, 2})}},
      {"nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2, 3, 4, 5, 6]), ignore_index=2, label_smoothing=0.1)",
       [] {
         return nn::CrossEntropyLoss(
             {.weight = tensor({1.0, 2, 3, 4, 5, 6}), .ignore_index = 2, .label_smoothing = 0.1});
       },
       {x, ids({5, 0, 2, 2})}},
      {"nn.CrossEntropyLoss(reduction='none', label_smoothing=0.2)",
       [] { return nn::CrossEntropyLoss({.reduction = Reduction::none, .label_smoothing = 0.2}); },
       {x, softmax(y, 1)}},
      {"nn.CrossEntropyLoss(reduction='sum')",
       [] { return nn::CrossEntropyLoss({.reduction = Reduction::sum}); },
       {floats({2, 3, 2}), ids({{1, 0}, {2, 2}})}},
      {"nn.NLLLoss()", [] { return nn::NLLLoss(); }, {log_softmax(x, 1), ids({5, 0, 2, 2})}},
      {"nn.NLLLoss(weight=torch.tensor([1.0, 2, 3, 4, 5, 6]), ignore_index=0, reduction='none')",
       [] {
         return nn::NLLLoss({.weight = tensor({1.0, 2, 3, 4, 5, 6}), .ignore_index = 0, .reduction = Reduction::none});
       },
       {log_softmax(x, 1), ids({5, 0, 2, 2})}},
      {"nn.KLDivLoss()", [] { return nn::KLDivLoss(); }, {log_softmax(x, 1), softmax(y, 1)}},
      {"nn.KLDivLoss(reduction='batchmean', log_target=True)",
       [] { return nn::KLDivLoss(Reduction::batchmean, true); },
       {log_softmax(x, 1), log_softmax(y, 1)}},
      {"nn.CosineEmbeddingLoss()", [] { return nn::CosineEmbeddingLoss(); }, {x, y, ids({1, -1, -1, 1})}},
      {"nn.CosineEmbeddingLoss(margin=-0.2, reduction='none')",
       [] { return nn::CosineEmbeddingLoss(-0.2, Reduction::none); },
       {x, y, ids({1, -1, -1, 1})}},
      {"nn.TripletMarginLoss()", [] { return nn::TripletMarginLoss(); }, {x, y, floats({6, 4}).t()}},
      {"nn.TripletMarginLoss(margin=2.0, p=1.0, eps=1e-5, swap=True, reduction='none')",
       [] {
         return nn::TripletMarginLoss({.margin = 2, .p = 1, .eps = 1e-5, .swap = true, .reduction = Reduction::none});
       },
       {x, y, floats({6, 4}).t()}},
  };
}

// A gradient for the output that is different for each element, and the same in Python.
inline Tensor some_gradient(const Tensor& out) {
  return samples::some({out.numel()}, 0.5).view(out.sizes()).to(out.dtype());
}

// All tensors of a result, in order, joined to one row; a single one as it is.
inline void gather(const Value& result, std::vector<Tensor>& found) {
  if (result.is_tensor()) return found.push_back(result.to_tensor().flatten());
  for (size_t i = 0; !result.is_none() && i < result.size(); ++i) gather(result[i], found);
}
inline Tensor joined(const Value& result) {
  if (result.is_tensor()) return result.to_tensor();
  std::vector<Tensor> found;
  gather(result, found);
  return cat(found);
}

// The arguments of the case that `python` and `python_call` name.
inline std::vector<Value> arguments_of(const std::string& python, const std::string& python_call,
                                       std::vector<Value> inputs) {
  if (python_call.empty()) return inputs;
  for (const LayerCase& one : layer_cases()) {
    if (one.python == python && one.python_call == python_call) return one.arguments(inputs);
  }
  throw Error(ErrorKind::internal, "no such case of a layer").found(python);
}

// What a module gives for its inputs, the gradients it gives to them and to its parameters, and what became of its
// buffers. An input of floating point gets a gradient.
inline Dict run_case(const nn::AnyModule& module, const std::vector<Tensor>& given, uint64_t seed,
                     const std::string& python = {}, const std::string& python_call = {}) {
  std::vector<Value> inputs;
  List of_inputs;
  Dict of_parameters, buffers;
  for (const Tensor& tensor : given) {
    const Tensor input = tensor.detach();
    inputs.emplace_back(is_floating_point(input.dtype()) ? input.requires_grad_() : input);
  }
  manual_seed(seed);
  const Tensor out = joined(module.call(arguments_of(python, python_call, inputs)));
  if (out.requires_grad()) out.backward(some_gradient(out));
  for (const Value& input : inputs) of_inputs.push_back(input.to_tensor().grad());
  for (const auto& [name, tensor] : module.named_parameters()) of_parameters.set(name, tensor.grad());
  for (const auto& [name, tensor] : module.named_buffers()) buffers.set(name, tensor.clone());
  return Dict{
      {"output", out.detach()}, {"of_inputs", of_inputs}, {"of_parameters", of_parameters}, {"buffers", buffers}};
}

}  // namespace okibi::testing_help
