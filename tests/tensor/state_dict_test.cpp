#include <okibi/value.h>

#include <array>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

std::vector<std::string> names_of(const StateDict& state_dict) {
  std::vector<std::string> names;
  for (const auto& [name, value] : state_dict) names.push_back(name);
  return names;
}

TEST(StateDict, KeepsNamesInOrderAndReplacesInPlace) {
  StateDict state_dict;
  state_dict.set("fc.weight", zeros({2, 3}));
  state_dict.set("fc.bias", zeros({2}));
  state_dict.set("fc.weight", ones({2, 3}));
  EXPECT_EQ(names_of(state_dict), (std::vector<std::string>{"fc.weight", "fc.bias"}));
  EXPECT_TRUE(equal(state_dict["fc.weight"], ones({2, 3})));
  EXPECT_TRUE(state_dict.contains("fc.bias"));
  EXPECT_EQ(state_dict.find("fc"), nullptr);
}

TEST(StateDict, ComesFromEveryKindOfDict) {
  for (const DictKind kind : {DictKind::dict, DictKind::ordered_dict, DictKind::default_dict}) {
    const Dict dict(kind);
    dict.set("w", zeros({2}));
    EXPECT_EQ(StateDict(dict)["w"].numel(), 2);
  }
  EXPECT_EQ(StateDict(Dict(DictKind::ordered_dict)).size(), 0u);
}

TEST(StateDict, SharesTheTensorsOfTheDict) {
  const Tensor weight = zeros({2});
  EXPECT_TRUE(StateDict(Dict{{"w", weight}})["w"].is_same(weight));
}

TEST(StateDict, GoesThroughAValueAndBackWithItsVersions) {
  StateDict state_dict;
  state_dict.set("bn.weight", zeros({2}));
  state_dict.set("head._extra_state", Dict{{"anything", zeros({1})}});
  state_dict.set_version("", 1);
  state_dict.set_version("bn.", 1);
  state_dict.set_version("bn.", 2);
  const Value value = state_dict;
  EXPECT_EQ(value.to_dict().kind(), DictKind::ordered_dict);
  EXPECT_EQ(repr(*value.to_dict().attributes()),
            "{'_metadata': OrderedDict([('', {'version': 1}), ('bn.', {'version': 2})])}");
  const StateDict again(value);
  EXPECT_EQ(names_of(again), names_of(state_dict));
  EXPECT_EQ(again.versions(), state_dict.versions());
}

TEST(StateDict, WithoutVersionsLeavesNoMetadata) {
  EXPECT_FALSE(Value(StateDict(Dict{{"w", zeros({1})}})).to_dict().attributes());
}

TEST(StateDict, PassesOverMetadataOfAnotherForm) {
  const Dict dict{{"w", zeros({1})}};
  dict.set_attributes(Dict{{"_metadata", Dict{{"", 7},
                                              {3, Dict{{"version", 1}}},
                                              {"a", Dict{{"version", "new"}}},
                                              {"b", Dict{{"version", 4}, {"other", true}}}}}});
  const StateDict state_dict{Value(dict)};
  ASSERT_EQ(state_dict.versions().size(), 1u);
  EXPECT_EQ(state_dict.versions()[0].first, "b");
  EXPECT_EQ(state_dict.versions()[0].second, 4);
}

TEST(StateDict, SaysWhenItIsGivenAWholeCheckpoint) {
  const Value checkpoint = Dict{{"epoch", 3},
                                {"model_state_dict", Dict{{"fc.weight", zeros({1})}}},
                                {"optimizer_state_dict", Dict{{"state", Dict()}, {"param_groups", List()}}},
                                {"loss", 0.5}};
  expect_error(ErrorKind::mismatch,
               "this is a whole checkpoint, not a state_dict; its keys are: epoch, model_state_dict, "
               "optimizer_state_dict, loss. Use load(path)[\"model_state_dict\"].",
               [&] { StateDict{checkpoint}; });
}

TEST(StateDict, NamesEachStateDictOfACheckpointEvenWhenATensorLiesBesideThem) {
  const Value checkpoint = Dict{{"loss", zeros({})}, {"G", Dict{{"w", zeros({1})}}}, {"D", Dict{{"w", zeros({1})}}}};
  expect_error(ErrorKind::mismatch, "Use load(path)[\"G\"] or load(path)[\"D\"].", [&] { StateDict{checkpoint}; });
}

TEST(StateDict, RefusesWhatIsNoDictOfTensors) {
  expect_error(ErrorKind::mismatch, "but this is a list: [1]", [] { StateDict{Value(List{1})}; });
  expect_error(ErrorKind::mismatch, "but this is a Tensor of shape [2]", [] { StateDict{Value(zeros({2}))}; });
  expect_error(ErrorKind::mismatch, "this is a whole object of class my.Net, not a state_dict",
               [] { StateDict{Value(Object({.module = "my", .name = "Net"}))}; });
  expect_error(ErrorKind::mismatch, "this dict holds no tensors, so it is no state_dict; its keys are: epoch, 7", [] {
    StateDict{Value(Dict{{"epoch", 1}, {7, 2}})};
  });
  expect_error(ErrorKind::mismatch, "the names in a state_dict are str, but this dict has the key an int: 1", [] {
    StateDict{Value(Dict{{1, zeros({1})}})};
  });
}

TEST(StateDict, SuggestsTheNearestNames) {
  StateDict state_dict;
  for (const char* name : {"module.fc.weight", "fc1.weight", "embedding.bias"}) state_dict.set(name, zeros({1}));
  expect_error(
      ErrorKind::not_found,
      "the state_dict has no 'fc.weight' among its 3 entries. Did you mean 'module.fc.weight' or 'fc1.weight'?",
      [&] { state_dict["fc.weight"]; });
  expect_error(ErrorKind::not_found, "the state_dict has no 'xyz' among its 3 entries", [&] { state_dict["xyz"]; });
}

TEST(StateDict, SaysWhichEntryIsNoTensor) {
  StateDict state_dict;
  state_dict.set("head._extra_state", 3);
  expect_error(ErrorKind::bad_argument, "state_dict entry head._extra_state: expected a Tensor, found an int: 3",
               [&] { state_dict["head._extra_state"]; });
}

TEST(StateDict, FindsEachOfManyNamesQuickly) {
  StateDict state_dict;
  const Value value = zeros({1});
  for (int i = 0; i < 100'000; ++i) state_dict.set("layers." + std::to_string(i) + ".weight", value);
  const StateDict copy = state_dict;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(copy.contains("layers." + std::to_string(i) + ".weight"));
  EXPECT_FALSE(copy.contains("layers.100000.weight"));
}

}  // namespace
}  // namespace okibi
