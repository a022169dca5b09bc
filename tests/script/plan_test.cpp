// The second call of a method follows a plan of the first, and must give what the program gives when it is interpreted:
// whatever it changes, wherever it looks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>
#include <okibi/ops.h>
#include <okibi/zip.h>

#include <thread>

#include "script/archive.h"
#include "script/compare.h"
#include "script/plan/runner.h"

namespace okibi::script {
namespace {

using jit::Module;
using testing::HasSubstr;

// A module A with these methods and attributes, of which `state` are the values.
std::shared_ptr<const io::Source> archive_of(const std::string& methods, const Dict& state = Dict()) {
  auto buffer = std::make_shared<Buffer>(std::vector<std::byte>(), "made.pt");
  Object::Parts parts{.module = "__torch__", .name = "A", .made = Object::Made::newobj};
  parts.state = state;
  const auto pickled = std::make_shared<Buffer>();
  save(Object(std::move(parts)), *pickled);
  const zip::Reader saved(pickled);
  zip::Writer writer(*buffer, "made");
  for (const auto& record : saved.records()) {
    if (record.name == "data.pkl" || record.name.starts_with("data/")) writer.add(record.name, saved.read(record.name));
  }
  writer.add("version", as_bytes("3\n"));
  writer.add("constants.pkl", as_bytes("\x80\x02)."));
  writer.add("code/__torch__.py", as_bytes("class A(Module):\n" + methods));
  writer.finish();
  return buffer;
}

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

}  // namespace
}  // namespace okibi::script
