// The words for tasks and optimizers, in files, options and messages.
#include <okibi/tabular.h>

#include <array>

#include "tabular/text.h"

namespace okibi::tabular {
namespace {

// In the order of the enums.
constexpr std::array<std::string_view, 3> task_names = {"automatic", "binary", "regression"};
constexpr std::array<std::string_view, 5> optimizer_names = {"adam", "sgd", "adamw", "adagrad", "rmsprop"};

template <class Kind, size_t n>
Kind named(std::string_view what, std::string_view name, const std::array<std::string_view, n>& names) {
  for (size_t i = 0; i < n; ++i)
    if (names[i] == name) return static_cast<Kind>(i);
  throw Error(ErrorKind::bad_argument, "there is no such " + std::string(what))
      .expected("one of " + listed({names.begin(), names.end()}))
      .found(quoted(name));
}

}  // namespace

std::string_view name_of(Task task) noexcept { return task_names[static_cast<size_t>(task)]; }
std::string_view name_of(OptimizerKind optimizer) noexcept { return optimizer_names[static_cast<size_t>(optimizer)]; }
Task task_named(std::string_view name) { return named<Task>("task", name, task_names); }
OptimizerKind optimizer_named(std::string_view name) {
  return named<OptimizerKind>("optimizer", name, optimizer_names);
}

}  // namespace okibi::tabular
