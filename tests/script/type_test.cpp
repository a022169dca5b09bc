#include "script/type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script/syntax/expressions.h"

namespace okibi::script {
namespace {

Type type(std::string_view text) {
  Tokens tokens(text, {});
  return type_of(parse_type(tokens));
}

std::string problem_of(std::string_view text) {
  try {
    return to_string(type(text));
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Types, AreWrittenAsTheyAreRead) {
  for (const std::string text : {"Tensor",
                                 "int",
                                 "float",
                                 "complex",
                                 "bool",
                                 "str",
                                 "Device",
                                 "NoneType",
                                 "number",
                                 "Any",
                                 "List[int]",
                                 "Dict[str, List[Tensor]]",
                                 "Tuple[int, str]",
                                 "Tuple[()]",
                                 "Optional[Tensor]",
                                 "Union[int, str, NoneType]",
                                 "Future[Tensor]",
                                 "__torch__.torch.nn.modules.conv.___torch_mangle_10.Conv1d",
                                 "Generator",
                                 "list"}) {
    EXPECT_EQ(to_string(type(text)), text);
  }
  EXPECT_EQ(to_string(type("None")), "NoneType");
}

TEST(Types, AreEqualWhenTheyMeanTheSame) {
  EXPECT_EQ(type("List[ int ]"), type("List[int]"));
  EXPECT_NE(type("List[int]"), type("List[float]"));
  EXPECT_EQ(type("Tuple[()]").items.size(), 0);
}

TEST(Types, ThatAreNoneAreToldWithTheirPlace) {
  EXPECT_THAT(problem_of("Array[int]"),
              testing::HasSubstr("line 1, column 6: this is no type of TorchScript: found 'Array[…]'"));
  EXPECT_THAT(problem_of("Tensr"), testing::HasSubstr("found 'Tensr'"));
  EXPECT_THAT(problem_of("Dict[int]"), testing::HasSubstr("expected 2, found 1"));
  EXPECT_THAT(problem_of("List[int, int]"), testing::HasSubstr("expected 1, found 2"));
  EXPECT_THAT(problem_of("3"), testing::HasSubstr("no type"));
  EXPECT_THAT(problem_of("(int, str)"), testing::HasSubstr("no type"));
  EXPECT_THAT(problem_of("List[3]"), testing::HasSubstr("no type"));
}

}  // namespace
}  // namespace okibi::script
