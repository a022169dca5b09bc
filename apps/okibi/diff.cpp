// okibi diff A B: what two checkpoints do not have in common.
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/inspect.h>

#include "options.h"
#include "table.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_of_name = 400;  // bytes of a name that are printed for people
constexpr size_t most_of_text = 60;

Json json_of(const TensorEntry& entry) {
  return {{"name", entry.name},
          {"dtype", name_of(entry.dtype)},
          {"shape", std::vector<int64_t>(entry.sizes.begin(), entry.sizes.end())}};
}

Json json_of(const std::vector<TensorEntry>& entries) {
  Json list = Json::array();
  for (const TensorEntry& entry : entries) list.push_back(json_of(entry));
  return list;
}

Json json_of(const std::optional<double>& number) { return number ? Json(*number) : Json(); }

Json json_of(const inspect::ChangedTensor& change) {
  const Json a = json_of(change.a), b = json_of(change.b);
  Json json = {{"name", change.name},
               {"dtype", {a["dtype"], b["dtype"]}},
               {"shape", {a["shape"], b["shape"]}},
               {"numel", change.numel},
               {"differing", change.differing},
               {"max_abs", json_of(change.max_abs)},
               {"max_rel", json_of(change.max_rel)}};
  if (!change.note.empty()) json["note"] = change.note;
  return json;
}

void print_json(const inspect::Difference& difference) {
  Json changed = Json::array(), leaves = Json::array();
  for (const auto& change : difference.changed) changed.push_back(json_of(change));
  for (const auto& leaf : difference.leaves)
    leaves.push_back({{"name", leaf.name},
                      {"a", leaf.a.empty() ? Json() : Json(leaf.a)},
                      {"b", leaf.b.empty() ? Json() : Json(leaf.b)}});
  const Json document = {
      {"okibi_version", version()},         {"same", difference.none()}, {"removed", json_of(difference.removed)},
      {"added", json_of(difference.added)}, {"changed", changed},        {"leaves", leaves},
      {"equal_tensors", difference.same}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string both(const std::string& a, const std::string& b) { return a == b ? a : a + " → " + b; }

std::string text_of(const std::optional<double>& number) { return number ? fmt::format("{:.4g}", *number) : "-"; }

void print_tensors(const inspect::Difference& difference) {
  Table table({"", "name", "dtype", "shape", "max abs", "max rel", "differing", ""}, 4);
  const auto add = [&](const char* sign, const TensorEntry& entry) {
    table.add({sign, printable(entry.name, most_of_name), std::string(name_of(entry.dtype)), to_string(entry.sizes), "",
               "", "", ""});
  };
  for (const TensorEntry& entry : difference.removed) add("-", entry);
  for (const TensorEntry& entry : difference.added) add("+", entry);
  for (const auto& change : difference.changed)
    table.add({"~", printable(change.name, most_of_name),
               both(std::string(name_of(change.a.dtype)), std::string(name_of(change.b.dtype))),
               both(to_string(change.a.sizes), to_string(change.b.sizes)), text_of(change.max_abs),
               text_of(change.max_rel), fmt::format("{} of {}", change.differing, change.numel), change.note});
  table.print();
}

void print_leaves(const inspect::Difference& difference) {
  Table table({"", "name", "a", "b"}, 4);
  for (const auto& leaf : difference.leaves)
    table.add({leaf.b.empty()   ? "-"
               : leaf.a.empty() ? "+"
                                : "~",
               printable(leaf.name, most_of_name), printable(leaf.a, most_of_text), printable(leaf.b, most_of_text)});
  table.print();
}

void print_text(const inspect::Difference& difference) {
  print_tensors(difference);
  if (!difference.leaves.empty() && difference.changed.size() + difference.removed.size() + difference.added.size() > 0)
    fmt::print("\n");
  print_leaves(difference);
  const std::string summary =
      difference.none()
          ? fmt::format("no difference: {} tensors", difference.same)
          : fmt::format("{} removed, {} added, {} changed, {} equal; {} other values differ", difference.removed.size(),
                        difference.added.size(), difference.changed.size(), difference.same, difference.leaves.size());
  fmt::print("{}\n", bold(summary, STDOUT_FILENO));
}

}  // namespace

int diff(int count, char** arguments) {
  std::string first, second;
  std::optional<double> rtol, atol;
  bool json = false;
  Options words("diff",
                "Compare two checkpoints of any formats, tensor by tensor, by name. NaN equals NaN. Exit status 1 when "
                "they differ.",
                "okibi diff model.pth model.safetensors --rtol 1e-3");
  words.positional("A", first, "a checkpoint");
  words.positional("B", second, "another");
  words.option("--rtol", rtol, "equal is |a - b| <= atol + rtol |b| (0)");
  words.option("--atol", atol, "as numpy.allclose has it (0)");
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;

  BytesProgress bar;
  const LoadOptions any = {.any_class_as_data = true};
  const auto difference = inspect::diff(open(first, any), open(second, any),
                                        {.rtol = rtol.value_or(0),
                                         .atol = atol.value_or(0),
                                         .progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); },
                                         .stop = stop_on_signals()});
  bar.clear();
  json ? print_json(difference) : print_text(difference);
  return difference.none() ? 0 : 1;
}

}  // namespace okibi::app
