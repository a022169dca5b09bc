// The second call of a method follows a plan of the first, and must give what the program gives when it is interpreted:
// whatever it changes, wherever it looks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>
#include <okibi/ops.h>
#include <okibi/zip.h>

#include <atomic>
#include <thread>

#include "script/archive.h"
#include "script/archives.h"
#include "script/compare.h"
#include "script/effects.h"
#include "script/plan/finite.h"
#include "script/plan/runner.h"

namespace okibi::script {
namespace {

using jit::Module;
using testing::HasSubstr;
using testing_help::archive_of;

// The program, with what a Runner tells of it.
struct Made {
  explicit Made(const std::string& methods, const Dict& state = Dict())
      : archive(std::make_unique<ScriptArchive>(archive_of(methods, state), Limits())),
        root(archive->root()),
        program(std::move(archive)),
        runner(program, root, options) {}

  Value call(std::vector<Value> arguments, const std::string& method = "f") {
    arguments.insert(arguments.begin(), root);
    return runner.call("__torch__.A." + method, std::move(arguments));
  }
  std::string refusal(const std::string& method = "f") {
    const char* why = runner.refusal("__torch__.A." + method);
    return why ? why : "none";
  }

  std::unique_ptr<ScriptArchive> archive;
  const Value root;
  script::Program program;
  const jit::LoadOptions options;
  Runner runner;
};

Tensor row(std::initializer_list<TensorLiteral> numbers) { return tensor(TensorLiteral(numbers)); }

void expect_equal(const Value& found, const Tensor& expected) {
  EXPECT_TRUE(equal(found.to_tensor(), expected)) << to_string(found.to_tensor()) << to_string(expected);
}

TEST(Plan, FollowsTheWayThatTheSizesTook) {
  Made a(
      "  def f(self, x: Tensor, n: int) -> Tensor:\n    if torch.gt(torch.size(x, 0), 2):\n      y = torch.mul(x, 2)\n"
      "    else:\n      y = torch.neg(x)\n    for i in range(n):\n      y = torch.add(y, torch.add(i, 1))\n    return "
      "y\n");
  for (int call = 0; call < 3; ++call) {
    expect_equal(a.call({row({1.0, 2.0}), 0}), row({-1.0, -2.0}));
    expect_equal(a.call({row({1.0, 2.0, 3.0}), 2}), row({5.0, 7.0, 9.0}));
    expect_equal(a.call({row({4.0, 2.0, 3.0}), 2}), row({11.0, 7.0, 9.0}));
  }
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, IsNotMadeWhereNumbersDecide) {
  Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    if bool(torch.gt(torch.sum(x), 0)):\n      y = torch.mul(x, 2)\n"
      "    else:\n      y = torch.neg(x)\n    return y\n");
  for (int call = 0; call < 3; ++call) {
    expect_equal(a.call({row({1.0, 2.0})}), row({2.0, 4.0}));
    expect_equal(a.call({row({-1.0, -2.0})}), row({1.0, 2.0}));
  }
  EXPECT_THAT(a.refusal(), HasSubstr("numbers of a tensor"));
}

TEST(Plan, NumbersThatNoInputChangesMayDecide) {
  Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    n = torch.floor_divide(ops.prim.NumToTensor(torch.size(x, 0)), 2)\n"
      "    return torch.slice(x, 0, 0, int(n))\n");
  for (int call = 0; call < 3; ++call) expect_equal(a.call({row({1.0, 2.0, 3.0, 4.0})}), row({1.0, 2.0}));
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, WhatIsChangedInPlaceBeginsAnewInEachCall) {
  Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    sum = torch.zeros([2])\n    for i in range(2):\n"
      "      _0 = torch.add_(sum, x)\n    _1 = torch.add_(torch.select(sum, 0, 0), 5)\n    return sum\n");
  for (int call = 0; call < 3; ++call) expect_equal(a.call({row({1.0, 2.0})}), row({7.0, 4.0}));
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, ChangesInPlaceAreSeenThroughViewsAndInInputs) {
  Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    y = torch.mul(x, 1)\n    v = torch.view(y, [-1])\n    _0 = "
      "torch.relu_(y)\n"
      "    _1 = torch.mul_(x, 10)\n    return torch.add(v, x)\n");
  for (int call = 0; call < 3; ++call) {
    const Tensor x = row({-1.0, 2.0});
    expect_equal(a.call({x}), row({-10.0, 22.0}));
    expect_equal(x, row({-10.0, 20.0}));
  }
}

TEST(Plan, AModulesOwnTensorsMayBeChangedInPlace) {
  const Tensor state = row({1.0, 1.0});
  Made a(
      "  s : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    _0 = torch.add_(self.s, x)\n    return torch.mul(self.s, "
      "2)\n",
      Dict{{"s", state}});
  for (double call = 1; call < 5; ++call) expect_equal(a.call({row({1.0, 2.0})}), row({2 * call + 2, 4 * call + 2}));
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, IsNotMadeWhereAttributesAreChanged) {
  Made a(
      "  n : int\n  l : List[int]\n  def f(self, x: Tensor) -> Tensor:\n    self.n = torch.add(self.n, 1)\n"
      "    return torch.add(x, self.n)\n  def g(self, x: Tensor) -> Tensor:\n    _0 = torch.append(self.l, 1)\n"
      "    return torch.add(x, torch.len(self.l))\n",
      Dict{{"n", 0}, {"l", List{}}});
  for (double call = 1; call < 5; ++call) {
    expect_equal(a.call({row({0.0})}), row({call}));
    expect_equal(a.call({row({0.0})}, "g"), row({call}));
  }
  EXPECT_THAT(a.refusal(), HasSubstr("outlives the call"));
  EXPECT_THAT(a.refusal("g"), HasSubstr("outlives the call"));
}

TEST(Plan, IsMadeAnewWhenAnotherMethodChangesWhatItReads) {
  Made a(
      "  n : int\n  def f(self, x: Tensor) -> Tensor:\n    return torch.add(x, self.n)\n"
      "  def set(self, n: int) -> None:\n    self.n = n\n",
      Dict{{"n", 1}});
  for (int64_t n = 1; n < 4; ++n) {
    a.call({n}, "set");
    for (int call = 0; call < 3; ++call) expect_equal(a.call({row({0.0})}), row({static_cast<double>(n)}));
  }
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, ListsOfTheProgramsOwnMayGrow) {
  Made a(
      "  def f(self, x: Tensor) -> List[Tensor]:\n    l = annotate(List[Tensor], [])\n    sizes = [2]\n"
      "    for i in range(2):\n      _0 = torch.append(l, torch.view(torch.add(x, i), sizes))\n      _1 = "
      "torch.append(sizes, 1)\n"
      "    return l\n");
  for (int call = 0; call < 3; ++call) {
    const Value list = a.call({row({1.0, 2.0})});
    expect_equal(list[0], row({1.0, 2.0}));
    expect_equal(list[1], tensor({{2.0}, {3.0}}));
    list.to_list().push_back(1);  // is nobody else's
  }
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, ResultsThatNoInputChangesAreTheCallersOwn) {
  Made a("  def f(self, x: Tensor) -> Tuple[Tensor, Tensor]:\n    return (torch.zeros([2]), torch.neg(x))\n");
  for (int call = 0; call < 3; ++call) {
    const Value result = a.call({row({1.0})});
    expect_equal(result[0], row({0.0, 0.0}));
    result[0].to_tensor().fill_(7);
  }
}

TEST(Plan, PicksByMasksOnlyWhereNoInputDecides) {
  Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    return torch.masked_fill(x, torch.gt(x, 1), 0)\n"
      "  def g(self, x: Tensor) -> Tensor:\n    return torch.masked_select(x, torch.gt(x, 1))\n");
  for (int call = 0; call < 3; ++call) {
    expect_equal(a.call({row({1.0, 2.0})}), row({1.0, 0.0}));
    expect_equal(a.call({row({3.0, 2.0})}), row({0.0, 0.0}));
  }
  EXPECT_EQ(a.refusal(), "none");
}

TEST(Plan, ErrorsHaveTheLineOfTheProgram) {
  Made a(
      "  def f(self, x: Tensor, i: Tensor) -> Tensor:\n    y = torch.neg(x)\n    return torch.index_select(y, 0, i)\n");
  for (int call = 0; call < 3; ++call) {
    expect_equal(a.call({row({1.0, 2.0}), row({1})}), row({-2.0}));
    try {
      a.call({row({1.0, 2.0}), row({7})});
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("line 4"), HasSubstr("record code/__torch__.py")));
    }
  }
}

TEST(Plan, IsMadeForTheLastSizesOnly) {
  Made a("  def f(self, x: Tensor) -> Tensor:\n    return torch.mul(torch.neg(x), 2)\n");
  for (int64_t n = 1; n < 200; ++n) {
    for (int call = 0; call < 2; ++call) expect_equal(a.call({ones({n})}), full({n}, -2));
  }
}

TEST(Plan, ConstantsThatAreTooDeepOrHoldThemselvesAreNotFollowed) {
  Made a(
      "  def f(self, x: Tensor, n: int) -> List[Any]:\n    l = annotate(List[Any], [x])\n    for i in range(n):\n"
      "      l = annotate(List[Any], [l])\n    return l\n  def g(self, x: Tensor) -> List[Any]:\n"
      "    l = annotate(List[Any], [x])\n    _0 = torch.append(l, l)\n    return l\n");
  for (int call = 0; call < 3; ++call) {
    EXPECT_EQ(a.call({row({1.0}), 100'000}).size(), 1u);
    const Value loop = a.call({row({1.0})}, "g");
    EXPECT_EQ(loop.size(), 2u);
    loop.to_list().mutable_items().clear();  // nobody else would free it
  }
}

// ---------------------------------------------------------------------------------------------------------------
// fusing

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

TEST(Plan, SeedsAreSetInEachCall) {
  Made a("  def f(self, x: Tensor) -> Tensor:\n    torch.manual_seed(7)\n    return torch.add(x, torch.rand([1]))\n");
  const Tensor first = a.call({row({0.0})}).to_tensor();
  for (int call = 0; call < 3; ++call) expect_equal(a.call({row({0.0})}), first);
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

// ------------------------------------------------------------------------------- what an attack by reading found

TEST(Plan, ViewsOfAttributesAreChangedInEachCall) {
  const std::string source =
      "  s : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    _0 = torch.add_(torch.slice(self.s, 0, 0, 2), x)\n"
      "    return torch.mul(self.s, 2)\n  def g(self, x: Tensor) -> Tensor:\n    y = torch.mul(self.s, 2)\n"
      "    _0 = torch.copy_(torch.slice(self.s, 0, 0, 2), x)\n    return torch.add(y, x)\n";
  Made a(source, Dict{{"s", row({1.0, 1.0})}}), b(source, Dict{{"s", row({1.0, 1.0})}});
  for (double call = 1; call < 5; ++call) expect_equal(a.call({row({1.0, 2.0})}), row({2 * call + 2, 4 * call + 2}));
  for (double call = 1; call < 5; ++call)
    expect_equal(b.call({row({call, call})}, "g"), full({2}, (call == 1 ? 2 : 2 * (call - 1)) + call));
}

TEST(Plan, IsNotMadeWhereTheProgramChangesWhatItGoesBy) {
  Made a(
      "  s : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    if bool(torch.eq(self.s, 0)):\n      y = torch.neg(x)\n"
      "    else:\n      y = x\n    _0 = torch.add_(self.s, 1)\n    return torch.mul(y, 1)\n",
      Dict{{"s", row({0.0})}});
  for (double call = 0; call < 4; ++call) expect_equal(a.call({row({3.0})}), row({call == 0 ? -3.0 : 3.0}));
}

TEST(Plan, InputsMayBeTensorsOfTheModule) {
  const Tensor s = row({2.0});
  const std::string source =
      "  s : Tensor\n  def f(self, x: Tensor) -> Tensor:\n    return torch.add(x, self.s)\n"
      "  def g(self, x: Tensor) -> Tensor:\n    _0 = torch.add_(x, 1)\n    return torch.add(x, torch.mul(self.s, 2))\n";
  const Module a = jit::load(archive_of(source, Dict{{"s", s}}));
  const Tensor own = a.attribute("s").to_tensor();
  for (int call = 0; call < 3; ++call) {
    expect_equal(a.call("f", {own}), row({4.0}));
    expect_equal(a.call("f", {row({10.0})}), row({12.0}));
  }
  for (int call = 0; call < 3; ++call) expect_equal(a.call("g", {row({10.0})}), row({15.0}));
  expect_equal(a.call("g", {own}), row({9.0}));
}

TEST(Plan, WhatIsGivenBackMayBeTheCallersOwnOrTheModules) {
  const std::string source =
      "  l : List[int]\n  t : Tuple[List[int]]\n  def f(self, x: Tensor, l: List[int]) -> List[int]:\n    return l\n"
      "  def get(self) -> List[int]:\n    return self.l\n  def set(self, l: List[int]) -> None:\n    self.l = l\n"
      "  def g(self, x: Tensor) -> Tensor:\n    return torch.add(x, self.l[0])\n";
  const auto file = archive_of(source, Dict{{"l", List{1}}, {"t", Tuple{List{1}}}});
  const Module a = jit::load(file), b = jit::load(file);
  const List mine{1};
  for (int call = 0; call < 3; ++call) {
    EXPECT_TRUE(a.call("f", {row({0.0}), mine}).is_same(mine));
    EXPECT_FALSE(a.call("f", {row({0.0}), List{1}}).is_same(mine));
    expect_equal(a.call("g", {row({0.0})}), row({1.0}));
  }
  a.call("get", {}).to_list()[0] = 5;
  for (int call = 0; call < 3; ++call) expect_equal(a.call("g", {row({0.0})}), row({5.0}));
  const List kept{3};
  b.call("set", {kept});
  for (int call = 0; call < 3; ++call) expect_equal(b.call("g", {row({0.0})}), row({3.0}));
  kept[0] = 4;
  expect_equal(b.call("g", {row({0.0})}), row({4.0}));
}

TEST(Plan, IsForInputsThatAreTheSameThingAsThoseBefore) {
  Made a(
      "  def f(self, x: Tensor, y: Tensor) -> Tensor:\n    if torch.__is__(x, y):\n      z = torch.neg(x)\n    else:\n"
      "      z = torch.add(x, y)\n    return z\n  def g(self, x: Tensor) -> Tensor:\n"
      "    return torch.add(x, torch.storage_offset(x))\n  def h(self, x: Tensor) -> str:\n    return torch.str(x)\n");
  const Tensor x = row({1.0}), y = row({1.0}), both = row({0.0, 0.0, 0.0, 0.0});
  for (int call = 0; call < 3; ++call) {
    expect_equal(a.call({x, y}), row({2.0}));
    expect_equal(a.call({x, x}), row({-1.0}));
    expect_equal(a.call({both.slice(0, 0, 2)}, "g"), row({0.0, 0.0}));
    expect_equal(a.call({both.slice(0, 2, 4)}, "g"), row({2.0, 2.0}));
  }
  for (const double number : {1.0, 1.0, 2.0, 3.0})
    EXPECT_THAT(a.call({row({number})}, "h").to_string(), HasSubstr(std::to_string(static_cast<int>(number))));
}

TEST(Plan, RandomNumbersAreDrawnInEachCall) {
  Made a("  def f(self, x: Tensor) -> Tensor:\n    return torch.mul(x, torch.rand([8]))\n");
  const Tensor first = a.call({ones({8})}).to_tensor(), second = a.call({ones({8})}).to_tensor();
  EXPECT_FALSE(equal(first, second));
  EXPECT_FALSE(equal(second, a.call({ones({8})}).to_tensor()));
}

TEST(Plan, ResultsShareWhatTheyShareInTheProgram) {
  Made a(
      "  s : Tensor\n  def f(self, x: Tensor) -> Tuple[Tensor, Tensor]:\n    z = torch.zeros([2])\n"
      "    return (z, torch.view(z, [2]))\n  def g(self, x: Tensor) -> Tensor:\n    return torch.select(self.s, 0, 0)\n"
      "  def h(self, x: Tensor) -> Tuple[List[Tensor], List[Tensor]]:\n    l = [x]\n    return (l, l)\n",
      Dict{{"s", row({1.0, 1.0})}});
  for (int call = 0; call < 3; ++call) {
    const Value pair = a.call({row({0.0})});
    pair[0].to_tensor().fill_(7);
    expect_equal(pair[1], row({7.0, 7.0}));
    const Value lists = a.call({row({0.0})}, "h");
    EXPECT_TRUE(lists[0].is_same(lists[1]));
    const Tensor view = a.call({row({0.0})}, "g").to_tensor();
    EXPECT_EQ(view.item<float>(), static_cast<float>(call + 1));
    view.fill_(call + 2);
  }
}

TEST(Plan, OwnListsOfOtherMethodsDoNotEndIt) {
  Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    return torch.neg(x)\n  def g(self, x: Tensor) -> int:\n"
      "    l = annotate(List[int], [])\n    if bool(torch.sum(x)):\n      _0 = torch.append(l, 1)\n    else:\n      "
      "pass\n"
      "    return torch.len(l)\n");
  const uint64_t before = a.program.changes();
  for (int call = 0; call < 6; ++call) {
    expect_equal(a.call({row({1.0})}), row({-1.0}));
    EXPECT_EQ(a.call({row({1.0})}, "g").to_int(), 1);
  }
  EXPECT_EQ(a.program.changes(), before);
}

TEST(Plan, TwiceTheSameInputIsNoReasonForever) {
  Made a("  def f(self, x: Tensor, y: Tensor) -> Tensor:\n    return torch.add(x, y)\n");
  const Tensor x = row({1.0});
  for (int call = 0; call < 5; ++call) expect_equal(a.call({x, x}), row({2.0}));
  expect_equal(a.call({x, row({2.0})}), row({3.0}));
  EXPECT_EQ(a.refusal(), "none");
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

// ------------------------------------------------------------------------- parts of programs that have no plan as a
// whole

// A goes by the numbers of its input, and its B computes.
const std::string of_parts =
    "  b : __torch__.B\n  calls : int\n"
    "  def f(self, x: Tensor) -> Tensor:\n"
    "    if bool(torch.gt(torch.sum(x), 0)):\n      y = (self.b).forward(x, )\n"
    "    else:\n      y = (self.b).forward(torch.neg(x), )\n"
    "    self.calls = torch.add(self.calls, 1)\n    return y\n"
    "  def set(self, s: Tensor) -> None:\n    b = self.b\n    b.s = s\n"
    "  def grow(self, x: Tensor) -> List[Tensor]:\n    all = annotate(List[Tensor], [])\n"
    "    if bool(torch.gt(torch.sum(x), 0)):\n      _0 = (self.b).add(all, x, )\n    else:\n      pass\n"
    "    _1 = torch.append(all, (self.b).forward(x, ))\n    return all\n"
    "class B(Module):\n  s : Tensor\n"
    "  def forward(self, x: Tensor) -> Tensor:\n    return torch.relu(torch.add(torch.mul(x, 2), torch.mul(self.s, "
    "3)))\n"
    "  def add(self, all: List[Tensor], x: Tensor) -> int:\n    _0 = torch.append(all, x)\n    return torch.len(all)\n";

Dict state_of_parts() {
  return Dict{{"b", Object({.module = "__torch__", .name = "B", .state = Dict{{"s", row({1.0})}}})}, {"calls", 0}};
}

TEST(PartialPlan, IsMadeOfMethodsOfSubmodules) {
  Made program(of_parts, state_of_parts());
  for (int call = 0; call < 6; ++call) {
    expect_equal(program.call({row({4.0})}), row({11.0}));
    expect_equal(program.call({row({-4.0})}), row({11.0}));
  }
  EXPECT_THAT(program.refusal(), HasSubstr("depend on the numbers"));
  EXPECT_STREQ(program.runner.refusal("__torch__.B.forward"), nullptr) << "it has a plan";
  EXPECT_EQ(program.root.to_object().attribute("calls").to_int(), 12) << "a changed attribute elsewhere is no reason";
}

TEST(PartialPlan, SeesItsOwnAttributesChange) {
  const Module module = jit::load(archive_of(of_parts, state_of_parts()));
  for (int call = 0; call < 4; ++call) expect_equal(module.call("f", {row({4.0})}), row({11.0}));
  module.call("set", {row({2.0})});
  for (int call = 0; call < 4; ++call) expect_equal(module.call("f", {row({4.0})}), row({14.0}));
  module.set_attribute("b.s", row({3.0}));
  for (int call = 0; call < 4; ++call) expect_equal(module.call("f", {row({4.0})}), row({17.0}));
  module.attribute("b.s").to_tensor().fill_(4);
  for (int call = 0; call < 4; ++call) expect_equal(module.call("f", {row({4.0})}), row({20.0}));
}

TEST(PartialPlan, DoesWhatItDoesToListsOfTheWhole) {
  Made program(of_parts, state_of_parts());
  for (int call = 0; call < 6; ++call) {
    const Value all = program.call({row({4.0})}, "grow");
    ASSERT_EQ(all.size(), 2);
    expect_equal(all[0], row({4.0}));
    expect_equal(all[1], row({11.0}));
    EXPECT_EQ(program.call({row({-4.0})}, "grow").size(), 1);
  }
  EXPECT_THAT(program.runner.refusal("__torch__.B.add"), HasSubstr("outlives"));
}

TEST(PartialPlan, EndsWhereMethodsCallThemselves) {
  const std::string source =
      "  b : __torch__.B\n  def f(self, x: Tensor) -> Tensor:\n"
      "    if bool(torch.gt(torch.sum(x), 0)):\n      y = (self.b).forward(x, )\n    else:\n      y = x\n    return y\n"
      "class B(Module):\n  def forward(self, x: Tensor) -> Tensor:\n"
      "    if bool(torch.gt(torch.sum(x), 0)):\n      y = (self).forward(x, )\n    else:\n      y = x\n    return y\n";
  const Module module =
      jit::load(archive_of(source, Dict{{"b", Object({.module = "__torch__", .name = "B", .state = Dict()})}}));
  for (int call = 0; call < 6; ++call) EXPECT_THROW(module.call("f", {row({4.0})}), Error);
}

TEST(PartialPlan, ListsThatBecomeAttributesMayBeChangedByWhoeverHasThem) {
  const std::string source =
      "  l : List[Tensor]\n"
      "  def give(self, x: Tensor) -> List[Tensor]:\n    l = [x]\n    self.l = l\n    return l\n"
      "  def take(self, l: List[Tensor]) -> None:\n    self.l = l\n"
      "  def own(self, x: Tensor) -> None:\n    self.l = [x]\n"
      "  def more(self, x: Tensor) -> None:\n    _0 = torch.append(self.l, x)\n"
      "  def f(self, x: Tensor) -> Tensor:\n    return torch.add(x, torch.len(self.l))\n";
  for (const char* way : {"give", "take", "own"}) {
    const Module module = jit::load(archive_of(source, Dict{{"l", List{row({1.0})}}}));
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({1.0}));
    const List mine{row({1.0})};
    const Value given = way == std::string("take") ? module.call(way, {mine}) : module.call(way, {row({1.0})});
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({1.0}));
    if (given.is_list()) given.to_list().push_back(row({2.0}));
    if (given.is_none()) mine.push_back(row({2.0}));
    const double count = way == std::string("own") ? 1 : 2;
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({count}));
    module.call("more", {row({3.0})});
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({count + 1}));
  }
}

// What was made in the call, given to a part, and changed afterwards.
TEST(PartialPlan, SeesListsThatBecameItsAttributesChange) {
  const std::string source =
      "  b : __torch__.B\n  calls : int\n"
      "  def f(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:\n    self.calls = torch.add(self.calls, 1)\n"
      "    l = annotate(List[Tensor], [])\n    b = self.b\n    b.l = l\n    y = (b).forward(x, )\n"
      "    _0 = torch.append(l, x)\n    z = (b).forward(x, )\n    _1 = torch.append(l, x)\n    w = (b).forward(x, )\n"
      "    return (y, z, w)\n"
      "class B(Module):\n  l : List[Tensor]\n"
      "  def forward(self, x: Tensor) -> Tensor:\n    return torch.add(x, torch.len(self.l))\n";
  const Value b = Object({.module = "__torch__", .name = "B", .state = Dict{{"l", List{row({1.0})}}}});
  const Module module = jit::load(archive_of(source, Dict{{"b", b}, {"calls", 0}}));
  for (int call = 0; call < 5; ++call) {
    const Value all = module.call("f", {row({0.0})});
    for (size_t i = 0; i < 3; ++i) expect_equal(all[i], row({static_cast<double>(i)}));
  }
}

TEST(Plan, ListsThatAnInterpretedCallGivesMayBeChanged) {
  const std::string source =
      "  l : List[Tensor]\n"
      "  def give(self, x: Tensor) -> List[Tensor]:\n"
      "    if bool(torch.gt(torch.sum(x), 0)):\n      l = self.l\n    else:\n      l = [x]\n    return l\n"
      "  def f(self, x: Tensor) -> Tensor:\n    return torch.add(x, torch.len(self.l))\n";
  const Module module = jit::load(archive_of(source, Dict{{"l", List{row({1.0})}}}));
  for (int call = 0; call < 4; ++call) module.call("give", {row({-1.0})});
  for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({1.0}));
  module.call("give", {row({1.0})}).to_list().push_back(row({3.0}));
  expect_equal(module.call("f", {row({0.0})}), row({2.0}));
}

TEST(Plan, ListsThatGetIntoListsOfTheModuleMayBeChanged) {
  const std::string source =
      "  ll : List[List[Tensor]]\n"
      "  def take(self, l: List[Tensor]) -> None:\n    _0 = torch.append(self.ll, l)\n"
      "  def give(self, x: Tensor) -> List[Tensor]:\n    l = [x]\n    _0 = torch.append(self.ll, l)\n    return l\n"
      "  def f(self, x: Tensor) -> Tensor:\n    n = 0\n    for i in range(torch.len(self.ll)):\n"
      "      n = torch.add(n, torch.len(self.ll[i]))\n    return torch.add(x, n)\n";
  for (const bool takes : {true, false}) {
    const Module module = jit::load(archive_of(source, Dict{{"ll", List{Value(List{row({1.0})})}}}));
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({1.0}));
    List l{row({5.0})};
    if (takes)
      module.call("take", {l});
    else
      l = module.call("give", {row({5.0})}).to_list();
    for (int call = 0; call < 3; ++call) expect_equal(module.call("f", {row({0.0})}), row({2.0}));
    l.push_back(row({6.0}));
    expect_equal(module.call("f", {row({0.0})}), row({3.0}));
  }
}

TEST(ThreadsPartialPlan, ManyCallAProgramWhosePartsHavePlans) {
  const std::string source =
      "  b : __torch__.B\n  def f(self, x: Tensor) -> Tensor:\n"
      "    if bool(torch.gt(torch.sum(x), 0)):\n      y = (self.b).forward(x, )\n"
      "    else:\n      y = (self.b).forward(torch.neg(x), )\n    return y\n"
      "class B(Module):\n  s : Tensor\n"
      "  def forward(self, x: Tensor) -> Tensor:\n    return torch.add(torch.mul(x, 2), torch.mul(self.s, 3))\n";
  const Value b = Object({.module = "__torch__", .name = "B", .state = Dict{{"s", row({1.0})}}});
  const Module module = jit::load(archive_of(source, Dict{{"b", b}}));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int call = 0; call < 100; ++call) {
        const int64_t size = 1 + (call + thread) % 11;
        const Tensor y = module.call("f", {full({size}, thread % 2 == 0 ? 4 : -4)}).to_tensor();
        if (!equal(y, full({size}, 11))) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace okibi::script
