// okibi verify URI: is this file whole?
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

void print_json(const inspect::VerifyReport& report) {
  Json problems = Json::array();
  for (const inspect::Problem& problem : report.problems)
    problems.push_back({{"record", problem.record},
                        {"offset", problem.offset ? Json(*problem.offset) : Json()},
                        {"problem", problem.problem}});
  Json document = {{"okibi_version", version()},
                   {"ok", report.ok()},
                   {"problems", problems},
                   {"checksums", inspect::name_of(report.checksums())},
                   {"unchecked_bytes", report.unchecked_bytes}};
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

// "ok" alone would promise what nobody can know.
std::string reservation(const inspect::VerifyReport& report) {
  if (report.checksums() == inspect::Checksums::all) return "";
  if (report.checksums() == inspect::Checksums::none)
    return ", as far as one can know: it has no checksums, so a changed number looks like any other";
  return fmt::format(", but {} of {} have no checksum: what was changed there looks like anything else",
                     human_bytes(report.unchecked_bytes), human_bytes(report.checked_bytes + report.unchecked_bytes));
}

void print_text(const std::string& uri, const inspect::VerifyReport& report, bool is_rescue) {
  for (const inspect::Problem& problem : report.problems) {
    fmt::print("{}{}{}\n", problem.record.empty() ? "" : printable(problem.record, most_of_name) + ": ",
               in_words_of_program(problem.problem, uri),
               problem.offset ? dim(fmt::format("  (offset {})", *problem.offset), STDOUT_FILENO) : "");
  }
  if (report.recoverable) print_recoverable(*report.recoverable, is_rescue);
  const size_t count = report.problems.size();
  if (count == 0) return fmt::print("{}{}\n", bold("ok", STDOUT_FILENO), reservation(report));
  fmt::print("{}\n", bold(fmt::format("corrupt: {} problem{}", count, count == 1 ? "" : "s"), STDOUT_FILENO));
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
  words.option("--rescue", target, "write the tensors of a damaged checkpoint that are whole to this new file");
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;

  BytesProgress bar;
  inspect::VerifyOptions options;
  options.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); };
  options.stop = stop_on_signals();
  const inspect::VerifyReport report = inspect::verify(uri, options);
  bar.clear();
  json ? print_json(report) : print_text(uri, report, target.has_value());
  if (target) {
    const auto rescued = inspect::rescue(uri, *target, {.stop = options.stop});
    fmt::print(stderr, "{} tensors written to {}\n", rescued.tensors.size(), printable(store::shown(*target)));
  }
  return report.ok() ? 0 : 1;
}

}  // namespace okibi::app
