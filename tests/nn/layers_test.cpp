#include <gmock/gmock.h>
#include <okibi/nn.h>
#include <okibi/random.h>

#include <sstream>

#include "nn/nn_golden.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(Linear, StandsOverTensorsThatAreThere) {
  const nn::Linear linear(tensor({{1.0, 2.0}}), tensor({0.5}));
  EXPECT_EQ(linear(tensor({{3.0, 4.0}})).item<double>(), 11.5);
  EXPECT_EQ(to_string(linear), "Linear(in_features=2, out_features=1, bias=True)");
  expect_error(ErrorKind::bad_argument, "expected [1], found [2]", [] { nn::Linear(ones({1, 2}), ones({2})); });
}

TEST(Sequential, RunsItsModulesInOrder) {
  nn::Sequential net{nn::Linear(tensor({{-1.0}})), nn::ReLU()};
  EXPECT_EQ(net(tensor({{2.0}})).item<double>(), 0);
  net.push_back(nn::Sigmoid());
  EXPECT_EQ(net.size(), 3u);
  EXPECT_EQ(net(tensor({{2.0}})).item<double>(), 0.5);
  expect_error(ErrorKind::out_of_range, "index 3 is out of range", [&] { (void)net[3]; });
}

TEST(ModuleDict, FindsItsModulesByName) {
  const nn::ModuleDict heads({{"age", nn::Linear(2, 1)}, {"job", nn::Linear(2, 3)}});
  EXPECT_EQ(heads["job"](ones({1, 2})).sizes(), (Dims{1, 3}));
  expect_error(ErrorKind::not_found, "It has: age, job.", [&] { (void)heads["jobs"]; });
}

TEST(Sequential, HasNamesWhereItIsGivenSome) {
  const nn::Sequential net({{"fc", nn::Linear(2, 3)}, {"act", nn::ReLU()}});
  EXPECT_EQ(net.named_parameters()[0].first, "fc.weight");
  EXPECT_EQ(net(ones({1, 2})).sizes(), (Dims{1, 3}));
}

std::vector<std::string> names_of(const nn::ModuleSequence& list) {
  std::vector<std::string> names;
  for (const auto& [name, module] : list) names.push_back(name + module.class_name());
  return names;
}

TEST(ModuleList, NumbersItsModulesAnewWhenTheirPlacesChange) {
  nn::ModuleList list{nn::ReLU(), nn::Sigmoid()};
  list.push_back(nn::Tanh());
  list.insert(1, nn::Identity());
  EXPECT_EQ(names_of(list), (std::vector<std::string>{"0ReLU", "1Identity", "2Sigmoid", "3Tanh"}));
  list.erase(-4);
  list.replace(-1, nn::Flatten());
  EXPECT_EQ(names_of(list), (std::vector<std::string>{"0Identity", "1Sigmoid", "2Flatten"}));
  EXPECT_TRUE(list[-1].is<nn::Flatten>());
  list.insert(3, nn::ReLU());  // at the end
  EXPECT_EQ(list.size(), 4u);
  expect_error(ErrorKind::out_of_range, "index -5 is out of range of a ModuleList of 4", [&] { (void)list[-5]; });
  expect_error(ErrorKind::out_of_range, "index 4", [&] { list.erase(4); });
  expect_error(ErrorKind::bad_argument, "cannot be its own child", [&] { list.insert(0, list); });
}

TEST(ModuleDict, SetsAndTakesOutByName) {
  nn::ModuleDict dict({{"a", nn::ReLU()}, {"b", nn::Tanh()}});
  dict.update({{"a", nn::Sigmoid()}, {"c", nn::Identity()}});
  EXPECT_EQ(dict.keys(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(dict["a"].is<nn::Sigmoid>());
  EXPECT_TRUE(dict.pop("b").is<nn::Tanh>());
  EXPECT_FALSE(dict.contains("b"));
  EXPECT_EQ(dict.size(), 2u);
  expect_error(ErrorKind::not_found, "It has: a, c.", [&] { dict.pop("b"); });
  expect_error(ErrorKind::bad_argument, "cannot be its own child 'a'", [&] { dict.set("a", dict); });
  dict.clear();
  EXPECT_EQ(to_string(dict), "ModuleDict()");
}

TEST(Dropout, RefusesWhatIsNoProbability) {
  expect_error(ErrorKind::bad_argument, "dropout probability has to be between 0 and 1, but got 1.5",
               [] { nn::Dropout(1.5); });
}

TEST(Losses, ReduceAsAsked) {
  const Tensor input = tensor({1.0, 3.0}), target = tensor({0.0, 0.0});
  EXPECT_EQ(nn::MSELoss()(input, target).item<double>(), 5);
  EXPECT_EQ(nn::MSELoss(Reduction::sum)(input, target).item<double>(), 10);
  EXPECT_NEAR(nn::BCEWithLogitsLoss()(zeros({2}), target).item<double>(), 0.693147, 1e-6);
}

}  // namespace
}  // namespace okibi
