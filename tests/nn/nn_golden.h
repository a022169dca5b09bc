// The model of tests/golden/make_nn_golden.py, and what PyTorch 2.15 says of it.
#pragma once

#include <okibi/nn.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace okibi::testing_help {

inline const nlohmann::json& nn_golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(OKIBI_GOLDEN "/nn.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8, {.padding_idx = -22}};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Dropout(0.1),
                     nn::Sequential{nn::Linear(64, 1, {.bias = false}), nn::Sigmoid()}};
  nn::ModuleDict heads{{{"a", nn::Linear(1, 1)}}};
  nn::BCEWithLogitsLoss loss;
  nn::Sequential empty;
  Net() {
    register_modules(
        {{"gender", gender}, {"job", job}, {"mlp", mlp}, {"heads", heads}, {"loss", loss}, {"empty", empty}});
  }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) const {
    return mlp(okibi::cat({gender(g), job(j), x}, 1));
  }
};

}  // namespace okibi::testing_help
