// nn.Embedding and nn.EmbeddingBag. The interop test walks their options against PyTorch; here is what it cannot say.
#include <gmock/gmock.h>
#include <okibi/nn.h>
#include <okibi/random.h>

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "nn/nn_golden.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

const nlohmann::json& golden() {
  static const nlohmann::json all = nlohmann::json::parse(std::ifstream(OKIBI_GOLDEN "/embedding.json"));
  return all;
}
std::string message(const char* name) { return golden()["messages"][name].get<std::string>(); }

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

TEST(Embedding, SparseGradientIsATensorOfTheRowsThatOccurred) {
  const nn::Embedding job(22, 8, {.padding_idx = 0, .sparse = true});
  sum(job(tensor({3, 0, 3, 5}))).backward();
  const Tensor gradient = job.weight().grad();
  ASSERT_TRUE(gradient.is_sparse());
  EXPECT_EQ(gradient.sizes(), (Dims{22, 8}));
  EXPECT_EQ(gradient.indices().to_vector<int64_t>(), (std::vector<int64_t>{3, 3, 5}));  // not summed; no padding
  EXPECT_EQ(to_dense(gradient)[3][0].item<double>(), 2);
}

TEST(Embedding, StartsFromPyTorchsNumbersInHalfPrecision) {
  for (const DType dtype : {bfloat16, float16}) {
    for (const auto& [sizes, expected] : golden()["initial"]["torch." + std::string(name_of(dtype))].items()) {
      const size_t x = sizes.find('x');
      manual_seed(7);
      const nn::Embedding table(std::stoll(sizes), std::stoll(sizes.substr(x + 1)), {.dtype = dtype});
      EXPECT_EQ(table.weight().dtype(), dtype);
      EXPECT_EQ(table.weight().detach().to(float64).to_vector<double>(), expected.get<std::vector<double>>()) << sizes;
    }
  }
}

TEST(Embedding, TakesATableOfTheRightSizes) {
  const Tensor weight = ones({5, 3}, {float64});
  const nn::Embedding table(5, 3, {.freeze = true, .weight = weight});
  EXPECT_EQ(table.options().dtype, float64);
  EXPECT_FALSE(table.weight().requires_grad());
  weight.fill_(4);
  EXPECT_EQ(table(tensor({2}))[0][0].item<double>(), 4);
  expect_error(ErrorKind::bad_argument, message("shape"), [] { nn::Embedding(5, 3, {.weight = ones({5, 2})}); });
}

TEST(Embedding, TablesWithoutRowsOrColumnsAreTables) {
  EXPECT_EQ(nn::Embedding(0, 3)(empty({0}, {int64})).sizes(), (Dims{0, 3}));
  EXPECT_EQ(nn::Embedding(4, 0)(tensor({1, 2})).sizes(), (Dims{2, 0}));
  expect_error(ErrorKind::out_of_range, "since the table has no rows", [] { nn::Embedding(0, 3)(tensor({0})); });
}

TEST(Embedding, SaysWhichIndexIsNoRow) {
  const nn::Embedding table(22, 8, {.max_norm = 1.0});
  const Tensor before = table.weight().detach().clone();
  expect_error(
      ErrorKind::out_of_range,
      "index out of range in self: index 22 at position [1, 1] of the input of embedding: expected 0 to 21, since "
      "the table has 22 rows, found 22",
      [&] {
        table(tensor({{0, 1, 2}, {3, 22, 4}}));
      });
  expect_error(ErrorKind::out_of_range, "index -1 at position [0]", [&] { table(tensor({-1})); });
  EXPECT_TRUE(equal(table.weight().detach(), before));  // nothing was scaled
}

TEST(Embedding, MaxNormScalesTheRowsThatAreLookedUpAndNoOthers) {
  const Tensor weight = tensor({{3.0, 4.0}, {6.0, 8.0}, {0.3, 0.4}, {30.0, 40.0}});
  const auto table = nn::Embedding::from_pretrained(weight, {.padding_idx = 3, .max_norm = 5.0});
  const uint32_t version = weight.storage()->version();
  table(tensor({1, 2, 1, 3}));
  EXPECT_EQ(weight[0].to_vector<float>(), (std::vector<float>{3, 4}));
  EXPECT_NEAR(weight[1][0].item<double>(), 3, 1e-6);  // frozen or not, from 10 to 5
  EXPECT_EQ(weight[2].to_vector<float>(), (std::vector<float>{0.3F, 0.4F}));
  EXPECT_NEAR(weight[3][1].item<double>(), 4, 1e-6);  // the padding row, too
  EXPECT_GT(weight.storage()->version(), version);
}

TEST(Embedding, WhatWasComputedFromTheTableBeforeMaxNormChangedItIsNoLongerSound) {
  const nn::Embedding table(3, 2, {.max_norm = 0.1});
  const Tensor scaled = table.weight() * table.weight();
  table(tensor({0, 1}));
  EXPECT_THROW(sum(scaled).backward(), Error);
}

TEST(Embedding, HalfPrecisionIsAddedUpInFloat) {
  for (const DType dtype : {bfloat16, float16}) {
    const nn::Embedding table(2, 3, {.dtype = dtype});
    sum(table(zeros({1000}, {int64})).to(float32)).backward();
    EXPECT_EQ(table.weight().grad()[0][0].item<double>(), 1000);  // PyTorch has 256 in bfloat16
  }
}

TEST(Embedding, AGradientThatIsKeptAsRowsIsTheDenseOneForWhoeverAsks) {
  const nn::Embedding table(40'000, 8, {.padding_idx = 3});  // large enough
  const Tensor ids = tensor({7, 3, 39'999, 7}), gradient = randn({4, 8}), kept = gradient.clone();
  table(ids).backward(gradient);
  gradient.fill_(100);  // the caller's own, to do with as he likes
  ids.fill_(0);
  const Tensor first = table.weight().grad();
  ASSERT_EQ(first.layout(), Layout::strided);
  EXPECT_TRUE(equal(first[7], kept[0] + kept[3]));
  EXPECT_TRUE(equal(first[39'999], kept[2]));
  EXPECT_TRUE(equal(first[3], zeros({8})));
  EXPECT_EQ(sum(first * first).item<float>(),
            sum(first[7] * first[7]).item<float>() + sum(first[39'999] * first[39'999]).item<float>());
}

TEST(Embedding, GradientsThatAreKeptAsRowsAddUp) {
  const nn::Embedding table(40'000, 8);
  for (int i = 0; i < 2; ++i) sum(table(tensor({5, 6, 5}))).backward();
  sum(table.weight() * 1.0).backward();  // a dense one on top
  EXPECT_EQ(table.weight().grad()[5][0].item<double>(), 5);
  EXPECT_EQ(table.weight().grad()[6][0].item<double>(), 3);
  EXPECT_EQ(table.weight().grad()[7][0].item<double>(), 1);
}

// ------------------------------------------------------------------------------------------------------------ bags

TEST(EmbeddingBag, PrintsAsPyTorchPrints) {
  EXPECT_EQ(to_string(nn::EmbeddingBag(10, 3)), golden()["prints"][0].get<std::string>());
  const nn::EmbeddingBag all(
      10, 3, {.max_norm = 1.5, .norm_type = 1, .scale_grad_by_freq = true, .mode = BagMode::sum, .padding_idx = 2});
  EXPECT_EQ(to_string(all), golden()["prints"][1].get<std::string>());
  EXPECT_EQ(to_string(nn::Embedding(22, 8, {.padding_idx = -1, .max_norm = 2.0})),
            golden()["prints"][2].get<std::string>());
}

TEST(EmbeddingBag, RefusesWhatPyTorchRefusesInItsWords) {
  const Tensor weight = ones({5, 3}), ids = tensor({1, 2}), offsets = tensor({0, 1});
  const auto expect = [&](const char* name, auto&& work) {
    expect_error(ErrorKind::bad_argument, message(name), work);
  };
  expect("first offset", [&] { embedding_bag(weight, ids, tensor({1, 2})); });
  expect("no offsets", [&] { embedding_bag(weight, ids); });
  expect("max by frequency",
         [&] { embedding_bag(weight, ids, offsets, {}, {.mode = BagMode::max, .scale_grad_by_freq = true}); });
  expect("max sparse", [&] { embedding_bag(weight, ids, offsets, {}, {.mode = BagMode::max, .sparse = true}); });
  expect_error(ErrorKind::bad_argument, "can not be greater than input's length 2 but got offsets[1] of 3", [&] {
    embedding_bag(weight, ids, tensor({0, 3}));
  });
  expect_error(ErrorKind::bad_argument, "offsets have to rise, but offsets[2] is 1 after 2", [&] {
    embedding_bag(weight, ids, tensor({0, 2, 1}));
  });
  expect_error(ErrorKind::unsupported, "per_sample_weights is only supported for mode='sum' (got mode='mean')",
               [&] { embedding_bag(weight, ids, offsets, ones({2})); });
  expect_error(ErrorKind::bad_argument, "per_sample_weights must have the same shape as input",
               [&] { embedding_bag(weight, ids, offsets, ones({3}), {.mode = BagMode::sum}); });
  expect_error(ErrorKind::bad_argument, "if input is 2D, then offsets has to be None", [&] {
    embedding_bag(weight, tensor({{1, 2}}), offsets);
  });
  expect_error(ErrorKind::out_of_range, "index 5 at position [1] of the input of embedding_bag", [&] {
    embedding_bag(weight, tensor({1, 5}), offsets);
  });
}

TEST(EmbeddingBag, EntriesBehindTheLastOffsetBelongToNoBag) {
  const nn::EmbeddingBag bag(4, 2, {.mode = BagMode::sum, .include_last_offset = true});
  const Tensor out = bag(tensor({1, 2, 3}), tensor({0, 1, 2}));
  EXPECT_EQ(out.sizes(), (Dims{2, 2}));
  sum(out).backward();
  EXPECT_EQ(bag.weight().grad().to_vector<float>(), (std::vector<float>{0, 0, 1, 1, 1, 1, 0, 0}));
}

}  // namespace
}  // namespace okibi
