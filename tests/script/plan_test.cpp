// The second call of a method follows a plan of the first, and must give what the program gives when it is interpreted:
// whatever it changes, wherever it looks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/ops.h>

#include "script/planned.h"
#include "script/problem.h"

namespace okibi::script {
namespace {

using jit::Module;
using testing::HasSubstr;
using testing_help::archive_of;
using testing_help::expect_equal;
using testing_help::Made;
using testing_help::row;

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

TEST(Plan, SeedsAreSetInEachCall) {
  Made a("  def f(self, x: Tensor) -> Tensor:\n    torch.manual_seed(7)\n    return torch.add(x, torch.rand([1]))\n");
  const Tensor first = a.call({row({0.0})}).to_tensor();
  for (int call = 0; call < 3; ++call) expect_equal(a.call({row({0.0})}), first);
}

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

// What a call works in is kept for the next; the tensors of the call are not.
TEST(Plan, KeepsNoTensorOfACallAlive) {
  Made a(
      "  def f(self, x: Tensor, y: Tensor) -> Tensor:\n    z = torch.mul(x, 2)\n    _0 = [x, z, y]\n    return "
      "torch.cat(_0)\n");
  std::weak_ptr<Storage> given, made;
  for (int call = 0; call < 4; ++call) {
    const Tensor x = row({1.0}), y = row({3.0});
    const Value result = a.call({x, y});
    expect_equal(result, row({1.0, 2.0, 3.0}));
    given = x.storage();
    made = result.to_tensor().storage();
  }
  EXPECT_EQ(a.refusal(), "none");
  EXPECT_TRUE(given.expired());
  EXPECT_TRUE(made.expired());
}

TEST(Plan, AnErrorWithinItLeavesTheNextCallAsItWas) {
  Made a(
      "  def f(self, x: Tensor, i: Tensor) -> Tensor:\n    _0 = [x, torch.neg(x)]\n    return "
      "torch.index_select(torch.cat(_0), 0, i)\n");
  const auto at = [](int64_t i) { return tensor({TensorLiteral(i)}); };
  for (int call = 0; call < 3; ++call) expect_equal(a.call({row({1.0, 2.0}), at(3)}), row({-2.0}));
  for (int call = 0; call < 3; ++call) {
    EXPECT_THAT(testing_help::problem_of([&] { a.call({row({1.0, 2.0}), at(4)}); }), HasSubstr("range"));
    expect_equal(a.call({row({5.0, 2.0}), at(2)}), row({-5.0}));
  }
  EXPECT_EQ(a.refusal(), "none");
}

}  // namespace
}  // namespace okibi::script
