// Large tables, whose gradients are kept as rows: optimizers step them as if they were written out.
#include <gtest/gtest.h>
#include <okibi/base.h>
#include <okibi/nn.h>
#include <okibi/optim.h>

#include <functional>
#include <memory>

namespace okibi {
namespace {

using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(std::vector<Tensor>)>;

const std::vector<std::pair<const char*, MakeOptimizer>>& optimizers() {
  using namespace optim;
  static const std::vector<std::pair<const char*, MakeOptimizer>> all = {
      {"SGD", [](auto p) { return std::make_unique<SGD>(p, SGDOptions{.lr = 0.1}); }},
      {"SGD with momentum and decay",
       [](auto p) { return std::make_unique<SGD>(p, SGDOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01}); }},
      {"Adam", [](auto p) { return std::make_unique<Adam>(p, AdamOptions{.lr = 0.1}); }},
      {"AdamW", [](auto p) { return std::make_unique<AdamW>(p, AdamWOptions{.lr = 0.1, .amsgrad = true}); }},
      {"AdamW that catches up",
       [](auto p) {
         return std::make_unique<AdamW>(p, AdamWOptions{.lr = 0.1, .sparse_rows = SparseRows::exact_decay});
       }},
      {"Adagrad", [](auto p) { return std::make_unique<Adagrad>(p, AdagradOptions{.lr = 0.1}); }},
      {"Adagrad with decay",
       [](auto p) { return std::make_unique<Adagrad>(p, AdagradOptions{.lr = 0.1, .weight_decay = 0.1}); }},
      {"row-wise Adagrad", [](auto p) { return std::make_unique<RowwiseAdagrad>(p); }},
      {"RMSprop",
       [](auto p) {
         return std::make_unique<RMSprop>(p, RMSpropOptions{.lr = 0.1, .momentum = 0.9, .centered = true});
       }},
  };
  return all;
}

// The table after some steps. `written_out`: whoever looks at the gradient before a step gets it dense, as the step
// then.
Tensor stepped(const MakeOptimizer& make, bool written_out) {
  manual_seed(1);
  const nn::Embedding table(30'000, 12, {.padding_idx = 5});
  const auto optimizer = make(table.parameters());
  for (int i = 0; i < 3; ++i) {
    const Tensor ids = randint(0, i == 1 ? 40 : 30'000, {9000});
    optimizer->zero_grad();
    table(ids).backward(randn({9000, 12}));
    if (written_out) {
      EXPECT_FALSE(table.weight().grad().is_sparse());
    }
    optimizer->step();
  }
  return table.weight().detach();
}

TEST(TableRows, StepAsTheDenseGradientDoesBitForBit) {
  for (const auto& [name, make] : optimizers()) EXPECT_TRUE(equal(stepped(make, false), stepped(make, true))) << name;
}

TEST(TableRows, StepAlikeOnAnyNumberOfThreads) {
  const int before = num_threads();
  for (const auto& [name, make] : optimizers()) {
    set_num_threads(1);
    const Tensor alone = stepped(make, false);
    set_num_threads(3);
    EXPECT_TRUE(equal(stepped(make, false), alone)) << name;
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace okibi
