// Programs run, and give what they give in PyTorch: <name>.pth holds calls with their outputs, in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>
#include <okibi/zip.h>

#include <limits>
#include <map>
#include <thread>

#include "script/problem.h"

namespace okibi::jit {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing_help::problem_of;

std::string golden(const std::string& name) { return OKIBI_GOLDEN "/script/" + name; }

// Tensors by their numbers, all else as Python has it.
bool same(const Value& a, const Value& b) {
  if (a.is_tensor() && b.is_tensor()) {
    const Tensor &one = a.to_tensor(), &other = b.to_tensor();
    return one.dtype() == other.dtype() && one.sizes() == other.sizes() && allclose(one, other, 1e-5, 1e-6);
  }
  const bool lists = (a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple());
  if (lists) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!same(a[i], b[i])) return false;
    }
    return true;
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.size() != b.size()) return false;
    for (const auto& [key, value] : a.to_dict()) {
      const Value* other = b.to_dict().find(key);
      if (!other || !same(value, *other)) return false;
    }
    return true;
  }
  if (a.is_double() && b.is_double() && std::isnan(a.to_double())) return std::isnan(b.to_double());
  return a.kind() == b.kind() && a == b;
}

TEST(Running, GivesWhatPyTorchGives) {
  for (const std::string name :
       {"torture", "hooked", "indexing", "tabular", "tabular_traced", "convolutional", "convolutional_traced",
        "transformer", "making", "encoder", "interpolating", "transposing", "packed", "in_place", "numbers"}) {
    const Module module = load(golden(name + ".pt"));
    const Value runs = okibi::load(golden(name + ".pth"));
    for (const Value& run : runs.to_list()) {
      const std::string method = run["method"].to_string();
      try {
        const Value output = module.call(method, run["inputs"].to_list().items());
        EXPECT_TRUE(same(output, run["output"])) << name << "." << method << repr(run["inputs"]) << " gives "
                                                 << repr(output) << " instead of " << repr(run["output"]);
      } catch (const Error& error) {
        ADD_FAILURE() << name << "." << method << repr(run["inputs"]) << ": " << error.what();
      }
    }
  }
}

TEST(Running, ChangesAttributesForAllHandles) {
  const Module module = load(golden("torture.pt")), other = module;
  EXPECT_EQ(module.attribute("steps").to_tensor().item<int64_t>(), 0);
  module.forward({ones({2, 4})});
  module.forward({ones({2, 4})});
  EXPECT_EQ(other.attribute("steps").to_tensor().item<int64_t>(), 2);
  EXPECT_EQ(other.attribute("stateful.count").to_int(), 2);
  EXPECT_EQ(load(golden("torture.pt")).attribute("stateful.count").to_int(), 0);
}

TEST(Running, MakesWhatWasSavedByGetstate) {
  const Module module = load(golden("torture.pt"));
  EXPECT_TRUE(equal(module.attribute("stateful.w").to_tensor(), ones({2})));
  EXPECT_FALSE(module.attribute("stateful.training").to_bool());
}

TEST(Running, WhatChangesInPlaceKeepsItsKindOfNumbers) {
  const Module module = load(golden("in_place.pt"));
  EXPECT_THAT(problem_of([&] {
                module.call("refused", {tensor({1, 2}), tensor({0.5, 1.0})});
              }),
              HasSubstr("result type float32 can't be cast to the desired output type int64"));
  EXPECT_EQ(module.call("refused", {tensor({1.0, 2.0}), tensor({0.5, 1.0}).to(float64)}).to_tensor().dtype(), float32);
  EXPECT_THAT(problem_of([&] { module.call("refused", {tensor({1.0}), tensor({0.5, 1.0})}); }), HasSubstr("[2]"));
}

TEST(Running, WhatTheProgramRaisesIsAnErrorWithItsWordsAndPlace) {
  const Module module = load(golden("torture.pt"));
  EXPECT_THAT(problem_of([&] { module.call("fails", {-3}); }),
              testing::AllOf(HasSubstr("torture.pt, record code/__torch__.py, line 1"),
                             HasSubstr("the program raises ValueError: n must not be negative, but is -3")));
  EXPECT_THAT(problem_of([&] { module.call("fails", {0}); }), HasSubstr("the program raises RuntimeError: zero"));
}

TEST(Running, DrawsTheNumbersOfPyTorchBitForBit) {
  const Value run = okibi::load(golden("drawing.pth")).to_list()[0];
  const Value output = load(golden("drawing.pt")).call("forward", run["inputs"].to_list().items());
  ASSERT_EQ(output.size(), run["output"].size());
  for (size_t i = 0; i < output.size(); ++i) {
    EXPECT_TRUE(equal(output[i].to_tensor(), run["output"][i].to_tensor())) << i;
  }
}

TEST(Running, OperatorsThatOkibiDoesNotHaveAreErrorsOnceTheyAreReached) {
  const auto archive = std::make_shared<Buffer>();
  zip::Writer writer(*archive, "a");
  writer.add("data.pkl", as_bytes("\x80\x02"
                                  "c__torch__\nA\n)\x81}b."));
  writer.add("constants.pkl", as_bytes("\x80\x02)."));
  writer.add("version", as_bytes("3\n"));
  writer.add("code/__torch__.py", as_bytes("class A(Module):\n"
                                           "  def forward(self: __torch__.A, x: Tensor, reach: bool) -> Tensor:\n"
                                           "    if reach:\n"
                                           "      y = torch.special_airy_ai(x)\n"
                                           "    else:\n"
                                           "      y = x\n"
                                           "    return y\n"));
  writer.finish();
  const Module module = load(std::shared_ptr<const io::Source>(archive));
  EXPECT_EQ(module.forward({ones({2}), false}).to_tensor().numel(), 2);
  EXPECT_THAT(problem_of([&] {
                module.forward({ones({2}), true});
              }),
              HasSubstr("okibi cannot run the operator aten::special_airy_ai"));
}

TEST(Running, ArgumentsMustFitTheSignature) {
  const Module module = load(golden("torture.pt"));
  EXPECT_THAT(
      problem_of([&] { module.forward({}); }),
      HasSubstr("the call of forward gives no x: expected forward(x: Tensor, scale: float=1.), found 0 arguments"));
  EXPECT_THAT(problem_of([&] {
                module.forward({ones({2, 4}), "much"});
              }),
              HasSubstr("the argument scale of forward is of another type"));
  EXPECT_THAT(problem_of([&] { module.forward({1, 2}); }), HasSubstr("the argument x of forward"));
  EXPECT_THAT(problem_of([&] { module.forward({ones({2, 4}), 2, 3}); }), HasSubstr("more arguments than it has"));
  EXPECT_THAT(problem_of([&] { module.call("backward", {}); }), HasSubstr("no method backward"));
}

TEST(Running, ArgumentsMayHaveNames) {
  const Module module = load(golden("torture.pt"));
  const Tensor x = ones({2, 4});
  EXPECT_TRUE(same(module.forward({x}, {{"scale", 2.0}}), module.forward({x, 2.0})));
  EXPECT_TRUE(same(module.forward({}, {{"scale", 2.0}, {"x", x}}), module.forward({x, 2.0})));
  EXPECT_THAT(problem_of([&] { module.forward({x}, {{"x", x}}); }), HasSubstr("gives x twice"));
  EXPECT_THAT(problem_of([&] {
                module.forward({x}, {{"scale", 1.0}, {"scale", 2.0}});
              }),
              HasSubstr("gives scale twice"));
  EXPECT_THAT(problem_of([&] { module.forward({x}, {{"size", 1}}); }), HasSubstr("gives size which it does not have"));
  EXPECT_THAT(problem_of([&] { module.forward({x}, {{"self", x}}); }), HasSubstr("gives self which it does not have"));
}

// ------------------------------------------------------------------------------------------- programs made by hand

std::shared_ptr<const io::Source> archive_of(const std::string& methods,
                                             const std::string& data = "\x80\x02\x63__torch__\nA\n)\x81}b.",
                                             const std::string& version = "3\n") {
  auto buffer = std::make_shared<Buffer>(std::vector<std::byte>(), "made.pt");
  zip::Writer writer(*buffer, "made");
  writer.add("version", as_bytes(version));
  writer.add("data.pkl", as_bytes(data));
  writer.add("constants.pkl", as_bytes("\x80\x02)."));
  writer.add("code/__torch__.py", as_bytes("class A(Module):\n" + methods));
  writer.finish();
  return buffer;
}

TEST(RunningMadeOnes, EndlessLoopsEndUnderALimit) {
  const auto file = archive_of("  def f(self) -> int:\n    while True:\n      pass\n    return 1\n");
  const Module module = load(file, {.max_steps = 1000});
  EXPECT_THAT(problem_of([&] { module.call("f", {}); }), HasSubstr("more steps than it may"));
}

TEST(RunningMadeOnes, EndlessRecursionIsAnError) {
  const Module module =
      load(archive_of("  def f(self, n: int) -> int:\n    return torch.add((self).f(torch.add(n, 1), ), 1)\n"));
  EXPECT_THAT(problem_of([&] { module.call("f", {0}); }), HasSubstr("calls itself more deeply than any"));
}

TEST(RunningMadeOnes, WhatThePickleHoldsNeedNotBeWhatTheSourceSays) {
  const std::string with_zeros = "\x80\x02\x63__torch__\nA\n)\x81}X\x01\0\0\0xX\x01\0\0\0ysb."s;
  const Module module =
      load(archive_of("  x : Tensor\n  def f(self) -> Tensor:\n    return torch.relu(self.x)\n", with_zeros));
  EXPECT_THAT(problem_of([&] { module.call("f", {}); }), HasSubstr("record code/__torch__.py, line 4"));
}

TEST(RunningMadeOnes, AttributesThatAreNotThereAreErrors) {
  const Module module = load(archive_of("  x : Tensor\n  def f(self) -> Tensor:\n    return self.x\n"));
  EXPECT_THAT(problem_of([&] { module.call("f", {}); }), HasSubstr("line 4"));
}

TEST(RunningMadeOnes, NumbersAreThoseOfPython) {
  const Module module =
      load(archive_of("  def f(self, a: int, b: int) -> Tuple[int, int, float]:\n    return (torch.floordiv(a, b), "
                      "torch.remainder(a, b), torch.div(a, b))\n"));
  EXPECT_EQ(module.call("f", {-7, 2}), Value(Tuple{-4, 1, -3.5}));
  EXPECT_EQ(module.call("f", {7, -2}), Value(Tuple{-4, -1, -3.5}));
  EXPECT_THAT(problem_of([&] { module.call("f", {1, 0}); }), HasSubstr("the program divides by zero"));
  EXPECT_EQ(module.call("f", {INT64_MIN, -1})[1], Value(0));
}

TEST(RunningMadeOnes, OldFormatsMeanWhatTheyMeant) {
  const std::string source =
      "  def f(self, x: Tensor) -> Tensor:\n    return torch.div(x, 2)\n"
      "  def g(self, n: int) -> Tensor:\n    return torch.full([2], n)\n";
  const std::string object = "\x80\x02\x63__torch__\nA\n)\x81}b.";
  const Module old = load(archive_of(source, object, "3\n")), today = load(archive_of(source, object, "5\n"));
  EXPECT_THAT(problem_of([&] { old.call("f", {arange(3)}); }), HasSubstr("as PyTorch did before 1.6"));
  EXPECT_TRUE(allclose(old.call("f", {ones({2})}).to_tensor(), full({2}, 0.5)));
  EXPECT_TRUE(allclose(today.call("f", {arange(2)}).to_tensor(), tensor({0.0, 0.5})));
  EXPECT_EQ(old.call("g", {3}).to_tensor().dtype(), float32);
  EXPECT_EQ(today.call("g", {3}).to_tensor().dtype(), int64);
}

TEST(RunningMadeOnes, MakersOfTensorsRefuseWhatCannotBe) {
  const Module module = load(archive_of(
      "  def range(self, a: float, b: float, c: float) -> Tensor:\n    return torch.arange(a, b, c)\n"
      "  def ints(self, a: int, b: int, c: int) -> Tensor:\n    return torch.arange(a, b, c)\n"
      "  def line(self, a: float, b: float, n: int) -> Tensor:\n    return torch.linspace(a, b, n, dtype=4)\n"
      "  def zeros(self, sizes: List[int]) -> Tensor:\n    return torch.zeros(sizes)\n"
      "  def eye(self, n: int) -> Tensor:\n    return torch.eye(n)\n"
      "  def listed(self, x: List[List[int]]) -> Tensor:\n    return torch.tensor(x)\n"
      "  def order(self, n: int) -> Tensor:\n    return torch.randperm(n)\n"
      "  def below(self, a: int, b: int, c: int) -> Tensor:\n    return torch.tril_indices(a, b, c)\n"
      "  def drawn(self, p: Tensor) -> Tensor:\n    return torch.bernoulli(p)\n"
      "  def filled(self, x: Tensor) -> Tensor:\n    return torch.fill_(x, x)\n"
      "  def added(self, x: Tensor, y: Tensor) -> Tensor:\n    return torch.add_(x, y)\n"
      "  def on_gpu(self, x: Tensor) -> Tensor:\n    return torch.cuda(x)\n"));
  const auto problem = [&](const std::string& method, std::vector<Value> inputs) {
    return problem_of([&] { module.call(method, inputs); });
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(problem("range", {0.0, 1.0, 0.0}),
              HasSubstr("arange: the step must not be zero: found from 0 to 1 by 0"));
  EXPECT_THAT(problem("range", {0.0, 1.0, -0.5}), HasSubstr("arange: the bounds do not fit the sign of the step"));
  EXPECT_THAT(problem("range", {0.0, infinity, 1.0}), HasSubstr("arange: the bounds are not finite"));
  EXPECT_THAT(problem("range", {0.0, 1e300, 1e-300}), HasSubstr("arange: there is no such size"));
  EXPECT_THAT(problem("ints", {INT64_MIN, INT64_MAX, 1}), HasSubstr("arange: there is no such size"));
  EXPECT_EQ(module.call("ints", {INT64_MIN, INT64_MAX, INT64_MAX}).to_tensor().numel(), 3);
  EXPECT_EQ(module.call("ints", {INT64_MAX, INT64_MIN, INT64_MIN}).to_tensor().numel(), 2);
  EXPECT_THAT(problem("line", {0.0, 1.0, -1}), HasSubstr("number of steps must be non-negative: found -1"));
  EXPECT_THAT(problem("line", {0.0, 1e300, 2}), HasSubstr("cannot be converted to type int64 without overflow"));
  EXPECT_THAT(problem("zeros", {List{-1}}), HasSubstr("negative"));
  EXPECT_THAT(problem("zeros", {List{INT64_MAX, INT64_MAX}}), HasSubstr("a tensor cannot have"));
  EXPECT_THAT(problem("eye", {-1}), HasSubstr("eye: n and m must be greater or equal to 0"));
  EXPECT_THAT(problem("listed", {List{List{1, 2}, List{3}}}),
              HasSubstr("Expected sequence of length 2 at dim 1: found length 1"));
  EXPECT_EQ(module.call("listed", {List{List{}, List{}}}).to_tensor().sizes(), (Dims{2, 0}));
  EXPECT_THAT(problem("order", {-1}), HasSubstr("randperm needs n >= 0"));
  EXPECT_THAT(problem("order", {INT64_MAX}), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(problem("order", {int64_t{1} << 45}), HasSubstr("memory"));
  EXPECT_THAT(problem("below", {-1, 2, 0}), HasSubstr("row and col must be non-negative"));
  EXPECT_EQ(module.call("below", {2, 2, INT64_MIN}).to_tensor().sizes(), (Dims{2, 0}));
  EXPECT_EQ(module.call("below", {2, 2, INT64_MAX}).to_tensor().sizes(), (Dims{2, 4}));
  EXPECT_THAT(problem("drawn", {full({1}, 1.5)}), HasSubstr("bernoulli takes probabilities from 0 to 1"));
  EXPECT_THAT(problem("drawn", {arange(2)}), HasSubstr("bernoulli takes probabilities: found int64"));
  EXPECT_THAT(problem("filled", {ones({2})}), HasSubstr("fill_ only supports 0-dimension value tensor: found [2]"));
  EXPECT_THAT(problem("added", {arange(2), ones({2})}),
              HasSubstr("result type float32 can't be cast to the desired output type int64"));
  EXPECT_THAT(problem("added", {ones({2}), ones({3, 2})}),
              HasSubstr("output with shape [2] doesn't match the broadcast shape [3, 2]"));
  EXPECT_TRUE(equal(module.call("on_gpu", {ones({2})}).to_tensor(), ones({2}))) << "all tensors lie in memory";
}

TEST(ThreadsRunning, ManyCallOneModuleAtOnce) {
  const Module module = load(golden("tabular.pt"));
  const Value run = okibi::load(golden("tabular.pth"))[0];
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) right += same(module.forward(run["inputs"].to_list().items()), run["output"]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 20);
}

}  // namespace
}  // namespace okibi::jit
