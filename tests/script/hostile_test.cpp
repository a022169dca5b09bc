// Sources made to hurt or to confuse: each ends quickly in an Error with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script/syntax/file.h"

namespace okibi::script {
namespace {

using testing::HasSubstr;

std::string problem_of(const std::string& source, const Limits& limits = {}) {
  try {
    parse_file(source, limits);
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string repeated(std::string_view piece, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += piece;
  return text;
}

struct Mistake {
  std::string_view source, problem;
};

constexpr Mistake mistakes[] = {
    {"x = 1\n", "line 1, column 1: the source is no TorchScript: expected a class or a function, found 'x'"},
    {"def f(:\n", "expected the name of a parameter, found ':'"},
    {"def f():\npass\n",
     "line 2, column 1: the source is no TorchScript: expected a block, indented deeper, found 'pass'"},
    {"def f():\n  if a:\n    b\n   c\n", "line 4, column 4: the line is indented as none above it"},
    {"def f():\n  a = = b\n", "line 2, column 7: the source is no TorchScript: expected an expression, found '='"},
    {"def f():\n  a = 'b\n", "line 2, column 7: the text that begins here does not end"},
    {"def f():\n  a = \"\\q\"\n", "an escape in a text that means nothing: found '\\q'"},
    {"def f():\n  a = '\\777'\n", "an escape in a text that means nothing"},
    {"def f():\n  a = 1x\n", "line 2, column 7: this is no number of 64 bits: found '1x'"},
    {"def f():\n  a = 1..2\n", "this is no number"},
    {"def f():\n  a = $\n", "a character that means nothing outside of a text: found '$'"},
    {"def f():\n  f(a = b\n", "expected ')', found the end of the line"},
    {"def f():\n  f() = b\n", "nothing can be assigned to this"},
    {"def f():\n  a = b = c\n", "one assignment in a line"},
    {"def f():\n  if = 3\n", "expected an expression, found '='"},
    {"def f():\n  x[]\n", "expected an index, found ']'"},
    {"def f():\n    a\n  b\n", "indented as none above it"},
    {"def f():\n  a += 1\n", "expected the end of the line, found '+='"},
    {"def f():\n  lambda\n", "found 'lambda'"},
    {"class A(Exception):\n  pass\n",
     "expected Module, NamedTuple, Enum, Interface or ModuleInterface, found 'Exception'"},
    {"class A(Module):\n  __parameters__ = 3\n", "a list of names must stand here"},
    {"class A(Module):\n  x = 3\n", "the class gives x a value, but no type"},
    {"class A(Module):\n  x : Final[int]\n", "expected '=' and the value of the constant"},
    {"class A(Module):\n  __annotations__[0] = int\n", "the name of an attribute must stand here"},
};

TEST(HostileSource, MistakesAreToldWithTheirPlace) {
  for (const Mistake& mistake : mistakes) {
    EXPECT_THAT(problem_of(std::string(mistake.source)), HasSubstr(std::string(mistake.problem))) << mistake.source;
  }
}

TEST(HostileSource, NothingIsNestedWithoutEnd) {
  const std::string begin = "def f():\n  x = ";
  const std::string deep = "nested deeper than any program";
  for (const std::string_view bracket : {"(", "[", "{", "f(", "x[", "-", "not ", "a + (", "{1: ", "2 ** "}) {
    EXPECT_THAT(problem_of(begin + repeated(bracket, 100'000)), HasSubstr(deep)) << bracket;
  }
  for (const std::string_view chain : {".a", "()", "[0]", " + 1", " and b"}) {
    EXPECT_THAT(problem_of(begin + "a" + repeated(chain, 100'000) + "\n"), HasSubstr(deep)) << chain;
  }
}

TEST(HostileSource, BlocksAreNotNestedWithoutEnd) {
  std::string blocks = "def f():\n", elifs = "def f():\n  if a:\n    pass\n";
  for (size_t depth = 1; depth < 2000; ++depth) blocks += repeated(" ", depth) + "if a:\n";
  for (size_t count = 0; count < 100'000; ++count) elifs += "  elif a:\n    pass\n";
  EXPECT_THAT(problem_of(blocks), HasSubstr("nested deeper"));
  EXPECT_THAT(problem_of(elifs), HasSubstr("nested deeper"));
  EXPECT_THAT(problem_of(repeated("def f(): ", 100'000)), HasSubstr("nested deeper"));
}

TEST(HostileSource, ManyExpressionsAreTooManyAtSomeTime) {
  const std::string source = "def f():\n  x = [" + repeated("1,", 2000) + "]\n";
  EXPECT_EQ(problem_of(source), "no problem");
  EXPECT_THAT(problem_of(source, {.max_script_nodes = 1000}), HasSubstr("Limits::max_script_nodes (1000)"));
}

TEST(HostileSource, AnyCutOfASourceIsATreeOrAnError) {
  const std::string source =
      "class A(Module):\n  __parameters__ = [\"w\", ]\n  k : Final[int] = 4\n  def f(self: __torch__.A,\n    x: "
      "Tensor) -> "
      "Tensor:\n    if torch.gt(x, 1):\n      y, z, = (x)[0:1]\n    else:\n      y = {\"a\": -1.}\n    return y\n";
  for (size_t length = 0; length < source.size(); ++length) problem_of(source.substr(0, length));
  for (size_t at = 0; at < source.size(); ++at) {
    std::string changed = source;
    for (const char c : std::string_view("\0\n (\"'[\\:\xff", 10)) changed[at] = c, problem_of(changed);
  }
}

}  // namespace
}  // namespace okibi::script
