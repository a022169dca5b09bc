// The verbs of the program. Each is one file with one function; verbs.def lists them.
#pragma once

#include <string_view>

namespace okibi::app {

// Arguments begin with the verb's own name. Returns the exit status; throws okibi::Error.
using Run = int (*)(int count, char** arguments);

// Those that only load and save are in the program itself. Those that compute are in a library that is opened for them
// alone, so that the others start in a millisecond; they have no `run` here.
struct Verb {
  std::string_view name;
  Run run;
  std::string_view summary;
};

#define X(name, part, summary) int name(int count, char** arguments);
#include "verbs.def"
#undef X

}  // namespace okibi::app
