// Graphs built by hand, and what protocol 2 makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pickle/describe.h"
#include "pickle/text.h"

namespace okibi::pickle {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string written(Graph& graph, NodeId root) {
  graph.set_root(root);
  return encoded(graph);
}

ErrorKind refusal_of(Graph& graph, NodeId root) {
  try {
    written(graph, root);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

}  // namespace

TEST(PickleEncode, AStateDictOfOneTensorIsWhatTorchSaves) {
  Graph g;
  NodeId storage[] = {g.add_string("storage"), g.add_global("torch", "FloatStorage"), g.add_string("0"),
                      g.add_string("cpu"), g.add_integer(6)};
  NodeId sizes[] = {g.add_integer(2), g.add_integer(3)}, strides[] = {g.add_integer(3), g.add_integer(1)};
  NodeId ordered_dict = g.add_global("collections", "OrderedDict"), nothing = g.add_container(Kind::tuple);
  NodeId hooks = g.add_object({.callable = ordered_dict, .arguments = nothing});
  NodeId arguments[] = {g.add_persistent(g.add_container(Kind::tuple, storage)),
                        g.add_integer(0),
                        g.add_container(Kind::tuple, sizes),
                        g.add_container(Kind::tuple, strides),
                        g.add_boolean(false),
                        hooks};
  NodeId tensor = g.add_object({.callable = g.add_global("torch._utils", "_rebuild_tensor_v2"),
                                .arguments = g.add_container(Kind::tuple, arguments)});
  NodeId item[] = {g.add_string("weight"), tensor};
  EXPECT_EQ(written(g, g.add_container(Kind::dict, item)),
            "\x80\x02}q\x00X\x06\x00\x00\x00weightq\x01"
            "ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\x00\x00\x00storageq\x03"
            "ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x00"
            "0q\x05X\x03\x00\x00\x00"
            "cpuq\x06K\x06tq\x07QK\x00K\x02K\x03\x86q\x08K\x03K"
            "\x01\x86q\t\x89"
            "ccollections\nOrderedDict\nq\n)Rq\x0btq\x0cRq\rs."sv);
}

TEST(PickleEncode, GlobalsAreOneObjectHoweverManyNodesNameThem) {
  Graph g;
  NodeId twice[] = {g.add_global("m", "C"), g.add_global("m", "C")};
  EXPECT_EQ(written(g, g.add_container(Kind::tuple, twice)),
            "\x80\x02"
            "cm\nC\nq\x00h\x00\x86q\x01."sv);
}

TEST(PickleEncode, StringsAreOneObjectOnlyAsOneNode) {
  Graph g;
  NodeId text = g.add_string("xy");
  NodeId three[] = {text, text, g.add_string("xy")};
  EXPECT_EQ(written(g, g.add_container(Kind::tuple, three)),
            "\x80\x02X\x02\x00\x00\x00xyq\x00h\x00X\x02\x00\x00\x00xyq\x01\x87q\x02."sv);
}

TEST(PickleEncode, ASingleByteIsOneLetterWhereverItStands) {
  Graph g;
  const std::byte letter{0xE9};
  NodeId two[] = {g.add_bytes({&letter, 1}), g.add_bytes({&letter, 1}, Kind::byte_array)};
  EXPECT_EQ(written(g, g.add_container(Kind::tuple, two)),
            "\x80\x02"
            "c_codecs\nencode\nq\x00X\x02\x00\x00\x00\xc3\xa9q\x01X\x06\x00\x00\x00latin1q\x02\x86q\x03Rq\x04"
            "c__builtin__\nbytearray\nq\x05h\x00h\x01h\x02\x86q\x06Rq\x07\x85q\x08Rq\x09\x86q\x0a."sv);
}

TEST(PickleEncode, LongNumbersThatFitAreIntegers) {
  Graph g;
  constexpr std::byte five[12] = {std::byte{5}};
  NodeId id = g.add_long(five);
  EXPECT_EQ(g.kind(id), Kind::integer);
  EXPECT_EQ(g.integer(id), 5);
  EXPECT_EQ(g.integer(g.add_long({})), 0);
  EXPECT_EQ(g.integer(g.add_long(as_bytes("\xff\xff"sv))), -1);
}

TEST(PickleEncode, KeywordsAreWrittenAsACallOfCopyreg) {
  Graph g;
  NodeId item[] = {g.add_string("b"), g.add_integer(2)};
  NodeId object = g.add_object({.made = Made::newobj_ex,
                                .callable = g.add_global("m", "C"),
                                .arguments = g.add_container(Kind::tuple),
                                .keywords = g.add_container(Kind::dict, item)});
  std::string bytes = written(g, object);
  EXPECT_THAT(bytes, testing::HasSubstr("ccopy_reg\n__newobj_ex__\n"));
  EXPECT_EQ(describe(bytes), describe(g));
}

TEST(PickleEncode, SeveralStatesAreBuiltInOrder) {
  Graph g;
  NodeId object = g.add_object({.callable = g.add_global("m", "C"), .arguments = g.add_container(Kind::tuple)});
  g.mutable_object(object).states = {g.add_integer(1), g.add_integer(2)};
  EXPECT_EQ(written(g, object),
            "\x80\x02"
            "cm\nC\nq\x00)Rq\x01K\x01"
            "bK\x02"
            "b."sv);
}

TEST(PickleEncode, ContainersGrowAndMoveInThePool) {
  Graph g;
  NodeId a = g.add_container(Kind::list), b = g.add_container(Kind::list);
  for (int i = 0; i < 100; ++i) {
    NodeId number = g.add_integer(i);
    g.append(i % 3 ? a : b, {&number, 1});
  }
  for (size_t i = 0; i < g.children(b).size(); ++i) EXPECT_EQ(g.integer(g.child(b, i)), static_cast<int64_t>(3 * i));
  EXPECT_EQ(g.children(a).size(), 66u);
  EXPECT_EQ(g.integer(g.child(a, 65)), 98);
}

TEST(PickleEncode, WhatProtocol2CannotSayIsRefused) {
  Graph g;
  NodeId nothing = g.add_container(Kind::tuple), none = g.add_none();
  EXPECT_EQ(refusal_of(g, g.add_global("m\nn", "C")), ErrorKind::bad_argument);
  EXPECT_EQ(refusal_of(g, g.add_global("m", "\xc3\xa9")), ErrorKind::bad_argument);
  EXPECT_EQ(refusal_of(g, g.add_string("\xff")), ErrorKind::bad_argument);
  EXPECT_EQ(refusal_of(g, g.add_object({.callable = nothing, .arguments = none})), ErrorKind::bad_argument);
  Graph empty;
  EXPECT_THROW(encoded(empty), Error);
}

// A Python 3 module that has the name of an old one would come back as another module.
TEST(PickleEncode, ANameThatReadersWouldRenameIsRefused) {
  Graph g;
  EXPECT_EQ(refusal_of(g, g.add_global("exceptions", "Storage")), ErrorKind::bad_argument);
  EXPECT_EQ(refusal_of(g, g.add_global("__builtin__", "set")), ErrorKind::bad_argument);
  EXPECT_EQ(refusal_of(g, g.add_global("__builtin__", "Outer.Inner")), ErrorKind::bad_argument);
}

TEST(PickleEncode, ATupleThatIsItsOwnMemberIsRefused) {
  Graph g;
  NodeId tuple = g.add_container(Kind::tuple);
  g.append(tuple, {&tuple, 1});
  EXPECT_EQ(refusal_of(g, tuple), ErrorKind::bad_argument);
}

TEST(PickleText, Latin1AndUtf8AreEachOthersInverse) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_TRUE(is_utf8(latin1_to_utf8(as_bytes(all))));
  EXPECT_EQ(utf8_to_latin1(latin1_to_utf8(as_bytes(all))), all);
  EXPECT_EQ(utf8_to_latin1("\xc4\x80"), std::nullopt);
}

TEST(PickleText, EveryCodePointIsUtf8AndNothingShorterIs) {
  for (uint32_t code_point = 0; code_point < 0x110000; code_point += code_point < 0x900 ? 1 : 251) {
    std::string text;
    append_utf8(text, code_point);
    EXPECT_TRUE(is_utf8(text)) << code_point;
    EXPECT_TRUE(is_utf8("12345678" + text + "12345678")) << code_point;
    if (text.size() == 1) continue;
    EXPECT_FALSE(is_utf8(text.substr(0, text.size() - 1))) << code_point;
    EXPECT_FALSE(is_utf8(text.substr(1))) << code_point;
  }
}

}  // namespace okibi::pickle
