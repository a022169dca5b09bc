// okibi verify URI: is this file whole?
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/inspect.h>

#include "options.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_of_name = 400;  // bytes of a name that are printed for people

void print_json(const inspect::VerifyReport& report) {
  Json problems = Json::array();
  for (const inspect::Problem& problem : report.problems)
    problems.push_back({{"record", problem.record},
                        {"offset", problem.offset ? Json(*problem.offset) : Json()},
                        {"problem", problem.problem}});
  Json document = {{"okibi_version", version()}, {"ok", report.ok()}, {"problems", problems}};
  if (report.recoverable)
    document["recoverable"] = {{"tensors", report.recoverable->tensors}, {"lost", report.recoverable->lost}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_recoverable(const inspect::Recoverable& recoverable, bool is_asked_for) {
  fmt::print("{} of its {} tensors are whole", recoverable.tensors.size(),
             recoverable.tensors.size() + recoverable.lost.size());
  fmt::print("{}\n", recoverable.tensors.empty() || is_asked_for ? "" : "; --rescue OUT.pth writes them to a new file");
  for (const std::string& name : recoverable.lost) fmt::print("  lost: {}\n", printable(name, most_of_name));
}

void print_text(const inspect::VerifyReport& report, bool is_rescue) {
  for (const inspect::Problem& problem : report.problems) {
    fmt::print("{}{}{}\n", problem.record.empty() ? "" : printable(problem.record, most_of_name) + ": ",
               printable(problem.problem),
               problem.offset ? dim(fmt::format("  (offset {})", *problem.offset), STDOUT_FILENO) : "");
  }
  if (report.recoverable) print_recoverable(*report.recoverable, is_rescue);
  const size_t count = report.problems.size();
  fmt::print("{}\n", bold(count == 0 ? "ok" : fmt::format("corrupt: {} problem{}", count, count == 1 ? "" : "s"),
                          STDOUT_FILENO));
}

}  // namespace

int verify(int count, char** arguments) {
  std::string uri;
  std::optional<std::string> target;
  bool json = false;
  Options words(
      "verify",
      "Read a file to its last byte and tell all that is wrong with it: structure, every CRC-32, every tensor "
      "within its storage. Exit status 1 when it is corrupt.",
      "okibi verify model.pth\n  okibi verify cut-off.pth --rescue rest.pth");
  words.positional("URI", uri, "a checkpoint, or a folder");
  words.option("--rescue", target, "write the tensors of a cut-off file that are whole to this new file, by name");
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;

  BytesProgress bar;
  inspect::VerifyOptions options;
  options.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); };
  options.stop = stop_on_signals();
  const inspect::VerifyReport report = inspect::verify(uri, options);
  bar.clear();
  json ? print_json(report) : print_text(report, target.has_value());
  if (target) {
    const auto rescued = inspect::rescue(uri, *target, {.stop = options.stop});
    fmt::print(stderr, "{} tensors written to {}\n", rescued.tensors.size(), printable(*target));
  }
  return report.ok() ? 0 : 1;
}

}  // namespace okibi::app
