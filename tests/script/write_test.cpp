// Programs that okibi writes. What PyTorch makes of them, tests/interop tells: of each layer, and of programs of
// PyTorch's own that were loaded and saved again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/model.h>
#include <okibi/tabular.h>
#include <okibi/zip.h>

#include <filesystem>
#include <thread>

#include "script/archives.h"
#include "script/problem.h"

namespace okibi::jit {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_help::archive_of;
using testing_help::problem_of;

std::string golden(const std::string& name) { return OKIBI_GOLDEN "/script/" + name; }

std::shared_ptr<const io::Source> saved(const Module& module, const ExtraFiles& files = {}) {
  auto buffer = std::make_shared<Buffer>(std::vector<std::byte>(), "saved.pt");
  save(module, *buffer, {}, files);
  return buffer;
}

std::vector<std::string> names_in(const StateDict& state) {
  std::vector<std::string> names;
  for (const auto& [name, value] : state) names.push_back(name);
  return names;
}

TEST(Writing, KeepsWhatAProgramIsAndWhatItsAttributesAre) {
  const Module module = load(golden("torture.pt"));
  const List before = module.attribute("names").to_list();
  const Module again = load(saved(module)), thrice = load(saved(again));
  EXPECT_EQ(thrice.class_name(), module.class_name());
  EXPECT_EQ(thrice.method_names(), module.method_names());
  EXPECT_EQ(repr(thrice.attribute("words")), repr(module.attribute("words")));
  EXPECT_EQ(repr(thrice.attribute("pair")), repr(module.attribute("pair")));
  EXPECT_EQ(repr(thrice.attribute("colour")), repr(module.attribute("colour")));
  EXPECT_EQ(before.size(), module.attribute("names").size());
}

TEST(Writing, SavesAttributesAndWeightsAsTheyWereChangedHere) {
  const Module module = load(golden("tabular.pt"));
  const StateDict state = module.state_dict();
  for (const auto& [name, value] : state) value.to_tensor().detach().fill_(0.25);
  module.set_attribute("training", true);
  const Module again = load(saved(module));
  EXPECT_TRUE(again.attribute("training").to_bool());
  EXPECT_EQ(names_in(again.state_dict()), names_in(state));
  for (const auto& [name, value] : again.state_dict()) {
    EXPECT_TRUE(equal(value.to_tensor(), full(value.to_tensor().sizes(), 0.25))) << name;
  }
}

TEST(Writing, KeepsExtraFilesAndReplacesThoseOfTheSameName) {
  const Module module = load(golden("tabular.pt"));
  EXPECT_EQ(module.extra_file("labels.txt"), "no\nyes\n");
  EXPECT_EQ(load(saved(module, {{"more.json", "{}"}})).extra_file("labels.txt"), "no\nyes\n");
  const Module changed = load(saved(module, {{"labels.txt", "0\n1\n"}, {"more.json", "{}"}}));
  EXPECT_EQ(changed.extra_file("labels.txt"), "0\n1\n");
  EXPECT_EQ(changed.extra_file("more.json"), "{}");
  EXPECT_THAT(problem_of([&] { changed.extra_file("none.txt"); }),
              AllOf(HasSubstr("has no extra file none.txt"), HasSubstr("labels.txt, more.json")));
  EXPECT_THAT(problem_of([&] { saved(module, {{"../../evil", ""}}); }), HasSubstr("evil"));
}

TEST(Writing, SetsAttributesOfTheirTypesAlone) {
  const Module module = load(golden("torture.pt"));
  module.set_attribute("pi", 3);
  EXPECT_EQ(module.attribute("pi").to_double(), 3.0);
  EXPECT_THAT(problem_of([&] { module.set_attribute("pi", "three"); }),
              AllOf(HasSubstr("pi"), HasSubstr("expected float")));
  EXPECT_THAT(problem_of([&] { module.set_attribute("names", List{1}); }), HasSubstr("expected List[str]"));
  EXPECT_THAT(problem_of([&] { module.set_attribute("nothing", 1); }), HasSubstr("nothing"));
  EXPECT_THAT(problem_of([&] { module.set_attribute("inner", 1); }),
              AllOf(HasSubstr("torture.pt"), HasSubstr("Inner")));
  EXPECT_THAT(problem_of([&] {
                module.set_attribute("words", Dict{{1, List{2}}});
              }),
              HasSubstr("expected Dict[str, List[int]]"));
  EXPECT_THAT(problem_of([&] { module.set_attribute("words.more", 1); }), HasSubstr("torture.pt"));
}

TEST(Writing, SetsNoAttributesThatTheClassDoesNotDeclare) {
  const std::string source = "  a : int\n  def f(self) -> int:\n    return self.a\n";
  const Module module = load(archive_of(source, Dict{{"a", 1}, {"zz", 2}}));
  EXPECT_THAT(problem_of([&] { module.set_attribute("zz", 3); }), HasSubstr("declares no attribute zz"));
}

TEST(Writing, NamesTensorsAsTheFilesReaderDoes) {
  for (const std::string name : {"tabular", "convolutional", "transformer", "lstm", "encoder", "packed"}) {
    EXPECT_EQ(names_in(load(golden(name + ".pt")).state_dict()), names_in(load_state_dict(golden(name + ".pt"))))
        << name;
  }
  EXPECT_TRUE(load(golden("torture.pt")).state_dict().contains("stateful.w")) << "which __setstate__ alone makes";
}

TEST(Writing, RefusesOptionsThatWouldDoNothing) {
  const Module module = load(golden("tabular.pt"));
  Buffer file;
  EXPECT_THAT(problem_of([&] { save(module, file, {.format = Format::safetensors}); }), HasSubstr("one format"));
  EXPECT_THAT(problem_of([&] { save(module, file, {.shard_size = 1}); }), HasSubstr("no shards"));
  EXPECT_THAT(problem_of([&] { save(module, file, {.metadata = {{"a", "b"}}}); }), HasSubstr("metadata"));
}

TEST(Writing, StopsAtObjectsThatHoldThemselves) {
  const std::string source = "  next : Optional[__torch__.A]\n  def f(self) -> None:\n    return None\n";
  const Module module = load(archive_of(source, Dict{{"next", nullptr}}));
  Value self = Object({.module = "__torch__", .name = "A"});
  self.to_object().mutable_parts().state = Dict{{"next", self}};
  close_cycles(self);
  module.set_attribute("next", self);
  EXPECT_THAT(problem_of([&] { saved(module); }), HasSubstr("deeper than those of any"));
  EXPECT_THAT(problem_of([&] { module.state_dict(); }), HasSubstr("without an end"));
}

TEST(Writing, WhatNoProgramCanHoldIsAnErrorWithItsPlace) {
  const std::string source = "  a : Any\n  def f(self) -> None:\n    return None\n";
  const Module module = load(archive_of(source, Dict{{"a", 1}}));
  module.set_attribute("a", Set());
  EXPECT_THAT(problem_of([&] { saved(module); }), AllOf(HasSubstr("cannot be written"), HasSubstr("a")));
  module.set_attribute("a", sparse_coo_tensor(tensor({{0}}), tensor({1.0}), {2}));
  EXPECT_THAT(problem_of([&] { saved(module); }), HasSubstr("strided tensors alone"));
}

TEST(Writing, ListsThatAreOneStayOne) {
  const std::string source =
      "  a : List[int]\n  b : List[int]\n  def f(self) -> int:\n    _0 = torch.append(self.a, 7)\n"
      "    return torch.len(self.b)\n";
  const List list{1, 5'000'000'000, -1};
  const Module again = load(saved(load(archive_of(source, Dict{{"a", list}, {"b", list}}))));
  EXPECT_EQ(again.attribute("b").to_list()[1].to_int(), 5'000'000'000);
  EXPECT_EQ(again.call("f", {}).to_int(), 4);
}

TEST(ThreadsWriting, ProgramsAreSavedWhileOthersRunThem) {
  const Module module = load(golden("tabular.pt"));
  const Value run = okibi::load(golden("tabular.pth"))[0];
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 5; ++turn) {
        if (i % 2 == 0)
          saved(module);
        else
          module.call(run["method"].to_string(), run["inputs"].to_list().items());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// ------------------------------------------------------------------------------------------------------------
// scripting

struct AnyNet : nn::Module {
  Tensor forward(const Tensor& x) { return x; }
};

struct Net : nn::Module {
  nn::Embedding job{22, 8};
  nn::Sequential mlp{nn::Linear(9, 4), nn::ReLU(), nn::Dropout(0.5), nn::Linear(4, 1)};
  Net() { register_modules({{"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& ids, const Tensor& x) { return mlp(cat({job(ids), x}, 1)); }
};

// formats.md: torchscript | okibi's layers, and models made of them (`jit::script`) | written
TEST(Scripting, GivesAModuleOfTheSameTensors) {
  nn::Sequential model{nn::Linear(3, 4), nn::BatchNorm1d(4), nn::ReLU(), nn::Linear(4, 2)};
  model.eval();
  const Module program = script(model);
  const Tensor x = randn({5, 3});
  EXPECT_TRUE(allclose(program.forward({x}).to_tensor(), model(x)));
  model.parameters()[0].detach().fill_(0.5);
  EXPECT_TRUE(allclose(program.forward({x}).to_tensor(), model(x))) << "a changed weight";
  EXPECT_EQ(names_in(program.state_dict()), names_in(model.state_dict()));
  EXPECT_EQ(program.class_name(), "__torch__.torch.nn.modules.container.Sequential");
  EXPECT_TRUE(allclose(load(saved(program)).forward({x}).to_tensor(), model(x)));
}

TEST(Scripting, TakesParametersThatPythonSawAsSuch) {
  Buffer file;
  okibi::save(nn::Sequential{nn::Linear(3, 2)}, file);
  const nn::AnyModule whole = load_module(file);
  const Module again = load(saved(script(whole)));
  const StateDict state = whole.state_dict();
  for (const auto& [name, value] : again.state_dict()) EXPECT_TRUE(equal(value.to_tensor(), state[name])) << name;
  EXPECT_EQ(tensor_class(again.attribute("0.weight").to_tensor()), nullptr);
}

TEST(Scripting, TakesAModelOfOnesOwnWithItsForward) {
  Net net;
  EXPECT_THAT(problem_of([&] { script(net); }),
              AllOf(HasSubstr("what Net does is C++"), HasSubstr("set_script_forward")));
  EXPECT_THAT(problem_of([&] {
                script(nn::Sequential{nn::Linear(1, 1), nn::Sequential{AnyNet()}});
              }),
              AllOf(HasSubstr("what AnyNet does is C++"), HasSubstr("1.0")));
  net.set_script_forward(
      "def forward(self, ids: Tensor, x: Tensor) -> Tensor:\n"
      "  embedded = (self.job).forward(ids, )\n"
      "  return (self.mlp).forward(torch.cat([embedded, x], 1), )\n");
  net.eval();
  const Tensor ids = tensor({3, 21}), x = randn({2, 1});
  EXPECT_TRUE(allclose(script(net).forward({ids, x}).to_tensor(), net.forward(ids, x)));
  EXPECT_EQ(script(net).class_name(), "__torch__.Net");
  net.set_script_forward("def forward(self, ids: Tensor) -> Tensor:\n  return (self.job).forward(\n");
  EXPECT_THAT(problem_of([&] { script(net).forward({ids}); }), HasSubstr("code/__torch__.py"));
}

TEST(Scripting, ClassesOfOneNameThatDifferHaveNamesApart) {
  const nn::Linear shared(2, 2);
  const nn::Sequential model{shared, nn::Linear(2, 2), nn::Linear(2, 2, {.bias = false}), shared};
  const Module program = script(model);
  EXPECT_EQ(program.attribute("0").to_object().python_class(), "__torch__.torch.nn.modules.linear.Linear");
  EXPECT_EQ(program.attribute("1").to_object().python_class(), "__torch__.torch.nn.modules.linear.Linear");
  EXPECT_EQ(program.attribute("2").to_object().python_class(),
            "__torch__.torch.nn.modules.linear.___torch_mangle_0.Linear");
  EXPECT_TRUE(program.attribute("0.weight").to_tensor().is_same(program.attribute("3.weight").to_tensor()));
}

TEST(Scripting, ClassesHaveNamesThatSourcesCanHave) {
  AnyNet net;
  net.set_script_forward("def forward(self, x: Tensor) -> Tensor:\n  return x\n");
  for (const char* name : {"my models.Net", "a.class", "Net<int>", ".Net", "a."}) {
    net.set_python_class(name);
    EXPECT_THAT(problem_of([&] { script(net); }), AllOf(HasSubstr("set_python_class"), HasSubstr(name)));
  }
  net.set_python_class("my_models.Net");
  EXPECT_EQ(script(net).class_name(), "__torch__.my_models.Net");
}

TEST(Scripting, ChildrenMayHaveOddNames) {
  for (const char* name :
       {"a\"b", "a\\b", "a\nb", "class", "None", "lambda", "0x", "\xc3\xa9", "a b", "self", "input"}) {
    nn::Sequential model(std::vector<nn::Sequential::Named>{{name, nn::Linear(3, 2)}});
    model.eval();
    const Tensor x = randn({2, 3});
    EXPECT_TRUE(allclose(load(saved(script(model))).forward({x}).to_tensor(), model(x))) << name;
    EXPECT_TRUE(allclose(trace(model, {x}).forward({x}).to_tensor(), model(x))) << name;
  }
  for (const char* name : {"training", "_is_full_backward_hook", "forward", "__parameters__", "__annotations__"}) {
    const nn::Sequential model(std::vector<nn::Sequential::Named>{{name, nn::Linear(3, 2)}});
    EXPECT_THAT(problem_of([&] { script(model); }), AllOf(HasSubstr("of this name"), HasSubstr(name)));
  }
}

TEST(Scripting, SaysTheFirstFormatThatHasTheOperators) {
  EXPECT_EQ(describe(saved(script(nn::Sequential{nn::ReLU()}))).version, 3);
  EXPECT_EQ(describe(saved(script(nn::Sequential{nn::GELU()}))).version, 10);
  AnyNet divides;
  divides.set_script_forward("def forward(self, x: Tensor) -> Tensor:\n  return x / 2\n");
  EXPECT_EQ(describe(saved(script(divides))).version, 4);
}

TEST(Scripting, ProgramsTrainOnWithTheirMode) {
  nn::Sequential model{nn::Dropout(0.5)};
  const Tensor x = ones({1000});
  EXPECT_GT(sum(script(model).forward({x}).to_tensor()).item<float>(), 800);
  EXPECT_FALSE(equal(script(model).forward({x}).to_tensor(), x));
  model.eval();
  EXPECT_TRUE(equal(script(model).forward({x}).to_tensor(), x));
}

}  // namespace
}  // namespace okibi::jit
