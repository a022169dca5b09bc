#include <gmock/gmock.h>
#include <okibi/nn.h>
#include <okibi/random.h>

#include <sstream>

#include "nn/nn_golden.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(Embedding, LooksRowsUpAndTheyJoinContinuousFeatures) {
  const nn::Embedding gender(2, 8), job(22, 8);
  const Tensor gender_rows = gender(tensor({0, 1, 1, 0})), job_rows = job(tensor({3, 12, 7, 5}));
  EXPECT_EQ(job_rows.sizes(), (Dims{4, 8}));
  EXPECT_TRUE(equal(job_rows[1].detach(), job.weight()[12].detach()));
  EXPECT_EQ(cat({gender_rows, job_rows, ones({4, 4})}, 1).sizes(), (Dims{4, 20}));
}

TEST(Embedding, FromPretrainedPrintsAsInPyTorch) {
  const Tensor weight = tensor({{1, 2.3, 3}, {4, 5.1, 6.3}});
  const auto embedding = nn::Embedding::from_pretrained(weight);
  std::ostringstream text;
  text << embedding(tensor({1}));
  EXPECT_EQ(text.str(), testing_help::nn_golden()["pretrained_print"].get<std::string>());
}

TEST(Embedding, FromPretrainedSharesTheTableAndFreezeDecidesRequiresGrad) {
  const Tensor weight = ones({3, 2});
  const auto frozen = nn::Embedding::from_pretrained(weight, {.padding_idx = 0});
  const auto learning = nn::Embedding::from_pretrained(weight, {.freeze = false});
  EXPECT_FALSE(frozen.weight().requires_grad());
  EXPECT_TRUE(learning.weight().requires_grad());
  EXPECT_FALSE(weight.requires_grad());
  EXPECT_TRUE(equal(frozen.weight(), ones({3, 2})));  // the padding row is not zeroed
  weight.fill_(5);
  EXPECT_EQ(frozen.weight()[0][0].item<double>(), 5);
}

TEST(Embedding, FromPretrainedRefusesWhatPyTorchRefuses) {
  expect_error(ErrorKind::bad_argument, "Embeddings parameter is expected to be 2-dimensional",
               [] { nn::Embedding::from_pretrained(ones({3})); });
  expect_error(ErrorKind::bad_argument, "can require gradients", [] {
    nn::Embedding::from_pretrained(tensor({{1, 2}}), {.freeze = false});
  });
  EXPECT_EQ(nn::Embedding::from_pretrained(tensor({{1, 2}})).weight().dtype(), int64);  // frozen, it may be
}

TEST(Embedding, ZeroesThePaddingRowWithoutDrawingOtherNumbers) {
  manual_seed(3);
  const nn::Embedding plain(5, 4);
  manual_seed(3);
  const nn::Embedding padded(5, 4, {.padding_idx = -1});
  EXPECT_EQ(padded.options().padding_idx, 4);
  EXPECT_TRUE(equal(padded.weight()[4].detach(), zeros({4})));
  EXPECT_TRUE(equal(padded.weight().rows(0, 4).detach(), plain.weight().rows(0, 4).detach()));
  expect_error(ErrorKind::bad_argument, "Padding_idx must be within num_embeddings: expected -5 to 4, found 5",
               [] { nn::Embedding(5, 4, {.padding_idx = 5}); });
}

TEST(Embedding, SaysThatItHasNoMaxNorm) {
  expect_error(ErrorKind::unsupported, "max_norm", [] { nn::Embedding(5, 4, {.max_norm = 1.0}); });
}

TEST(Embedding, SparseGradientIsATensorOfTheRowsThatOccurred) {
  const nn::Embedding job(22, 8, {.padding_idx = 0, .sparse = true});
  sum(job(tensor({3, 0, 3, 5}))).backward();
  const Tensor gradient = job.weight().grad();
  ASSERT_TRUE(gradient.is_sparse());
  EXPECT_EQ(gradient.sizes(), (Dims{22, 8}));
  EXPECT_EQ(gradient.indices().to_vector<int64_t>(), (std::vector<int64_t>{3, 3, 5}));  // not summed; no padding
  EXPECT_EQ(to_dense(gradient)[3][0].item<double>(), 2);
}

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
