// The list of cases, which the comparison with PyTorch walks, leaves no layer out.
#include "nn/layer_cases.h"

#include <gmock/gmock.h>

#include <set>

#include "nn/layer_table.h"

namespace okibi {
namespace {

TEST(LayerCases, AreThereForEveryLayerOfTheTable) {
  std::set<std::string, std::less<>> seen;
  for (const testing_help::LayerCase& one : testing_help::layer_cases()) {
    for (const auto& [path, module] : one.make().named_modules()) seen.insert(module.python_class());
  }
  for (const nn::Layer& layer : nn::layers()) {
    EXPECT_TRUE(seen.contains(layer.python_class)) << layer.python_class << " has no case in tests/nn/layer_cases.h";
  }
}

}  // namespace
}  // namespace okibi
