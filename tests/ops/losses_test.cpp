// What losses refuse, and the corners of them.
#include <gmock/gmock.h>
#include <okibi/ops.h>

#include <cmath>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(CrossEntropy, SaysWhichTargetIsNoClass) {
  expect_error(
      ErrorKind::out_of_range,
      "Target 3 is out of bounds.: expected a class from 0 to 2, or -100 for none, found 3 at element 1 of the "
      "target",
      [] {
        cross_entropy(ones({2, 3}), tensor({0, 3}));
      });
  expect_error(ErrorKind::bad_argument, "Expected input batch_size (2) to match target batch_size (3).", [] {
    cross_entropy(ones({2, 3}), tensor({0, 1, 2}));
  });
  expect_error(ErrorKind::bad_argument, "expected scalar type Long", [] {
    cross_entropy(ones({2, 3}), tensor({0.0, 1.0}));
  });
  expect_error(ErrorKind::bad_argument, "weight tensor should be defined either for all 3 classes or no classes", [] {
    cross_entropy(ones({2, 3}), tensor({0, 1}), Reduction::mean, ones({2}));
  });
  expect_error(ErrorKind::bad_argument, "label_smoothing must be between 0.0 and 1.0. Got: 1.5", [] {
    cross_entropy(ones({2, 3}), tensor({0, 1}), Reduction::mean, {}, -100, 1.5);
  });
}

TEST(CrossEntropy, OfNoTargetThatCountsIsNanAsInPyTorch) {
  const Tensor x = ones({2, 3}).requires_grad_();
  EXPECT_TRUE(std::isnan(cross_entropy(x, tensor({-100, -100})).item<double>()));
  cross_entropy(x, tensor({-100, -100}), Reduction::sum).backward();
  EXPECT_TRUE(equal(x.grad(), zeros({2, 3})));
}

TEST(CrossEntropy, GivesNoGradientToARowThatIsIgnoredWhateverItHolds) {
  const Tensor x = tensor({{1.0, 2.0}, {std::nan(""), 1.0}}).requires_grad_();
  cross_entropy(x, tensor({0, -100})).backward();
  EXPECT_TRUE(equal(x.grad()[1], zeros({2})));
}

TEST(Losses, RefuseAGradientThatThereIsNot) {
  const Tensor weight = ones({3}).requires_grad_(), x = ones({2, 3}).requires_grad_();
  expect_error(ErrorKind::unsupported, "the derivative for 'weight' is not implemented", [&] {
    cross_entropy(x, tensor({0, 1}), Reduction::mean, weight);
  });
  expect_error(ErrorKind::unsupported, "the derivative for 'pos_weight' is not implemented",
               [&] { binary_cross_entropy_with_logits(x, x, Reduction::mean, {}, weight); });
}

TEST(Losses, RefuseWhatPyTorchRefuses) {
  expect_error(ErrorKind::bad_argument, "all elements of input should be between 0 and 1: found 1.5 at element 1", [] {
    binary_cross_entropy(tensor({0.5, 1.5}), ones({2}));
  });
  expect_error(ErrorKind::bad_argument, "does not support negative values for beta",
               [] { smooth_l1_loss(ones({1}), ones({1}), Reduction::mean, -1); });
  expect_error(ErrorKind::bad_argument, "does not support non-positive values for delta",
               [] { huber_loss(ones({1}), ones({1}), Reduction::mean, 0); });
  expect_error(ErrorKind::bad_argument, "3 is not a valid value for reduction",
               [] { mse_loss(ones({1}), ones({1}), Reduction::batchmean); });
  expect_error(ErrorKind::bad_argument, "1D target tensor expects 2D input tensors",
               [] { cosine_embedding_loss(ones({3}), ones({3}), ones({3})); });
  expect_error(ErrorKind::bad_argument, "anchor 2D, positive 1D, and negative 2D inputs", [] {
    triplet_margin_loss(ones({2, 3}), ones({3}), ones({2, 3}));
  });
}

TEST(BinaryCrossEntropy, EndsLogarithmsAtMinus100) {
  EXPECT_EQ(binary_cross_entropy(tensor({0.0, 1.0}), tensor({1.0, 0.0})).item<double>(), 100);
}

TEST(KlDiv, CountsNothingWhereTheTargetIsZero) {
  EXPECT_EQ(kl_div(tensor({-1.0, -2.0}), tensor({0.0, 1.0}), Reduction::sum).item<double>(), 2);
}

}  // namespace
}  // namespace okibi
