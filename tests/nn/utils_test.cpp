// Clipped gradients against PyTorch 2.15 (tests/golden/make_scheduler_golden.py).
#include <gtest/gtest.h>
#include <okibi/checkpoint.h>
#include <okibi/nn.h>
#include <okibi/ops.h>

#include <cmath>
#include <limits>

#include "tensor/body.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor with_gradient(const Tensor& gradient) {
  const Tensor parameter = zeros(gradient.sizes(), {gradient.dtype()}).requires_grad_();
  parameter.set_grad(gradient);
  return parameter;
}

// Row 1 comes twice.
Tensor sparse() {
  return sparse_coo_tensor(tensor({{1, 3, 1}}), tensor({{1.0, 1.0}, {2.0, -2.0}, {1.0, 1.0}}), {4, 2});
}

std::vector<Tensor> parameters() {
  return {with_gradient(tensor({{3.0, -4.0}, {0.0, 1.5}})), with_gradient(tensor({0.25, -0.5, 8.0})),
          zeros({7}).requires_grad_(), with_gradient(zeros({2})), with_gradient(sparse())};
}

std::vector<double> gradients(const std::vector<Tensor>& parameters) {
  std::vector<double> all;
  for (const Tensor& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    const Tensor dense = parameter.grad().is_sparse() ? to_dense(parameter.grad()) : parameter.grad();
    for (const float number : dense.to_vector<float>()) all.push_back(number);
  }
  return all;
}

TEST(ClipGradNorm, IsPyTorchsForEveryNorm) {
  const Value cases = load(OKIBI_GOLDEN "/optim_schedulers.pth")["clipped"];
  ASSERT_GE(cases.size(), 14u);
  for (const Value& golden : cases.to_list()) {
    SCOPED_TRACE(repr(golden["norm_type"]) + " " + repr(golden["max_norm"]));
    const std::vector<Tensor> all = parameters();
    const double norm =
        nn::utils::clip_grad_norm_(all, golden["max_norm"].to_double(), golden["norm_type"].to_double());
    EXPECT_NEAR(norm, golden["norm"].to_double(), 1e-6 * golden["norm"].to_double());
    const std::vector<double> own = gradients(all);
    ASSERT_EQ(own.size(), golden["gradients"].size());
    for (size_t i = 0; i < own.size(); ++i) EXPECT_NEAR(own[i], golden["gradients"][i].to_double(), 2e-6);
  }
}

TEST(ClipGradNorm, RefusesNumbersThatAreNoneWhenAsked) {
  const Tensor bad = with_gradient(tensor({1.0, infinity})), good = with_gradient(tensor({2.0}));
  expect_error(ErrorKind::bad_argument, "The total norm of order 2 for gradients from `parameters` is non-finite",
               [&] { nn::utils::clip_grad_norm_({good, bad}, 1, 2, true); });
  EXPECT_EQ(good.grad().item<double>(), 2);
  EXPECT_EQ(nn::utils::clip_grad_norm_({good, bad}, 1), infinity);
  EXPECT_EQ(good.grad().item<double>(), 0);
  EXPECT_TRUE(std::isnan(bad.grad()[1].item<double>()));
  EXPECT_EQ(nn::utils::clip_grad_norm_({}, 1), 0);
}

TEST(ClipGradNorm, TakesViewsWithGapsAndHalfPrecision) {
  const Tensor table = tensor({{3.0, 0.0}, {4.0, 0.0}});
  EXPECT_EQ(nn::utils::clip_grad_norm_({with_gradient(table.t().detach())}, 2.5), 5);
  EXPECT_NEAR(table[1][0].item<double>(), 2, 1e-6);
  const Tensor half = with_gradient(tensor({3.0, 4.0}, bfloat16));
  EXPECT_EQ(nn::utils::clip_grad_norm_({half}, 2.5), 5);
  EXPECT_EQ(half.grad()[0].item<double>(), 1.5);
}

TEST(ClipGradNorm, LeavesTheRowsOfALargeTableRows) {
  Tensor gradients[2];
  for (const bool written_out : {false, true}) {
    manual_seed(2);
    const nn::Embedding table(40'000, 8);
    table(randint(0, 30, {200})).backward(randn({200, 8}));
    if (written_out) {
      EXPECT_FALSE(table.weight().grad().is_sparse());
    }
    EXPECT_GT(nn::utils::clip_grad_norm_(table.parameters(), 0.5), 1);
    EXPECT_EQ(stands_for_dense(gradient_as_it_came(table.weight())), !written_out);
    gradients[written_out] = table.weight().grad();
  }
  EXPECT_TRUE(equal(gradients[0], gradients[1]));
  EXPECT_NEAR(std::sqrt(sum(gradients[0] * gradients[0]).item<double>()), 0.5, 1e-5);
}

TEST(ClipGradValue, HoldsEveryNumber) {
  const Tensor dense = with_gradient(tensor({-3.0, 0.5, 3.0, NAN})), rows = with_gradient(sparse());
  nn::utils::clip_grad_value_({dense, rows, zeros({2}).requires_grad_()}, 1.5);
  EXPECT_TRUE(equal(dense.grad().slice(0, 0, 3), tensor({-1.5, 0.5, 1.5})));
  EXPECT_TRUE(std::isnan(dense.grad()[3].item<double>()));
  EXPECT_TRUE(equal(to_dense(rows.grad()), tensor({{0.0, 0.0}, {1.5, 1.5}, {0.0, 0.0}, {1.5, -1.5}})));
}

}  // namespace
}  // namespace okibi
