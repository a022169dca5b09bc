#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/ops.h>

#include <cmath>

#include "tabular/csv_text.h"
#include "tensor/expect_error.h"

namespace okibi::tabular {
namespace {

using testing::ElementsAre;

const ModelShape shape = {{{"gender", 2, 8}, {"job", 22, 4}}, 3, {16, 5}, 0.25};

std::vector<std::string> names_of(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : module.state_dict()) names.push_back(name);
  return names;
}

Encoded random_rows(int64_t rows) {
  return {cat({randint(0, 2, {rows, 1}), randint(0, 22, {rows, 1})}, 1), randn({rows, 3}),
          randint(0, 2, {rows}).to(float32)};
}

TEST(TabularModel, HasTheNamesOfThePythonClass) {
  EXPECT_THAT(names_of(TabularModel(shape)),
              ElementsAre("embeddings.gender.weight", "embeddings.job.weight", "mlp.0.weight", "mlp.0.bias",
                          "mlp.3.weight", "mlp.3.bias", "mlp.6.weight", "mlp.6.bias"));
  EXPECT_THAT(names_of(TabularModel({{}, 3, {}, 0})), ElementsAre("mlp.0.weight", "mlp.0.bias"));
}

TEST(TabularModel, DrawsItsWeightsInTheOrderOfItsLayers) {
  manual_seed(5);
  const std::vector<Tensor> made = TabularModel(shape).parameters();
  manual_seed(5);
  const nn::Embedding gender(2, 8), job(22, 4);
  const nn::Linear first(15, 16), second(16, 5), third(5, 1);
  const std::vector<Tensor> expected = {gender.weight(), job.weight(),  first.weight(), first.bias(),
                                        second.weight(), second.bias(), third.weight(), third.bias()};
  ASSERT_EQ(made.size(), expected.size());
  for (size_t i = 0; i < made.size(); ++i) EXPECT_TRUE(equal(made[i], expected[i])) << i;
}

TEST(TabularModel, GivesOneNumberARow) {
  TabularModel model(shape);
  model.eval();
  const Encoded data = random_rows(7);
  const Tensor all = model.forward(data.categorical, data.continuous);
  EXPECT_EQ(all.sizes(), Dims({7}));
  const Tensor third = model.forward(data.categorical.rows(2, 3), data.continuous.rows(2, 3));
  EXPECT_NEAR(third.item<double>(), all[2].item<double>(), 1e-6);
}

TEST(TabularModel, LooksUpEachColumnInItsOwnTable) {
  TabularModel model({{{"a", 2, 1}, {"b", 3, 1}}, 1, {}, 0});  // a linear model: its output can be said by hand
  const NoGrad no_grad;
  const std::vector<Tensor> weights = model.parameters();
  weights[0].copy_(tensor({{1}, {2}}));
  weights[1].copy_(tensor({{10}, {20}, {30}}));
  weights[2].copy_(tensor({{1, 1, 100}}));
  weights[3].copy_(tensor({0.5}));
  const Tensor out = model.forward(tensor({{1, 0}, {0, 2}}), tensor({{3.0}, {4.0}}));
  EXPECT_THAT(out.to_vector<float>(), ElementsAre(312.5F, 431.5F));
}

TEST(ModelShape, ComesBackFromItsValue) {
  EXPECT_EQ(ModelShape::from_value(shape.to_value()), shape);
  EXPECT_EQ(repr(shape.to_value()),
            "{'embeddings': [['gender', 2, 8], ['job', 22, 4]], 'continuous': 3, 'hidden': [16, 5], 'dropout': "
            "tensor(0.2500, dtype=torch.float64)}");
  for (const auto& [key, wrong] : Dict{{"embeddings", List{List{"a", 0, 1}}},
                                       {"embeddings", List{List{"a", 1}}},
                                       {"continuous", -1},
                                       {"hidden", List{0}},
                                       {"dropout", 1.0}}) {
    const Value value = shape.to_value();
    value.to_dict().set(key, wrong);
    EXPECT_THROW(ModelShape::from_value(value), Error) << repr(key);
  }
}

TEST(Evaluate, GivesTheMeanLogLossAndTheShareOfRightLabels) {
  TabularModel model({{}, 1, {}, 0});
  const NoGrad no_grad;
  model.parameters()[0].copy_(tensor({{1}}));
  model.parameters()[1].copy_(tensor({0}));
  const Encoded data = {empty({3, 0}, {int64}), tensor({{-1}, {2}, {200}}).to(float32), tensor({1, 1, 0}).to(float32)};
  const Evaluation evaluation = evaluate(model, data, Task::binary);
  EXPECT_NEAR(evaluation.loss, (std::log1p(std::exp(1.0)) + std::log1p(std::exp(-2.0)) + 200) / 3, 1e-12);
  EXPECT_NEAR(*evaluation.accuracy, 1.0 / 3, 1e-12);
  const Evaluation regression = evaluate(model, data, Task::regression);
  EXPECT_DOUBLE_EQ(regression.loss, (4.0 + 1.0 + 40000.0) / 3);
  EXPECT_FALSE(regression.accuracy);
}

TEST(Evaluate, ComputesInEvalModeAndPutsTheModeBack) {
  TabularModel model(shape);
  const Encoded data = random_rows(5000);  // more than one batch
  const double first = evaluate(model, data, Task::binary).loss;
  EXPECT_EQ(first, evaluate(model, data, Task::binary).loss);  // no dropout
  EXPECT_TRUE(model.is_training());
  model.eval();
  evaluate(model, data, Task::binary);
  EXPECT_FALSE(model.is_training());
}

}  // namespace
}  // namespace okibi::tabular
