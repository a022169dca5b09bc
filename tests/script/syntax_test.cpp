// What the source says, as a tree. compare_with_ast.py holds the parser against Python's own over whole archives; here
// are the rules, one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script/describe.h"
#include "script/syntax/file.h"

namespace okibi::script {
namespace {

using testing::ElementsAre;

// The body of a function of these lines.
std::string body(std::string lines) {
  std::string source = "def f():\n";
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    source += "  " + lines.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  const File file = parse_file(source);
  return joined(file.functions.at(0).body, "; ");
}

TEST(Expressions, AreConstants) {
  EXPECT_EQ(body("None"), "None");
  EXPECT_EQ(body("True"), "True");
  EXPECT_EQ(body("(3, -3, 1., -1.5, 1e-05, 2.j, 1e+30)"), "(tuple 3 -3 1f -1.5f 1.0000000000000001e-05f 2j 1e+30f)");
}

TEST(Expressions, HoldAllIntegersOf64Bits) {
  EXPECT_EQ(body("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(body("-9223372036854775808"), "-9223372036854775808");
  EXPECT_THROW(body("9223372036854775808"), Error);
  EXPECT_THROW(body("-9223372036854775809"), Error);
}

TEST(Expressions, RealsBeyondAnyAreInfinite) { EXPECT_EQ(body("[1e999, -1e999, 1e-999]"), "[inff -inff 0f]"); }

TEST(Expressions, TextsHaveTheirEscapesResolved) {
  const File file = parse_file("def f():\n  return \"a\\n\\t\\\"\\\\\\'\\101\\x42\\033\"\n");
  EXPECT_EQ(file.functions[0].body[0].value->text, "a\n\t\"\\'AB\033");
  EXPECT_EQ(body("'it''s'"), "\"its\"");
  EXPECT_EQ(parse_file("def f():\n  '''a\n'b'''\n").functions[0].body[0].value->text, "a\n'b");
}

TEST(Expressions, TextsAreBytes) {
  EXPECT_EQ(parse_file("def f():\n  '\xc3\xa9'\n").functions[0].body[0].value->text, "\xc3\xa9");
}

TEST(Expressions, AreCallsAttributesAndIndices) {
  EXPECT_EQ(body("torch.add(x, 1, alpha=2)"), "(call (. torch add) x 1 (= alpha 2))");
  EXPECT_EQ(body("(self.m).forward(x, )"), "(call (. (. self m) forward) x)");
  EXPECT_EQ(body("(t)[0][1:2]"), "(index (index t 0) (slice 1 2))");
  EXPECT_EQ(body("x[::2, 1:]"), "(index x (slice None None 2) (slice 1 None))");
  EXPECT_EQ(body("annotate(Dict[str, Tuple[()]], {})"), "(call annotate (index Dict str (index Tuple (tuple))) {})");
}

TEST(Expressions, AreContainers) {
  EXPECT_EQ(body("[]"), "[]");
  EXPECT_EQ(body("[a, b, ]"), "[a b]");
  EXPECT_EQ(body("()"), "(tuple)");
  EXPECT_EQ(body("(a,)"), "(tuple a)");
  EXPECT_EQ(body("(a)"), "a");
  EXPECT_EQ(body("{'a': 1, 'b': [2]}"), "{\"a\" 1 \"b\" [2]}");
}

TEST(Expressions, OperatorsBindAsPythons) {
  EXPECT_EQ(body("a + b * c - d"), "(- (+ a (* b c)) d)");
  EXPECT_EQ(body("not a == b and c or d"), "(or (and (not (== a b)) c) d)");
  EXPECT_EQ(body("a | b ^ c & d << e"), "(| a (^ b (& c (<< d e))))");
  EXPECT_EQ(body("a ** b ** c"), "(** a (** b c))");
  EXPECT_EQ(body("-a ** b"), "(- (** a b))");
  EXPECT_EQ(body("-x.y"), "(- (. x y))");
  EXPECT_EQ(body("a not in b"), "(not in a b)");
  EXPECT_EQ(body("a is not None"), "(is not a None)");
  EXPECT_EQ(body("a // b @ c % d"), "(% (@ (// a b) c) d)");
}

TEST(Statements, AssignToOneOrToSeveral) {
  EXPECT_EQ(body("a = b"), "a = b");
  EXPECT_EQ(body("a, b = c, d"), "a b <= (tuple c d)");
  EXPECT_EQ(body("a, = t"), "a <= t");
  EXPECT_EQ(body("a, b, = t"), "a b <= t");
  EXPECT_EQ(body("self.x = y"), "(. self x) = y");
  EXPECT_EQ(body("x : int = 3"), "x : int = 3");
}

TEST(Statements, MayGoOnOverLinesBetweenBrackets) {
  EXPECT_EQ(body("a = f(b,\n\n # what\n  c\n)\nd"), "a = (call f b c); d");
  EXPECT_EQ(body("a = \\\n  b"), "a = b");
}

TEST(Statements, HaveBlocks) {
  EXPECT_EQ(body("if a:\n  b\nelse:\n  pass\nc"), "if a {b} {pass}; c");
  EXPECT_EQ(body("if a:\n  b\nelif c:\n  d\nelse:\n  e"), "if a {b} {if c {d} {e}}");
  EXPECT_EQ(body("while a:\n  b"), "while a {b}");
  EXPECT_EQ(body("for i in range(n):\n  for j, k in l:\n    b"), "for i in (call range n) {for j k in l {b}}");
  EXPECT_EQ(body("with g as n:\n  a\nwith g:\n  b"), "with g as n {a}; with g as - {b}");
  EXPECT_EQ(body("def g():\n  return x\nfork(g)"), "(def g () - {return x}); (call fork g)");
  EXPECT_EQ(body("if a: return\nraise b\nassert c, d"), "if a {return -} {}; raise b; assert c d");
}

TEST(Functions, HaveParametersWithTypesAndDefaults) {
  const File file =
      parse_file("def f(self: __torch__.A,\n    x: Tensor=CONSTANTS.c0, *, y: int=3) -> Tuple[int, str]:\n  pass\n");
  EXPECT_EQ(describe(file.functions.at(0)),
            "(def f (self:(. __torch__ A)=-, x:Tensor=(. CONSTANTS c0), *y:int=3) (index Tuple int str) {pass})");
}

TEST(Classes, HaveAttributesConstantsAndMethods) {
  const File file = parse_file(
      "class A(Module):\n"
      "  __parameters__ = [\"w\", ]\n"
      "  __buffers__ = []\n"
      "  __forward_hooks__ = [\"h\", ]\n"
      "  __annotations__ = []\n"
      "  __annotations__[\"0\"] = __torch__.B\n"
      "  w : Tensor\n"
      "  k : Final[int] = 4\n"
      "  def f(self: __torch__.A) -> int:\n"
      "    return 4\n"
      "class B:\n"
      "  pass\n");
  ASSERT_EQ(file.classes.size(), 2);
  const Class& a = file.classes[0];
  EXPECT_EQ(a.kind, ClassKind::module);
  EXPECT_THAT(a.parameters, ElementsAre("w"));
  EXPECT_THAT(a.forward_hooks, ElementsAre("h"));
  ASSERT_EQ(a.attributes.size(), 3);
  EXPECT_EQ(a.attributes[0].name, "0");
  EXPECT_EQ(describe(a.attributes[0].type), "(. __torch__ B)");
  EXPECT_FALSE(a.attributes[1].is_final);
  EXPECT_TRUE(a.attributes[2].is_final);
  EXPECT_EQ(describe(a.attributes[2].type), "int");
  EXPECT_EQ(a.attributes[2].value->integer, 4);
  EXPECT_EQ(a.methods.at(0).name, "f");
  EXPECT_EQ(file.classes[1].kind, ClassKind::plain);
}

TEST(Classes, AreEnumsNamedTuplesAndInterfaces) {
  const File file = parse_file(
      "class E(Enum):\n  RED = 1\n  BLUE = 2\n"
      "class P(NamedTuple):\n  x : Tensor\n  y : int\n"
      "class I(Interface):\n  def area(self, k: float) -> Tensor:\n    pass\n"
      "class M(ModuleInterface):\n  def forward(self, x: Tensor) -> Tensor:\n    pass\n");
  EXPECT_EQ(file.classes[0].members.at(1).name, "BLUE");
  EXPECT_EQ(file.classes[0].members.at(1).value.integer, 2);
  EXPECT_EQ(file.classes[1].kind, ClassKind::named_tuple);
  EXPECT_EQ(file.classes[1].attributes.at(1).name, "y");
  EXPECT_EQ(file.classes[2].kind, ClassKind::interface);
  EXPECT_EQ(file.classes[3].kind, ClassKind::module_interface);
}

TEST(Files, OfFormatOneBeginWithTheirVersionAndImports) {
  const File file =
      parse_file("op_version_set = 1\nimport __torch__.torch.nn\nimport __torch__\nclass A(Module):\n  x : int\n");
  EXPECT_EQ(file.op_version_set, 1);
  EXPECT_EQ(file.classes.size(), 1);
}

TEST(Files, MayBeEmptyOrEndWithoutALineEnd) {
  EXPECT_TRUE(parse_file("").classes.empty());
  EXPECT_TRUE(parse_file("\n\n  # nothing\n").classes.empty());
  EXPECT_EQ(parse_file("class A:\r\n  x : int").classes.at(0).attributes.size(), 1);
}

}  // namespace
}  // namespace okibi::script
