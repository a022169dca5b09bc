// A module → Value → file → module.
#include <gmock/gmock.h>
#include <okibi/okibi.h>

#include "io/scratch_folder.h"
#include "nn/nn_golden.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing_help::ScratchFolder;

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 1)};
  Net() { register_modules({{"gender", gender}, {"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) {
    return mlp(okibi::cat({gender(g), job(j), x}, 1));
  }
};

const ModuleLoadOptions with_net = {.classes = {{"my_models.Net", nn::factory<Net>}}};

nn::Sequential layers() {
  return {nn::Embedding(5, 4, {.padding_idx = 1, .scale_grad_by_freq = true}), nn::Linear(4, 3, {.bias = false}),
          nn::Dropout(0.25), nn::Sequential{nn::Linear(3, 1), nn::Sigmoid(), nn::ReLU()}};
}

void expect_same_state(const nn::Module& a, const nn::Module& b) {
  const StateDict left = a.state_dict(), right = b.state_dict();
  ASSERT_EQ(left.size(), right.size());
  for (const auto& [name, value] : left) EXPECT_TRUE(equal(value.to_tensor(), right[name])) << name;
}

// formats.md: torch-zip | whole models of the layers that okibi has | read as live modules; written
TEST(WholeModel, OfOkibisLayersComesBackByItself) {
  const ScratchFolder folder;
  nn::Sequential net = layers();
  net.eval();
  save(net, folder.path("model.pt"));
  const nn::AnyModule again = load_module(folder.path("model.pt"));
  EXPECT_EQ(to_string(again), to_string(net));
  expect_same_state(again, net);
  EXPECT_FALSE(again.is_training());
  const Tensor ids = tensor({0, 1, 4});
  EXPECT_TRUE(equal(again(ids).detach(), net(ids).detach()));
  EXPECT_TRUE(again.as<nn::Sequential>()[0].is<nn::Embedding>());
  EXPECT_EQ(again.as<nn::Sequential>()[0].as<nn::Embedding>().options().padding_idx, 1);
}

// formats.md: torch-zip | whole models of classes that the caller names | read as live modules; written
TEST(WholeModel, OfAUsersClassComesBackThroughItsFactory) {
  const ScratchFolder folder;
  Net net;
  net.job.requires_grad_(false);
  net.mlp.eval();
  save(net, folder.path("model.pt"));
  const Net again = load_module(folder.path("model.pt"), with_net).as<Net>();
  expect_same_state(again, net);
  EXPECT_TRUE(again.is_training());
  EXPECT_FALSE(again.mlp.is_training());
  EXPECT_FALSE(again.job.weight().requires_grad());
  EXPECT_TRUE(again.gender.weight().requires_grad());
}

TEST(WholeModel, IsFoundByItsFullPythonClass) {
  Net net;
  net.set_python_class("my_models.Net");
  Buffer buffer;
  save(net, buffer);
  EXPECT_TRUE(load_module(buffer, with_net).is<Net>());
  net.set_python_class("other_models.Net");
  Buffer other;
  save(net, other);
  expect_error(ErrorKind::unsupported, "other_models.Net", [&] { load_module(other, with_net); });
}

TEST(WholeModel, DrawsNoRandomNumbersWhenItLoads) {
  Buffer buffer;
  save(Net(), buffer);
  manual_seed(5);
  const uint64_t expected = Generator(5).random64();
  load_module(buffer, with_net);
  EXPECT_EQ(default_generator().random64(), expected);
}

TEST(WholeModel, KeepsSharedParametersAndModulesShared) {
  const nn::Linear shared(3, 3);
  Buffer buffer;
  save(nn::Sequential{shared, nn::ReLU(), shared}, buffer);
  const nn::AnyModule again = load_module(buffer);
  EXPECT_EQ(again.parameters().size(), 2u);
  EXPECT_TRUE(again.as<nn::Sequential>()[0].is_same(again.as<nn::Sequential>()[2]));
}

TEST(WholeModel, KeepsAParameterTiedThatTwoModulesHold) {
  const Value value = model::to_value(nn::Sequential{nn::Linear(3, 3), nn::Linear(3, 3)});
  const Value modules = value.to_object().attribute("_modules");
  const Dict first = modules["0"].to_object().attribute("_parameters").to_dict();
  modules["1"].to_object().attribute("_parameters").to_dict().set("weight", first["weight"]);
  Buffer buffer;
  save(value, buffer);
  EXPECT_EQ(load_module(buffer).parameters().size(), 3u);
  EXPECT_EQ(model::from_value(value).parameters().size(), 3u);
}

// A file may say anything of a layer: that is an error where it matters, not a crash.
TEST(WholeModel, WhoseLayersLackTheirPartsFailsInForward) {
  const Value lstm = model::to_value(nn::LSTM(2, 3));
  lstm.to_object().attribute("_parameters").to_dict().erase("bias_hh_l0");
  expect_error(ErrorKind::bad_argument, "too few weights",
               [&] { model::from_value(lstm).call({ones({4, 1, 2})}); });
  const Value attention = model::to_value(nn::MultiheadAttention(4, 2));
  attention.to_object().attribute("_modules").to_dict().erase("out_proj");
  const Tensor x = ones({3, 2, 4});
  expect_error(ErrorKind::bad_argument, "no out_proj", [&] { model::from_value(attention).call({x, x, x}); });
  const Value conv = model::to_value(nn::Conv2d(1, 1, 3));
  conv.to_object().attribute("_parameters").to_dict().erase("weight");
  EXPECT_THROW(model::from_value(conv).call({ones({1, 1, 5, 5})}), Error);
  const Value far = model::to_value(nn::Conv1d(1, 1, 3, {.padding_mode = "replicate"}));
  far.to_object().mutable_parts().state.to_dict().set("padding", Tuple{INT64_MAX});
  EXPECT_THROW(model::from_value(far).call({ones({1, 1, 5})}), Error);
}

TEST(WholeModel, NamesAllClassesThatItDoesNotHaveAndTheLineToAdd) {
  struct Other : nn::Module {
    Other() : nn::Module("torch.nn.modules.fold.Unfold") { register_parameter("weight", ones({1})); }
  };
  Net net;
  net.set_python_class("my_models.Net");
  const Value value = model::to_value(nn::Sequential{net, Other()});
  expect_error(
      ErrorKind::unsupported,
      "okibi has no C++ class for these Python classes of the model: my_models.Net (0), "
      "torch.nn.modules.fold.Unfold (1). Say which to use: load_module(path, {.classes = {{\"my_models.Net\", ",
      [&] { model::from_value(value); });
  const StateDict state = model::state_dict_of(value);  // the weights need no class
  EXPECT_TRUE(equal(state["0.mlp.2.bias"], net.mlp[2].as<nn::Linear>().bias().detach()));
  EXPECT_EQ(state.size(), 7u);
}

TEST(WholeModel, ThatDoesNotFitTheClassIsRefusedAsByLoadStateDict) {
  struct Smaller : nn::Module {
    nn::Embedding gender{2, 4};
    Smaller() { register_modules({{"gender", gender}}); }
  };
  const Value value = model::to_value(Net());
  expect_error(ErrorKind::mismatch, "Error(s) in loading state_dict for Smaller", [&] {
    model::from_value(value, {{"__main__.Net", nn::factory<Smaller>}});
  });
}

TEST(WholeModel, IsNotAStateDict) {
  Buffer buffer;
  save(Net().state_dict(), buffer);
  expect_error(ErrorKind::mismatch, "this is no whole model", [&] { load_module(buffer); });
}

// ---- files of PyTorch 2.15 (tests/golden/make_nn_golden.py)

// formats.md: torch-zip | whole models of classes that the caller names | read as live modules
TEST(WholeModel, OfAScriptsClassThatPyTorchSavedIsRead) {
  using Golden = testing_help::Net;
  const nn::AnyModule model =
      load_module(OKIBI_GOLDEN "/nn_model.pt", {.classes = {{"my_models.Net", nn::factory<Golden>}}});
  for (const auto& [name, value] : model.state_dict()) {
    const auto expected = testing_help::nn_golden()["weights"][name].get<std::vector<float>>();
    EXPECT_EQ(value.to_tensor().to_vector<float>(), expected) << name;
  }
  EXPECT_FALSE(model.is_training());
  EXPECT_FALSE(model.as<Golden>().job.weight().requires_grad());
  EXPECT_EQ(model.python_class(), "__main__.Net");
  expect_error(ErrorKind::unsupported,
               "nn_model.pt: okibi has no C++ class for these Python classes of the model: "
               "__main__.Net (the model itself)",
               [] { load_module(OKIBI_GOLDEN "/nn_model.pt"); });
}

TEST(WholeModel, OfPyTorchsLayersIsReadWithoutAnyClass) {
  const nn::AnyModule model = load_module(OKIBI_GOLDEN "/nn_layers.pt");
  EXPECT_EQ(to_string(model),
            "Sequential(\n  (0): Embedding(4, 3, padding_idx=1)\n"
            "  (1): Linear(in_features=3, out_features=3, bias=True)\n  (2): ReLU(inplace=True)\n"
            "  (3): Linear(in_features=3, out_features=3, bias=True)\n  (4): ModuleDict(\n"
            "    (a): Linear(in_features=1, out_features=1, bias=True)\n  )\n  (5): MSELoss()\n)");
  EXPECT_EQ(model.parameters().size(), 5u);  // the second Linear is the first
  EXPECT_TRUE(model.parameters()[0].requires_grad());
  EXPECT_TRUE(model.is_training());
}

// ---- what Python finds in the file

TEST(ToValue, HasTheKeysOfPyTorchsModuleInOrder) {
  const Object object = model::to_value(nn::Linear(2, 3)).to_object();
  EXPECT_EQ(object.python_class(), "torch.nn.modules.linear.Linear");
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.parts().state.to_dict()) keys.push_back(key.to_string());
  EXPECT_THAT(keys, testing::ElementsAre("training", "_parameters", "_buffers", "_non_persistent_buffers_set",
                                         "_backward_pre_hooks", "_backward_hooks", "_is_full_backward_hook",
                                         "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
                                         "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_state_dict_hooks",
                                         "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
                                         "_load_state_dict_post_hooks", "_modules", "in_features", "out_features"));
  const Value parameter = object.attribute("_parameters")["weight"];
  EXPECT_EQ(parameter.to_object().python_class(), "torch._utils._rebuild_parameter");
}

TEST(ToValue, WritesABiasThatWasLeftOutAsNone) {
  const Object object = model::to_value(nn::Linear(2, 3, {.bias = false})).to_object();
  EXPECT_TRUE(object.attribute("_parameters")["bias"].is_none());
}

TEST(ToValue, NamesAUsersClassAsPythonNamesThoseOfAScript) {
  EXPECT_EQ(model::to_value(Net()).to_object().python_class(), "__main__.Net");
}

// ---- hostile trees

TEST(FromValue, RefusesAModuleThatContainsItself) {
  const Value value = model::to_value(nn::Sequential{nn::ReLU()});
  value.to_object().attribute("_modules").to_dict().set("0", value);
  Value root = value;
  close_cycles(root);
  expect_error(ErrorKind::limit, "modules lie more than 200 deep", [&] { model::from_value(root); });
  expect_error(ErrorKind::limit, "modules lie more than 200 deep", [&] { model::state_dict_of(root); });
}

TEST(FromValue, RefusesATreeThatGrowsByDoubling) {
  Value value = model::to_value(nn::ReLU());
  for (int i = 0; i < 40; ++i) {
    const Value parent = model::to_value(nn::Sequential());
    parent.to_object().attribute("_modules").to_dict().set("0", value);
    parent.to_object().attribute("_modules").to_dict().set("1", value);
    value = parent;
  }
  expect_error(ErrorKind::limit, "in more than 300000 places", [&] { model::from_value(value); });
}

TEST(FromValue, RefusesWeightsThatAreNoTable) {
  const Value value = model::to_value(nn::Linear(2, 3));
  value.to_object().attribute("_parameters").to_dict().set("weight", ones({2}));
  expect_error(ErrorKind::bad_argument, "the weight of Linear", [&] { model::from_value(value); });
  value.to_object().attribute("_parameters").to_dict().set("weight", nullptr);
  expect_error(ErrorKind::bad_file, "has no weight", [&] { model::from_value(value); });
}

}  // namespace
}  // namespace okibi
