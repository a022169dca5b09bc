#include "inspect/scan/judge.h"

#include <algorithm>
#include <array>

#include "checkpoint/pickled/globals.h"

namespace okibi::inspect {
namespace {

struct Row {
  std::string_view module, names;  // names between spaces
};
constexpr std::array rows = {
#define X(module, names) Row{module, names},
#include "inspect/scan/known_globals.def"
#undef X
};

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

// Classes of a TorchScript program: no module of Python has such a name.
bool is_script_class(std::string_view module) { return module == "__torch__" || module.starts_with("__torch__."); }

}  // namespace

Judgement judge(std::string_view module, std::string_view name) {
  if (checkpoint::find_global(module, name)) return Judgement::tensor;
  const bool known =
      std::ranges::any_of(rows, [&](const Row& r) { return r.module == module && has_word(r.names, name); });
  return known || is_script_class(module) ? Judgement::known : Judgement::unsafe;
}

}  // namespace okibi::inspect
