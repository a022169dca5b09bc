// An optimizer's step in the steady state asks the system for nothing.
#include <gtest/gtest.h>
#include <okibi/optim.h>

#include "tensor/allocations.h"

namespace okibi {
namespace {

size_t allocations_of_a_step(optim::Optimizer& optimizer) {
  for (const Tensor& parameter : optimizer.parameters()) parameter.set_grad(ones(parameter.sizes()));
  optimizer.step();  // makes the state
  return allocations_of([&] { optimizer.step(); });
}

std::vector<Tensor> parameters() { return {zeros({22, 8}).requires_grad_(), zeros({64}).requires_grad_()}; }

TEST(Optimizers, AllocateNothingInTheSteadyState) {
  EXPECT_GT(allocations_of([] { repr(Value("the counter counts")); }), 0u);
  optim::Adam adam(parameters());
  optim::SGD plain(parameters()), momentum(parameters(), {.momentum = 0.9, .nesterov = true});
  EXPECT_EQ(allocations_of_a_step(adam), 0u);
  EXPECT_EQ(allocations_of_a_step(plain), 0u);
  EXPECT_EQ(allocations_of_a_step(momentum), 0u);
}

}  // namespace
}  // namespace okibi
