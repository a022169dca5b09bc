// Batch norms: what they keep, what they refuse, and state_dicts with buffers.
#include <gmock/gmock.h>
#include <okibi/nn.h>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(BatchNorm, MovesItsRunningStatisticsInTrainingAlone) {
  nn::BatchNorm1d norm(1, {.momentum = 0.5});
  const Tensor x = tensor({{1.0}, {3.0}});  // mean 2, biased variance 1, unbiased 2
  norm(x);
  EXPECT_EQ(norm.running_mean().to_vector<float>(), (std::vector<float>{1}));
  EXPECT_EQ(norm.running_var().to_vector<float>(), (std::vector<float>{1.5}));
  norm.eval();
  norm(x);
  EXPECT_EQ(norm.num_batches_tracked().item<int64_t>(), 1);
  EXPECT_EQ(norm.running_mean().item<double>(), 1);
}

TEST(BatchNorm, WithoutAMomentumKeepsTheMeanOverAllBatches) {
  const nn::BatchNorm1d norm(1, {.momentum = {}});
  for (const double shift : {0.0, 10.0, 5.0}) norm(tensor({{1.0 + shift}, {3.0 + shift}}));
  EXPECT_FLOAT_EQ(norm.running_mean().item<float>(), 7);
  EXPECT_EQ(norm.num_batches_tracked().item<int64_t>(), 3);
}

TEST(BatchNorm, RefusesABatchOfOneInTraining) {
  nn::BatchNorm1d norm(3);
  expect_error(ErrorKind::bad_argument,
               "Expected more than 1 value per channel when training, got input size torch.Size([1, 3])", [&] {
                 norm(ones({1, 3}));
               });
  EXPECT_EQ(norm.num_batches_tracked().item<int64_t>(), 0);
  norm.eval();
  EXPECT_EQ(norm(ones({1, 3})).sizes(), (Dims{1, 3}));
}

TEST(BatchNorm, RefusesOtherDimensionsAndSizes) {
  expect_error(ErrorKind::bad_argument, "expected 2D or 3D input (got 4D input)", [] {
    nn::BatchNorm1d(3)(ones({2, 3, 4, 5}));
  });
  expect_error(ErrorKind::bad_argument, "expected 4D input (got 2D input)", [] { nn::BatchNorm2d(3)(ones({2, 3})); });
  expect_error(ErrorKind::bad_argument, "running_mean should contain 4 elements not 3", [] {
    nn::BatchNorm1d(3)(ones({2, 4}));
  });
}

TEST(Norms, RefuseSizesThatDoNotFit) {
  expect_error(ErrorKind::bad_argument,
               "Given normalized_shape=[3], expected input with shape [*, 3], but got input of size[2, 4]", [] {
                 nn::LayerNorm(3)(ones({2, 4}));
               });
  expect_error(ErrorKind::bad_argument, "num_channels must be divisible by num_groups", [] { nn::GroupNorm(2, 3); });
  expect_error(ErrorKind::bad_argument, "to be divisible by num_groups", [] { group_norm(ones({2, 3}), 2); });
}

TEST(LoadStateDict, TakesBuffersAndSaysWhichAreMissing) {
  const nn::Sequential from{nn::Linear(2, 2), nn::BatchNorm1d(2)};
  from(tensor({{1.0, 2.0}, {3.0, 4.0}}));
  nn::Sequential to{nn::Linear(2, 2), nn::BatchNorm1d(2)};
  StateDict state = from.state_dict();
  EXPECT_EQ(state.size(), 7u);
  to.load_state_dict(state);
  EXPECT_TRUE(equal(to[1].as<nn::BatchNorm1d>().running_var(), from[1].as<nn::BatchNorm1d>().running_var()));
  EXPECT_EQ(to[1].as<nn::BatchNorm1d>().num_batches_tracked().item<int64_t>(), 1);

  StateDict less;
  for (const auto& [name, value] : state) {
    if (name != "1.running_var" && name != "1.num_batches_tracked") less.set(name, value);
  }
  less.set("1.running_total", zeros({2}));
  less.set_version("1", 2);
  const nn::IncompatibleKeys keys = to.load_state_dict(less, {.strict = false});
  EXPECT_EQ(keys.missing, (std::vector<std::string>{"1.running_var", "1.num_batches_tracked"}));
  EXPECT_EQ(keys.unexpected, (std::vector<std::string>{"1.running_total"}));
}

TEST(LoadStateDict, TakesBatchNormsOfBeforeBatchesWereCounted) {
  nn::BatchNorm1d norm(2);
  norm(ones({3, 2}));
  StateDict old;  // without versions
  for (const auto& [name, value] : norm.state_dict()) {
    if (name != "num_batches_tracked") old.set(name, value);
  }
  norm.load_state_dict(old);
  EXPECT_EQ(norm.num_batches_tracked().item<int64_t>(), 1);
  old.set_version("", 2);
  expect_error(ErrorKind::mismatch, "Missing key(s) in state_dict: \"num_batches_tracked\"",
               [&] { norm.load_state_dict(old); });
}

}  // namespace
}  // namespace okibi
