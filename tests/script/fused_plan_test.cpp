// Plans in which operators were fused, and what must not be: numbers that are none, weights that change, what is
// changed in place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/ops.h>

#include <cmath>
#include <thread>

#include "script/compare.h"
#include "script/effects.h"
#include "script/plan/finite.h"
#include "script/planned.h"

namespace okibi::script {
namespace {

using jit::Module;
using testing_help::archive_of;
using testing_help::expect_equal;
using testing_help::Made;
using testing_help::row;

const char* const network =
    "  w : Tensor\n  b : Tensor\n  g : Tensor\n  m : Tensor\n  v : Tensor\n"
    "  def f(self, x: Tensor) -> Tensor:\n"
    "    y = torch.conv2d(x, self.w, self.b, [1, 1], [1, 1])\n"
    "    z = torch.batch_norm(y, self.g, self.b, self.m, self.v, False, 0.1, 1e-05, True)\n"
    "    _0 = torch.relu_(z)\n"
    "    u = torch.conv2d(z, self.w, None, [1, 1], [1, 1])\n"
    "    t = torch.relu(torch.add(u, z))\n"
    "    p = torch.max_pool2d(torch.cat([t, z], 1), [3, 3], [2, 2], [1, 1], [1, 1], True)\n"
    "    q = torch.conv2d(torch.slice(p, 1, 0, 16), self.w, self.b, [2, 2], [0, 0], [1, 1], 1)\n"
    "    return torch.flatten(torch.adaptive_avg_pool2d(torch.hardswish(q), [1, 1]), 1)\n";

Dict weights_of_network() {
  Generator generator(3);
  const auto some = [&](Dims sizes) { return randn(std::move(sizes), {}, generator) * 0.2; };
  return Dict{{"w", some({16, 16, 3, 3})},
              {"b", some({16})},
              {"g", some({16}) + 1.0},
              {"m", some({16})},
              {"v", abs(some({16})) + 0.5}};
}

double relative(const Tensor& found, const Tensor& expected) {
  return script_tests::difference(found, expected, "tensor");
}

TEST(FusedPlan, GivesWhatTheOperatorsGiveOneByOne) {
  const auto file = archive_of(network, weights_of_network());
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  for (const Dims& sizes : {Dims{1, 16, 12, 9}, Dims{3, 16, 8, 8}}) {
    const Tensor x = randn(sizes);
    const Tensor first = exact.call("f", {x}).to_tensor();
    EXPECT_TRUE(equal(exact.call("f", {x}).to_tensor(), first)) << "the very same operators";
    for (int call = 0; call < 3; ++call) EXPECT_LE(relative(fused.call("f", {x}).to_tensor(), first), 1e-5) << call;
  }
}

// In halves nothing is rounded between what is fused: more numbers are those of float32, rounded once.
TEST(FusedPlan, ComputesHalvesInFloat32) {
  for (const DType half : {bfloat16, float16}) {
    Dict weights, wide;
    for (const auto& [name, value] : weights_of_network()) {
      weights.set(name, value.to_tensor().to(half));
      wide.set(name, value.to_tensor().to(half).to(float32));
    }
    const Module fused = jit::load(archive_of(network, weights)), exact = jit::load(archive_of(network, wide));
    const Tensor x = randn({16, 16, 8, 8}).to(half), expected = exact.call("f", {x.to(float32)}).to_tensor();
    const auto away = [&](const Tensor& found) { return relative(found.to(float32), expected); };
    const auto count_right = [&](const Tensor& found) { return sum(eq(found, expected.to(half))).item<int64_t>(); };
    const Tensor first = fused.call("f", {x}).to_tensor();
    EXPECT_LE(away(first), 0.05) << name_of(half);
    for (int call = 1; call < 3; ++call) {
      const Tensor later = fused.call("f", {x}).to_tensor();
      EXPECT_EQ(later.dtype(), half);
      EXPECT_LE(away(later), half == bfloat16 ? 0x1p-7 : 0x1p-10) << name_of(half) << call;
      EXPECT_GT(count_right(later), count_right(first)) << name_of(half) << call;
    }
  }
}

TEST(FusedPlan, NumbersThatAreNoneStaySuch) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const auto file = archive_of(network, weights_of_network());
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  for (const float odd : {1.0F, nan, infinity, -infinity, 2.0F}) {
    const Tensor x = randn({1, 16, 8, 8});
    x.data<float>()[70] = odd;
    const Tensor expected = exact.call("f", {x}).to_tensor();
    EXPECT_EQ(std::isfinite(expected.to_vector<float>()[0]), std::isfinite(odd));
    for (int call = 0; call < 3; ++call) EXPECT_LE(relative(fused.call("f", {x}).to_tensor(), expected), 1e-5) << odd;
  }
  fused.attribute("w").to_tensor().fill_(nan);
  for (int call = 0; call < 3; ++call)
    EXPECT_TRUE(std::isnan(fused.call("f", {ones({1, 16, 8, 8})}).to_tensor().to_vector<float>()[0]));
}

// An operation takes the place of the last that it takes in, and what lies in blocks has no views: so nothing is fused
// here.
TEST(FusedPlan, WhatIsChangedInPlaceIsReadBeforeAndAfter) {
  const auto file = archive_of(
      "  w : Tensor\n  b : Tensor\n  g : Tensor\n  m : Tensor\n  v : Tensor\n"
      "  def f(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:\n    y = torch.conv2d(x, self.w, self.b, [1, 1], [1, "
      "1])\n"
      "    r = torch.view(y, [-1])\n    _0 = torch.mul_(x, 3)\n    z = torch.relu(y)\n    _1 = torch.masked_fill_(y, "
      "torch.gt(y, 0), 7)\n"
      "    u = torch.conv2d(y, self.w)\n    return (z, u, r)\n",
      weights_of_network());
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  const Tensor x = randn({2, 16, 8, 8});
  const Value expected = exact.call("f", {x.clone()});
  for (int call = 0; call < 3; ++call)
    EXPECT_LE(script_tests::difference(fused.call("f", {x.clone()}), expected), 1e-5) << call;
}

TEST(FusedPlan, ASumOfTwoConvolutionsIsTakenInByOne) {
  const auto file = archive_of(
      "  w : Tensor\n  b : Tensor\n  g : Tensor\n  m : Tensor\n  v : Tensor\n"
      "  def f(self, x: Tensor) -> Tensor:\n    y = torch.conv2d(x, self.w, self.b, [1, 1], [1, 1])\n"
      "    z = torch.conv2d(torch.neg(x), self.w, None, [1, 1], [1, 1])\n    u = torch.relu(torch.add(y, z))\n"
      "    return torch.add(torch.conv2d(u, self.w), torch.conv2d(u, self.w))\n",
      weights_of_network());
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  const Tensor x = randn({2, 16, 8, 8}), expected = exact.call("f", {x}).to_tensor();
  for (int call = 0; call < 3; ++call) EXPECT_LE(relative(fused.call("f", {x}).to_tensor(), expected), 1e-5) << call;
}

TEST(FusedPlan, GivesWhatLinearLayersGiveOneByOne) {
  const auto file = archive_of(
      "  w : Tensor\n  b : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    y = torch.gelu(torch.linear(x, self.w, "
      "self.b))\n"
      "    z = torch.add(torch.linear(y, self.w), x)\n    return torch.linear(torch.transpose(z, 0, 1), self.w, "
      "self.b)\n",
      Dict{{"w", randn({64, 64}) * 0.2}, {"b", randn({64})}});
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  for (const Dims& sizes : {Dims{4, 40, 64}, Dims{2, 3, 64}, Dims{130, 1, 64}}) {
    const Tensor x = randn(sizes), expected = exact.call("f", {x}).to_tensor();
    for (int call = 0; call < 3; ++call) EXPECT_LE(relative(fused.call("f", {x}).to_tensor(), expected), 1e-5) << call;
  }
}

TEST(FusedPlan, SeesWeightsThatAreChanged) {
  const auto file = archive_of(network, weights_of_network());
  const Module module = jit::load(file), exact = jit::load(file, {.exact = true});
  const Tensor x = randn({1, 16, 8, 8});
  for (double scale : {1.0, 0.5, 2.0}) {
    for (const Module& one : {module, exact}) one.attribute("g").to_tensor().fill_(scale);
    const Tensor expected = exact.call("f", {x}).to_tensor();
    for (int call = 0; call < 3; ++call) EXPECT_LE(relative(module.call("f", {x}).to_tensor(), expected), 1e-5);
  }
}

TEST(FusedPlan, SeesChangesOfWhatWasComputedOnce) {
  const Module module =
      jit::load(archive_of("  s : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    return torch.add(x, "
                           "torch.sum(torch.cat([self.s, self.s])))\n",
                           Dict{{"s", row({1.0})}}));
  for (double s = 1; s < 6; ++s) {
    module.attribute("s").to_tensor().fill_(s);
    for (int call = 0; call < 1 + static_cast<int>(s) % 3; ++call)
      expect_equal(module.call("f", {row({0.0})}), row({2 * s}));
  }
}

TEST(FusedPlan, SeesChangesOfWhatChoseTheWay) {
  const Module module =
      jit::load(archive_of("  s : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    if bool(self.s):\n      y = "
                           "torch.neg(x)\n    else:\n      y = x\n    return y\n",
                           Dict{{"s", row({1.0})}}));
  for (const double s : {1.0, 0.0, 3.0}) {
    module.attribute("s").to_tensor().fill_(s);
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({5.0})}), row({s == 0 ? 5.0 : -5.0}));
  }
}

TEST(FusedPlan, SeesContainersThatAreChanged) {
  const Module module =
      jit::load(archive_of("  l : List[int]\n  def f(self, x: Tensor) -> Tensor:\n    return torch.add(x, self.l[0])\n",
                           Dict{{"l", List{1}}}));
  for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({1.0}));
  module.attribute("l").to_list()[0] = 5;
  for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({5.0}));
}

TEST(ThreadsPlan, ManyMakeAndFollowPlansOfOneModule) {
  const auto file = archive_of(network, weights_of_network());
  const Module module = jit::load(file), exact = jit::load(file, {.exact = true});
  std::vector<Tensor> inputs, outputs;
  for (int64_t n = 1; n < 4; ++n) {
    inputs.push_back(randn({n, 16, 8, 8}));
    outputs.push_back(exact.call("f", {inputs.back()}).to_tensor());
  }
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 12; ++i) {
        const size_t which = (i + t) % inputs.size();
        right += relative(module.call("f", {inputs[which]}).to_tensor(), outputs[which]) <= 1e-5;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 48);
}

TEST(FusedPlan, SeesWeightsThatDoNotLieInOneRun) {
  const Module module = jit::load(archive_of(
      "  w : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    return torch.conv2d(x, self.w, None, [1, 1], [1, 1])\n",
      Dict{{"w", randn({16, 3, 3, 16}).permute({0, 3, 1, 2})}}));
  for (const double weight : {1.0, 2.0, 0.5}) {
    module.attribute("w").to_tensor().fill_(weight);
    for (int call = 0; call < 3; ++call) {
      const Tensor out = module.call("f", {ones({1, 16, 8, 8})}).to_tensor();
      EXPECT_FLOAT_EQ(out.to_vector<float>()[9], static_cast<float>(144 * weight));
    }
  }
}

TEST(FusedPlan, SeesNumbersThatAreNoneWhereTheyComeUp) {
  const auto file = archive_of(
      "  w : Tensor\n  b : Tensor\n  g : Tensor\n  m : Tensor\n  v : Tensor\n  def f(self, x: Tensor) -> Tensor:\n"
      "    return torch.relu(torch.conv2d(torch.log(x), self.w, self.b, [1, 1], [1, 1]))\n",
      weights_of_network());
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  for (const double number : {1.0, -1.0, 2.0, 0.0}) {
    const Tensor x = full({1, 16, 8, 8}, number), expected = exact.call("f", {x}).to_tensor();
    for (int call = 0; call < 3; ++call)
      EXPECT_LE(relative(fused.call("f", {x}).to_tensor(), expected), 1e-5) << number;
  }
}

TEST(FusedPlan, TakesEmptyBatches) {
  const auto file = archive_of(network, weights_of_network());
  const Module fused = jit::load(file), exact = jit::load(file, {.exact = true});
  const Tensor x = zeros({0, 16, 8, 8}), expected = exact.call("f", {x}).to_tensor();
  for (int call = 0; call < 3; ++call) EXPECT_EQ(fused.call("f", {x}).to_tensor().sizes(), expected.sizes());
}

TEST(FusedPlan, FindsEachNumberThatIsNone) {
  for (const int64_t size : {1, 31, 32, 33, 100}) {
    for (const double odd : {std::nan(""), -std::nan(""), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
      for (const int64_t at : {int64_t{0}, size / 2, size - 1}) {
        const Tensor x = full({size}, -std::numeric_limits<float>::max());
        EXPECT_TRUE(is_finite(x));
        x.select(0, at).fill_(odd);
        EXPECT_FALSE(is_finite(x)) << odd << " at " << at << " of " << size;
      }
    }
  }
}

// In place by its name alone: it must not keep the rest from being fused.
TEST(FusedPlan, TakesDropoutInPlaceOutsideOfTraining) {
  const std::string source =
      "  training : bool\n  def f(self, x: Tensor) -> Tensor:\n"
      "    y = torch.flatten(torch.relu(x), 1)\n    _0 = torch.dropout_(y, 0.5, self.training)\n    return y\n";
  Made program(source, Dict{{"training", false}});
  for (int call = 0; call < 4; ++call) {
    const Tensor x = randn({2, 3, 2});
    expect_equal(program.call({x}), relu(x).reshape({2, 6}));
  }
  EXPECT_STREQ(program.runner.refusal("__torch__.A.f"), nullptr);
  const Schema schema = parse_schema("aten::dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)");
  EXPECT_FALSE(effects_of(schema).changes);
}

// Four calls, where the second would follow a plan of the first: numbers of PyTorch.
TEST(FusedPlan, IsNotMadeWhereInstanceNormMovesItsStatistics) {
  Made program(
      "  m : Tensor\n  v : Tensor\n  def f(self, x: Tensor) -> Tensor:\n"
      "    return torch.instance_norm(x, None, None, self.m, self.v, True, 0.1, 1e-05, True)\n",
      Dict{{"m", row({0.5, 1.0})}, {"v", row({1.0, 2.0})}});
  const Tensor x = tensor({{{1.0, 3.0}, {2.0, 2.0}}, {{5.0, 5.0}, {0.0, 4.0}}});
  for (int call = 0; call < 4; ++call) program.call({x});
  const auto moved = [&](const char* name) { return program.root.to_object().attribute(name).to_tensor(); };
  EXPECT_TRUE(allclose(moved("m"), tensor({1.531700015, 1.343900084}))) << moved("m");
  EXPECT_TRUE(allclose(moved("v"), tensor({1.0, 2.687799931}))) << moved("v");
  EXPECT_NE(program.refusal(), "none");
}

TEST(FusedPlan, TakesInstanceNormWithoutStatistics) {
  Made program(
      "  def f(self, x: Tensor) -> Tensor:\n"
      "    return torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-05, True)\n");
  for (int call = 0; call < 4; ++call) {
    const Tensor x = randn({2, 3, 5}), mean = okibi::mean(x, {2}, true);
    const Tensor expected = (x - mean) / sqrt(okibi::var(x, {2}, 0, true) + 1e-5);
    EXPECT_TRUE(allclose(program.call({x}).to_tensor(), expected, 1e-4, 1e-5));
  }
  EXPECT_EQ(program.refusal(), "none");
}

}  // namespace
}  // namespace okibi::script
