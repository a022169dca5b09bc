#include "pickle/python2_names.h"

namespace okibi::pickle {
namespace {

struct Module {
  std::string_view python2, python3;
  bool written;
};
struct Name {
  GlobalName python2, python3;
};

constexpr Module modules[] = {
#define MODULE(python2, python3, written) {python2, python3, written},
#include "pickle/python2_names.def"
#undef MODULE
};
constexpr Name names[] = {
#define NAME(module2, name2, module3, name3) {{module2, name2}, {module3, name3}},
#include "pickle/python2_names.def"
#undef NAME
};

}  // namespace

GlobalName to_python3(GlobalName python2) {
  for (const Name& name : names) {
    if (name.python2 == python2) return name.python3;
  }
  for (const Module& module : modules) {
    if (module.python2 == python2.module) return {module.python3, python2.name};
  }
  return python2;
}

GlobalName to_python2(GlobalName python3) {
  for (const Name& name : names) {
    if (name.python3 == python3) return name.python2;
  }
  for (const Module& module : modules) {
    if (module.written && module.python3 == python3.module) return {module.python2, python3.name};
  }
  return python3;
}

}  // namespace okibi::pickle
