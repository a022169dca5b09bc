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
};

inline Tensor floats(Dims sizes, double shift = 0) { return samples::some(std::move(sizes), shift).to(float32); }

inline std::vector<LayerCase> layer_cases() {
  using samples::ids;
  const Tensor x = floats({4, 6});
  return {
      {"nn.Module()", [] { return nn::Module(); }, {}},
      {"nn.Embedding(5, 3)", [] { return nn::Embedding(5, 3); }, {ids({{0, 4}, {4, 2}})}},
      {"nn.Embedding(5, 3, padding_idx=-1, norm_type=1.0, scale_grad_by_freq=True)",
       [] { return nn::Embedding(5, 3, {.padding_idx = -1, .norm_type = 1, .scale_grad_by_freq = true}); },
       {ids({{0, 4}, {0, 2}})}},
      {"nn.EmbeddingBag(5, 3)", [] { return nn::EmbeddingBag(5, 3); }, {}},  // does: tests/interop/embeddings.py
      {"nn.Linear(6, 2)", [] { return nn::Linear(6, 2); }, {x}},
      {"nn.Linear(6, 2, bias=False)", [] { return nn::Linear(6, 2, {.bias = false}); }, {x}},
      {"nn.Identity()", [] { return nn::Identity(); }, {x}},
      {"nn.Flatten()", [] { return nn::Flatten(); }, {floats({2, 3, 2})}},
      {"nn.Flatten(0, 1)", [] { return nn::Flatten(0, 1); }, {floats({2, 3, 2}).permute({2, 0, 1})}},
      {"nn.Unflatten(1, (2, 3))", [] { return nn::Unflatten(1, {2, 3}); }, {x}},
      {"nn.Unflatten(-1, (-1, 2))", [] { return nn::Unflatten(-1, {-1, 2}); }, {x}},
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
      // ---- losses
      {"nn.MSELoss()", [] { return nn::MSELoss(); }, {x, floats({4, 6}, 1)}},
      {"nn.MSELoss(reduction='sum')", [] { return nn::MSELoss(Reduction::sum); }, {x, floats({4, 6}, 1)}},
      {"nn.MSELoss(reduction='none')", [] { return nn::MSELoss(Reduction::none); }, {x, floats({4, 6}, 1)}},
      {"nn.BCEWithLogitsLoss()", [] { return nn::BCEWithLogitsLoss(); }, {x, sigmoid(floats({4, 6}, 1))}},
  };
}

// A gradient for the output that is different for each element, and the same in Python.
inline Tensor some_gradient(const Tensor& out) {
  return samples::some({out.numel()}, 0.5).view(out.sizes()).to(out.dtype());
}

// What a module gives for its inputs, the gradients it gives to them and to its parameters, and what became of its
// buffers. An input of floating point gets a gradient.
inline Dict run_case(const nn::AnyModule& module, const std::vector<Tensor>& given, uint64_t seed) {
  std::vector<Value> inputs;
  List of_inputs;
  Dict of_parameters, buffers;
  for (const Tensor& tensor : given) {
    const Tensor input = tensor.detach();
    inputs.emplace_back(is_floating_point(input.dtype()) ? input.requires_grad_() : input);
  }
  manual_seed(seed);
  const Tensor out = module.call(inputs).to_tensor();
  if (out.requires_grad()) out.backward(some_gradient(out));
  for (const Value& input : inputs) of_inputs.push_back(input.to_tensor().grad());
  for (const auto& [name, tensor] : module.named_parameters()) of_parameters.set(name, tensor.grad());
  for (const auto& [name, tensor] : module.named_buffers()) buffers.set(name, tensor.clone());
  return Dict{
      {"output", out.detach()}, {"of_inputs", of_inputs}, {"of_parameters", of_parameters}, {"buffers", buffers}};
}

}  // namespace okibi::testing_help
