// okibi ls URI [GLOB]: the tensors of a checkpoint.
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/inspect.h>
#include <okibi/store.h>

#include "options.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_of_name = 400;  // bytes of a name that are printed for people

Json json_of(const inspect::ListedTensor& tensor) {
  const TensorEntry& entry = tensor.entry;
  Json path = Json::array();
  for (const Value& step : entry.path) step.is_int() ? path.push_back(step.to_int()) : path.push_back(step.to_string());
  Json json = {{"name", entry.name},
               {"path", path},
               {"dtype", name_of(entry.dtype)},
               {"shape", std::vector<int64_t>(entry.sizes.begin(), entry.sizes.end())},
               {"stride", std::vector<int64_t>(entry.strides.begin(), entry.strides.end())},
               {"storage", entry.storage},
               {"offset", entry.storage_offset},
               {"nbytes", entry.nbytes}};
  if (!tensor.sha256.empty()) json["sha256"] = tensor.sha256;
  return json;
}

void print_json(const inspect::Listing& listing) {
  Json tensors = Json::array();
  for (const inspect::ListedTensor& tensor : listing.tensors) tensors.push_back(json_of(tensor));
  const Json document = {{"okibi_version", version()},
                         {"format", listing.format},
                         {"tensors", tensors},
                         {"total_nbytes", listing.total_nbytes},
                         {"unique_nbytes", listing.unique_nbytes}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

struct Widths {
  size_t name = 4, dtype = 5, shape = 5;
};

Widths widths_of(const inspect::Listing& listing) {
  Widths widths;
  for (const inspect::ListedTensor& tensor : listing.tensors) {
    widths.name = std::max(widths.name, printable(tensor.entry.name, most_of_name).size());
    widths.dtype = std::max(widths.dtype, name_of(tensor.entry.dtype).size());
    widths.shape = std::max(widths.shape, to_string(tensor.entry.sizes).size());
  }
  return widths;
}

void print_text(const inspect::Listing& listing) {
  const Widths widths = widths_of(listing);
  for (const inspect::ListedTensor& tensor : listing.tensors) {
    const TensorEntry& entry = tensor.entry;
    fmt::print("{:{}}  {:{}}  {:{}}  {:>10}{}{}\n", printable(entry.name, most_of_name), widths.name,
               name_of(entry.dtype), widths.dtype, to_string(entry.sizes), widths.shape, human_bytes(entry.nbytes),
               tensor.shares_storage ? "  shares storage " + entry.storage : "",
               tensor.sha256.empty() ? "" : "  " + tensor.sha256);
  }
  const std::string shared = listing.total_nbytes == listing.unique_nbytes
                                 ? ""
                                 : fmt::format(", {} in storages", human_bytes(listing.unique_nbytes));
  fmt::print("{}\n",
             bold(fmt::format("{} tensor{}, {}{} ({})", listing.tensors.size(), listing.tensors.size() == 1 ? "" : "s",
                              human_bytes(listing.total_nbytes), shared, listing.format),
                  STDOUT_FILENO));
}

}  // namespace

int ls(int count, char** arguments) {
  std::string uri, order;
  std::optional<std::string> sort;
  bool json = false;
  inspect::ListOptions options;
  Options words("ls", "List the tensors of a checkpoint: name, dtype, shape, size. Only the index is read.",
                "okibi ls model.pth 'encoder.*' --sort size");
  words.positional("URI", uri, "the checkpoint");
  words.positional("GLOB", options.glob, "only names that match: * ? [a-z]", false);
  words.choice("--sort", sort, {"file", "size"}, "order: as in the file, or largest first");
  words.flag("--hash", options.hash, "SHA-256 of each tensor's elements (reads them)");
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;
  if (sort == "size") options.order = inspect::Order::size;

  const inspect::Listing listing = inspect::list(open(uri, {.any_class_as_data = true}), options);
  json ? print_json(listing) : print_text(listing);
  if (!listing.tensors.empty() || options.glob.empty()) return 0;
  fmt::print(stderr, "okibi: no tensor of {} matches '{}'\n", printable(store::shown(uri)), printable(options.glob));
  return 1;
}

}  // namespace okibi::app
