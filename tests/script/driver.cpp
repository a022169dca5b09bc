// script_driver tree FILE …: the trees of files of source, a line for each class, attribute, method and function, as
// compare_with_ast.py has them of Python's own parser.
#include <fmt/format.h>

#include <fstream>
#include <iterator>

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

}  // namespace

int main(int count, char** arguments) {
  try {
    for (int i = 2; i < count; ++i) print_tree(arguments[i]);
    return 0;
  } catch (const okibi::Error& error) {
    return fmt::print(stderr, "{}\n", error.what()), 2;
  }
}
