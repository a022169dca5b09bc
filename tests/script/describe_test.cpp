// What describe() tells of whole archives: of those of PyTorch, and of some that no PyTorch has written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/zip.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace okibi::jit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Description golden(const std::string& name) { return describe(std::string(OKIBI_GOLDEN "/script/") + name + ".pt"); }

const Class& class_of(const Description& program, std::string_view name) {
  const auto found = std::ranges::find(program.classes, name, &Class::name);
  EXPECT_NE(found, program.classes.end()) << name;
  return *found;
}

const Attribute& attribute_of(const Class& c, std::string_view name) {
  const auto found = std::ranges::find(c.attributes, name, &Attribute::name);
  EXPECT_NE(found, c.attributes.end()) << name;
  return *found;
}

const Operator& operator_of(const Description& program, std::string_view name) {
  const auto found = std::ranges::find(program.operators, name, &Operator::name);
  EXPECT_NE(found, program.operators.end()) << name;
  return *found;
}

std::string signature_of(const Function& function) {
  std::string text = function.name + "(";
  for (const Parameter& p : function.parameters)
    text += p.name + ": " + p.type + "=" + p.default_value.value_or("") + ";";
  return text + ") -> " + function.returns;
}

TEST(Describe, TellsClassesAttributesAndMethods) {
  const Description program = golden("torture");
  EXPECT_EQ(program.version, 3);
  EXPECT_EQ(program.root, "__torch__.Torture");
  const Class& root = class_of(program, "__torch__.Torture");
  EXPECT_EQ(root.kind, ClassKind::module);
  EXPECT_EQ(attribute_of(root, "steps").role, AttributeRole::buffer);
  EXPECT_EQ(attribute_of(root, "words").type, "Dict[str, List[int]]");
  EXPECT_EQ(signature_of(root.methods.at(0)), "forward(x: Tensor=;scale: float=1.;) -> Tensor");
  EXPECT_EQ(root.methods.at(0).where, "code/__torch__.py:19");
  EXPECT_EQ(attribute_of(class_of(program, "__torch__.torch.nn.modules.linear.Linear"), "weight").role,
            AttributeRole::parameter);
  EXPECT_EQ(attribute_of(class_of(program, "__torch__.Inner"), "scale").value, "0.5");
  EXPECT_EQ(attribute_of(class_of(program, "__torch__.torch.nn.modules.container.ModuleDict"), "a-b").type,
            "__torch__.torch.nn.modules.linear.Linear");
}

TEST(Describe, TellsClassesThatAreNoModules) {
  const Description program = golden("torture");
  EXPECT_EQ(class_of(program, "__torch__.Colour").kind, ClassKind::enumeration);
  EXPECT_EQ(attribute_of(class_of(program, "__torch__.Colour"), "GREEN").value, "2");
  EXPECT_EQ(class_of(program, "__torch__.Point").kind, ClassKind::named_tuple);
  EXPECT_EQ(class_of(program, "__torch__.Shape").kind, ClassKind::interface);
  EXPECT_EQ(class_of(program, "__torch__.Square").kind, ClassKind::plain);
}

TEST(Describe, TellsFreeFunctions) {
  const Description program = golden("torture");
  const auto found = std::ranges::find(program.functions, "__torch__.helper", &Function::name);
  ASSERT_NE(found, program.functions.end());
  EXPECT_EQ(signature_of(*found), "__torch__.helper(x: Tensor=;k: int=2;flag: bool=True;) -> Tensor");
}

TEST(Describe, TellsOperatorsAndWhichOkibiHas) {
  const Description program = golden("tabular");
  EXPECT_TRUE(operator_of(program, "aten::embedding").supported);
  EXPECT_EQ(operator_of(program, "aten::linear").uses, 2);
  EXPECT_EQ(operator_of(program, "aten::linear").first,
            "code/__torch__/torch/nn/modules/linear/___torch_mangle_2.py:14");
  EXPECT_TRUE(operator_of(golden("torture"), "prim::RaiseException").supported);
  EXPECT_TRUE(operator_of(golden("making"), "aten::pow_.Scalar").supported);
  EXPECT_FALSE(operator_of(golden("interpolating"), "aten::_upsample_lanczos2d_aa.vec").supported);
}

// How often each operator stands in the graphs that PyTorch makes of the source.
std::map<std::string, uint64_t> operators_of_graphs(const std::string& name) {
  std::ifstream stream(OKIBI_GOLDEN "/script/" + name + ".json");
  std::map<std::string, uint64_t> counts;
  const auto functions = nlohmann::json::parse(stream);
  for (const auto& [function, found] : functions.items()) {
    for (std::string op : found["operators"]) {
      if (op.starts_with("aten::")) ++counts[op];
    }
  }
  return counts;
}

TEST(Describe, TellsTheOperatorsOfPyTorchsGraphs) {
  for (const std::string name : {"torture", "hooked", "tabular", "tabular_traced", "transformer", "lstm"}) {
    std::map<std::string, uint64_t> counts;
    for (const Operator& op : golden(name).operators) {
      if (op.name.starts_with("aten::")) counts[op.name] = op.uses;
    }
    EXPECT_EQ(counts, operators_of_graphs(name)) << name;
    EXPECT_TRUE(golden(name).problems.empty()) << name;
  }
}

TEST(Describe, TellsFilesThatWereAdded) {
  const Description program = golden("tabular");
  ASSERT_EQ(program.extra_files.size(), 1);
  EXPECT_EQ(program.extra_files[0].name, "labels.txt");
  EXPECT_EQ(program.extra_files[0].nbytes, 7);
}

TEST(Describe, BecomesJson) {
  const Description program{
      .version = 3,
      .root = "__torch__.A",
      .classes = {{.name = "__torch__.A",
                   .kind = ClassKind::module,
                   .attributes = {{"scale", "float", AttributeRole::constant, "0.5"},
                                  {"RED", "", AttributeRole::member}},
                   .methods = {{.name = "f", .parameters = {{"x", "Tensor"}, {"n", "int", "2"}}, .where = "a.py:1"}}}},
      .functions = {{.name = "g", .returns = "int", .where = "a.py:9"}},
      .operators = {{"aten::len", 2, "a.py:3", true}},
      .problems = {{"__torch__.A.f", "why"}},
      .extra_files = {{"labels.txt", 7}}};
  const std::string json = to_json(program);
  const auto expected = nlohmann::ordered_json::parse(R"({
    "okibi_version": "", "format": "torchscript", "format_version": 3, "root": "__torch__.A",
    "classes": [{"name": "__torch__.A", "kind": "Module",
      "attributes": [{"name": "scale", "role": "constant", "type": "float", "value": "0.5"},
                     {"name": "RED", "role": "member"}],
      "methods": [{"name": "f", "parameters": [{"name": "x", "type": "Tensor"},
                                               {"name": "n", "type": "int", "default": "2"}],
                   "returns": null, "where": "a.py:1"}]}],
    "functions": [{"name": "g", "parameters": [], "returns": "int", "where": "a.py:9"}],
    "operators": [{"name": "aten::len", "uses": 2, "first": "a.py:3", "supported": true}],
    "problems": [{"function": "__torch__.A.f", "problem": "why"}],
    "extra_files": [{"name": "labels.txt", "nbytes": 7}]})");
  auto found = nlohmann::ordered_json::parse(json);
  EXPECT_EQ(found.at("okibi_version"), version());
  found["okibi_version"] = "";
  EXPECT_EQ(found, expected);
  EXPECT_EQ(json.back(), '}');
}

TEST(Describe, BecomesJsonWhateverTheNamesAre) {
  const auto found = nlohmann::json::parse(to_json({.root = "A\xff\n\"", .classes = {}}));
  EXPECT_EQ(found.at("root"), "A\ufffd\n\"");
  EXPECT_EQ(found.at("classes"), nlohmann::json::array());
}

// ------------------------------------------------------------------------------------------ archives made by hand

using Records = std::map<std::string, std::string>;

// An object without attributes, of class __torch__.A.
const std::string object_of_a = "\x80\x02\x63__torch__\nA\n)\x81}b.";

Records usual(const std::string& source) {
  return {
      {"version", "3\n"}, {"data.pkl", object_of_a}, {"constants.pkl", "\x80\x02)."}, {"code/__torch__.py", source}};
}

std::shared_ptr<const io::Source> archive_of(const Records& records) {
  auto buffer = std::make_shared<Buffer>(std::vector<std::byte>(), "made.pt");
  zip::Writer writer(*buffer, "made");
  for (const auto& [name, text] : records) writer.add(name, as_bytes(text));
  writer.finish();
  return buffer;
}

std::string problem_of(const Records& records, const Limits& limits = {}) {
  try {
    describe(archive_of(records), limits);
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(DescribeMadeArchives, OfFormatOne) {
  Records records =
      usual("op_version_set = 1\nclass A(Module):\n  x : int\n  def forward(self, y) -> int:\n    return 3\n");
  records["version"] = "1\n";
  const Description program = describe(archive_of(records));
  EXPECT_EQ(program.version, 1);
  EXPECT_EQ(signature_of(program.classes.at(0).methods.at(0)), "forward(y: Tensor=;) -> int");
}

TEST(DescribeMadeArchives, MistakesAreToldWithFileRecordAndLine) {
  EXPECT_THAT(problem_of(usual("class A(Module):\n  x + y\n")),
              HasSubstr("made.pt, record code/__torch__.py, line 2, column 5: the source is no TorchScript"));
  EXPECT_THAT(problem_of(usual("class A(Module):\n  x : Lost\n")),
              HasSubstr("made.pt, record code/__torch__.py, line 2, column 7: this is no type of TorchScript"));
  EXPECT_THAT(problem_of(usual("class A:\n  pass\nclass A:\n  pass\n")),
              HasSubstr("line 3, column 7: A is defined for the second time"));
}

TEST(DescribeMadeArchives, WithFunctionsThatOkibiDoesNotUnderstandListTheirOperatorsAllTheSame) {
  const Description program =
      describe(archive_of(usual("class A(Module):\n  def f(self) -> int:\n    return torch.len(ops.mine.twice(3))\n  "
                                "def g(self) -> int:\n    return "
                                "torch.add(1, 2)\n")));
  ASSERT_EQ(program.problems.size(), 1);
  EXPECT_EQ(program.problems[0].function, "__torch__.A.f");
  EXPECT_EQ(program.problems[0].problem,
            "record code/__torch__.py, line 3, column 36: okibi does not know the operator mine::twice");
  EXPECT_EQ(operator_of(program, "mine::twice").uses, 1);
  EXPECT_EQ(operator_of(program, "aten::len").uses, 1);
  EXPECT_EQ(operator_of(program, "aten::add.int").uses, 1);
}

TEST(DescribeMadeArchives, OfVersionsToComeAreRefused) {
  Records records = usual("");
  records["version"] = "11\n";
  EXPECT_THAT(problem_of(records), HasSubstr("expected 1 to 10, found \"11"));
}

TEST(DescribeMadeArchives, OfBeforePickleAreRefusedWithWhatToDo) {
  EXPECT_THAT(problem_of({{"model.json", "{}"}, {"version", "1\n"}}),
              HasSubstr("Load it in Python with torch.jit.load and save it again"));
}

TEST(DescribeMadeArchives, ThatAreNoProgramsSayWhatTheyAre) {
  EXPECT_THAT(problem_of({{"data.pkl", "\x80\x02}."}, {"version", "3\n"}}),
              HasSubstr("this is no TorchScript program, but of the format torch-zip"));
  Records records = usual("");
  records["data.pkl"] = "\x80\x02}.";
  EXPECT_THAT(problem_of(records), HasSubstr("the program is no module: expected an object, found dict"));
}

std::string repeated(std::string_view piece, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(DescribeMadeArchives, WhoseTypesGrowAreRefused) {
  const std::string begin = "def f(x: Tensor) -> Tensor:\n";
  EXPECT_THAT(problem_of(usual(begin + repeated("  x = (x, x)\n", 60))),
              HasSubstr("line 19, column 8: the types of the program grow"));
  EXPECT_THAT(problem_of(usual(begin + repeated("  x = [x]\n", 5000))), HasSubstr("the types of the program grow"));
  EXPECT_THAT(problem_of(usual(begin + "  x = (" + repeated("x, ", 1000) + ")\n" + repeated("  y = x\n", 5000))),
              HasSubstr("the types of the program grow"));
}

TEST(DescribeMadeArchives, ThatCallThemselvesWithoutEndAreDescribed) {
  EXPECT_THAT(describe(archive_of(usual(
                           "class A:\n  k : Final[int] = __torch__.A.k\n  def f(self) -> int:\n    return self.k\n")))
                  .problems.at(0)
                  .problem,
              HasSubstr("line 2, column 31: a constant must stand here"));
  EXPECT_THAT(describe(archive_of(usual("def f(x: int=__torch__.f()) -> int:\n  return __torch__.f()\n")))
                  .problems.at(0)
                  .problem,
              HasSubstr("a constant must stand here"));
  EXPECT_TRUE(describe(archive_of(usual("def f(x: int) -> int:\n  return __torch__.f(x)\n"))).problems.empty());
  std::string forks = "def f(x: int) -> int:\n  def g0():\n    return x\n";
  for (int i = 1; i < 60; ++i)
    forks += "  def g" + std::to_string(i) + "():\n" + repeated("    y = fork(g" + std::to_string(i - 1) + ")\n", 2) +
             "    return x\n";
  EXPECT_THAT(describe(archive_of(usual(forks + "  y = fork(g59)\n  return x\n"))).problems.at(0).problem,
              HasSubstr("forked for the second time"));
}

TEST(DescribeMadeArchives, HaveNoMoreSourceThanTheLimit) {
  EXPECT_THAT(problem_of(usual("class A:\n  pass\n"), {.max_script_bytes = 10}),
              HasSubstr("Limits::max_script_bytes (10)"));
}

}  // namespace
}  // namespace okibi::jit
