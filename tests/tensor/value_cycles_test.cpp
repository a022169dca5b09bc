// Run under AddressSanitizer and LeakSanitizer: a leak or a dangling handle fails the program.
#include <gtest/gtest.h>
#include <okibi/value.h>

#include <algorithm>
#include <thread>

#include "tensor/body.h"

namespace okibi {
namespace {

// Whether the things a graph holds are freed: a storage lent with an owner that counts.
struct Canary {
  std::shared_ptr<int> owner = std::make_shared<int>(0);
  Value value() const {
    static std::byte bytes[4];
    return Tensor::over(Storage::borrow(owner, bytes, 4), float32, {1}, {1});
  }
  bool is_freed() const { return owner.use_count() == 1; }
};

TEST(CloseCycles, FreesAListThatHoldsItself) {
  const Canary canary;
  {
    const List list{canary.value()};
    list.push_back(list);
    Value root = list;
    close_cycles(root);
    EXPECT_FALSE(canary.is_freed());
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, FreesTwoThatHoldEachOther) {
  const Canary canary;
  {
    const List a, b{canary.value()};
    a.push_back(b);
    b.push_back(a);
    Value root = a;
    close_cycles(root);
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, GoesThroughEveryKindOfContainerAndAllThatItHolds) {
  const Canary canary;
  {
    const Dict dict(DictKind::default_dict), attributes;
    const Object object({.module = "m", .name = "C", .state = Dict{{"dict", dict}}});
    const Object with_items({.module = "m", .name = "C", .appended = {dict}, .items = {{"self", dict}}});
    const Object factory({.module = "m", .name = "f", .made = Object::Made::reduce, .arguments = {object, with_items}});
    const Set set;
    set.insert(Tuple{object, canary.value()});
    attributes.set("set", set);
    dict.set("object", object);
    dict.set(object, "as a key");
    dict.set_attributes(attributes);
    dict.set_default_factory(factory);
    Value root = dict;
    close_cycles(root);
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, FreesCyclesThatHangOffCyclesOneAfterAnother) {
  const Canary near, far;
  const List inner{far.value()};
  {
    const List outer{near.value()}, between{inner};
    inner.push_back(inner);
    outer.push_back(outer);
    outer.push_back(between);
    Value root = outer;
    close_cycles(root);
  }
  EXPECT_TRUE(near.is_freed());
  EXPECT_FALSE(far.is_freed());
  EXPECT_EQ(inner[1].to_list().size(), 2u);
}

TEST(CloseCycles, AHandleToAnInnerMemberKeepsAllMembers) {
  const Canary canary;
  Value inner;
  {
    const List a{canary.value()}, b;
    a.push_back(b);
    b.push_back(a);
    Value root = a;
    close_cycles(root);
    inner = root[1];
  }
  EXPECT_FALSE(canary.is_freed());
  EXPECT_TRUE(inner[0][1].is_same(inner));
  inner = nullptr;
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, FreesARingOfAMillion) {
  const Canary canary;
  {
    const List first{canary.value()};
    List last = first;
    for (int i = 1; i < 1'000'000; ++i) last = List{last};
    first.push_back(last);
    Value root = first;
    close_cycles(root);
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, FreesAMillionCyclesInARow) {
  Value next;
  for (int i = 0; i < 1'000'000; ++i) {
    const List list{next};
    list.push_back(list);
    next = list;
  }
  close_cycles(next);
}

TEST(CloseCycles, LeavesGraphsWithoutCyclesAlone) {
  const List shared{1};
  Value root = List{shared, shared, Tuple{shared}};
  close_cycles(root);
  root = nullptr;
  EXPECT_EQ(shared.size(), 1u);
}

TEST(CloseCycles, TakenOutOfAMemberAValueCountsHoweverItIsTaken) {
  const Canary canary;
  Value moved, copied, swapped;
  {
    const List list{canary.value()};
    for (int i = 0; i < 3; ++i) list.push_back(list);
    Value root = list;
    close_cycles(root);
    copied = list[1];
    moved = std::move(list[2]);
    std::swap(swapped, list[3]);
  }
  for (Value* value : {&copied, &moved, &swapped}) {
    EXPECT_EQ(value->to_list()[0].to_tensor().numel(), 1);
    EXPECT_FALSE(canary.is_freed());
    *value = nullptr;
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, WhatIsStolenFromAMemberNeverDangles) {
  const Canary canary;
  {
    std::vector<Value> stolen;
    {
      const List a{canary.value()}, b{a};
      a.push_back(b);
      Value root = a;
      close_cycles(root);
      stolen = std::move(a.mutable_items());
    }
    EXPECT_FALSE(canary.is_freed());
    EXPECT_TRUE(stolen[1].to_list()[0].is_list());
  }
  EXPECT_TRUE(canary.is_freed());  // and the cycle was broken by the theft
}

TEST(CloseCycles, GrowingAMemberDoesNotLeak) {
  const Canary canary;
  {
    const List list{canary.value()};
    const Dict dict{{"list", list}};
    list.push_back(dict);
    Value root = list;
    close_cycles(root);
    for (int i = 0; i < 100; ++i) list.push_back(i);
    for (int i = 0; i < 100; ++i) dict.set(i, i);
    EXPECT_TRUE(dict["list"].is_same(list));
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, ErasingFromAMemberDoesNotLeak) {
  const Canary canary;
  {
    const Dict dict{{"first", canary.value()}, {"between", 1}};
    dict.set("self", dict);
    Value root = dict;
    close_cycles(root);
    dict.erase("between");  // moves "self" up
    EXPECT_TRUE(dict["self"].is_same(dict));
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, BreakingACycleByHandFreesIt) {
  const Canary canary;
  {
    const List a{canary.value()}, b{a};
    a.push_back(b);
    Value root = a;
    close_cycles(root);
    a[1] = nullptr;
    EXPECT_TRUE(b[0].is_same(a));
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, CalledAgainTakesNewMembersIn) {
  const Canary canary;
  {
    const List a{canary.value()}, b, c{canary.value()};
    a.push_back(a);
    b.push_back(b);
    Value root = a;
    close_cycles(root);
    Value other = b;
    close_cycles(other);
    a.push_back(b);
    b.push_back(c);
    c.push_back(a);
    a.mutable_items().push_back(a);
    close_cycles(root);
    close_cycles(root);
    EXPECT_TRUE(a[2].to_list()[1].to_list()[1].is_same(a));
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(CloseCycles, ObjectsOfACycleMayBeChangedThroughTheirParts) {
  const Canary canary;
  {
    const Object object({.module = "m", .name = "C", .arguments = {canary.value()}});
    object.mutable_parts().state = Dict{{"self", object}};
    Value root = object;
    close_cycles(root);
    object.mutable_parts().arguments.push_back(1);
    EXPECT_TRUE(object.attribute("self").is_same(object));
    close_cycles(root);
  }
  EXPECT_TRUE(canary.is_freed());
}

TEST(ThreadsCloseCycles, TheLastHandleOfACycleMayFallOnAnyThread) {
  for (int round = 0; round < 200; ++round) {
    const Canary canary;
    {
      const List a{canary.value()};
      a.push_back(List{a});
      Value root = a;
      close_cycles(root);
      std::thread other([mine = Value(root[1])]() mutable {
        for (int i = 0; i < 20; ++i) mine = Value(mine[0][1]);
      });
      root = nullptr;
      other.join();
    }
    EXPECT_TRUE(canary.is_freed());
  }
}

// ---- deep_copy

TEST(DeepCopy, IsAGraphOfItsOwnWithTheSameSharing) {
  const List shared{1};
  const Value source = Dict{{"a", shared}, {"b", shared}, {"t", Tuple::size_of({2})}};
  const Value copy = deep_copy(source);
  EXPECT_EQ(copy, source);
  EXPECT_TRUE(copy["a"].is_same(copy["b"]));
  EXPECT_TRUE(copy["t"].to_tuple().is_size());
  shared.push_back(2);
  EXPECT_EQ(copy["a"].size(), 1u);
}

TEST(DeepCopy, CopiesStoragesOnceAndKeepsViews) {
  const Tensor base = arange(6);
  const Value source = List{base, base.narrow(0, 2, 3), base};
  const Value copy = deep_copy(source);
  EXPECT_TRUE(copy[0].is_same(copy[2]));
  EXPECT_EQ(copy[0].to_tensor().storage(), copy[1].to_tensor().storage());
  EXPECT_NE(copy[0].to_tensor().storage(), base.storage());
  base.fill_(9);
  EXPECT_TRUE(equal(copy[1].to_tensor(), tensor({2, 3, 4})));
}

TEST(DeepCopy, KeepsStridesGradientsAndSparseness) {
  const Tensor weight = zeros({2, 3}).t();
  weight.requires_grad_();
  weight.set_grad(ones({3, 2}));
  const Tensor sparse = sparse_coo_tensor(tensor({{0, 2}}), tensor({1.5, 2.5}), {3});
  const Value copy = deep_copy(List{weight, sparse});
  const Tensor copied = copy[0].to_tensor();
  EXPECT_EQ(copied.strides(), weight.strides());
  EXPECT_TRUE(copied.requires_grad());
  EXPECT_TRUE(equal(copied.grad(), weight.grad()));
  EXPECT_FALSE(copied.grad().is_same(weight.grad()));
  EXPECT_TRUE(copy[1].to_tensor().is_sparse());
  EXPECT_TRUE(equal(copy[1].to_tensor().values(), sparse.values()));
}

TEST(DeepCopy, RefusesAComputedTensor) {
  const Tensor weight = zeros({2, 3}).requires_grad_();
  EXPECT_THROW(deep_copy(List{weight.view({3, 2})}), Error);
}

TEST(DeepCopy, OfACycleIsACycleThatFreesItself) {
  const Dict dict{{"tensor", zeros({1})}};
  dict.set("self", List{dict});
  Value source = dict;
  close_cycles(source);
  const Value copy = deep_copy(source);
  EXPECT_TRUE(copy["self"][0].is_same(copy));
  EXPECT_FALSE(copy.is_same(source));
}

TEST(DeepCopy, FindsItsKeysAgain) {
  const Object object({.module = "m", .name = "C"});
  const Set frozen(SetKind::frozen_set);
  frozen.insert(Tuple{object, 1});
  const Dict dict{{object, "object"}, {Tuple{Tuple{object}, frozen}, "tuple"}};
  const Value copy = deep_copy(List{object, dict, frozen});
  const Dict copied = copy[1].to_dict();
  EXPECT_EQ(copied[copy[0]].to_string(), "object");
  const Tuple key{Tuple{copy[0]}, copy[2]};
  EXPECT_EQ(copied[key].to_string(), "tuple");
  EXPECT_FALSE(copied.contains(object));
}

TEST(DeepCopy, TakesAnyDepth) {
  Value value = 1;
  for (int i = 0; i < 300'000; ++i) value = Tuple{value};
  EXPECT_EQ(deep_copy(value), value);
}

}  // namespace
}  // namespace okibi
