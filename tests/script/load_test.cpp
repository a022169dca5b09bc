// Programs from files: mapped, checked, and ready before the first call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include <okibi/jit.h>
#include <okibi/ops.h>
#include <okibi/store.h>

#include "script/module_body.h"
#include "script/planned.h"
#include "script/problem.h"

namespace okibi {
namespace {

using jit::Module;
using testing::HasSubstr;
using testing_help::archive_of;
using testing_help::expect_equal;
using testing_help::problem_of;
using testing_help::row;

const std::string adds = "  w : Tensor\n  def forward(self, x: Tensor) -> Tensor:\n    return torch.add(x, self.w)\n";

// In a folder of its own, which goes with it.
class ProgramFile {
 public:
  explicit ProgramFile(const Tensor& w) {
    std::filesystem::create_directories(folder_);
    const auto archive = archive_of(adds, Dict{{"w", w}});
    std::vector<std::byte> bytes(archive->size());
    archive->read(0, bytes);
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~ProgramFile() { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ / "made.pt"; }
  void flip_a_bit_of(const std::string& record) const {
    const uint64_t offset = zip::Reader(store::default_store().open(path())).at(record).offset;
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char flipped = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(flipped);
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("okibi-load-test-{}", ::getpid());
};

size_t mappings_of(const std::string& path) {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find(path) != std::string::npos;
  return count;
}

TEST(LoadedProgram, MapsItsWeightsUnlessItIsToldToReadThem) {
  const ProgramFile file(ones({1000}));
  const std::string path = file.path();
  {
    const Module mapped = jit::load(path);
    EXPECT_EQ(mappings_of(path), 1u);
    std::filesystem::remove(path);  // what is mapped stays
    expect_equal(mapped.forward({zeros({1000})}), ones({1000}));
  }
  EXPECT_EQ(mappings_of(path), 0u);
  const ProgramFile again(ones({1000}));
  const Module read = jit::load(path, {.mmap = false});
  EXPECT_EQ(mappings_of(path), 0u);
  expect_equal(read.forward({zeros({1000})}), ones({1000}));
}

TEST(LoadedProgram, WritesIntoMappedWeightsAreItsOwn) {
  const ProgramFile file(ones({2}));
  const Module one = jit::load(file.path()), other = jit::load(file.path());
  one.attribute("w").to_tensor().fill_(5);
  expect_equal(one.forward({row({0.0, 0.0})}), row({5.0, 5.0}));
  expect_equal(other.forward({row({0.0, 0.0})}), row({1.0, 1.0}));
}

TEST(LoadedProgram, DamageIsFoundInMappedWeightsToo) {
  const ProgramFile file(ones({1000}));
  file.flip_a_bit_of("data/0");
  for (const bool mmap : {true, false}) {
    const std::string problem = problem_of([&] { jit::load(file.path(), {.mmap = mmap}); });
    EXPECT_THAT(problem, AllOf(HasSubstr("data/0"), HasSubstr("CRC"))) << mmap;
  }
}

TEST(LoadedProgram, SeesThatSomebodyWritesIntoItsFile) {
  const ProgramFile file(ones({1000}));
  const Module mapped = jit::load(file.path()), read = jit::load(file.path(), {.mmap = false});
  mapped.forward({zeros({1000})});
  std::filesystem::last_write_time(file.path(),
                                   std::filesystem::file_time_type::clock::now() + std::chrono::seconds(1));
  EXPECT_THAT(problem_of([&] { mapped.forward({zeros({1000})}); }),
              AllOf(HasSubstr("made.pt: somebody has written to the file"), HasSubstr("by renaming")));
  EXPECT_NO_THROW(read.forward({zeros({1000})}));
}

TEST(LoadedProgram, MayBeReplacedByRenaming) {
  const ProgramFile file(ones({1000}));
  const Module mapped = jit::load(file.path());
  std::filesystem::copy_file(file.path(), file.path() + ".new");
  std::filesystem::rename(file.path() + ".new", file.path());
  expect_equal(mapped.forward({zeros({1000})}), ones({1000}));
}

TEST(LoadedProgram, WhatIsNeverReachedMayBeWrong) {
  const Module module =
      jit::load(archive_of("  def forward(self, x: Tensor, n: int) -> Tensor:\n    if torch.gt(n, 0):\n"
                           "      y = self.broken(x)\n    else:\n      y = torch.neg(x)\n    return y\n"
                           "  def broken(self, x: Tensor) -> Tensor:\n    return torch.nonsense(x)\n"));
  expect_equal(module.forward({row({1.0}), 0}), row({-1.0}));
  EXPECT_THAT(problem_of([&] { module.forward({row({1.0}), 1}); }), HasSubstr("nonsense"));
}

TEST(LoadedProgram, ErrorsOfItsSourceNameTheFileOnce) {
  const std::string problem =
      problem_of([] { jit::load(archive_of("  def forward(self, x: Tensor -> Tensor:\n    return x\n")); });
  EXPECT_THAT(problem, testing::StartsWith("made.pt, record code/__torch__.py, line 2"));
  EXPECT_EQ(problem.find("made.pt"), problem.rfind("made.pt"));
}

// Of operators that okibi has never heard of nothing is known, not even what they give.
TEST(LoadedProgram, UnknownOperatorsAreErrorsOnceTheyAreReached) {
  const Module module = jit::load(archive_of(
      "  def forward(self, x: Tensor, n: int) -> Tensor:\n    y = torch.neg(x)\n    if torch.gt(n, 0):\n"
      "      _0 = torch.append(annotate(List[int], []), 1)\n      z, w = torch.nonsense(y)\n      v = torch.add(z, 1)\n"
      "    else:\n      z = torch.neg(y)\n      v = torch.add(z, 1)\n    return torch.mul(v, 2)\n"));
  for (int call = 0; call < 3; ++call) {
    expect_equal(module.forward({row({1.0}), 0}), row({4.0}));
    EXPECT_THAT(problem_of([&] {
                  module.forward({row({1.0}), 1});
                }),
                AllOf(HasSubstr("aten::nonsense"), HasSubstr("line 6"), HasSubstr("code/__torch__.py")));
  }
}

TEST(LoadedProgram, SoIsWhatAForkedFunctionDoesNotKnow) {
  const Module module =
      jit::load(archive_of("  def forward(self, x: Tensor, n: int) -> Tensor:\n    if torch.gt(n, 0):\n"
                           "      def inner():\n        return torch.nonsense(x)\n"
                           "      _0 = fork(inner)\n      w = torch.neg(x)\n    else:\n      w = torch.neg(x)\n    "
                           "return torch.mul(w, 2)\n"));
  expect_equal(module.forward({row({1.0}), 0}), row({-2.0}));
  EXPECT_THAT(problem_of([&] { module.forward({row({1.0}), 1}); }), HasSubstr("nonsense"));
}

TEST(LoadedProgram, DoesNotComputeWithinAutocastAsIfItWereNotThere) {
  const auto file = archive_of(
      "  def forward(self, x: Tensor, on: bool) -> Tensor:\n    _0 = "
      "__torch__.amp.autocast_mode.autocast.__new__(__torch__.amp.autocast_mode.autocast)\n    _1 = (_0).__init__(on, "
      ")\n"
      "    with _0:\n      y = torch.neg(x)\n    return y\n",
      Dict(), "amp/autocast_mode",
      "class autocast:\n  _enabled : bool\n  device : str\n"
      "  def __init__(self: __torch__.amp.autocast_mode.autocast, on: bool) -> NoneType:\n    self._enabled = on\n"
      "    self.device = \"cpu\"\n    return None\n"
      "  def __enter__(self: __torch__.amp.autocast_mode.autocast) -> __torch__.amp.autocast_mode.autocast:\n    "
      "return self\n"
      "  def __exit__(self: __torch__.amp.autocast_mode.autocast, a: Any, b: Any, c: Any) -> NoneType:\n    return "
      "None\n");
  const Module module = jit::load(file);
  expect_equal(module.forward({row({1.0}), false}), row({-1.0}));
  EXPECT_THAT(problem_of([&] { module.forward({row({1.0}), true}); }), HasSubstr("torch.autocast"));
}

TEST(LoadedProgram, KeepsPlansOfAsManySizesAsItIsTold) {
  const auto file = archive_of(adds, Dict{{"w", row({1.0})}});
  for (const size_t most : {1u, 3u, 20u}) {
    const Module module = jit::load(file, {.most_plans = most});
    for (int64_t size = 1; size <= 10; ++size) module.prepare("forward", {zeros({size})});
    EXPECT_EQ(jit::ModuleAccess::body(module).runner.plans_of("__torch__.A.forward"), std::min<size_t>(most, 10));
  }
}

TEST(Prepared, AProgramHasItsPlanBeforeTheFirstCall) {
  const Module module = jit::load(archive_of(adds, Dict{{"w", row({1.0, 2.0})}}));
  auto& runner = jit::ModuleAccess::body(module).runner;
  EXPECT_EQ(runner.plans_of("__torch__.A.forward"), 0u);
  module.prepare("forward", {row({0.0, 0.0})});
  EXPECT_EQ(runner.plans_of("__torch__.A.forward"), 1u);
  EXPECT_EQ(runner.steps(), 2u);  // recorded, made
  expect_equal(module.forward({row({1.0, 1.0})}), row({2.0, 3.0}));
  EXPECT_EQ(runner.steps(), 2u);
}

TEST(Prepared, WhatGoesByNumbersIsCalledSomeTimesAndNotForEver) {
  const Module module = jit::load(archive_of(
      "  calls : int\n  def forward(self, x: Tensor) -> Tensor:\n    self.calls = torch.add(self.calls, 1)\n"
      "    if bool(torch.gt(torch.sum(x), 0)):\n      y = x\n    else:\n      y = torch.neg(x)\n    return y\n",
      Dict{{"calls", 0}}));
  module.prepare("forward", {row({1.0})});
  EXPECT_GT(module.attribute("calls").to_int(), 0);
  EXPECT_LE(module.attribute("calls").to_int(), 7);
}

// Each level goes by numbers, and is given up before its parts have plans.
TEST(Prepared, PartsOfPartsAreReadyToo) {
  std::string classes =
      "class B0(Module):\n  w : Tensor\n  def forward(self: __torch__.m.B0, x: Tensor) -> Tensor:\n    return "
      "torch.add(x, self.w)\n";
  const auto object = [](const std::string& name, Dict state) {
    Object::Parts parts{.module = "__torch__.m", .name = name, .made = Object::Made::newobj};
    parts.state = state;
    return Object(std::move(parts));
  };
  const auto goes_by_numbers = [](const std::string& self) {
    return "  def forward(self" + self +
           ", x: Tensor) -> Tensor:\n    p = self.p\n    y = (p).forward(x, )\n"
           "    if bool(torch.gt(torch.sum(y), 1000)):\n      z = torch.neg(y)\n    else:\n      z = y\n    return z\n";
  };
  Object inner = object("B0", Dict{{"w", row({1.0})}});
  for (int level = 1; level < 5; ++level) {
    const std::string name = fmt::format("B{}", level);
    classes += fmt::format("class {}(Module):\n  p : __torch__.m.B{}\n", name, level - 1) +
               goes_by_numbers(": __torch__.m." + name);
    inner = object(name, Dict{{"p", inner}});
  }
  const Module module =
      jit::load(archive_of("  p : __torch__.m.B4\n" + goes_by_numbers(""), Dict{{"p", inner}}, "m", classes));
  auto& runner = jit::ModuleAccess::body(module).runner;
  module.prepare("forward", {row({1.0})});
  EXPECT_EQ(runner.plans_of("__torch__.m.B0.forward"), 1u);
  const uint64_t steps = runner.steps();
  expect_equal(module.forward({row({1.0})}), row({2.0}));
  EXPECT_EQ(runner.steps(), steps);
}

TEST(Prepared, ErrorsAreThoseOfACall) {
  const Module module = jit::load(archive_of(adds, Dict{{"w", row({1.0, 2.0})}}));
  EXPECT_THAT(problem_of([&] { module.prepare("backward", {}); }), HasSubstr("no method backward"));
  EXPECT_THAT(problem_of([&] { module.prepare("forward", {row({1.0, 2.0, 3.0})}); }), HasSubstr("size"));
}

}  // namespace
}  // namespace okibi
