// Which overload each call means: PyTorch's own graphs are the judge, function by function.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/zip.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "script/program.h"
#include "script/walk.h"

namespace okibi::script {
namespace {

using testing::HasSubstr;
using Counts = std::map<std::string, int>;

bool is_in_table(const std::string& op) {
  return std::ranges::any_of(all_schemas(), [&](std::string_view s) { return s.substr(0, s.find('(')) == op; });
}

Counts counts_of(const Code& code) {
  Counts counts;
  for_each_node(code, [&](const Node& node) {
    if (node.schema) ++counts[std::string(node.schema->name())];
  });
  return counts;
}

Counts counts_in(const nlohmann::json& operators) {
  Counts counts;
  for (const std::string op : operators) {
    if (is_in_table(op)) ++counts[op];
  }
  return counts;
}

// The golden programs, or those of another folder that script_golden.py has described.
std::vector<std::filesystem::path> programs() {
  const char* other = std::getenv("OKIBI_SCRIPTS");
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(other ? other : OKIBI_GOLDEN "/script")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

TEST(Lowering, ChoosesTheOverloadsThatPyTorchChooses) {
  for (const auto& path : programs()) {
    Program program(open_script(std::filesystem::path(path).replace_extension(".pt"), {}));
    std::ifstream stream(path);
    const auto functions = nlohmann::json::parse(stream);
    for (const auto& [function, found] : functions.items()) {
      try {
        EXPECT_EQ(counts_of(program.code_of(function)), counts_in(found["operators"])) << path << function;
      } catch (const Error& error) {
        ADD_FAILURE() << function << ": " << error.what();
      }
    }
  }
}

TEST(Schemas, OfTheTableAreAllSchemas) {
  for (const std::string_view text : all_schemas()) {
    const Schema schema = parse_schema(text);
    EXPECT_EQ(schema.name(), text.substr(0, text.find('(')));
  }
  EXPECT_GT(all_schemas().size(), 1500u);
}

TEST(Schemas, SayNamesTypesAndDefaults) {
  const Schema schema = parse_schema(
      "aten::f.x(Tensor(a!) self, int[2]? size=[1, 2], *, Scalar alpha=1, str mode=\"mean\") -> (Tensor(a!), int[])");
  ASSERT_EQ(schema.arguments.size(), 4u);
  EXPECT_EQ(schema.name(), "aten::f.x");
  EXPECT_EQ(to_string(schema.arguments[1].type), "Optional[List[int]]");
  EXPECT_EQ(schema.arguments[1].repeat, 2);
  EXPECT_FALSE(schema.arguments[1].keyword_only);
  EXPECT_TRUE(schema.arguments[2].keyword_only);
  EXPECT_EQ(schema.arguments[3].default_value->text, "mean");
  EXPECT_EQ(schema.returns.size(), 2u);
}

TEST(Schemas, ComeInTheOrderInWhichPyTorchTriesThem) {
  Schemas schemas;
  ASSERT_FALSE(schemas.of("aten::add").empty());
  EXPECT_EQ(schemas.of("aten::add")[0].name(), "aten::add.Tensor");
  EXPECT_TRUE(schemas.of("aten::no_such_operator").empty());
  EXPECT_EQ(schemas.of("torchvision::nms").size(), 1u);
}

}  // namespace
}  // namespace okibi::script
