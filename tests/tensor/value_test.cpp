#include <gmock/gmock.h>
#include <okibi/value.h>

#include <thread>

namespace okibi {
namespace {

using testing::HasSubstr;

template <class Work>
std::string message_of(ErrorKind kind, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

std::string bytes_of(std::initializer_list<int> numbers) {
  std::string bytes;
  for (const int number : numbers) bytes += static_cast<char>(number);
  return bytes;
}

// ---- in and out

TEST(Value, TakesLiteralsForWhatTheyAre) {
  EXPECT_EQ(Value(3).kind(), ValueKind::integer);
  EXPECT_EQ(Value(0).kind(), ValueKind::integer);
  EXPECT_EQ(Value(3u).kind(), ValueKind::integer);
  EXPECT_EQ(Value(true).kind(), ValueKind::boolean);
  EXPECT_EQ(Value(0.5f).kind(), ValueKind::real);
  EXPECT_EQ(Value("x").kind(), ValueKind::string);
  EXPECT_EQ(Value(std::string("x")).kind(), ValueKind::string);
  EXPECT_EQ(Value(nullptr).kind(), ValueKind::none);
  EXPECT_EQ(Value().kind(), ValueKind::none);
  EXPECT_EQ(Value(float32).kind(), ValueKind::dtype);
  EXPECT_EQ(Value(Device("cuda:0")).kind(), ValueKind::device);
  EXPECT_EQ(Value(std::complex<double>(1, 2)).kind(), ValueKind::complex_number);
  EXPECT_EQ(Value(Tensor()).kind(), ValueKind::none);
  EXPECT_EQ(Value(zeros({2})).kind(), ValueKind::tensor);
}

TEST(Value, GivesBackWhatItTook) {
  EXPECT_EQ(Value(-7).to_int(), -7);
  EXPECT_EQ(Value(true).to_int(), 1);
  EXPECT_EQ(Value(2).to_double(), 2.0);
  EXPECT_EQ(Value(0.25).to_double(), 0.25);
  EXPECT_TRUE(Value(true).to_bool());
  EXPECT_EQ(Value("日本").to_string(), "日本");
  EXPECT_EQ(Value("日本").size(), 2u);
  EXPECT_EQ(Value(std::complex<double>(1, 2)).to_complex(), std::complex<double>(1, 2));
  EXPECT_EQ(Value(bfloat16).to_dtype(), bfloat16);
  EXPECT_EQ(Value(Device("mps")).to_device().text(), "mps");
  const Tensor tensor = zeros({2});
  EXPECT_TRUE(Value(tensor).to_tensor().is_same(tensor));
  EXPECT_EQ(as_text(Value::bytes(as_bytes("ab")).to_bytes()), "ab");
}

TEST(Value, KeepsIntsOfAnySize) {
  EXPECT_EQ(Value(UINT64_MAX).kind(), ValueKind::big_integer);
  EXPECT_EQ(repr(Value(UINT64_MAX)), "18446744073709551615");
  EXPECT_EQ(Value(uint64_t{INT64_MAX}).to_int(), INT64_MAX);
  EXPECT_EQ(Value::big_integer(as_bytes(bytes_of({5, 0, 0, 0, 0, 0, 0, 0, 0, 0}))).to_int(), 5);
  EXPECT_EQ(Value::big_integer(as_bytes(bytes_of({0xfe, 0xff}))).to_int(), -2);
  EXPECT_EQ(Value::big_integer({}).to_int(), 0);
  EXPECT_EQ(Value(UINT64_MAX).to_double(), 18446744073709551616.0);
  EXPECT_THAT(message_of(ErrorKind::bad_argument, [] { Value(UINT64_MAX).to_int(); }),
              HasSubstr("expected an int of 64 bits, found an int: 18446744073709551615"));
}

TEST(Value, RoundsBigIntsToTheNearestDouble) {
  // 2^64 + 2^11 lies halfway between two doubles and goes to the even one; one more goes up.
  EXPECT_EQ(Value::big_integer(as_bytes(bytes_of({0, 8, 0, 0, 0, 0, 0, 0, 1}))).to_double(), 0x1p64);
  EXPECT_EQ(Value::big_integer(as_bytes(bytes_of({1, 8, 0, 0, 0, 0, 0, 0, 1}))).to_double(), 0x1p64 + 4096);
  EXPECT_EQ(Value::big_integer(as_bytes(bytes_of({0, 0, 0, 0, 0, 0, 0, 0, 0xff}))).to_double(), -0x1p64);
}

TEST(Value, SaysWhatItIsInstead) {
  EXPECT_EQ(message_of(ErrorKind::bad_argument, [] { Value("abc").to_int(); }), "expected an int, found a str: 'abc'");
  EXPECT_EQ(message_of(ErrorKind::bad_argument, [] { Value().to_list(); }), "expected a list, found None");
  EXPECT_EQ(message_of(ErrorKind::bad_argument, [] { Value(1).to_bool(); }), "expected a bool, found an int: 1");
  EXPECT_EQ(message_of(ErrorKind::bad_argument,
                       [] {
                         Value(List{1, 2}).to_tensor();
                       }),
            "expected a Tensor, found a list: [1, 2]");
  EXPECT_EQ(message_of(ErrorKind::bad_argument,
                       [] {
                         Value(zeros({2, 3})).to_double();
                       }),
            "expected a float, found a Tensor of shape [2, 3] and dtype torch.float32");
  EXPECT_EQ(message_of(ErrorKind::bad_argument, [] { Value(Object({.module = "a.b", .name = "C"})).to_dict(); }),
            "expected a dict, found an object of class a.b.C");
  EXPECT_LT(message_of(ErrorKind::bad_argument, [] { Value(std::string(1 << 20, 'x')).to_int(); }).size(), 200u);
}

TEST(Value, LooksInsideByKeyAndIndex) {
  const Value value = Dict{{"epoch", 3}, {"losses", List{0.5, 0.25}}, {7, "seven"}};
  EXPECT_EQ(value["epoch"].to_int(), 3);
  EXPECT_EQ(value["losses"][1].to_double(), 0.25);
  EXPECT_EQ(value["losses"].at(-1).to_double(), 0.25);
  EXPECT_EQ(value[7].to_string(), "seven");
  EXPECT_TRUE(value.contains("epoch"));
  EXPECT_FALSE(value.contains("loss"));
  EXPECT_EQ(value.size(), 3u);
}

TEST(Value, ListsTheKeysWhenOneIsMissing) {
  const Value value = Dict{{"epoch", 3}, {"model_state_dict", Dict()}};
  EXPECT_EQ(message_of(ErrorKind::not_found, [&] { value["model_statedict"]; }),
            "the dict has no key 'model_statedict'; its keys are: 'epoch', 'model_state_dict'. "
            "Did you mean 'model_state_dict'?");
  const Dict many;
  for (int i = 0; i < 1000; ++i) many.set(i, i);
  const std::string message = message_of(ErrorKind::not_found, [&] { many["x"]; });
  EXPECT_THAT(message, HasSubstr("18, 19, …"));
  EXPECT_LT(message.size(), 200u);
}

TEST(Value, SaysHowManyItemsThereAreWhenAnIndexIsOut) {
  EXPECT_EQ(message_of(ErrorKind::out_of_range,
                       [] {
                         Value(List{1, 2}).at(2);
                       }),
            "index 2 is out of range for a list of 2 items");
  EXPECT_EQ(message_of(ErrorKind::out_of_range, [] { Value(Tuple{1}).at(-2); }),
            "index -2 is out of range for a tuple of 1 item");
}

// ---- identity

TEST(Value, CopiesReferToTheSameThing) {
  const List list;
  const Value copy = list;
  copy.to_list().push_back(1);
  EXPECT_EQ(list.size(), 1u);
  EXPECT_TRUE(copy.is_same(list));
}

TEST(Value, StringsHaveIdentity) {
  const Value a = "x", b = a, c = "x";
  EXPECT_TRUE(a.is_same(b));
  EXPECT_EQ(a, c);
  EXPECT_FALSE(a.is_same(c));
  EXPECT_NE(a.identity(), c.identity());
}

TEST(Value, ATensorIsTheSameThroughEachValue) {
  const Tensor tensor = zeros({2});
  EXPECT_TRUE(Value(tensor).is_same(Value(tensor)));
  EXPECT_EQ(Value(tensor).identity(), Value(tensor).identity());
  EXPECT_FALSE(Value(tensor).is_same(Value(zeros({2}))));
}

TEST(Value, WhatIsAValueInItselfHasNoIdentity) {
  for (const Value& value : {Value(), Value(1), Value(0.5), Value(true), Value(float32), Value(UINT64_MAX)}) {
    EXPECT_EQ(value.identity(), nullptr) << value;
    EXPECT_TRUE(value.is_same(Value(value)));
  }
  EXPECT_FALSE(Value(1).is_same(Value(1.0)));
}

// A file keeps one such object as one; but it is the same as any other of that value.
TEST(Value, AComplexNumberOrADeviceHasAnIdentityThatOnlyFilesAskFor) {
  for (const auto& make : {+[] { return Value(Device("cuda:0")); }, +[] { return Value(std::complex<double>(0, 1)); }}) {
    const Value one = make(), copy = one, other = make();
    EXPECT_EQ(one.identity(), copy.identity());
    EXPECT_NE(one.identity(), other.identity());
    EXPECT_TRUE(one.is_same(other));
  }
}

TEST(Value, AMovedFromValueIsNone) {
  Value a = "x";
  const Value b = std::move(a);
  EXPECT_TRUE(a.is_none());  // NOLINT: that is the promise
  EXPECT_EQ(b.to_string(), "x");
}

TEST(Value, AssigningToItselfKeepsIt) {
  Value a = List{1};
  const Value& same = a;
  a = same;
  EXPECT_EQ(a.size(), 1u);
  a = a.at(0);
  EXPECT_EQ(a.to_int(), 1);
}

// ---- equality

TEST(ValueEquality, IsPythonsForNumbers) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(1), Value(true));
  EXPECT_EQ(Value(1.0), Value(std::complex<double>(1, 0)));
  EXPECT_NE(Value(1), Value("1"));
  EXPECT_NE(Value(INT64_MAX), Value(0x1p63));  // the nearest double is one more
  EXPECT_EQ(Value(uint64_t{1} << 63), Value(0x1p63));
  EXPECT_NE(Value((uint64_t{1} << 63) + 1), Value(0x1p63));
  EXPECT_NE(Value(NAN), Value(NAN));
  EXPECT_NE(Value(0), Value());
}

TEST(ValueEquality, IsByContentForContainers) {
  EXPECT_EQ(Value(List{1, List{"a"}}), Value(List{1.0, List{"a"}}));
  EXPECT_NE(Value(List{1}), Value(Tuple{1}));
  EXPECT_EQ(Value(Tuple{2, 3}), Value(Tuple::size_of({2, 3})));
  EXPECT_EQ(Value(Dict{{"a", 1}, {"b", 2}}), Value(Dict{{"b", 2}, {"a", 1}}));
  EXPECT_NE(Value(Dict{{"a", 1}}), Value(Dict{{"a", 2}}));
  EXPECT_NE(Value(Dict{{"a", 1}}), Value(Dict{{"b", 1}}));
  EXPECT_EQ(Value::bytes(as_bytes("a")), Value::bytes(as_bytes("a"), BytesKind::byte_array));
}

TEST(ValueEquality, HeedsOrderBetweenTwoOrderedDictsOnly) {
  const auto with = [](DictKind kind, const char* first, const char* second) {
    const Dict dict(kind);
    dict.set(first, 1);
    dict.set(second, 1);
    return Value(dict);
  };
  EXPECT_NE(with(DictKind::ordered_dict, "a", "b"), with(DictKind::ordered_dict, "b", "a"));
  EXPECT_EQ(with(DictKind::ordered_dict, "a", "b"), with(DictKind::dict, "b", "a"));
}

TEST(ValueEquality, OfSetsIgnoresOrderAndKind) {
  const Set a, b(SetKind::frozen_set);
  for (int i = 0; i < 20; ++i) a.insert(i);
  for (int i = 20; i-- > 0;) b.insert(i);
  EXPECT_EQ(Value(a), Value(b));
  b.insert(20);
  EXPECT_NE(Value(a), Value(b));
}

TEST(ValueEquality, OfTensorsAndObjectsIsIdentityAndOfGlobalsTheName) {
  const Tensor tensor = zeros({1});
  EXPECT_EQ(Value(tensor), Value(tensor));
  EXPECT_NE(Value(tensor), Value(zeros({1})));
  const Object::Parts global{.module = "torch", .name = "relu", .made = Object::Made::named};
  EXPECT_EQ(Value(Object(global)), Value(Object(global)));
  const Object::Parts made{.module = "m", .name = "C"};
  EXPECT_NE(Value(Object(made)), Value(Object(made)));
}

TEST(ValueEquality, EndsOnCyclesOfAnyLength) {
  const auto ring = [](int length) {
    std::vector<List> lists(static_cast<size_t>(length));
    for (size_t i = 0; i < lists.size(); ++i) lists[i].push_back(lists[(i + 1) % lists.size()]);
    Value root = lists[0];
    close_cycles(root);
    return root;
  };
  EXPECT_EQ(ring(1), ring(3));
  EXPECT_EQ(ring(9973), ring(10007));  // their product would take minutes
  const Value other = ring(3);
  other.to_list().push_back(1);
  EXPECT_NE(ring(3), other);
}

TEST(ValueEquality, TakesAnyDepthAndSharedPartsOnce) {
  const auto deep = [](int depth) {
    Value value;
    for (int i = 0; i < depth; ++i) value = Tuple{value};
    return value;
  };
  EXPECT_EQ(deep(300'000), deep(300'000));
  EXPECT_NE(deep(300'000), deep(300'001));
  const auto laughs = [] {
    Value value = List{1};
    for (int i = 0; i < 60; ++i) value = List{value, value};
    return value;
  };
  EXPECT_EQ(laughs(), laughs());
}

// ---- dicts and sets

TEST(Dict, KeepsTheOrderOfInsertion) {
  const Dict dict{{"b", 1}, {"a", 2}};
  dict.set("c", 3);
  dict.set("b", 4);
  EXPECT_EQ(repr(dict), "{'b': 4, 'a': 2, 'c': 3}");
  EXPECT_TRUE(dict.erase("a"));
  EXPECT_FALSE(dict.erase("a"));
  EXPECT_EQ(repr(dict), "{'b': 4, 'c': 3}");
}

TEST(Dict, FindsEachOfManyKeysAlsoAfterErasing) {
  const Dict dict;
  for (int i = 0; i < 2000; ++i) dict.set("key" + std::to_string(i), i);
  for (int i = 0; i < 2000; i += 3) EXPECT_TRUE(dict.erase("key" + std::to_string(i)));
  for (int i = 0; i < 2000; ++i) {
    const Value* found = dict.find("key" + std::to_string(i));
    ASSERT_EQ(found != nullptr, i % 3 != 0) << i;
    EXPECT_EQ(found != nullptr ? found->to_int() : i, i);
    EXPECT_EQ(Value(dict).contains("key" + std::to_string(i)), i % 3 != 0);
  }
  while (dict.size() > 3) dict.erase(dict.items()[0].first);
  EXPECT_EQ(dict.find("key1999")->to_int(), 1999);
}

TEST(Dict, HasOneKeyForEqualNumbers) {
  const Dict dict{{1, "int"}};
  dict.set(1.0, "float");
  dict.set(true, "bool");
  dict.set(std::complex<double>(1, 0), "complex");
  EXPECT_EQ(repr(dict), "{1: 'complex'}");
  const Dict big{{uint64_t{1} << 63, "int"}};
  EXPECT_TRUE(big.contains(0x1p63));
}

TEST(Dict, TakesWhatPythonCanHash) {
  const Tensor tensor = zeros({1});
  const Object object({.module = "m", .name = "C"});
  const Object::Parts global{.module = "torch", .name = "float", .made = Object::Made::named};
  const Set frozen(SetKind::frozen_set);
  frozen.insert(1);
  frozen.insert("a");
  const Dict dict;
  const std::vector<Value> keys = {Value(),
                                   "a",
                                   2.5,
                                   UINT64_MAX,
                                   Value::bytes(as_bytes("a")),
                                   Tuple{1, Tuple{"x", 2}},
                                   float32,
                                   Device("cpu"),
                                   tensor,
                                   object,
                                   Object(global),
                                   frozen};
  for (size_t i = 0; i < keys.size(); ++i) dict.set(keys[i], i);
  ASSERT_EQ(dict.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(dict[keys[i]].to_int(), static_cast<int64_t>(i));
  EXPECT_TRUE(dict.contains(Tuple{1.0, Tuple{"x", 2}}));
  EXPECT_TRUE(dict.contains(Object(global)));
  EXPECT_FALSE(dict.contains(Object({.module = "m", .name = "C"})));
  EXPECT_FALSE(dict.contains(zeros({1})));
  const Set same(SetKind::frozen_set);
  same.insert("a");
  same.insert(1.0);
  EXPECT_TRUE(dict.contains(same));
}

TEST(Dict, RefusesKeysThatCanChange) {
  EXPECT_THAT(message_of(ErrorKind::bad_argument, [] { Dict().set(List{1}, 1); }),
              HasSubstr("unhashable type: 'list'"));
  EXPECT_THAT(message_of(ErrorKind::bad_argument,
                         [] {
                           Dict().set(Tuple{1, Dict()}, 1);
                         }),
              HasSubstr("unhashable type: 'dict'"));
  EXPECT_THAT(message_of(ErrorKind::bad_argument, [] { Set().insert(Set()); }), HasSubstr("unhashable type: 'set'"));
  EXPECT_THAT(message_of(ErrorKind::bad_argument, [] { Set().insert(Value::bytes({}, BytesKind::byte_array)); }),
              HasSubstr("unhashable type: 'bytearray'"));
}

TEST(Dict, HashesDeepAndSharedTuplesInLinearTime) {
  Value deep = 1, laughs = 1;
  for (int i = 0; i < 300'000; ++i) deep = Tuple{deep};
  for (int i = 0; i < 100; ++i) laughs = Tuple{laughs, laughs};
  const Dict dict{{deep, "deep"}, {laughs, "laughs"}};
  EXPECT_EQ(dict[deep].to_string(), "deep");
  EXPECT_EQ(dict[laughs].to_string(), "laughs");
}

TEST(Dict, HashesAFrozenSetThatContainsItself) {
  const Set set(SetKind::frozen_set);
  const Tuple tuple{set};
  set.insert(tuple);
  Value root = set;
  close_cycles(root);
  EXPECT_TRUE(Dict({{tuple, 1}}).contains(tuple));
}

TEST(Dict, ManyNotANumbersAreQuickAndEachIsAKeyOfItsOwn) {
  const Dict dict;
  for (int i = 0; i < 50'000; ++i) dict.set(NAN, i);
  EXPECT_EQ(dict.size(), 50'000u);
}

TEST(Dict, KeepsAttributesAndFactoryBesideItsItems) {
  const Dict dict(DictKind::default_dict);
  EXPECT_FALSE(dict.attributes());
  EXPECT_TRUE(dict.default_factory().is_none());
  dict.set_attributes(Dict{{"_metadata", 1}});
  dict.set_default_factory(Object({.module = "builtins", .name = "list", .made = Object::Made::named}));
  EXPECT_EQ((*dict.attributes())["_metadata"].to_int(), 1);
  EXPECT_EQ(dict.default_factory().to_object().python_class(), "builtins.list");
  EXPECT_EQ(dict.size(), 0u);
}

TEST(Set, HoldsEachKeyOnce) {
  const Set set;
  EXPECT_TRUE(set.insert("a"));
  EXPECT_FALSE(set.insert("a"));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(set.insert(i));
  EXPECT_FALSE(set.insert(99.0));
  EXPECT_EQ(set.size(), 101u);
  EXPECT_TRUE(set.contains(50));
}

TEST(Object, GivesAttributesOfItsState) {
  const Object object({.module = "m", .name = "Net", .state = Dict{{"training", true}}});
  EXPECT_EQ(object.python_class(), "m.Net");
  EXPECT_TRUE(object.has("training"));
  EXPECT_FALSE(object.has("depth"));
  EXPECT_TRUE(object.attribute("training").to_bool());
  EXPECT_THAT(message_of(ErrorKind::not_found, [&] { object.attribute("trainin"); }),
              HasSubstr("an object of class m.Net: the dict has no key 'trainin'; its keys are: 'training'"));
  EXPECT_THAT(message_of(ErrorKind::not_found, [] { Object({.module = "m", .name = "N"}).attribute("a"); }),
              HasSubstr("there is no attribute 'a'"));
}

// ---- freeing

TEST(Value, FreesAMillionDeepGraphWithoutRecursion) {
  Value list, tuple, dict, object;
  for (int i = 0; i < 1'000'000; ++i) list = List{list};
  for (int i = 0; i < 1'000'000; ++i) tuple = Tuple{tuple};
  for (int i = 0; i < 1'000'000; ++i) dict = Dict{{"next", dict}};
  for (int i = 0; i < 1'000'000; ++i) object = Object({.module = "m", .name = "C", .state = object});
}

TEST(ThreadsValue, MayBeCopiedAndDroppedOnManyAtOnce) {
  const Value shared = List{"text", Dict{{"a", zeros({2})}}, Tuple{1, List{2}}};
  const auto work = [&shared] {
    for (int i = 0; i < 20'000; ++i) {
      const Value whole = shared;
      const Value part = whole[1]["a"];
      const List mine{whole[0], part, whole[2][1]};
    }
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  EXPECT_EQ(repr(shared[2]), "(1, [2])");
}

TEST(ThreadsValue, TheLastHandleMayFallOnAnyThread) {
  for (int round = 0; round < 200; ++round) {
    Value a = List{List{"x"}, Dict{{Tuple{1, "k"}, 2}}};
    Value b = a;
    std::thread other([mine = std::move(b)]() mutable { mine = nullptr; });
    a = nullptr;
    other.join();
  }
}

TEST(ThreadsValue, ReadersMayHashTheSameTuple) {
  const Tuple key{1, Tuple{2, "x"}};
  const Dict dict;
  for (int i = 0; i < 20; ++i) dict.set(i, i);
  const auto work = [&] {
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(dict.contains(key));
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
}

}  // namespace
}  // namespace okibi
