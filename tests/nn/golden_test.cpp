// Layers against PyTorch 2.15: the same initial numbers, the same words.
#include <gmock/gmock.h>

#include "nn/nn_golden.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing_help::Net;
using testing_help::nn_golden;

TEST(Initialisation, GivesTheBitsOfPyTorchAfterManualSeed) {
  manual_seed(0);
  const Net net;
  const StateDict state = net.state_dict();
  const auto& weights = nn_golden()["weights"];
  ASSERT_EQ(state.size(), weights.size());
  for (const auto& [name, value] : state) {
    EXPECT_EQ(value.to_tensor().to_vector<float>(), weights[name].get<std::vector<float>>()) << name;
  }
}

TEST(StateDict, HasPyTorchsMetadataForEveryModule) {
  const StateDict state = Net().state_dict();
  std::vector<std::string> prefixes;
  for (const auto& [prefix, version] : state.versions()) {
    prefixes.push_back(prefix);
    EXPECT_EQ(version, 1);
  }
  EXPECT_EQ(prefixes, nn_golden()["metadata"].get<std::vector<std::string>>());
}

TEST(Printing, IsPyTorchsRepr) {
  EXPECT_EQ(to_string(Net()), nn_golden()["repr"].get<std::string>());
  const nn::Embedding embedding(4, 2, {.padding_idx = 1, .norm_type = 1, .scale_grad_by_freq = true, .sparse = true});
  EXPECT_EQ(to_string(embedding), nn_golden()["embedding_repr"].get<std::string>());
}

StateDict misfit(const Net& net) {
  StateDict state;
  for (const auto& [name, value] : net.state_dict()) {
    if (name != "mlp.0.bias" && name != "job.weight") state.set(name, value);
  }
  state.set("x", zeros({1}));
  state.set("mlp.7.weight", zeros({1}));
  state.set("gender.weight", zeros({3, 8}));
  state.set("gender.bias", zeros({1}));
  state.set("mlp.3.0.weight", 3);
  return state;
}

TEST(LoadStateDict, GathersAllThatDoesNotFitInPyTorchsWords) {
  Net net;
  try {
    net.load_state_dict(misfit(net));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::mismatch);
    EXPECT_EQ(error.what(), nn_golden()["misfit"].get<std::string>());
  }
}

}  // namespace
}  // namespace okibi
