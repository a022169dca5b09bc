// What Python 3.11 and PyTorch print.
#include <gtest/gtest.h>
#include <okibi/value.h>

#include <cmath>
#include <sstream>

namespace okibi {
namespace {

Object global(std::string module, std::string name) {
  return Object({.module = std::move(module), .name = std::move(name), .made = Object::Made::named});
}

TEST(Repr, OfFloatsIsTheShortestThatReadsBack) {
  EXPECT_EQ(repr(5.0), "5.0");
  EXPECT_EQ(repr(0.1), "0.1");
  EXPECT_EQ(repr(-0.0), "-0.0");
  EXPECT_EQ(repr(1e15), "1000000000000000.0");
  EXPECT_EQ(repr(1e16), "1e+16");
  EXPECT_EQ(repr(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(repr(0.0001), "0.0001");
  EXPECT_EQ(repr(0.00001), "1e-05");
  EXPECT_EQ(repr(5e-324), "5e-324");
  EXPECT_EQ(repr(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(repr(INFINITY), "inf");
  EXPECT_EQ(repr(-INFINITY), "-inf");
  EXPECT_EQ(repr(NAN), "nan");
  EXPECT_EQ(repr(-NAN), "nan");
}

TEST(Repr, OfComplexNumbersLeavesOutWhatIsNotThere) {
  EXPECT_EQ(repr(std::complex<double>(1, 2)), "(1+2j)");
  EXPECT_EQ(repr(std::complex<double>(0, 1)), "1j");
  EXPECT_EQ(repr(std::complex<double>(-0.0, -1.5)), "(-0-1.5j)");
  EXPECT_EQ(repr(std::complex<double>(1, NAN)), "(1+nanj)");
}

TEST(Repr, OfIntsOfAnySize) {
  const auto power_of_two = [](size_t bits, int sign) {
    std::vector<std::byte> bytes(bits / 8 + 2, std::byte{0});
    if (sign < 0) std::fill(bytes.begin() + static_cast<ptrdiff_t>(bits / 8), bytes.end(), std::byte{0xff});
    if (sign > 0) bytes[bits / 8] = std::byte{1};
    return Value::big_integer(bytes);
  };
  EXPECT_EQ(repr(-3), "-3");
  EXPECT_EQ(repr(power_of_two(64, 1)), "18446744073709551616");
  EXPECT_EQ(repr(power_of_two(64, -1)), "-18446744073709551616");
  EXPECT_EQ(repr(power_of_two(128, 1)), "340282366920938463463374607431768211456");
  EXPECT_EQ(repr(power_of_two(200, -1)), "-1606938044258990275541962092341162602522202993782792835301376");
  EXPECT_EQ(repr(power_of_two(1 << 20, 1)), "0x1" + std::string((1 << 20) / 4, '0'));
}

TEST(Repr, OfStringsQuotesAndEscapesAsPython) {
  EXPECT_EQ(repr("abc"), "'abc'");
  EXPECT_EQ(repr("it's"), "\"it's\"");
  EXPECT_EQ(repr("it's \"so\""), "'it\\'s \"so\"'");
  EXPECT_EQ(repr("a\\b\n\r\t\x01\x7f"), "'a\\\\b\\n\\r\\t\\x01\\x7f'");
  EXPECT_EQ(repr("café 日本 😀"), "'café 日本 😀'");
  EXPECT_EQ(repr("\u00a0\u00ad\u200b\u2028\ufeff"), "'\\xa0\\xad\\u200b\\u2028\\ufeff'");
  EXPECT_EQ(repr("\U000e0001"), "'\\U000e0001'");
  EXPECT_EQ(repr("\xed\xa0\x80"), "'\\ud800'");       // a surrogate alone, as pickles may hold
  EXPECT_EQ(repr("a\xff\xc3"), "'a\\udcff\\udcc3'");  // no UTF-8
  EXPECT_EQ(repr(std::string_view("\0", 1)), "'\\x00'");
}

TEST(Repr, OfBytes) {
  EXPECT_EQ(repr(Value::bytes(as_bytes("a'\n\xff"))), "b\"a'\\n\\xff\"");
  EXPECT_EQ(repr(Value::bytes(as_bytes("a"), BytesKind::byte_array)), "bytearray(b'a')");
}

TEST(Repr, OfContainers) {
  EXPECT_EQ(repr(List()), "[]");
  EXPECT_EQ(repr(List{1, "a", nullptr, true}), "[1, 'a', None, True]");
  EXPECT_EQ(repr(Tuple()), "()");
  EXPECT_EQ(repr(Tuple{1}), "(1,)");
  EXPECT_EQ(repr(Tuple{1, 2}), "(1, 2)");
  EXPECT_EQ(repr(Tuple::size_of({2, 3})), "torch.Size([2, 3])");
  EXPECT_EQ(repr(Tuple::size_of({})), "torch.Size([])");
  EXPECT_EQ(repr(Dict()), "{}");
  EXPECT_EQ(repr(Dict{{"epoch", 3}, {"loss", 0.5}, {Tuple{1, 2}, List{Dict()}}}),
            "{'epoch': 3, 'loss': 0.5, (1, 2): [{}]}");
}

TEST(Repr, OfSets) {
  const Set set, frozen(SetKind::frozen_set);
  EXPECT_EQ(repr(set), "set()");
  EXPECT_EQ(repr(frozen), "frozenset()");
  set.insert(1);
  set.insert("a");
  frozen.insert(1);
  EXPECT_EQ(repr(set), "{1, 'a'}");
  EXPECT_EQ(repr(frozen), "frozenset({1})");
}

TEST(Repr, OfEachKindOfDict) {
  const Dict ordered(DictKind::ordered_dict), with_default(DictKind::default_dict), counter(DictKind::counter);
  EXPECT_EQ(repr(ordered), "OrderedDict()");
  EXPECT_EQ(repr(with_default), "defaultdict(None, {})");
  EXPECT_EQ(repr(counter), "Counter()");
  for (const Dict& dict : {ordered, with_default, counter}) {
    dict.set("a", 1);
    dict.set("b", 2);
  }
  with_default.set_default_factory(global("builtins", "list"));
  EXPECT_EQ(repr(ordered), "OrderedDict([('a', 1), ('b', 2)])");
  EXPECT_EQ(repr(with_default), "defaultdict(<class 'list'>, {'a': 1, 'b': 2})");
  EXPECT_EQ(repr(counter), "Counter({'b': 2, 'a': 1})");
}

TEST(Repr, OfDtypesAndDevices) {
  EXPECT_EQ(repr(float32), "torch.float32");
  EXPECT_EQ(repr(boolean), "torch.bool");
  EXPECT_EQ(repr(Device("cuda:0")), "device(type='cuda', index=0)");
  EXPECT_EQ(repr(Device()), "device(type='cpu')");
}

TEST(Repr, OfTensorsIsPyTorchs) { EXPECT_EQ(repr(Dict{{"w", tensor({1.5, 2})}}), "{'w': tensor([1.5000, 2.0000])}"); }

TEST(Repr, OfObjectsShowsHowTheyWereMade) {
  EXPECT_EQ(repr(global("torch.nn.modules.linear", "Linear")), "<class 'torch.nn.modules.linear.Linear'>");
  EXPECT_EQ(repr(global("torch._utils", "_rebuild_tensor_v2")), "<function torch._utils._rebuild_tensor_v2>");
  EXPECT_EQ(repr(Object({.module = "m", .name = "C"})), "m.C()");
  EXPECT_EQ(repr(Object({.module = "m", .name = "C", .arguments = {1, "a"}})), "m.C(1, 'a')");
  EXPECT_EQ(repr(Object({.module = "m", .name = "C", .state = Dict{{"a", 1}}})), "m.C(state={'a': 1})");
  EXPECT_EQ(repr(Object({.module = "m", .name = "C", .appended = {1, 2}})), "m.C(appended=[1, 2])");
  EXPECT_EQ(repr(Object({.module = "m", .name = "C", .items = {{"k", 1}}})), "m.C(items={'k': 1})");
  EXPECT_EQ(
      repr(Object(
          {.module = "m", .name = "C", .arguments = {0}, .state = 1, .appended = {2}, .items = {{3, 4}, {5, 6}}})),
      "m.C(0, state=1, appended=[2], items={3: 4, 5: 6})");
}

TEST(Repr, OfCyclesIsPythons) {
  const List list{1};
  const Dict dict, ordered(DictKind::ordered_dict);
  const Tuple tuple{list};
  list.push_back(list);
  list.push_back(tuple);
  dict.set("self", dict);
  ordered.set("self", ordered);
  Value root = List{list, dict, ordered};
  close_cycles(root);
  EXPECT_EQ(repr(list), "[1, [...], ([...],)]");
  EXPECT_EQ(repr(tuple), "([1, [...], (...)],)");
  EXPECT_EQ(repr(dict), "{'self': {...}}");
  EXPECT_EQ(repr(ordered), "OrderedDict([('self', ...)])");
}

TEST(Repr, RepeatsWhatIsSharedButIsNoCycle) {
  const List shared{1};
  EXPECT_EQ(repr(List{shared, shared}), "[[1], [1]]");
}

TEST(Repr, EndsAtItsBudget) {
  EXPECT_EQ(repr(List{1, 2, 3}, 3), "[1, 2, ...]");
  EXPECT_EQ(repr(Dict{{"a", List{1}}, {"b", 2}}, 3), "{'a': [...], ...}");
  EXPECT_EQ(repr(List{1}, 0), "...");
  Value laughs = "ha";
  for (int i = 0; i < 60; ++i) laughs = List{laughs, laughs};
  EXPECT_LT(repr(laughs, 10'000).size(), 200'000u);
  EXPECT_EQ(repr(List(std::vector<Value>(1'000'000, 1)), 5), "[1, 1, 1, 1, ...]");
}

TEST(Repr, TakesAnyDepth) {
  Value value;
  for (int i = 0; i < 300'000; ++i) value = List{value};
  const std::string text = repr(value);
  EXPECT_EQ(text.size(), 600'004u);
  EXPECT_TRUE(text.starts_with("[[[[") && text.ends_with("]]]]"));
}

TEST(Repr, GoesToStreams) {
  std::ostringstream out;
  out << Value(List{1, "a"});
  EXPECT_EQ(out.str(), "[1, 'a']");
}

}  // namespace
}  // namespace okibi
