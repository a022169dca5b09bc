// Pickles made to hurt: each ends quickly in an Error or in a small graph, and never in a crash, a hang or a great
// allocation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "pickle/describe.h"

namespace okibi::pickle {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Attack {
  std::string_view name;
  std::string_view pickle;
  std::string_view reason;  // part of the message
};

constexpr Attack refused[] = {
    {"nothing", ""sv, "ends too early"},
    {"no STOP", "\x80\x02N"sv, "ends too early"},
    {"STOP on an empty stack", "\x80\x02."sv, "stack is empty"},
    {"STOP on a mark", "N(."sv, "stack is empty"},
    {"protocol 255", "\x80\xffN."sv, "a protocol that okibi does not know"},
    {"a protocol without its number", "\x80"sv, "ends too early"},
    {"an opcode that is none", "\x00N."sv, "no such opcode"},
    {"a frame of 2^64 - 1", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN."sv, "frame is longer"},
    {"a frame of one byte too many", "\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N."sv, "frame is longer"},
    {"BINUNICODE of 4 GiB",
     "X\xff\xff\xff\xff"
     "abc."sv,
     "ends too early"},
    {"BINUNICODE8 of 2^63",
     "\x8d\x00\x00\x00\x00\x00\x00\x00\x80"
     "abc."sv,
     "negative or beyond"},
    {"BINUNICODE8 of 2^63 - 1",
     "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"
     "abc."sv,
     "ends too early"},
    {"BINBYTES8 of 2^62",
     "\x8e\x00\x00\x00\x00\x00\x00\x00\x40"
     "abc."sv,
     "ends too early"},
    {"BYTEARRAY8 of 2^64 - 1",
     "\x96\xff\xff\xff\xff\xff\xff\xff\xff"
     "abc."sv,
     "negative or beyond"},
    {"BINSTRING of -1",
     "T\xff\xff\xff\xff"
     "abc."sv,
     "negative"},
    {"LONG4 of -1", "\x8b\xff\xff\xff\xff\x01."sv, "negative"},
    {"LONG4 of 2 GiB", "\x8b\xff\xff\xff\x7f\x01."sv, "ends too early"},
    {"LONG1 longer than the rest", "\x8a\xff\x01."sv, "ends too early"},
    {"a string that is not UTF-8", "X\x02\x00\x00\x00\xc3\x28."sv, "not UTF-8"},
    {"UTF-8 longer than needed", "X\x02\x00\x00\x00\xc0\x80."sv, "not UTF-8"},
    {"three bytes of UTF-8 longer than needed", "X\x03\x00\x00\x00\xe0\x80\x80."sv, "not UTF-8"},
    {"four bytes of UTF-8 longer than needed", "X\x04\x00\x00\x00\xf0\x80\x80\x80."sv, "not UTF-8"},
    {"UTF-8 beyond U+10FFFF", "X\x04\x00\x00\x00\xf4\x90\x80\x80."sv, "not UTF-8"},
    {"UTF-8 cut at the end of its string", "X\x02\x00\x00\x00\xe3\x81\x82."sv, "not UTF-8"},
    {"an escape beyond U+10FFFF", "V\\U00110000\n."sv, "no Unicode character"},
    {"an escape cut short", "V\\u12\n."sv, "too few hexadecimal digits"},
    {"a string without quotes", "Sabc\n."sv, "not between quotes"},
    {"a string of one quote", "S'\n."sv, "not between quotes"},
    {"a string that ends in its escape", "S'\\x4'\n."sv, "too few hexadecimal digits"},
    {"an int that is none", "I12x\n."sv, "not an integer"},
    {"an int in octal", "I010\n."sv, "not an integer"},
    {"an int of no digits", "L-L\n."sv, "not an integer"},
    {"a float that is none", "F1.5.5\n."sv, "not a floating-point number"},
    {"a float too large", "F1e999\n."sv, "not a floating-point number"},
    {"a line without end", "I12345"sv, "ends too early"},
    {"a global of one line", "cos\nsystem"sv, "ends too early"},
    {"a memo entry that is not there", "h\x00."sv, "nothing was put into the memo"},
    {"a memo entry far away", "j\xff\xff\xff\xff."sv, "nothing was put into the memo"},
    {"a memo entry of a negative number", "Np-1\n."sv, "not the number of a memo entry"},
    {"a memo entry beyond 2^64", "Np99999999999999999999\n."sv, "not the number of a memo entry"},
    {"PUT with nothing to put", "q\x00."sv, "stack is empty"},
    {"MEMOIZE with nothing to put", "(\x94."sv, "stack is empty"},
    {"POP from nothing", "0."sv, "stack is empty"},
    {"POP_MARK without a mark", "N1."sv, "no mark"},
    {"TUPLE without a mark", "NNt."sv, "no mark"},
    {"TUPLE3 of two", "NN\x87."sv, "fewer than 3"},
    {"TUPLE2 across a mark", "N(N\x86."sv, "fewer than 2"},
    {"DUP of nothing", "2."sv, "stack is empty"},
    {"APPEND to nothing", "Na."sv, "stack is empty"},
    {"APPENDS below a mark", "](NNe."sv.substr(1), "nothing below the mark"},
    {"APPENDS across two marks", "]((Ne."sv, "nothing below the mark"},
    {"APPEND to a tuple", ")Na."sv, "cannot be put into a tuple"},
    {"APPEND to a string", "X\x00\x00\x00\x00Na."sv, "cannot be put into a str"},
    {"SETITEM on a list", "]NNs."sv, "cannot be put into a list"},
    {"SETITEMS on an int", "K\x01(NNu."sv, "cannot be put into an int"},
    {"SETITEM on a global", "cm\nC\nNNs."sv, "cannot be put into a global"},
    {"SETITEM on a persistent id", "NQNNs."sv, "cannot be put into a persistent id"},
    {"SETITEMS of an odd number", "}(NNNu."sv, "has no value"},
    {"DICT of an odd number", "(Nd."sv, "has no value"},
    {"SETITEMS of an odd number on an object", "cm\nC\n)R(Nu."sv, "has no value"},
    {"ADDITEMS to a list", "](N\x90."sv, "cannot be put into a list"},
    {"ADDITEMS to a frozenset", "(\x91(N\x90."sv, "cannot be put into a frozenset"},
    {"BUILD on a dict", "}}b."sv, "cannot be put into a dict"},
    {"BUILD on a class", "cm\nC\n}b."sv, "cannot be put into a global"},
    {"a list as a key", "}]Ns."sv, "cannot be a key"},
    {"a dict in a set", "\x8f(}\x90."sv, "cannot be a key"},
    {"a set in itself", "\x8f\x94(h\x00\x90."sv, "cannot be a key"},
    {"a list in set([…])", "cbuiltins\nset\n(](]etR."sv, "cannot be a key"},
    {"a call of an int", "K\x01)R."sv, "an int cannot be called"},
    {"a call of a list", "])\x81."sv, "a list cannot be called"},
    {"a call with a list", "cm\nC\n]R."sv, "not in a tuple"},
    {"a call with None", "cm\nC\nN\x81."sv, "not in a tuple"},
    {"keywords in a list", "cm\nC\n)]\x92."sv, "not in a dict"},
    {"keywords of a call that has them in a list", "ccopyreg\n__newobj_ex__\n(K\x01)}tR."sv, "cannot be called"},
    {"STACK_GLOBAL of ints", "K\x01K\x02\x93."sv, "not two strings"},
    {"STACK_GLOBAL of one string", "X\x00\x00\x00\x00\x93."sv, "stack is empty"},
    {"a global that is not UTF-8", "c\xff\nC\n."sv, "not UTF-8"},
    {"a persistent id that is not UTF-8", "P\xff\n."sv, "not UTF-8"},
    {"OBJ without a class", "(o."sv, "no class above the mark"},
    {"INST without a mark", "im\nC\n."sv, "no mark"},
    {"an extension code", "\x82\x01."sv, "only its writer knows"},
    {"an out-of-band buffer", "\x97."sv, "out-of-band"},
};

std::string repeated(std::string_view unit, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += unit;
  return text;
}

double seconds(auto&& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

size_t size_of(std::string_view pickle) { return decode(as_bytes(pickle)).size(); }

// What was read can be written and read again, and is then written alike.
void expect_stable(std::string_view pickle) {
  std::string once = encoded(decode(as_bytes(pickle)));
  EXPECT_TRUE(encoded(decode(as_bytes(once))) == once);
}

}  // namespace

TEST(PickleHostile, EachAttackIsRefusedForItsReason) {
  for (const Attack& attack : refused) {
    std::vector<std::byte> exact(as_bytes(attack.pickle).begin(), as_bytes(attack.pickle).end());
    try {
      decode(exact);
      ADD_FAILURE() << attack.name << " was accepted";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(attack.reason)) << attack.name;
    }
  }
}

TEST(PickleHostile, DangerousNamesAreOnlyNames) {
  EXPECT_EQ(describe("cos\nsystem\n(X\x08\x00\x00\x00rm -rf /tR."sv), "#0=reduce(<os system>,#1=(s:726d202d7266202f))");
}

TEST(PickleHostile, ThingsMayContainThemselves) {
  EXPECT_EQ(describe("]q\x00h\x00\x61."sv), "#0=[#0]");
  EXPECT_EQ(describe("}q\x00Nh\x00s."sv), "#0={None:#0}");
  EXPECT_EQ(describe("cm\nC\n)Rq\x00h\x00\x62."sv), "#0=reduce(<m C>,())state(#0)");
  expect_stable("]q\x00h\x00\x61."sv);
  expect_stable("cm\nC\n)Rq\x00h\x00\x62."sv);
}

TEST(PickleHostile, BillionLaughsStaysAsSmallAsItsFile) {
  std::string laughs = "]q" + "\0"s;
  for (char level = 0; level < 100; ++level)
    laughs += "(" + repeated("h"s + level, 10) + "lq" + static_cast<char>(level + 1);
  laughs += ".";
  Graph graph = decode(as_bytes(laughs));
  EXPECT_EQ(graph.size(), 101u);
  EXPECT_LT(encoded(graph).size(), 3 * laughs.size());
  expect_stable(laughs);
}

TEST(PickleHostile, TupleLaughsToo) {
  std::string laughs = "K\x01\x85";
  for (int level = 0; level < 200; ++level) laughs += "2\x86";
  EXPECT_EQ(size_of(laughs + "."), 202u);
  expect_stable(laughs + ".");
}

TEST(PickleHostile, AMillionDeepIsReadAndWrittenWithoutRecursion) {
  constexpr size_t depth = 1'000'000;
  std::string tuples = "N" + repeated("\x85", depth) + ".";
  std::string lists = repeated("]", depth) + repeated("a", depth - 1) + ".";
  std::string calls = "cm\nC\n" + repeated(")R", depth) + ".";
  for (std::string_view pickle : {tuples, lists, calls}) {
    Graph graph = decode(as_bytes(pickle));
    EXPECT_GE(graph.size(), depth);
    EXPECT_GE(encoded(graph).size(), depth);
  }
}

TEST(PickleHostile, AMemoNumberOf4GiCostsNothing) {
  EXPECT_EQ(describe("]r\xff\xff\xff\xff"
                     "0j\xff\xff\xff\xff."sv),
            "#0=[]");
  EXPECT_EQ(describe("]p18446744073709551615\n0g18446744073709551615\n."sv), "#0=[]");
  std::string scattered = "N";
  for (uint32_t i = 0; i < 20000; ++i) {
    uint32_t index = i * 214013u + 0x80000000u;
    scattered += "r" + std::string(reinterpret_cast<const char*>(&index), 4);
  }
  EXPECT_EQ(size_of(scattered + "."), 1u);
}

TEST(PickleHostile, AMemoNumberMayBeUsedAgain) { EXPECT_EQ(describe("}q\x00]q\x00h\x00\x86."sv), "#0=(#1=[],#1)"); }

TEST(PickleHostile, TextNumbersAreBounded) {
  std::string digits(4300, '9');
  EXPECT_NO_THROW(size_of("L" + digits + "L\n."));
  EXPECT_THROW(size_of("L" + digits + "9L\n."), Error);
  EXPECT_THROW(size_of("I" + repeated("1234567890", 1'000'000) + "\n."), Error);
}

// Each of these costs n² if a call copies what it is given.
TEST(PickleHostile, FoldedCallsShareWhatTheyAreGiven) {
  constexpr size_t n = 20000;
  std::string text = "X" + "\x20\x4e\x00\x00"s + repeated("x", n);
  std::string bytes = "c_codecs\nencode\nq" + "\0"s + "0" + text + "X\x06\0\0\0latin1\x86q\x01"s + "0(" +
                      repeated("h\0h\x01R"s, n) + "t.";
  EXPECT_LT(seconds([&] { size_of(bytes); }), 2.0);
  std::string sets = "cbuiltins\nset\nq" + "\0"s + "0](" + repeated("N", n) + "e\x85q\x01" + "0(" +
                     repeated("h\0h\x01R(N\x90"s, n) + "t.";
  EXPECT_LT(seconds([&] { size_of(sets); }), 2.0);
}

TEST(PickleHostile, ANameOfNamesStopsGrowing) {
  constexpr size_t n = 20000;
  std::string chain = "cbuiltins\ngetattr\nq" + "\0"s + "0X\x01\0\0\0aq\x01"s + "0" + repeated("h\0"s, n) + "cm\nA\n" +
                      repeated("h\x01\x86R", n) + ".";
  EXPECT_LT(seconds([&] { size_of(chain); }), 2.0);
  EXPECT_THROW(encoded(decode(as_bytes("\x8c\x01m\x8c\xff"s + repeated("a.", 127) + "a\x93."))), Error);
}

// Eleven bytes that ask for a name of two texts, which the graph would copy each time.
TEST(PickleHostile, NamesDoNotMultiplyTheTextsTheyAreMadeOf) {
  const std::string text = "X" + "\x00\x00\x10\x00"s + repeated("m", 1 << 20);
  const auto names = [&](size_t n) { return text + "q\x00X\x01\0\0\0Cq\x01("s + repeated("h\0h\x01\x93"s, n) + "t."; };
  EXPECT_NO_THROW(decode(as_bytes(names(5))));
  EXPECT_THROW(decode(as_bytes(names(1000))), Error);
}

// Persistent ids get no memo number, so a chain of them that is mentioned often could be written for ever.
TEST(PickleHostile, WritingEndsThoughReadingWasCheap) {
  constexpr size_t n = 20000;
  std::string chain = "N" + repeated("Q", n) + "q" + "\0"s + "(" + repeated("h\0"s, n) + "t.";
  Graph graph = decode(as_bytes(chain));
  EXPECT_THROW(encoded(graph), Error);
}

TEST(PickleHostile, MarksMayPileUp) { EXPECT_EQ(size_of(repeated("(", 1'000'000) + "N."), 1u); }

TEST(PickleHostile, BytesAfterStopAreNotRead) { EXPECT_EQ(describe("N.\xff\xff"sv), "None"); }

}  // namespace okibi::pickle
