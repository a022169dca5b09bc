// state_dict and load_state_dict beside what golden_test.cpp compares with PyTorch.
#include <gmock/gmock.h>
#include <okibi/nn.h>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

StateDict linear_state(float weight, float bias) {
  StateDict state;
  state.set("weight", full({1, 1}, weight));
  state.set("bias", full({1}, bias));
  return state;
}

TEST(StateDict, SharesTheModulesNumbersWithoutTheirGradients) {
  const nn::Linear linear(1, 1);
  const StateDict state = linear.state_dict("head.");
  EXPECT_FALSE(state["head.weight"].requires_grad());
  state["head.weight"].fill_(7);
  EXPECT_EQ(linear.weight().item<double>(), 7);
  EXPECT_EQ(state.versions()[0].first, "head");
}

TEST(LoadStateDict, CopiesNumbersAndConvertsThem) {
  nn::Linear linear(1, 1);
  StateDict state = linear_state(2, 3);
  state.set("weight", full({1, 1}, 4, {float64}));
  EXPECT_THAT(linear.load_state_dict(state).missing, IsEmpty());
  EXPECT_EQ(linear.weight().dtype(), float32);
  EXPECT_EQ(linear.weight().item<double>(), 4);
  EXPECT_TRUE(linear.weight().requires_grad());
  state["bias"].fill_(9);
  EXPECT_EQ(linear.bias().item<double>(), 3);  // a copy
}

TEST(LoadStateDict, ChangesNothingWhenSomethingDoesNotFit) {
  nn::Linear linear(1, 1);
  const float before = linear.weight().item<float>();
  StateDict state = linear_state(2, 3);
  state.set("bias", zeros({2}));
  expect_error(ErrorKind::mismatch, "size mismatch for bias", [&] { linear.load_state_dict(state); });
  EXPECT_EQ(linear.weight().item<float>(), before);
}

TEST(LoadStateDict, TellsWhatItSkippedWhenNotStrict) {
  nn::Linear linear(1, 1);
  StateDict state;
  state.set("weight", full({1, 1}, 5));
  state.set("extra", zeros({1}));
  const nn::IncompatibleKeys keys = linear.load_state_dict(state, {.strict = false});
  EXPECT_THAT(keys.missing, ElementsAre("bias"));
  EXPECT_THAT(keys.unexpected, ElementsAre("extra"));
  EXPECT_EQ(linear.weight().item<double>(), 5);
}

TEST(LoadStateDict, TakesTheZeroDimensionalTensorsOfOldFiles) {
  struct Scale : nn::Module {
    Scale() { register_parameter("scale", full({}, 1)); }
  } scale;
  StateDict state;
  state.set("scale", tensor({2.5}));
  scale.load_state_dict(state);
  EXPECT_EQ(scale.parameters()[0].item<double>(), 2.5);
}

TEST(LoadStateDict, NamesTheClassEvenWithoutAPythonClass) {
  struct MyNet : nn::Module {
    MyNet() { register_modules({{"out", nn::Linear(1, 1)}}); }
  } net;
  expect_error(ErrorKind::mismatch,
               "Error(s) in loading state_dict for MyNet:\n\tMissing key(s) in state_dict: \"out.weight\"",
               [&] { net.load_state_dict(StateDict()); });
  net.set_python_class("my_models.Net");
  expect_error(ErrorKind::mismatch, "for Net:", [&] { net.load_state_dict(StateDict()); });
}

TEST(LoadStateDict, SeesTheWrapperOfDataParallel) {
  nn::Linear linear(1, 1);
  expect_error(ErrorKind::mismatch, "begins with \"module.\", which DataParallel puts there",
               [&] { linear.load_state_dict(linear.state_dict("module.")); });
}

TEST(LoadStateDict, OfAWholeCheckpointSaysSo) {
  nn::Linear linear(1, 1);
  const Dict checkpoint{{"epoch", 3}, {"model_state_dict", linear.state_dict()}, {"loss", 0.5}};
  expect_error(ErrorKind::mismatch, "model_state_dict", [&] { linear.load_state_dict(Value(checkpoint)); });
}

}  // namespace
}  // namespace okibi
