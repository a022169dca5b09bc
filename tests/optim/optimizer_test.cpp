// Optimizers: the steps and the layout of PyTorch 2.15 (tests/golden/make_nn_golden.py), loading, and refusals.
#include <gmock/gmock.h>
#include <okibi/optim.h>

#include <functional>
#include <memory>

#include "nn/nn_golden.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing_help::nn_golden;

Tensor start() { return tensor({1.0, -2.0, 0.5}).requires_grad_(); }

void take_steps(optim::Optimizer& optimizer, int count) {
  const Tensor& parameter = optimizer.parameters()[0];
  for (int i = 0; i < count; ++i) {
    optimizer.zero_grad();
    sum(parameter * parameter * tensor({1.0, 2.0, 3.0})).backward();
    optimizer.step();
  }
}

// Each optimizer of the golden file, over the parameters given.
using Make = std::function<std::unique_ptr<optim::Optimizer>(std::vector<Tensor>)>;
template <class T, class Options>
Make maker(Options options) {
  return [=](std::vector<Tensor> parameters) { return std::make_unique<T>(std::move(parameters), options); };
}
const std::vector<std::pair<std::string, Make>> makers = {
    {"sgd", maker<optim::SGD>(optim::SGDOptions{.lr = 0.1})},
    {"sgd_momentum", maker<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01})},
    {"sgd_nesterov",
     maker<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true, .maximize = true})},
    {"sgd_dampening", maker<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5})},
    {"adam", maker<optim::Adam>(optim::AdamOptions{.lr = 0.01})},
    {"adam_decay",
     maker<optim::Adam>(optim::AdamOptions{.lr = 0.01, .betas = {0.8, 0.99}, .weight_decay = 0.1, .maximize = true})},
};

void expect_near(const Tensor& tensor, const nlohmann::json& expected, double relative) {
  const auto numbers = expected.is_array() ? expected.get<std::vector<double>>() : std::vector{expected.get<double>()};
  const std::vector<double> own = tensor.to_vector<double>();
  ASSERT_EQ(own.size(), numbers.size());
  for (size_t i = 0; i < own.size(); ++i) EXPECT_NEAR(own[i], numbers[i], relative * std::abs(numbers[i]));
}

TEST(Optimizers, StepAndSaveAsPyTorchDoes) {
  for (const auto& [name, make] : makers) {
    SCOPED_TRACE(name);
    const auto& golden = nn_golden()["optimizers"][name];
    const auto optimizer = make({start()});
    take_steps(*optimizer, 3);
    expect_near(optimizer->parameters()[0], golden["parameter"], 1e-6);
    const Value state = optimizer->state_dict();
    EXPECT_EQ(repr(state["param_groups"]), golden["groups"].get<std::string>());
    ASSERT_EQ(state["state"].size(), golden["state"].empty() ? 0u : 1u);
    for (const auto& [key, numbers] : golden["state"].items()) {
      expect_near(state["state"].at(0)[key].to_tensor(), numbers, 1e-6);
    }
  }
}

TEST(Optimizers, GoOnExactlyFromALoadedState) {
  for (const auto& [name, make] : makers) {
    SCOPED_TRACE(name);
    const auto whole = make({start()});
    take_steps(*whole, 7);

    const auto first = make({start()});
    take_steps(*first, 3);
    const auto second = make({first->parameters()[0].detach().clone().requires_grad_()});
    second->set_lr(5);  // the loaded state brings its own
    second->load_state_dict(deep_copy(first->state_dict()));
    EXPECT_EQ(second->lr(), first->lr());
    take_steps(*second, 4);
    EXPECT_TRUE(equal(second->parameters()[0].detach(), whole->parameters()[0].detach()));
  }
}

TEST(Optimizers, LeaveAParameterWithoutAGradientAlone) {
  const Tensor idle = start();
  optim::Adam optimizer({start(), idle});
  take_steps(optimizer, 2);
  EXPECT_TRUE(equal(idle.detach(), start().detach()));
  EXPECT_EQ(optimizer.state_dict()["state"].size(), 1u);
}

TEST(Adam, CountsTheStepsOfEachParameterOfAGroup) {
  const Tensor often = start(), seldom = start(), alone = start();
  optim::Adam together({often, seldom}), apart({alone});
  for (int step = 0; step < 6; ++step) {
    often.set_grad(ones({3}));
    seldom.set_grad(step % 2 == 0 ? ones({3}) : Tensor());
    together.step();
    if (step % 2 != 0) continue;
    alone.set_grad(ones({3}));
    apart.step();
  }
  EXPECT_TRUE(equal(seldom.detach(), alone.detach()));
  together.param_groups()[0].set("betas", Tuple{0.5, 0.5});
  apart.param_groups()[0].set("betas", Tuple{0.5, 0.5});
  seldom.set_grad(ones({3}));
  together.step();
  apart.step();
  EXPECT_TRUE(equal(seldom.detach(), alone.detach()));
}

TEST(Optimizers, StepAParameterThatIsAViewWithGaps) {
  const Tensor table = ones({2, 2});
  const Tensor column = table.t().detach().requires_grad_();
  ASSERT_FALSE(column.is_contiguous());
  optim::SGD optimizer({column}, {.lr = 1});
  sum(column * tensor({{1.0, 2.0}, {3.0, 4.0}})).backward();
  optimizer.step();
  EXPECT_TRUE(equal(table, tensor({{0.0, -2.0}, {-1.0, -3.0}})));
}

// ---- sparse gradients

Tensor sparse_rows() {
  return sparse_coo_tensor(tensor({{2, 0, 2}}), tensor({{1.0, 1.0}, {2.0, 2.0}, {3.0, 3.0}}), {3, 2});
}

TEST(SGD, ChangesTheRowsOfASparseGradientEachTimeTheyOccur) {
  const Tensor table = zeros({3, 2}).requires_grad_();
  table.set_grad(sparse_rows());
  optim::SGD({table}, {.lr = 0.5}).step();
  EXPECT_TRUE(equal(table.detach(), tensor({{-1.0, -1.0}, {0.0, 0.0}, {-2.0, -2.0}})));
}

TEST(SGD, WithMomentumOrDecayRefusesASparseGradientBeforeAnyStep) {
  const Tensor dense = start(), table = zeros({3, 2}).requires_grad_();
  sum(dense).backward();
  table.set_grad(sparse_rows());
  optim::SGD momentum({dense, table}, {.momentum = 0.9}), decay({dense, table}, {.weight_decay = 0.1});
  expect_error(ErrorKind::unsupported, "momentum does not take sparse gradients", [&] { momentum.step(); });
  expect_error(ErrorKind::bad_argument, "weight_decay does not take sparse gradients", [&] { decay.step(); });
  EXPECT_TRUE(equal(dense.detach(), start().detach()));
}

TEST(Adam, RefusesASparseGradientInPyTorchsWords) {
  const Tensor table = zeros({3, 2}).requires_grad_();
  table.set_grad(sparse_rows());
  optim::Adam optimizer({table});
  expect_error(ErrorKind::bad_argument, "Adam does not support sparse gradients, please consider SparseAdam instead",
               [&] { optimizer.step(); });
}

// ---- loading what others saved

Dict adam_group() { return Dict{{"lr", 0.5}, {"params", List{7}}}; }
Dict adam_state(Value step) { return Dict{{"step", step}, {"exp_avg", ones({3})}, {"exp_avg_sq", ones({3})}}; }
Dict saved(Dict group, Dict states) { return Dict{{"state", states}, {"param_groups", List{group}}}; }

TEST(Adam, LoadsStepsThatAreNumbersAndGroupsThatLackOptions) {
  for (const Value& step : {Value(4), Value(4.0), Value(tensor({4.0})[0])}) {
    optim::Adam optimizer({start()}, {.eps = 1});
    optimizer.load_state_dict(saved(adam_group(), Dict{{7, adam_state(step)}}));
    const Value state = optimizer.state_dict();
    const Tensor own = state["state"].at(0)["step"].to_tensor();
    EXPECT_EQ(own.item<double>(), 4);
    EXPECT_EQ(own.dtype(), float32);
    EXPECT_EQ(own.dim(), 0);
    EXPECT_EQ(state["param_groups"].at(0)["eps"].to_double(), 1e-8);
    EXPECT_EQ(optimizer.lr(), 0.5);
  }
}

TEST(Adam, KeepsACopyInTheParametersDtype) {
  optim::Adam optimizer({tensor({1.0, 2.0, 3.0}, float64).requires_grad_()});
  const Dict state = adam_state(1);
  optimizer.load_state_dict(saved(adam_group(), Dict{{7, state}}));
  const Tensor own = optimizer.state_dict()["state"].at(0)["exp_avg"].to_tensor();
  EXPECT_EQ(own.dtype(), float64);
  state["exp_avg"].to_tensor().fill_(9);
  EXPECT_EQ(own[0].item<double>(), 1);
}

TEST(Adam, SavesAgainWhatASchedulerPutIntoTheGroup) {
  const Dict group = adam_group();
  group.set("initial_lr", 0.25);
  optim::Adam optimizer({start()});
  optimizer.load_state_dict(saved(group, Dict()));
  const Dict again = optimizer.state_dict()["param_groups"].to_list()[0].to_dict();
  EXPECT_EQ(again["initial_lr"].to_double(), 0.25);
  EXPECT_EQ(again.items().back().first.to_string(), "params");
}

TEST(AdamW, StaysDecoupledWhateverItLoads) {  // files of before PyTorch 2.6 do not say
  optim::AdamW optimizer({start()});
  optimizer.load_state_dict(saved(adam_group(), Dict{{7, adam_state(1)}}));
  const optim::ParamGroup group = optimizer.param_groups()[0];
  EXPECT_TRUE(group["decoupled_weight_decay"].to_bool());
  EXPECT_EQ(group["weight_decay"].to_double(), 0.01);
  optimizer.load_state_dict(optim::Adam({start()}).state_dict());
  EXPECT_TRUE(group["decoupled_weight_decay"].to_bool());
  optim::Adam plain({start()});
  plain.load_state_dict(optim::AdamW({start()}).state_dict());
  EXPECT_TRUE(plain.param_groups()[0]["decoupled_weight_decay"].to_bool());
}

TEST(Optimizers, RefuseTheStateOfAnotherModelAndStayAsTheyWere) {
  optim::Adam optimizer({start(), start()});
  expect_error(
      ErrorKind::mismatch,
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: expected 2 "
      "parameters, found 1",
      [&] {
        optimizer.load_state_dict(saved(adam_group(), Dict{{7, adam_state(1)}}));
      });
  optim::Adam one({ones({4}).requires_grad_()});
  expect_error(ErrorKind::mismatch,
               "parameter 0, entry exp_avg: the saved state belongs to a parameter of other sizes: "
               "expected [4], found [3]",
               [&] {
                 one.load_state_dict(saved(adam_group(), Dict{{7, adam_state(1)}}));
               });
  EXPECT_EQ(one.lr(), 1e-3);
  expect_error(ErrorKind::mismatch, "different number of parameter groups", [&] {
    one.load_state_dict(Dict{{"state", Dict()}, {"param_groups", List{adam_group(), adam_group()}}});
  });
  expect_error(ErrorKind::mismatch, "parameters that its group does not list", [&] {
    one.load_state_dict(saved(adam_group(), Dict{{8, adam_state(1)}}));
  });
}

TEST(Optimizers, RefuseWhatPyTorchRefuses) {
  const auto adam = [](optim::AdamOptions options) { optim::Adam({start()}, options); };
  expect_error(ErrorKind::bad_argument, "optimizer got an empty parameter list",
               [] { optim::Adam(std::vector<Tensor>{}); });
  expect_error(ErrorKind::bad_argument, "can't optimize a non-leaf Tensor", [] { optim::Adam({start() * 2}); });
  expect_error(ErrorKind::bad_argument, "Invalid learning rate: -1.0", [&] { adam({.lr = -1}); });
  expect_error(ErrorKind::bad_argument, "Invalid beta parameter at index 0: 1.0", [&] { adam({.betas = {1, 0.9}}); });
  expect_error(ErrorKind::bad_argument, "Invalid epsilon value: -1.0", [&] { adam({.eps = -1}); });
  expect_error(ErrorKind::bad_argument, "Nesterov momentum requires a momentum and zero dampening",
               [] { optim::SGD({start()}, {.nesterov = true}); });
  const Tensor twice = start();
  expect_error(ErrorKind::bad_argument, "comes twice", [&] { optim::SGD({twice, twice}); });
}

}  // namespace
}  // namespace okibi
