// An optimizer of any class by its name in Python, with its default options.
#pragma once

#include <okibi/optim.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace okibi::samples {

using optim::Group;
using Groups = std::vector<Group>;
using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(Groups)>;
inline const std::map<std::string, MakeOptimizer>& optimizers() {
  static const std::map<std::string, MakeOptimizer> all = {
      {"SGD", [](Groups groups) { return std::make_unique<optim::SGD>(std::move(groups)); }},
      {"Adam", [](Groups groups) { return std::make_unique<optim::Adam>(std::move(groups)); }},
      {"AdamW", [](Groups groups) { return std::make_unique<optim::AdamW>(std::move(groups)); }},
      {"SparseAdam", [](Groups groups) { return std::make_unique<optim::SparseAdam>(std::move(groups)); }},
      {"Adagrad", [](Groups groups) { return std::make_unique<optim::Adagrad>(std::move(groups)); }},
      {"RowwiseAdagrad", [](Groups groups) { return std::make_unique<optim::RowwiseAdagrad>(std::move(groups)); }},
      {"RMSprop", [](Groups groups) { return std::make_unique<optim::RMSprop>(std::move(groups)); }},
  };
  return all;
}

}  // namespace okibi::samples
