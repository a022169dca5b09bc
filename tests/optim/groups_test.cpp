// Parameter groups, as PyTorch has them.
#include "optim/samples.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

Tensor one(double value) { return full({2}, value).requires_grad_(); }

void step_with_ones(optim::Optimizer& optimizer) {
  for (const Tensor& parameter : optimizer.parameters()) parameter.set_grad(ones(parameter.sizes()));
  optimizer.step();
}

TEST(ParamGroups, StepByOptionsOfTheirOwn) {
  optim::SGD optimizer({{.params = {one(1), one(2)}}, {.params = {one(3)}, .options = {{"lr", 0.5}}}}, {.lr = 0.25});
  step_with_ones(optimizer);
  EXPECT_EQ(optimizer.parameters()[0][0].item<double>(), 0.75);
  EXPECT_EQ(optimizer.parameters()[1][0].item<double>(), 1.75);
  EXPECT_EQ(optimizer.parameters()[2][0].item<double>(), 2.5);
  optimizer.param_groups()[1].set_lr(0);
  step_with_ones(optimizer);
  EXPECT_EQ(optimizer.parameters()[0][0].item<double>(), 0.5);
  EXPECT_EQ(optimizer.parameters()[2][0].item<double>(), 2.5);
  optimizer.set_lr(0.125);
  EXPECT_EQ(optimizer.param_groups()[1].lr(), 0.125);
}

TEST(ParamGroups, AreSavedInOrderWithIndicesThatRunThrough) {
  optim::SGD optimizer({{.params = {one(1), one(2)}, .options = {{"name", "tables"}, {"momentum", 0.5}}}},
                       {.lr = 0.25});
  optimizer.add_param_group({.params = {one(3)}, .options = {{"lr", 0.5}}});
  step_with_ones(optimizer);
  const Value state = optimizer.state_dict();
  EXPECT_EQ(repr(state["param_groups"]),
            "[{'name': 'tables', 'momentum': 0.5, 'lr': 0.25, 'dampening': 0, 'weight_decay': 0, 'nesterov': False, "
            "'maximize': False, 'foreach': None, 'differentiable': False, 'fused': None, 'params': [0, 1]}, "
            "{'lr': 0.5, 'momentum': 0, 'dampening': 0, 'weight_decay': 0, 'nesterov': False, 'maximize': False, "
            "'foreach': None, 'differentiable': False, 'fused': None, 'params': [2]}]");
  EXPECT_EQ(state["state"].size(), 2u);  // the second group has no momentum
}

TEST(ParamGroups, AreLoadedByPosition) {
  optim::Adam first({{.params = {one(1)}}, {.params = {one(2), one(3)}, .options = {{"lr", 0.5}, {"eps", 0.25}}}});
  step_with_ones(first);
  optim::Adam second({{.params = {one(1)}}, {.params = {one(2), one(3)}}});
  second.load_state_dict(first.state_dict());
  EXPECT_EQ(second.param_groups()[1].lr(), 0.5);
  EXPECT_EQ(second.param_groups()[1]["eps"].to_double(), 0.25);
  EXPECT_EQ(repr(second.state_dict()), repr(first.state_dict()));

  optim::Adam other({{.params = {one(1), one(2)}}, {.params = {one(3)}}});
  expect_error(ErrorKind::mismatch, "parameter group that doesn't match the size of optimizer's group: expected 2",
               [&] { other.load_state_dict(first.state_dict()); });
  EXPECT_EQ(other.param_groups()[1].lr(), 1e-3);
}

TEST(ParamGroups, KeepWhatOthersPutThere) {
  optim::SGD optimizer({one(1)});
  const optim::ParamGroup group = optimizer.param_groups()[0];
  EXPECT_FALSE(group.has("initial_lr"));
  expect_error(ErrorKind::not_found, "initial_lr", [&] { group["initial_lr"]; });
  group.set("initial_lr", 0.5);
  group.set("weight_decay", 0.5);
  step_with_ones(optimizer);
  EXPECT_EQ(optimizer.parameters()[0][0].item<float>(), 1.f - 0.001f * 1.5f);
  EXPECT_EQ(optimizer.state_dict()["param_groups"].at(0)["initial_lr"].to_double(), 0.5);
}

TEST(ParamGroups, MayGetMomentumLater) {  // the buffer then begins with the whole gradient, whatever the dampening
  optim::SGD optimizer({one(1)}, {.lr = 0.25, .dampening = 0.5});
  step_with_ones(optimizer);
  optimizer.param_groups()[0].set("momentum", 0.5);
  step_with_ones(optimizer);
  EXPECT_EQ(optimizer.parameters()[0][0].item<double>(), 0.5);
  step_with_ones(optimizer);  // the buffer is 0.5 · 1 + 0.5 · 1
  EXPECT_EQ(optimizer.parameters()[0][0].item<double>(), 0.25);
}

TEST(ParamGroups, RefuseWhatPyTorchRefusesAndStayAsTheyWere) {
  const Tensor shared = one(1);
  optim::SGD optimizer({shared});
  expect_error(ErrorKind::bad_argument, "some parameters appear in more than one parameter group",
               [&] { optimizer.add_param_group({.params = {shared}}); });
  expect_error(ErrorKind::bad_argument, "cannot add param group with names to the optimizer", [&] {
    optimizer.add_param_group({.params = {one(2)}, .options = {{"param_names", List{"w"}}}});
  });
  expect_error(ErrorKind::bad_argument, "Invalid momentum value: -1.0",
               [&] { optimizer.add_param_group({.params = {one(2)}, .options = {{"momentum", -1.0}}}); });
  EXPECT_EQ(optimizer.param_groups().size(), 1u);
  EXPECT_EQ(optimizer.parameters().size(), 1u);
  expect_error(ErrorKind::bad_argument, "Invalid learning rate: -1.0", [&] { optimizer.set_lr(-1); });
  expect_error(ErrorKind::bad_argument, "Nesterov momentum requires",
               [&] { optimizer.param_groups()[0].set("nesterov", true); });
  EXPECT_EQ(optimizer.lr(), 1e-3);
  EXPECT_FALSE(optimizer.param_groups()[0]["nesterov"].to_bool());
  expect_error(ErrorKind::bad_argument, "optimizer got an empty parameter list",
               [] { optim::SGD(std::vector<optim::Group>{}); });
}

TEST(ParamGroups, FillGradientsWithZerosWhenAsked) {
  const Tensor used = one(1), idle = one(1);
  optim::SGD optimizer({used, idle}, {.weight_decay = 0.5});
  used.set_grad(ones({2}));
  optimizer.zero_grad(false);
  EXPECT_TRUE(equal(used.grad(), zeros({2})));
  EXPECT_FALSE(idle.grad().defined());
  optimizer.zero_grad();
  EXPECT_FALSE(used.grad().defined());
}

}  // namespace
}  // namespace okibi
