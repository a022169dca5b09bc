#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/ops.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tabular/csv_text.h"
#include "tabular/sampler.h"
#include "tensor/expect_error.h"

namespace okibi::tabular {
namespace {

const ModelShape shape = {{{"a", 3, 2}}, 1, {8}, 0.5};

// 25 rows: with batches of 8, an epoch has 4 steps, the last of one row.
Encoded rows_to_learn() {
  manual_seed(99);
  return {randint(0, 3, {25, 1}), randn({25, 1}), randint(0, 2, {25}).to(float32)};
}

Trainer new_trainer(const TrainOptions& options) {
  const Encoded data = rows_to_learn();
  manual_seed(1);
  return {TabularModel(shape), data, Task::binary, options};
}

TrainOptions options_for(OptimizerKind optimizer) {
  return {.epochs = 3,
          .batch_size = 8,
          .optimizer = optimizer,
          .lr = 0.05,
          .momentum = optimizer == OptimizerKind::sgd || optimizer == OptimizerKind::rmsprop ? 0.9 : 0,
          .weight_decay = 0.01};
}

void expect_same_tensors(const Value& a, const Value& b, const std::string& place) {
  if (a.is_tensor()) {
    EXPECT_TRUE(equal(a.to_tensor(), b.to_tensor())) << place;
  } else if (a.is_dict()) {
    ASSERT_EQ(a.size(), b.size()) << place;
    for (const auto& [key, value] : a.to_dict()) expect_same_tensors(value, b.to_dict()[key], place + "." + repr(key));
  } else {
    EXPECT_EQ(repr(a), repr(b)) << place;
  }
}

TEST(Sampler, GivesTheOrderOfPyTorchsDataLoader) {
  std::ifstream file(OKIBI_GOLDEN "/loader_order.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  ASSERT_FALSE(golden["cases"].empty());
  for (const auto& one : golden["cases"]) {
    Generator generator(one["seed"].get<uint64_t>());
    for (const auto& epoch : one["epochs"]) {
      std::vector<int64_t> expected;
      for (const auto& batch : epoch) expected.insert(expected.end(), batch.begin(), batch.end());
      EXPECT_EQ(shuffled_rows(one["rows"], draw_sampler_seed(generator)), expected) << one["seed"];
    }
  }
}

// With a learning rate of 0 the output is the same for all rows, so that each loss tells which rows the batch held.
TEST(Trainer, TakesTheRowsInTheOrderOfTheSampler) {
  const Encoded data = {zeros({7, 1}, {int64}), zeros({7, 0}),
                        tensor({1, 10, 100, 1000, 10000, 100000, 1000000}).to(float32)};
  const TabularModel model({{{"a", 1, 1}}, 0, {}, 0});
  const double output = model.forward(data.categorical.rows(0, 1), data.continuous.rows(0, 1)).item<double>();
  Trainer trainer(model, data, Task::regression,
                  {.epochs = 2, .batch_size = 3, .optimizer = OptimizerKind::sgd, .lr = 0});
  manual_seed(3);
  Generator same(3);
  while (!trainer.done()) {
    const std::vector<int64_t> order = shuffled_rows(7, draw_sampler_seed(same));
    for (size_t begin = 0; begin < 7; begin += 3) {
      double expected = 0;
      const size_t end = std::min<size_t>(begin + 3, 7);
      for (size_t i = begin; i < end; ++i) expected += std::pow(output - std::pow(10, order[i]), 2);
      expected /= static_cast<double>(end - begin);
      EXPECT_NEAR(trainer.step(), expected, 1e-5 * expected + 1e-6);
    }
  }
  EXPECT_EQ(trainer.steps(), 6);
}

TEST(Trainer, CountsStepsRowsAndEpochs) {
  Trainer trainer = new_trainer(options_for(OptimizerKind::adam));
  EXPECT_EQ(trainer.steps_total(), 12);
  double weighted = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(trainer.at_epoch_end());
    weighted += trainer.step() * (i < 3 ? 8 : 1);
  }
  EXPECT_TRUE(trainer.at_epoch_end());
  EXPECT_EQ(trainer.epochs_done(), 1);
  EXPECT_EQ(trainer.samples(), 25);
  EXPECT_DOUBLE_EQ(trainer.epoch_loss(), weighted / 25);
  const double first_of_second = trainer.step();
  EXPECT_DOUBLE_EQ(trainer.epoch_loss(), first_of_second);
  EXPECT_EQ(trainer.samples(), 33);
  while (!trainer.done()) trainer.step();
  EXPECT_EQ(trainer.steps(), 12);
  expect_error(ErrorKind::bad_argument, "all epochs of this training are complete", [&] { trainer.step(); });
}

TEST(Trainer, GoesOnFromAnyStepWithTheSameBits) {
  for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::sgd, OptimizerKind::adamw,
                                        OptimizerKind::adagrad, OptimizerKind::rmsprop}) {
    EXPECT_EQ(optimizer_named(name_of(optimizer)), optimizer);
    Trainer straight = new_trainer(options_for(optimizer));
    while (!straight.done()) straight.step();
    const Value expected = deep_copy(Value(straight.state()));
    for (int64_t stop = 1; stop < 12; ++stop) {
      Trainer first = new_trainer(options_for(optimizer));
      while (first.steps() < stop) first.step();
      const Value kept = deep_copy(Value(first.state()));
      Trainer second = new_trainer(options_for(optimizer));
      second.step();  // what it has done before does not matter
      second.restore(kept);
      while (!second.done()) second.step();
      expect_same_tensors(expected, second.state(), "stopped after " + std::to_string(stop));
    }
  }
}

TEST(Trainer, StepsByTheOptimizerThatWasNamed) {
  const std::pair<OptimizerKind, const char*> options[] = {{OptimizerKind::sgd, "nesterov"},
                                                           {OptimizerKind::adam, "amsgrad"},
                                                           {OptimizerKind::adamw, "amsgrad"},
                                                           {OptimizerKind::adagrad, "lr_decay"},
                                                           {OptimizerKind::rmsprop, "centered"}};
  for (const auto& [optimizer, option] : options) {
    const Value state = new_trainer(options_for(optimizer)).state();
    const Value& group = state["optimizer_state_dict"]["param_groups"].at(0);
    EXPECT_TRUE(group.contains(option)) << option;
    EXPECT_EQ(group["lr"].to_double(), 0.05);
    EXPECT_EQ(group["weight_decay"].to_double(), 0.01);
    EXPECT_EQ(group.contains("momentum") && group["momentum"].to_double() == 0.9,
              optimizer == OptimizerKind::sgd || optimizer == OptimizerKind::rmsprop);
    if (group.contains("amsgrad")) {
      EXPECT_EQ(group["decoupled_weight_decay"].to_bool(), optimizer == OptimizerKind::adamw);
    }
  }
}

TEST(Trainer, TakesTheLearningRateOfItsOptionsWhenRestored) {
  Trainer trainer = new_trainer(options_for(OptimizerKind::adam));
  trainer.step();
  TrainOptions slower = options_for(OptimizerKind::adam);
  slower.lr = 0.0125;
  Trainer again = new_trainer(slower);
  again.restore(Value(trainer.state()));
  EXPECT_EQ(Value(again.state())["optimizer_state_dict"]["param_groups"][0]["lr"].to_double(), 0.0125);
}

TEST(Trainer, RefusesToTrainOnNothing) {
  const Encoded none = {empty({0, 1}, {int64}), empty({0, 1}), empty({0})};
  const Encoded no_target = {zeros({2, 1}, {int64}), zeros({2, 1}), Tensor()};
  for (const Encoded& data : {none, no_target})
    EXPECT_THROW(Trainer(TabularModel(shape), data, Task::binary, {}), Error);
  EXPECT_THROW(Trainer(TabularModel(shape), rows_to_learn(), Task::binary, {.batch_size = 0}), Error);
}

TEST(Trainer, RefusesStatesThatDoNotFit) {
  Trainer trainer = new_trainer(options_for(OptimizerKind::adam));
  trainer.step();
  const auto restore_with = [&](const char* key, const Value& value) {
    const Dict state = trainer.state();
    state.set(key, value);
    new_trainer(options_for(OptimizerKind::adam)).restore(Value(state));
  };
  expect_error(ErrorKind::bad_file, "batch: the number makes no sense here: expected 0 to 3, found 4",
               [&] { restore_with("batch", 4); });
  expect_error(ErrorKind::bad_file, "epoch", [&] { restore_with("epoch", INT64_MAX); });
  expect_error(ErrorKind::bad_file, "epoch", [&] { restore_with("epoch", -1); });
  expect_error(ErrorKind::bad_file, "step: the step is not the one that epoch and batch tell: expected 1, found 7",
               [&] { restore_with("step", 7); });
  expect_error(ErrorKind::bad_file, "rng_state", [&] { restore_with("rng_state", 3); });
  expect_error(ErrorKind::bad_argument, "rng_state", [&] { restore_with("rng_state", zeros({5}, {uint8})); });
  expect_error(ErrorKind::mismatch, "Missing key", [&] { restore_with("model_state_dict", Dict()); });
  expect_error(ErrorKind::bad_file, "sampler_seed", [&] { restore_with("sampler_seed", "x"); });
}

}  // namespace
}  // namespace okibi::tabular
