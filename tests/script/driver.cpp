// script_driver tree FILE …: the trees of files of source, a line for each class, attribute, method and function, as
// compare_with_ast.py has them of Python's own parser.
// script_driver compare MODEL RUNS: how far what the program gives is from the outputs in RUNS, a list of {"inputs",
// "output"}, and how long the first and the later calls take, as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>

#include "script/compare.h"
#include "script/describe.h"
#include "script/syntax/file.h"

using namespace okibi::script;

namespace {

void print(const Class& c) {
  fmt::print("class {} {}\n", c.name, static_cast<int>(c.kind));
  for (const auto* names : {&c.parameters, &c.buffers, &c.forward_pre_hooks, &c.forward_hooks}) {
    for (const std::string& name : *names) fmt::print("  listed {}\n", name);
  }
  for (const Attribute& a : c.attributes) {
    fmt::print("  attribute {} {} {} {}\n", a.name, a.is_final, describe(a.type), describe(a.value));
  }
  for (const EnumMember& m : c.members) fmt::print("  member {} {}\n", m.name, describe(m.value));
  for (const Function& f : c.methods) fmt::print("  {}\n", describe(f));
}

void print_tree(const char* path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string source{std::istreambuf_iterator<char>(stream), {}};
  const File file = parse_file(source);
  for (const Class& c : file.classes) print(c);
  for (const Function& f : file.functions) fmt::print("{}\n", describe(f));
}

void reset(const okibi::jit::Module& module) {
  const auto names = module.method_names();
  if (std::ranges::find(names, "reset_states") != names.end()) module.call("reset_states", {});
}

double milliseconds(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

// Each call several times: the later ones may take another way than the first.
double largest_difference(const okibi::jit::Module& module, const okibi::List& runs) {
  double most = 0;
  for (int round = 0; round < 3; ++round) {
    reset(module);
    for (const okibi::Value& run : runs) {
      const okibi::Value output = module.forward(run["inputs"].to_list().items());
      most = std::max(most, okibi::script_tests::difference(output, run["output"]));
    }
  }
  return most;
}

std::vector<double> times_of(const okibi::jit::Module& module, const okibi::Value& run) {
  const auto inputs = run["inputs"].to_list().items();
  std::vector<double> times;
  double all = 0;
  while (times.size() < 6 || (all < 1500 && times.size() < 200)) {
    times.push_back(milliseconds([&] { module.forward(inputs); }));
    all += times.back();
  }
  return times;
}

void compare(const std::string& model, const std::string& outputs) {
  const okibi::Value loaded = okibi::load(outputs);
  const okibi::List runs = loaded.to_list();
  const double most = largest_difference(okibi::jit::load(model), runs);
  const okibi::jit::Module module = okibi::jit::load(model);
  reset(module);
  std::vector<double> times = times_of(module, runs[0]);
  const double first = times.front();
  std::sort(times.begin() + 3, times.end());
  fmt::print(R"({{"runs": {}, "difference": {}, "first_ms": {}, "later_ms": {}}})"
             "\n",
             runs.size(), most, first, times[3 + (times.size() - 3) / 2]);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count == 4 && std::string_view(arguments[1]) == "compare") return compare(arguments[2], arguments[3]), 0;
    for (int i = 2; i < count; ++i) print_tree(arguments[i]);
    return 0;
  } catch (const okibi::Error& error) {
    return fmt::print(stderr, "{}\n", error.what()), 2;
  }
}
