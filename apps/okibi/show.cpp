// okibi show URI [PATH]: the object in a checkpoint.
#include <fmt/format.h>

#include <okibi/inspect.h>

#include "options.h"
#include "verb.h"

namespace okibi::app {

int show(int count, char** arguments) {
  std::string uri, path;
  bool json = false;
  Options words("show",
                "Show the object in a checkpoint as a tree: scalars with their values, tensors with dtype, shape and a "
                "few numbers.",
                "okibi show last.pth optimizer_state_dict.param_groups");
  words.positional("URI", uri, "the checkpoint");
  words.positional("PATH", path, "a part of the object, steps joined by '.'", false);
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;

  const Archive archive = open(uri, {.any_class_as_data = true});
  fmt::print("{}\n", json ? inspect::show_json(archive, path) : inspect::show(archive, path));
  return 0;
}

}  // namespace okibi::app
