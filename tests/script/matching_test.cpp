// How a call finds its overload: the rules of PyTorch's schema_matching.cpp, one by one. lowering_test.cpp holds them
// against whole programs.
#include "script/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script/syntax/expressions.h"

namespace okibi::script {
namespace {

NodePtr of_type(std::string_view type) {
  Tokens tokens(type, {});
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::variable;
  node->type = type_of(parse_type(tokens));
  return node;
}

struct Keyword {
  std::string name;
  std::string_view type;
};

class Call {
 public:
  Call(std::string name, std::vector<std::string_view> types, const std::vector<Keyword>& keywords = {}) {
    for (const auto type : types) actuals_.positional.push_back(of_type(type));
    for (const auto& keyword : keywords) actuals_.keywords.emplace_back(keyword.name, of_type(keyword.type));
    node_ = match(schemas_.of(name), actuals_, {}, schemas_);
  }
  std::string overload() const { return node_ ? std::string(node_->schema->name()) : "none"; }
  std::string type() const { return to_string(node_->type); }
  const Node& argument(size_t i) const { return *node_->inputs.at(i); }

 private:
  Schemas schemas_;
  Actuals actuals_;
  NodePtr node_;
};

TEST(Matching, TriesAllOverloadsWithoutConversionsBeforeAnyWith) {
  EXPECT_EQ(Call("aten::max", {"Tensor", "Tensor"}).overload(), "aten::max.other");  // not max.dim of an int of it
  EXPECT_EQ(Call("aten::max", {"Tensor", "int"}).overload(), "aten::max.dim");
}

TEST(Matching, TakesTheFirstThatFits) {
  EXPECT_EQ(Call("aten::add", {"Tensor", "Tensor"}).overload(), "aten::add.Tensor");
  EXPECT_EQ(Call("aten::add", {"Tensor", "float"}).overload(), "aten::add.Scalar");
  EXPECT_EQ(Call("aten::add", {"int", "int"}).overload(), "aten::add.int");
  EXPECT_EQ(Call("aten::add", {"int", "float"}).overload(), "aten::add.int_float");
  EXPECT_EQ(Call("aten::add", {"str", "str"}).overload(), "aten::add.str");
  EXPECT_EQ(Call("aten::add", {"List[int]", "List[int]"}).overload(), "aten::add.t");
  EXPECT_EQ(Call("aten::add", {"int", "Tensor"}).overload(), "aten::add.int");  // which is why Lowering turns it first
  EXPECT_EQ(Call("aten::add", {"Tensor", "str"}).overload(), "none");
}

TEST(Matching, ConvertsATensorToANumber) {
  const Call call("aten::select", {"Tensor", "int", "Tensor"});
  EXPECT_EQ(call.overload(), "aten::select.int");
  EXPECT_EQ(call.argument(2).schema->name(), "aten::IntImplicit");
}

TEST(Matching, TakesOneNumberForSeveral) {
  const Call call("aten::max_pool2d", {"Tensor", "int"});
  EXPECT_EQ(call.argument(1).kind, NodeKind::make_list);
  EXPECT_EQ(call.argument(1).slot, 2u);
  EXPECT_EQ(repr(call.argument(3).value), "[0, 0]");  // padding=0, of int[2]
}

TEST(Matching, TakesFurtherNumbersForAList) {
  const Call call("aten::view", {"Tensor", "int", "int"});
  EXPECT_EQ(call.overload(), "aten::view");
  EXPECT_EQ(call.argument(1).inputs.size(), 2u);
}

TEST(Matching, TakesTuplesOfEqualsForLists) {
  EXPECT_EQ(Call("aten::permute", {"Tensor", "Tuple[int, int]"}).overload(), "aten::permute");
  EXPECT_EQ(Call("aten::permute", {"Tensor", "Tuple[int, str]"}).overload(), "none");
}

TEST(Matching, FindsOutTypeVariables) {
  EXPECT_EQ(Call("aten::__getitem__", {"List[Tensor]", "int"}).type(), "Tensor");
  EXPECT_EQ(Call("aten::__getitem__", {"Dict[str, List[int]]", "str"}).type(), "List[int]");
  EXPECT_EQ(Call("aten::items", {"Dict[str, float]"}).type(), "List[Tuple[str, float]]");
  EXPECT_EQ(Call("aten::append", {"List[int]", "str"}).overload(), "none");
  EXPECT_EQ(Call("aten::append", {"List[int]", "NoneType"}).overload(), "none");  // the list stays one of ints
  EXPECT_EQ(Call("aten::append", {"List[Optional[int]]", "NoneType"}).overload(), "aten::append.t");
}

TEST(Matching, TakesKeywordsByTheirNames) {
  EXPECT_EQ(Call("aten::add", {"Tensor", "Tensor"}, {{"alpha", "int"}}).overload(), "aten::add.Tensor");
  EXPECT_EQ(Call("aten::add", {"Tensor", "Tensor"}, {{"beta", "int"}}).overload(), "none");
  EXPECT_EQ(Call("aten::relu", {}, {{"input", "Tensor"}}).overload(), "aten::relu");
  EXPECT_EQ(Call("aten::zeros", {"List[int]"}, {{"dtype", "Optional[int]"}}).overload(), "aten::zeros");
}

TEST(Subtypes, AreAsInPyTorch) {
  const auto is = [](std::string_view a, std::string_view b) { return is_subtype(of_type(a)->type, of_type(b)->type); };
  EXPECT_TRUE(is("int", "number"));
  EXPECT_TRUE(is("int", "Optional[int]"));
  EXPECT_TRUE(is("NoneType", "Optional[Tensor]"));
  EXPECT_TRUE(is("int", "Union[int, str]"));
  EXPECT_TRUE(is("Tuple[int, int]", "Tuple[number, Optional[int]]"));
  EXPECT_TRUE(is("List[int]", "Any"));
  EXPECT_FALSE(is("int", "float"));
  EXPECT_FALSE(is("Optional[int]", "int"));
  EXPECT_FALSE(is("List[int]", "List[number]"));
  EXPECT_FALSE(is("Union[int, str]", "Union[int, float]"));
}

TEST(Subtypes, HaveTheLeastTypeOfBoth) {
  const auto both = [](std::string_view a, std::string_view b) {
    const auto type = unified(of_type(a)->type, of_type(b)->type);
    return type ? to_string(*type) : "none";
  };
  EXPECT_EQ(both("Tensor", "NoneType"), "Optional[Tensor]");
  EXPECT_EQ(both("Tuple[int, NoneType]", "Tuple[int, str]"), "Tuple[int, Optional[str]]");
  EXPECT_EQ(both("int", "str"), "none");
}

}  // namespace
}  // namespace okibi::script
