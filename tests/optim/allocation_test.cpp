// An optimizer's step in the steady state asks the system for nothing.
#include "optim/samples.h"
#include "tensor/allocations.h"

namespace okibi {
namespace {

Tensor sparse_ones() {
  return sparse_coo_tensor(tensor({{5, 3, 5, 0}}), ones({4, 8}), {22, 8});
}

size_t allocations_of_a_step(optim::Optimizer& optimizer, bool sparse) {
  for (const Tensor& parameter : optimizer.parameters()) {
    parameter.set_grad(sparse ? sparse_ones() : ones(parameter.sizes()));
  }
  optimizer.step();  // makes the state
  optimizer.step();  // and the lists of the thread's pool
  return allocations_of([&] { optimizer.step(); });
}

TEST(Optimizers, AllocateNothingInTheSteadyState) {
  EXPECT_GT(allocations_of([] { repr(Value("the counter counts")); }), 0u);
  const Dict all = {
      {"momentum", 0.9}, {"nesterov", true}, {"amsgrad", true}, {"centered", true}, {"weight_decay", 0.1}};
  for (const auto& [name, make] : samples::optimizers()) {
    SCOPED_TRACE(name);
    if (name == "SparseAdam") continue;
    const auto parameters = [] {
      return std::vector<Tensor>{zeros({22, 8}).requires_grad_(), zeros({64}).requires_grad_()};
    };
    EXPECT_EQ(allocations_of_a_step(*make({{.params = parameters()}}), false), 0u);
    EXPECT_EQ(allocations_of_a_step(*make({{.params = parameters(), .options = all}}), false), 0u);
  }
}

TEST(Optimizers, AllocateNothingForSparseRowsEither) {
  const auto steps = [](const char* name, Dict options = Dict()) {
    SCOPED_TRACE(name);
    const Tensor table = zeros({22, 8}).requires_grad_();
    EXPECT_EQ(allocations_of_a_step(*samples::optimizers().at(name)({{{table}, options}}), true), 0u);
  };
  steps("SGD");
  steps("SparseAdam");
  steps("Adagrad");
  steps("RowwiseAdagrad");
  steps("SGD", {{"sparse_rows", "lazy"}, {"momentum", 0.9}});
  steps("AdamW", {{"sparse_rows", "exact_decay"}});
}

}  // namespace
}  // namespace okibi
