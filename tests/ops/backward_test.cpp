// The graph: how gradients come together, what is freed when, and what is refused.
#include <thread>

#include <gmock/gmock.h>

#include <okibi/ops.h>

namespace okibi {
namespace {

using testing::HasSubstr;

Tensor leaf(const TensorLiteral& literal) { return tensor(literal, float64).requires_grad_(); }
std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Backward, AddsUpWhereATensorIsUsedTwice) {
  const Tensor x = leaf({1, 2, 3});
  sum(x * x + x).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({3.0, 5.0, 7.0}, float64)));
}

TEST(Backward, AccumulatesIntoGradUntilItIsCleared) {
  const Tensor x = leaf({1, 2});
  sum(x).backward();
  sum(x).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({2.0, 2.0}, float64)));
  x.set_grad({});
  EXPECT_FALSE(x.grad().defined());
}

TEST(Backward, LeavesIndependentGraphsAlone) {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4});
  const Tensor a = sum(x * x), b = sum(y * y);
  a.backward();
  b.backward();
  EXPECT_TRUE(equal(y.grad(), tensor({6.0, 8.0}, float64)));
}

TEST(Backward, ASecondTimeIsRefusedUnlessTheGraphWasRetained) {
  const Tensor x = leaf({1, 2});
  const Tensor loss = sum(x * x);
  loss.backward({}, true);
  loss.backward();
  EXPECT_TRUE(equal(x.grad(), tensor({4.0, 8.0}, float64)));
  EXPECT_THAT(message_of([&] { loss.backward(); }), HasSubstr("Trying to backward through the graph a second time"));
}

TEST(Backward, NeedsAScalarOrAGradient) {
  const Tensor x = leaf({1, 2});
  EXPECT_THAT(message_of([&] { (x * 2.0).backward(); }),
              HasSubstr("grad can be implicitly created only for scalar outputs"));
  (x * 2.0).backward(tensor({1, 10}, float64));
  EXPECT_TRUE(equal(x.grad(), tensor({2.0, 20.0}, float64)));
  EXPECT_THAT(message_of([] { tensor(1.0).backward(); }),
              HasSubstr("does not require grad and does not have a grad_fn"));
}

TEST(Backward, RecordsNothingWithoutGradMode) {
  const Tensor x = leaf({1, 2});
  NoGrad no_grad;
  EXPECT_FALSE((x * x).requires_grad());
}

TEST(Backward, NoticesASavedTensorThatChanged) {
  const Tensor x = leaf({1, 2}), factor = tensor({3, 4}, float64);
  const Tensor loss = sum(x * factor);
  factor.fill_(0);
  EXPECT_THAT(message_of([&] { loss.backward(); }), HasSubstr("modified by an inplace operation"));
  EXPECT_FALSE(x.grad().defined());
}

TEST(Backward, WorksAgainAfterAnError) {
  const Tensor x = leaf({1, 2}), factor = tensor({3, 4}, float64);
  const Tensor good = sum(x * x), shared = x * factor, bad = sum(shared);
  factor.fill_(0);
  EXPECT_THROW(bad.backward(), Error);
  good.backward();
  EXPECT_TRUE(equal(x.grad(), tensor({2.0, 4.0}, float64)));
}

TEST(Backward, GoesThroughViewsAndCopies) {
  const Tensor x = leaf({{1, 2, 3}, {4, 5, 6}});
  sum(x.t().slice(0, 1, 3).clone().select(0, 0) * tensor({10, 20}, float64)).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({{0, 10, 0}, {0, 20, 0}}, float64)));
}

TEST(Backward, GoesThroughAViewOfAComputedTensor) {
  const Tensor x = leaf({1, 2, 3, 4});
  const Tensor y = (x * 3.0).view({2, 2});
  sum(y[1]).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({0, 0, 3, 3}, float64)));
}

TEST(Backward, SumsOverWhatExpandRepeated) {
  const Tensor x = leaf({{1}, {2}});
  sum(x.expand({2, 3}) * 1.0).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({{3}, {3}}, float64)));
}

TEST(Backward, CastsTheGradientBack) {
  const Tensor x = tensor({1.5, 2.5}).requires_grad_();
  sum(x.to(float64) * 2.0).backward();
  EXPECT_EQ(x.grad().dtype(), float32);
}

TEST(Backward, StopsAtDetach) {
  const Tensor x = leaf({1, 2});
  sum(x * x.detach()).backward();
  EXPECT_TRUE(equal(x.grad(), tensor({1.0, 2.0}, float64)));
}

TEST(Backward, ALongGraphIsWalkedAndFreedWithoutRecursion) {
  const Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < 300'000; ++i) y = y + 0.0;
  sum(y).backward();
  EXPECT_EQ(x.grad().item<double>(), 1);
  Tensor z = x;
  for (int i = 0; i < 300'000; ++i) z = z.clone();
  sum(z).backward();
  EXPECT_EQ(x.grad().item<double>(), 2);
}

// A gradient is stolen only when nothing else can see it.
TEST(Backward, GradsDoNotShareTheirNumbers) {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4}), seed = tensor({1, 1}, float64);
  (x + y).backward(seed);
  x.grad().fill_(9);
  EXPECT_TRUE(equal(y.grad(), tensor({1, 1}, float64)));
  EXPECT_TRUE(equal(seed, tensor({1, 1}, float64)));
}

TEST(SparseGradient, IsUncoalescedInTheOrderOfTheInputWithoutThePaddingRow) {
  const Tensor weight = tensor({{1, 2}, {3, 4}, {5, 6}}, float32).requires_grad_();
  sum(embedding(weight, tensor({2, 0, 2, 1}), 1, false, true)).backward();
  const Tensor gradient = weight.grad();
  ASSERT_TRUE(gradient.is_sparse());
  EXPECT_FALSE(gradient.is_coalesced());
  EXPECT_TRUE(equal(gradient.indices(), tensor({{2, 0, 2}})));
  EXPECT_TRUE(equal(gradient.values(), ones({3, 2})));
  EXPECT_TRUE(equal(coalesce(gradient).indices(), tensor({{0, 2}})));
  EXPECT_TRUE(equal(to_dense(gradient), tensor({{1.0, 1.0}, {0.0, 0.0}, {2.0, 2.0}})));
}

TEST(SparseGradient, AccumulatesWithSparseAndWithDense) {
  const Tensor weight = tensor({{1, 2}, {3, 4}}, float32).requires_grad_();
  sum(embedding(weight, tensor({0}), -1, false, true)).backward();
  sum(embedding(weight, tensor({0}), -1, false, true)).backward();
  EXPECT_TRUE(weight.grad().is_sparse());
  EXPECT_TRUE(equal(to_dense(weight.grad()), tensor({{2.0, 2.0}, {0.0, 0.0}})));
  sum(weight).backward();
  EXPECT_TRUE(equal(weight.grad(), tensor({{3.0, 3.0}, {1.0, 1.0}})));
}

TEST(Embedding, SaysWhichIndexIsOutOfRangeAndWhere) {
  const std::string message = message_of([] { embedding(zeros({22, 8}), tensor({{1, 2}, {3, 22}})); });
  EXPECT_THAT(message, HasSubstr("index out of range in self"));
  EXPECT_THAT(message, HasSubstr("index 22 at position [1, 1]"));
  EXPECT_THAT(message, HasSubstr("0 to 21"));
  EXPECT_THAT(message_of([] { embedding(zeros({22, 8}), tensor({-1})); }), HasSubstr("index -1 at position [0]"));
  EXPECT_THAT(message_of([] {
                embedding(zeros({2, 8}), tensor({1}).to(int16));
              }),
              HasSubstr("Long, Int; but got int16"));
}

TEST(Embedding, TakesAnyShapeOfIndices) {
  const Tensor weight = tensor({{1, 2}, {3, 4}}, float32);
  EXPECT_EQ(embedding(weight, tensor(1)).sizes(), (Dims{2}));
  EXPECT_EQ(embedding(weight, zeros({2, 0}, {int64})).sizes(), (Dims{2, 0, 2}));
  EXPECT_EQ(embedding(weight, tensor({{0, 1, 0}}).to(int32)).sizes(), (Dims{1, 3, 2}));
}

TEST(Embedding, LooksUpInTablesThatNothingIsComputedWith) {
  EXPECT_TRUE(equal(embedding(tensor({{1, 2}, {3, 4}}), tensor({1, 0})), tensor({{3, 4}, {1, 2}})));
  const Tensor half = tensor({{1.5}, {2.5}}).to(bfloat16);
  EXPECT_TRUE(equal(embedding(half, tensor({1})), half.rows(1, 2)));
}

TEST(Arithmetic, PromotesAndBroadcasts) {
  EXPECT_TRUE(equal(tensor({1, 2}) + tensor({{0.5}, {1.5}}), tensor({{1.5, 2.5}, {2.5, 3.5}})));
  EXPECT_TRUE(equal(tensor({7, -7}) / tensor({2, 2}), tensor({3.5, -3.5})));
  EXPECT_TRUE(equal(tensor({true, false}) + tensor({true, true}), tensor({true, true})));
  EXPECT_TRUE(equal(tensor({INT64_MAX}) + tensor({1}), tensor({INT64_MIN})));
  EXPECT_TRUE(equal(sum(tensor({true, true, false})), tensor(2)));
  EXPECT_THAT(message_of([] { tensor({1, 2}) + tensor({1, 2, 3}); }), HasSubstr("must match the size of tensor b (3)"));
}

TEST(Dropout, KeepsScalesAndGivesTheGradientOfWhatItKept) {
  manual_seed(1);
  const Tensor x = full({1000}, 2).requires_grad_();
  const Tensor y = dropout(x, 0.25, true);
  sum(y).backward();
  int64_t kept = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    const float value = y.data<float>()[i];
    EXPECT_TRUE(value == 0 || value == 2 * (1 / 0.75f));
    EXPECT_EQ(x.grad().data<float>()[i], value / 2);
    kept += value != 0;
  }
  EXPECT_NEAR(static_cast<double>(kept), 750, 60);
  EXPECT_TRUE(dropout(x, 0.25, false).is_same(x));
  EXPECT_TRUE(equal(dropout(x, 1, true).detach(), zeros({1000})));
  EXPECT_THAT(message_of([&] { dropout(x, 1.5, false); }),
              HasSubstr("dropout probability has to be between 0 and 1, but got 1.5"));
}

TEST(Backward, ViewsMayShowWhatLiesOutsideOfTheirBase) {
  const Tensor leaf = ones({10}).narrow(0, 5, 3).detach().requires_grad_();
  sum(leaf.as_strided({3}, {2}, 4)).backward();  // 4, 6, 8, of which the leaf has 5, 6, 7
  EXPECT_EQ(leaf.grad().to_vector<float>(), (std::vector<float>{0, 1, 0}));
  leaf.set_grad({});
  sum(leaf.as_strided({3}, {1}, 4)).backward();  // 4, 5, 6
  EXPECT_EQ(leaf.grad().to_vector<float>(), (std::vector<float>{1, 1, 0}));
  leaf.set_grad({});
  sum(leaf.as_strided({4, 2}, {1, 0}, 4)).backward();  // 4, 5, 6, 7, each twice
  EXPECT_EQ(leaf.grad().to_vector<float>(), (std::vector<float>{2, 2, 2}));
}

TEST(ThreadsBackward, EachThreadRecordsItsOwnGraphOverSharedWeights) {
  const Tensor weight = rand({8, 8}), view = weight.t();
  std::vector<std::thread> threads;
  std::vector<Tensor> gradients(2);
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const Tensor x = ones({4, 8}).requires_grad_();
        sum(relu(linear(x, view))).backward();
        gradients[t] = x.grad();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(equal(gradients[0], gradients[1]));
}

}  // namespace
}  // namespace okibi
