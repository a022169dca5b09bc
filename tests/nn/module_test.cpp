// Handles, names, modes, and what a module lists.
#include <gmock/gmock.h>
#include <okibi/nn.h>
#include <okibi/random.h>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing::ElementsAre;

struct Net : nn::Module {
  nn::Embedding job{22, 8};
  nn::Linear out{8, 1};
  Net() { register_modules({{"job", job}, {"out", out}}); }
  Tensor forward(const Tensor& ids) const { return out(job(ids)); }
};

std::vector<std::string> names_of(const std::vector<nn::NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

TEST(Module, ListsParametersInPyTorchsOrder) {
  EXPECT_THAT(names_of(Net().named_parameters()), ElementsAre("job.weight", "out.weight", "out.bias"));
}

TEST(Module, ListsASharedParameterOnceButSavesItTwice) {
  const nn::Linear shared(2, 2);
  const nn::Sequential twice{shared, nn::ReLU(), shared};
  EXPECT_THAT(names_of(twice.named_parameters()), ElementsAre("0.weight", "0.bias"));
  EXPECT_EQ(twice.state_dict().size(), 4u);
  EXPECT_EQ(twice.named_modules().size(), 3u);
}

TEST(Module, ListsATensorThatTwoModulesHoldOnce) {
  struct Tied : nn::Module {
    nn::Linear encoder{2, 2};
    Tied() {
      register_modules({{"encoder", encoder}});
      register_parameter("decoder", encoder.weight());
    }
  };
  EXPECT_THAT(names_of(Tied().named_parameters()), ElementsAre("decoder", "encoder.bias"));
  EXPECT_EQ(Tied().state_dict().size(), 3u);
}

TEST(Module, LeavesOutABiasThatIsNotThere) {
  const nn::Linear linear(3, 2, {.bias = false});
  EXPECT_THAT(names_of(linear.named_parameters()), ElementsAre("weight"));
  EXPECT_EQ(linear.state_dict().size(), 1u);
  EXPECT_EQ(linear(ones({1, 3})).sizes(), (Dims{1, 2}));
}

TEST(Module, CopiesMovesAndSlicesAreTheSameModule) {
  Net net;
  const Net copy = net;
  const nn::Module slice = net;
  EXPECT_TRUE(copy.is_same(net));
  EXPECT_TRUE(slice.is_same(net));
  nn::AnyModule any = net;
  const nn::AnyModule moved = std::move(any);
  EXPECT_TRUE(moved.is_same(any));  // a handle that was moved from still works
  EXPECT_EQ(any.parameters().size(), 3u);
  slice.parameters()[0].data<float>()[0] = 42;
  EXPECT_EQ(copy.job.weight().data<float>()[0], 42);
}

TEST(Module, OutlivesTheHandleThatMadeIt) {
  std::vector<nn::AnyModule> kept;
  {
    const Net net;
    kept.push_back(net);
  }
  EXPECT_EQ(kept[0].call({tensor({1, 2})}).to_tensor().sizes(), (Dims{2, 1}));
}

TEST(Module, TrainAndEvalReachEveryChild) {
  nn::Sequential net{nn::Sequential{nn::Dropout(0.5)}};
  net.eval();
  EXPECT_FALSE(net[0].is_training());
  EXPECT_TRUE(equal(net(ones({100})), ones({100})));
  net.train();
  EXPECT_FALSE(equal(net(ones({100})), ones({100})));
}

TEST(Module, FreezesAndDropsGradients) {
  Net net;
  sum(net.forward(tensor({1, 1}))).backward();
  EXPECT_TRUE(net.out.weight().grad().defined());
  net.zero_grad();
  EXPECT_FALSE(net.out.weight().grad().defined());
  net.requires_grad_(false);
  EXPECT_FALSE(net.forward(tensor({1})).requires_grad());
}

TEST(Module, RefusesNamesThatAStateDictCouldNotTellApart) {
  const auto named = [](const std::string& name) { return nn::ModuleDict({{name, nn::ReLU()}}); };
  expect_error(ErrorKind::bad_argument, "module name can't contain \".\", got: a.b", [&] { named("a.b"); });
  expect_error(ErrorKind::bad_argument, "module name can't be empty string \"\"", [&] { named(""); });
  expect_error(ErrorKind::bad_argument, "attribute 'a' already exists", [] {
    nn::ModuleDict({{"a", nn::ReLU()}, {"a", nn::ReLU()}});
  });
}

TEST(AnyModule, GivesBackTheTypedHandle) {
  const nn::AnyModule any = Net();
  EXPECT_TRUE(any.is<Net>());
  EXPECT_TRUE(any.as<Net>().is_same(any));
  EXPECT_EQ(any.class_name(), "Net");
  expect_error(ErrorKind::bad_argument, "expected okibi::nn::Linear, found okibi::", [&] { any.as<nn::Linear>(); });
}

struct TwoOutputs : nn::Module {
  std::pair<Tensor, Tensor> forward(const Tensor& x, double factor, bool is_negative) const {
    return {x * factor, is_negative ? -x : x};
  }
};

TEST(AnyModule, CallsAnyForwardOverValues) {
  const nn::AnyModule any = TwoOutputs();
  const Value result = any.call({ones({1}), 2, true});
  EXPECT_EQ(result.at(0).to_tensor().item<double>(), 2);
  EXPECT_EQ(result.at(1).to_tensor().item<double>(), -1);
  expect_error(ErrorKind::bad_argument, "takes another number of arguments: expected 3, found 1",
               [&] { any.call({ones({1})}); });
  expect_error(ErrorKind::unsupported, "missing the required \"forward\" function",
               [] { nn::AnyModule(nn::ModuleDict()).call({}); });
}

}  // namespace
}  // namespace okibi
