// Opcodes one by one, written by hand: above all those that CPython's picklers no longer write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "pickle/cursor.h"
#include "pickle/describe.h"

namespace okibi::pickle {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Sample {
  std::string_view pickle;
  std::string_view description;
};

// Every opcode that decode accepts is in one of these.
constexpr Sample samples[] = {
    {"N."sv, "None"},
    {"I01\n."sv, "True"},
    {"I00\n."sv, "False"},
    {"I-12\n."sv, "-12"},
    {"I9223372036854775808\n."sv, "L:000000000000008000"},
    {"I-9223372036854775808\n."sv, "-9223372036854775808"},
    {"L0L\n."sv, "0"},
    {"L-1L\n."sv, "-1"},
    {"L18446744073709551616\n."sv, "L:000000000000000001"},
    {"L-36893488147419103232L\n."sv, "L:0000000000000000fe"},
    {"K\xff."sv, "255"},
    {"M\xff\xff."sv, "65535"},
    {"J\x00\x00\x00\x80."sv, "-2147483648"},
    {"\x8a\x00."sv, "0"},
    {"\x8a\x01\xff."sv, "-1"},
    {"\x8a\x0c\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00."sv, "1"},
    {"\x8b\x02\x00\x00\x00\x00\xff."sv, "-256"},
    {"\x88."sv, "True"},
    {"\x89."sv, "False"},
    {"F1.5\n."sv, "f:3ff8000000000000"},
    {"F-inf\n."sv, "f:fff0000000000000"},
    {"F1e+20\n."sv, "f:4415af1d78b58c40"},
    {"G\x3f\xf8\x00\x00\x00\x00\x00\x00."sv, "f:3ff8000000000000"},
    {"S'a\\n\\x41\\101\\'\\q'\n."sv, "s:610a4141275c71"},
    {"S\"'\"\n."sv, "s:27"},
    {"S'\\xff'\n."sv, "b:ff"},
    {"U\x02\xc3\xa9."sv, "s:c3a9"},
    {"U\x01\xe9."sv, "b:e9"},
    {"T\x01\x00\x00\x00x."sv, "s:78"},
    {"Va\\u00e9\\U0001F525\\\\u\xe9\n."sv, "s:61c3a9f09f94a55c5c75c3a9"},
    {"X\x01\x00\x00\x00x."sv, "s:78"},
    {"\x8c\x03\xed\xa0\x80."sv, "s:eda080"},
    {"\x8d\x01\x00\x00\x00\x00\x00\x00\x00x."sv, "s:78"},
    {"C\x01\xff."sv, "b:ff"},
    {"B\x01\x00\x00\x00\xff."sv, "b:ff"},
    {"\x8e\x01\x00\x00\x00\x00\x00\x00\x00\xff."sv, "b:ff"},
    {"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00\xff."sv, "B:ff"},
    {"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00]\x94."sv, "#0=[]"},
    {"(K\x01K\x02l."sv, "#0=[1,2]"},
    {"(K\x01K\x02t."sv, "#0=(1,2)"},
    {"(K\x01K\x02\x64."sv, "#0={1:2}"},
    {"(t."sv, "()"},
    {")."sv, "()"},
    {"K\x01\x85."sv, "#0=(1)"},
    {"K\x01K\x02\x86."sv, "#0=(1,2)"},
    {"K\x01K\x02K\x03\x87."sv, "#0=(1,2,3)"},
    {"]K\x01\x61(K\x02K\x03\x65."sv, "#0=[1,2,3]"},
    {"}K\x01K\x02s(K\x03K\x04u(u."sv, "#0={1:2,3:4}"},
    {"\x8f(K\x01K\x02\x90(K\x03\x90."sv, "#0=set{1,2,3}"},
    {"(K\x01\x91."sv, "#0=frozenset{1}"},
    {"K\x01K\x02\x30."sv, "1"},
    {"K\x01(\x30."sv, "1"},
    {"K\x01(K\x02K\x03\x31."sv, "1"},
    {"]2\x86."sv, "#0=(#1=[],#1)"},
    {"]p7\ng7\n\x86."sv, "#0=(#1=[],#1)"},
    {"]q\x07h\x07\x86."sv, "#0=(#1=[],#1)"},
    {"]r\x07\x00\x01\x00j\x07\x00\x01\x00\x86."sv, "#0=(#1=[],#1)"},
    {"]q\x05\x30]\x94h\x05h\x01\x87."sv, "#0=(#1=[],#2=[],#1)"},
    {"P12\n."sv, "pid(s:3132)"},
    {"K\x0cQ."sv, "pid(12)"},
    {"cm\nf\nK\x01\x85R."sv, "#0=reduce(<m f>,#1=(1))"},
    {"cm\nC\n)\x81."sv, "#0=newobj(<m C>,())"},
    {"cm\nC\n)}\x92."sv, "#0=newobj_ex(<m C>,(),#1={})"},
    {"\x8c\x01m\x8c\x03"
     "C.D\x93."sv,
     "<m C.D>"},
    {"(im\nC\n."sv, "#0=newobj(<m C>,())"},
    {"(K\x01im\nC\n."sv, "#0=reduce(<m C>,#1=(1))"},
    {"(cm\nC\no."sv, "#0=newobj(<m C>,())"},
    {"(cm\nC\nK\x01o."sv, "#0=reduce(<m C>,#1=(1))"},
    {"cm\nC\n)\x81K\x01\x61(K\x02K\x03\x65(K\x04\x90K\x05K\x06s}\x62N\x62."sv,
     "#0=newobj(<m C>,())[1,2,3,4]{5:6}state(#1={})state(None)"},
};

std::string refusal_of(std::string_view pickle, ErrorKind kind = ErrorKind::bad_file) {
  try {
    decode(as_bytes(pickle));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST(PickleDecode, EachOpcodeMeansWhatItMeansInPython) {
  for (const Sample& sample : samples) {
    Graph graph = decode(as_bytes(sample.pickle));
    EXPECT_EQ(describe(graph), sample.description) << testing::PrintToString(sample.pickle);
    EXPECT_EQ(graph.end_offset(), sample.pickle.size());
  }
}

TEST(PickleDecode, EverySampleCutAnywhereIsRefused) {
  for (const Sample& sample : samples) {
    for (size_t size = 0; size < sample.pickle.size(); ++size) {
      std::vector<std::byte> prefix(as_bytes(sample.pickle).begin(),
                                    as_bytes(sample.pickle).begin() + static_cast<ptrdiff_t>(size));
      EXPECT_THROW(decode(prefix), Error) << testing::PrintToString(sample.pickle) << " cut at " << size;
    }
  }
}

// Each opcode of the table, with an argument of zeros and nothing to work on, ends in an Error or in a graph.
TEST(PickleDecode, NoOpcodeNeedsAStackThatIsNotThere) {
  for (unsigned code = 0; code < 256; ++code) {
    for (std::string_view before : {""sv, "("sv, "K\x01("sv, "K\x01"sv,
                                    "]("
                                    "K\x01"sv}) {
      std::string pickle = std::string(before) + static_cast<char>(code) + std::string(8, '\0') + "\n\n.";
      try {
        decode(as_bytes(pickle));
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
      }
    }
  }
}

TEST(PickleDecode, ReadsUpToStopAndSaysWhereThatWas) {
  Graph graph = decode(as_bytes("\x80\x02K\x05.rest"sv));
  EXPECT_EQ(graph.end_offset(), 5u);
  EXPECT_EQ(graph.protocol(), 2);
  EXPECT_EQ(graph.integer(graph.root()), 5);
  EXPECT_EQ(graph.offset(graph.root()), 2u);
}

TEST(PickleDecode, Python2NamesBecomePython3NamesOnlyInOldProtocols) {
  EXPECT_EQ(describe("c__builtin__\nset\n."sv), "<builtins set>");
  EXPECT_EQ(describe("\x80\x02"
                     "c__builtin__\nxrange\n."sv),
            "<builtins range>");
  EXPECT_EQ(describe("\x80\x02"
                     "ccopy_reg\n_reconstructor\n."sv),
            "<copyreg _reconstructor>");
  EXPECT_EQ(describe("\x80\x02"
                     "cexceptions\nIOError\n."sv),
            "<builtins IOError>");
  EXPECT_EQ(describe("\x80\x03"
                     "c__builtin__\nset\n."sv),
            "<__builtin__ set>");
}

TEST(PickleDecode, CallsThatSpellPlainDataBecomeIt) {
  EXPECT_EQ(describe("c_codecs\nencode\n(X\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1tR."sv), "b:ff");
  EXPECT_EQ(describe("c__builtin__\nset\n(](K\x01K\x02\x65tR."sv), "#0=set{1,2}");
  EXPECT_EQ(describe("c__builtin__\nbytearray\n(C\x01\xfftR."sv), "B:ff");
  EXPECT_EQ(describe("c__builtin__\ngetattr\n(cm\nA\nX\x01\x00\x00\x00"
                     "BtR."sv),
            "<m A.B>");
}

TEST(PickleDecode, CallsThatOnlyLookLikeItStayCalls) {
  EXPECT_EQ(describe("c_codecs\nencode\n(X\x01\x00\x00\x00"
                     "aX\x05\x00\x00\x00rot13tR."sv),
            "#0=reduce(<_codecs encode>,#1=(s:61,s:726f743133))");
  EXPECT_EQ(describe("c_codecs\nencode\n(X\x02\x00\x00\x00\xc4\x80X\x06\x00\x00\x00latin1tR."sv),
            "#0=reduce(<_codecs encode>,#1=(s:c480,s:6c6174696e31))");
  EXPECT_EQ(describe("c__builtin__\nbytearray\n(J\xff\xff\xff\x7ftR."sv),
            "#0=reduce(<builtins bytearray>,#1=(2147483647))");
  EXPECT_EQ(describe("c__builtin__\ngetattr\n(NX\x01\x00\x00\x00"
                     "BtR."sv),
            "#0=reduce(<builtins getattr>,#1=(None,s:42))");
}

TEST(PickleDecode, AMemberOfAnEnumOfTorchScriptNeedsNoTuple) {
  EXPECT_EQ(describe("\x80\x02\x63__torch__\nColour\nK\x01R."sv), "#0=reduce(<__torch__ Colour>,#1=(1))");
  EXPECT_EQ(describe("\x80\x02\x63__torch__.a\nColour\nK\x01R."sv), "#0=reduce(<__torch__.a Colour>,#1=(1))");
  EXPECT_THAT(refusal_of("\x80\x02\x63__torch__x\nColour\nK\x01R."sv), testing::HasSubstr("not in a tuple"));
}

TEST(PickleDecode, AFoldedSetAndTheListItCameFromGrowApart) {
  EXPECT_EQ(describe("c__builtin__\nset\n(](K\x01\x65q\x00tR(K\x02\x90h\x00K\x03\x61\x86."sv),
            "#0=(#1=set{1,2},#2=[1,3])");
  // A list that has moved in the pool has room to spare: the set must not write there.
  EXPECT_EQ(describe("c__builtin__\nset\n]q\x00(K\x01K\x02\x65NN\x86\x30K\x03\x61\x85R(K\x04\x90h\x00K\x05\x61\x86."sv),
            "#0=(#1=set{1,2,3,4},#2=[1,2,3,5])");
}

TEST(PickleDecode, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(refusal_of("\x80\x02}K\x01\x61."sv),
            "offset 5, opcode APPEND: list items cannot be put into a dict. PyTorch writes no such pickle; do not load "
            "it there.");
  EXPECT_EQ(refusal_of("h\x05."sv), "offset 0, opcode BINGET: nothing was put into the memo as number 5");
  EXPECT_EQ(refusal_of("\xff."sv), "offset 0, opcode 0xff: there is no such opcode");
  EXPECT_EQ(refusal_of("X\x05\x00\x00\x00"
                       "ab"sv),
            "offset 0, opcode BINUNICODE: the pickle ends too early: expected at least 5 more bytes, found 2. It was "
            "cut short or "
            "damaged; copy it again.");
  EXPECT_EQ(refusal_of("}(K\x01u."sv), "offset 4, opcode SETITEMS: the last key has no value");
}

TEST(PickleDecode, LimitsAreNamed) {
  EXPECT_THAT([] { decode(as_bytes("(NNNNt."sv), {.max_pickle_nodes = 3}); },
              testing::Throws<Error>(testing::Property(&Error::what, testing::HasSubstr("max_pickle_nodes"))));
  EXPECT_THAT([] { decode(as_bytes("(NNNNt."sv), {.max_pickle_bytes = 3}); },
              testing::Throws<Error>(testing::Property(&Error::what, testing::HasSubstr("max_pickle_bytes"))));
  EXPECT_NO_THROW(decode(as_bytes("N. and a gigabyte of tensors"sv), {.max_pickle_bytes = 2}));
}

TEST(PickleDecode, OpcodesThatNeedTheirWriterAreUnsupported) {
  for (std::string_view pickle :
       {"\x82\x01."sv, "\x83\x01\x00."sv, "\x84\x01\x00\x00\x00."sv, "\x97."sv, "C\x01x\x98."sv, "\x80\x06N."sv}) {
    EXPECT_NE(refusal_of(pickle, ErrorKind::unsupported), "accepted");
  }
}

TEST(PickleDecode, SamplesCoverTheTable) {
  std::set<std::string_view> missing;
  for (const OpInfo& info : op_table) {
    if (!info.name.empty()) missing.insert(info.name);
  }
  for (const Sample& sample : samples) {
    Cursor cursor(as_bytes(sample.pickle), sample.pickle.size());
    while (cursor.left() > 0) {
      const OpInfo& info = op_table[cursor.code()];
      cursor.argument(info.form);
      missing.erase(info.name);
    }
  }
  EXPECT_THAT(missing, testing::ElementsAre("EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"));
}

}  // namespace okibi::pickle
