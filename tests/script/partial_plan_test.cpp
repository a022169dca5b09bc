// Plans of the methods of submodules, within calls that are interpreted as a whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/ops.h>

#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "script/planned.h"

namespace okibi::script {
namespace {

using jit::Module;
using testing::HasSubstr;
using testing_help::archive_of;
using testing_help::expect_equal;
using testing_help::Made;
using testing_help::row;

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

// As the blocks of a transformer: one must not drive out another.
TEST(PartialPlan, EachOfManyObjectsOfAClassHasItsOwn) {
  std::string source =
      "  def f(self, x: Tensor) -> Tensor:\n    if bool(torch.gt(torch.sum(x), 0)):\n      y = x\n"
      "    else:\n      y = torch.neg(x)\n";
  Dict state;
  constexpr int blocks = 12;
  for (int i = 0; i < blocks; ++i) {
    const std::string name = fmt::format("b{}", i);
    source = fmt::format("  {} : __torch__.B\n", name) + source + fmt::format("    y = (self.{}).forward(y, )\n", name);
    state.set(name, Object({.module = "__torch__", .name = "B", .state = Dict{{"s", row({i + 1.0})}}}));
  }
  source +=
      "    return y\nclass B(Module):\n  s : Tensor\n"
      "  def forward(self, x: Tensor) -> Tensor:\n    return torch.add(x, self.s)\n";
  Made program(source, state);
  for (int call = 0; call < 6; ++call) expect_equal(program.call({row({-2.0})}), row({2.0 + 78.0}));
  EXPECT_EQ(program.runner.plans_of("__torch__.B.forward"), blocks);
  for (int64_t size = 1; size <= 20; ++size) program.call({ones({size})});
  EXPECT_EQ(program.runner.plans_of("__torch__.B.forward"), 8 * blocks) << "of the last sizes alone";
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
