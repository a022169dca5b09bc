#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <thread>

#include "tensor/body.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

Tensor parameter(const Dims& sizes) { return zeros(sizes).requires_grad_(); }

TEST(RequiresGrad, IsForRealAndComplexNumbersOnly) {
  EXPECT_TRUE(zeros({1}, {.dtype = bfloat16}).requires_grad_().requires_grad());
  EXPECT_TRUE(zeros({1}, {.dtype = complex64}).requires_grad_().requires_grad());
  expect_error(ErrorKind::bad_argument, "only Tensors of floating point dtype can require gradients",
               [] { arange(3).requires_grad_(); });
  EXPECT_NO_THROW(arange(3).requires_grad_(false));
}

TEST(RequiresGrad, CannotBeTakenFromAComputedTensor) {
  expect_error(ErrorKind::bad_argument, "you can only change requires_grad flags of leaf variables",
               [] { parameter({2}).view({2}).requires_grad_(false); });
}

TEST(Grad, MustFitItsTensor) {
  const Tensor p = parameter({2, 3});
  EXPECT_FALSE(p.grad().defined());
  p.set_grad(ones({2, 3}));
  EXPECT_EQ(p.grad()[0][0].item<float>(), 1);
  p.set_grad({});
  EXPECT_FALSE(p.grad().defined());
  expect_error(ErrorKind::bad_argument, "expected [2, 3], found [3, 2]", [&] { p.set_grad(ones({3, 2})); });
  expect_error(ErrorKind::bad_argument, "expected torch.float32, found torch.float64", [&] {
    p.set_grad(ones({2, 3}, {.dtype = float64}));
  });
}

TEST(Grad, MayBeSparse) {
  const Tensor p = parameter({4, 3});
  p.set_grad(sparse_coo_tensor(tensor({{0, 2}}), ones({2, 3}), {4, 3}));
  EXPECT_TRUE(p.grad().is_sparse());
}

TEST(Derived, ViewsRememberTheirBase) {
  const Tensor p = parameter({2, 3}), view = p.t();
  EXPECT_TRUE(view.requires_grad() && !view.is_leaf() && p.is_leaf());
  EXPECT_EQ(view.body()->derived, Derived::view);
  EXPECT_TRUE(view.body()->derived_from.is_same(p));
}

TEST(Derived, AViewOfAViewRemembersTheFirst) {
  const Tensor p = parameter({2, 3}), view = p.t().slice(0, 1, 3).unsqueeze(0);
  EXPECT_TRUE(view.body()->derived_from.is_same(p));
}

TEST(Derived, CopiesRememberTheirSource) {
  const Tensor p = parameter({2, 3}), view = p.t(), copy = view.contiguous();
  EXPECT_EQ(copy.body()->derived, Derived::copy);
  EXPECT_TRUE(copy.body()->derived_from.is_same(view));
  const Tensor view_of_copy = copy.select(0, 0);
  EXPECT_TRUE(view_of_copy.body()->derived_from.is_same(copy));
  EXPECT_EQ(p.to(float64).body()->derived, Derived::copy);
  EXPECT_TRUE(p.reshape({-1}).body()->derived_from.is_same(p));
}

TEST(Derived, IsNothingWithoutANeed) {
  EXPECT_EQ(zeros({2}).view({2}).body()->derived, Derived::no);
  const Tensor p = parameter({2});
  const Tensor integers = p.to(int64), detached = p.detach();
  EXPECT_TRUE(!integers.requires_grad() && integers.is_leaf());
  EXPECT_TRUE(!detached.requires_grad() && detached.is_leaf() && detached.storage() == p.storage());
  const NoGrad guard;
  EXPECT_FALSE(p.view({1, 2}).requires_grad());
  EXPECT_FALSE(p.clone().requires_grad());
}

TEST(Derived, LongChainsAreFreedWithoutRecursion) {
  Tensor t = parameter({1});
  for (int i = 0; i < 300000; ++i) t = t.clone();
  EXPECT_TRUE(t.requires_grad());
}

TEST(NoGrad, NestsAndEnds) {
  EXPECT_TRUE(grad_enabled());
  {
    const NoGrad outer;
    { const NoGrad inner; }
    EXPECT_FALSE(grad_enabled());
  }
  EXPECT_TRUE(grad_enabled());
}

TEST(ThreadsNoGrad, IsOfOneThread) {
  const NoGrad here;
  std::thread([] { EXPECT_TRUE(grad_enabled()); }).join();
}

TEST(InPlace, IsRefusedOnALeafThatRequiresGrad) {
  const Tensor p = parameter({2});
  for (const auto& change : {+[](const Tensor& t) { t.fill_(1); }, +[](const Tensor& t) { t.copy_(zeros({2})); }}) {
    expect_error(ErrorKind::bad_argument,
                 "a leaf Variable that requires grad is being used in an in-place operation. To change a parameter",
                 [&] { change(p); });
    const NoGrad guard;
    EXPECT_NO_THROW(change(p));
  }
}

TEST(InPlace, IsRefusedOnATensorWithHistory) {
  const Tensor view = parameter({2}).view({2});
  expect_error(ErrorKind::unsupported, "gradient history cannot be changed in place", [&] { view.zero_(); });
  const NoGrad guard;
  EXPECT_NO_THROW(view.zero_());
}

TEST(InPlace, DoesNotLoseAGradientSilently) {
  const Tensor p = parameter({2});
  expect_error(ErrorKind::unsupported, "would lose its gradient", [&] { zeros({2}).copy_(p); });
  EXPECT_NO_THROW(zeros({2}).copy_(p.detach()));
}

}  // namespace
}  // namespace okibi
