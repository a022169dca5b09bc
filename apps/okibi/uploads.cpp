// okibi uploads URI: what killed programs left behind in object storage.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/store.h>

#include "options.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

void print_json(const std::vector<store::Unfinished>& found, bool is_aborted) {
  Json uploads = Json::array();
  for (const auto& upload : found) uploads.push_back({{"uri", upload.uri}, {"begun", upload.begun}});
  const Json json = {{"okibi_version", version()}, {"uploads", uploads}, {"aborted", is_aborted}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_text(const std::vector<store::Unfinished>& found, bool is_aborted) {
  for (const auto& upload : found) fmt::print("{}  {}\n", printable(upload.begun, 40), printable(upload.uri));
  const std::string_view state = is_aborted ? "removed" : "unfinished; --abort removes them";
  found.empty() ? fmt::print("no unfinished uploads\n")
                : fmt::print("{} upload{}, {}\n", found.size(), found.size() == 1 ? "" : "s", state);
}

}  // namespace

int uploads(int count, char** arguments) {
  std::string uri;
  bool abort = false, json = false;
  Options words(
      "uploads",
      "List the uploads under a URI that were begun and never finished, because their program was killed. Their "
      "parts cost money until someone removes them.",
      "okibi uploads s3://bucket/runs/\n  okibi uploads s3://bucket/runs/ --abort");
  words.positional("URI", uri, "s3://bucket/, with or without the beginning of a key");
  words.flag("--abort", abort, "remove them; one that still goes on fails");
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;
  const std::vector<store::Unfinished> found = store::default_store().unfinished(uri);
  if (abort) {
    for (const auto& upload : found) upload.remove();
  }
  json ? print_json(found, abort) : print_text(found, abort);
  return 0;
}

}  // namespace okibi::app
