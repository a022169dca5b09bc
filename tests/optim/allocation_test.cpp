// A step in the steady state asks the system for nothing: neither through operator new, which is counted here for the
// whole program, nor through the pool of tensors.
#include <gtest/gtest.h>
#include <okibi/optim.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tensor/pool.h"

namespace {
std::atomic<size_t> count_of_new = 0;
}

// Not inlined: GCC would see free() meet what it takes for its own operator new.
[[gnu::noinline]] void* operator new(size_t size) {
  ++count_of_new;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace okibi {
namespace {

template <class Work>
size_t allocations_of(Work&& work) {
  const size_t before = count_of_new + pool::system_allocations();
  work();
  return count_of_new + pool::system_allocations() - before;
}

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
