// okibi stats URI [GLOB]: the numbers of each tensor.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/inspect.h>
#include <okibi/store.h>

#include "options.h"
#include "table.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_of_name = 400;  // bytes of a name that are printed for people

Json json_of(const Value& number) {
  if (number.is_none()) return nullptr;
  if (number.is_bool()) return number.to_bool();
  if (number.is_int()) return number.to_int();
  if (number.is_double()) return number.to_double();
  if (number.kind() == ValueKind::big_integer) return Json::parse(repr(number));
  return {number.to_complex().real(), number.to_complex().imag()};
}

Json json_of(const inspect::TensorStats& tensor) {
  Json json = {{"name", tensor.entry.name},
               {"dtype", name_of(tensor.entry.dtype)},
               {"shape", std::vector<int64_t>(tensor.entry.sizes.begin(), tensor.entry.sizes.end())},
               {"numel", tensor.numel},
               {"min", json_of(tensor.min)},
               {"max", json_of(tensor.max)},
               {"mean", json_of(tensor.mean)},
               {"std", json_of(tensor.std)},
               {"zeros", tensor.zeros},
               {"nan", tensor.nans},
               {"inf", tensor.infinities}};
  if (!tensor.note.empty()) json["note"] = tensor.note;
  return json;
}

std::string text_of(const Value& number) {
  if (number.is_none()) return "-";
  if (number.is_double()) return fmt::format("{:.5g}", number.to_double());
  return number.is_int() || number.is_bool() ? std::to_string(number.to_int()) : repr(number);
}

void print_text(const std::vector<inspect::TensorStats>& tensors) {
  Table table({"name", "dtype", "shape", "min", "max", "mean", "std", "zeros", "nan", "inf", "  "}, 3);
  for (const inspect::TensorStats& tensor : tensors)
    table.add({printable(tensor.entry.name, most_of_name), std::string(name_of(tensor.entry.dtype)),
               to_string(tensor.entry.sizes), text_of(tensor.min), text_of(tensor.max), text_of(tensor.mean),
               text_of(tensor.std), std::to_string(tensor.zeros), std::to_string(tensor.nans),
               std::to_string(tensor.infinities), tensor.note});
  table.print();
}

}  // namespace

int stats(int count, char** arguments) {
  std::string uri;
  bool json = false;
  inspect::StatsOptions options;
  Options words(
      "stats",
      "For each tensor: least, greatest, mean, standard deviation (as torch.std), and how many zeros, NaN and "
      "infinities. NaN and infinities are left out of the rest.",
      "okibi stats model.pth 'encoder.*'");
  words.positional("URI", uri, "the checkpoint");
  words.positional("GLOB", options.glob, "only names that match: * ? [a-z]", false);
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;

  BytesProgress bar;
  options.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); };
  options.stop = stop_on_signals();
  const auto tensors = inspect::stats(open(uri, {.any_class_as_data = true}), options);
  bar.clear();
  if (json) {
    Json list = Json::array();
    for (const auto& tensor : tensors) list.push_back(json_of(tensor));
    const Json document = {{"okibi_version", version()}, {"tensors", list}};
    fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_text(tensors);
  }
  if (!tensors.empty() || options.glob.empty()) return 0;
  fmt::print(stderr, "okibi: no tensor of {} matches '{}'\n", printable(store::shown(uri)), printable(options.glob));
  return 1;
}

}  // namespace okibi::app
