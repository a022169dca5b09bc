// In the steady state a plan takes all its memory from what earlier calls gave back.
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/nn.h>
#include <okibi/ops.h>

#include "tensor/allocations.h"

namespace okibi {
namespace {

jit::Module network() {
  nn::Sequential model{nn::Conv2d(3, 8, 3, {.padding = 1}),
                       nn::BatchNorm2d(8),
                       nn::ReLU(),
                       nn::Conv2d(8, 8, 3, {.padding = 1, .groups = 8}),
                       nn::ReLU6(),
                       nn::AdaptiveAvgPool2d(1),
                       nn::Flatten(),
                       nn::Linear(8, 10),
                       nn::Softmax(1)};
  model.eval();
  return jit::script(model);
}

// What oneDNN takes for a call of its own is not okibi's: without it, nothing is left.
TEST(Allocations, APlanHasNoneInTheSteadyState) {
  const auto file = std::make_shared<Buffer>();
  jit::save(network(), *file);
  const jit::Module module = jit::load(file, {.exact = true});
  const std::vector<Value> inputs{rand({2, 3, 20, 24})};
  Value result;
  for (int call = 0; call < 4; ++call) result = module.forward(inputs);
  EXPECT_GT(allocations_of([&] { repr(result); }), 0u);
  EXPECT_LE(allocations_of([&] { result = module.forward(inputs); }), 1u);  // the vector that forward() is given
}

}  // namespace
}  // namespace okibi
