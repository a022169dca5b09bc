// A whole step of a training in the steady state asks the system for nothing: neither rows, nor nodes of the graph, nor
// gradients.
#include <gtest/gtest.h>
#include <okibi/ops.h>
#include <okibi/tabular.h>

#include "tensor/allocations.h"

namespace okibi::tabular {
namespace {

constexpr int64_t rows = 400;

// More embeddings than a node of the graph has room for edges.
const ModelShape shape = {{{"a", 3, 2}, {"b", 3, 8}, {"c", 3, 4}, {"d", 3, 1}}, 2, {16, 8}, 0.25};

Trainer new_trainer(Task task, OptimizerKind optimizer) {
  const Encoded data = {randint(0, 3, {rows, 4}), randn({rows, 2}), randint(0, 2, {rows}).to(float32)};
  return {TabularModel(shape), data, task, {.epochs = 2, .batch_size = 16, .optimizer = optimizer}};
}

TEST(Trainer, AllocatesNothingInTheSteadyState) {
  EXPECT_GT(allocations_of([] { repr(Value("the counter counts")); }), 0u);
  for (const Task task : {Task::binary, Task::regression}) {
    for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::sgd, OptimizerKind::rmsprop}) {
      Trainer trainer = new_trainer(task, optimizer);
      for (int i = 0; i < 5; ++i) trainer.step();
      EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 10; ++i) trainer.step();
                }),
                0u);
    }
  }
}

}  // namespace
}  // namespace okibi::tabular
