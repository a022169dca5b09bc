// okibi scan URI: is this file safe to load?
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
using inspect::Judgement;
using inspect::Verdict;

constexpr size_t most_of_name = 400;  // bytes of a name that are printed for people

Json json_of(const std::vector<inspect::Finding>& findings) {
  Json list = Json::array();
  for (const inspect::Finding& finding : findings)
    list.push_back({{"name", finding.name}, {"judgement", name_of(finding.judgement)}, {"where", finding.where}});
  return list;
}

void print_json(const inspect::ScanReport& report) {
  Json problems = Json::array();
  for (const auto& [where, problem] : report.problems) problems.push_back({{"where", where}, {"problem", problem}});
  const Json document = {{"okibi_version", version()},
                         {"verdict", name_of(report.verdict)},
                         {"globals", json_of(report.globals)},
                         {"programs", json_of(report.programs)},
                         {"problems", problems}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string red(const std::string& text) { return use_colour(STDOUT_FILENO) ? "\033[31m" + text + "\033[0m" : text; }

void print_findings(const std::vector<inspect::Finding>& findings, Judgement least) {
  size_t width = 0;
  for (const inspect::Finding& finding : findings)
    if (finding.judgement >= least) width = std::max(width, printable(finding.name, most_of_name).size());
  for (const inspect::Finding& finding : findings) {
    if (finding.judgement < least) continue;
    const std::string judgement = fmt::format("{:8}", name_of(finding.judgement));
    fmt::print("{}  {:{}}  {}\n", finding.judgement == Judgement::unsafe ? red(judgement) : judgement,
               printable(finding.name, most_of_name), width,
               dim(printable(finding.where, most_of_name), STDOUT_FILENO));
  }
}

std::string sentence_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::safe:
      return "safe: nothing but plain data";
    case Verdict::known:
      return "known: data, and classes that okibi knows; nothing that runs code of the file";
    case Verdict::unsafe:
      return "unsafe: loading this in PyTorch could run any code (okibi runs none)";
    case Verdict::malformed:
      return "malformed: not all of this could be looked into, so it is not called safe";
  }
  throw Error(ErrorKind::internal, "a verdict that scan does not know");
}

void print_text(const inspect::ScanReport& report, bool all) {
  print_findings(report.globals, all ? Judgement::tensor : Judgement::known);
  print_findings(report.programs, Judgement::tensor);
  for (const auto& [where, problem] : report.problems)
    fmt::print("{}  {}{}\n", red("problem "), where.empty() ? "" : printable(where, most_of_name) + ": ",
               printable(problem));
  const auto plain = std::ranges::count(report.globals, Judgement::tensor, &inspect::Finding::judgement);
  if (plain > 0 && !all)
    fmt::print("{}\n", dim(fmt::format("tensor    {} names of plain data (--all lists them)", plain), STDOUT_FILENO));
  fmt::print("{}\n", bold(sentence_of(report.verdict), STDOUT_FILENO));
}

}  // namespace

int scan(int count, char** arguments) {
  std::string uri;
  bool json = false, strict = false, all = false;
  Options words(
      "scan",
      "Say whether a file is safe to load: name every global of every pickle in it, wherever it hides. Nothing "
      "is run. Exit status 0 for safe and known, else 1.",
      "okibi scan downloaded.pth");
  words.positional("URI", uri, "a file of any kind, or a folder");
  words.flag("--strict", strict, "known classes count as unsafe, too: only plain data passes");
  words.flag("--all", all, "list the names of plain data, too");
  words.flag("--json", json, "one JSON document");
  if (!words.parse(count, arguments)) return 0;

  const inspect::ScanReport report = inspect::scan(uri, {.stop = stop_on_signals()});
  json ? print_json(report) : print_text(report, all);
  return report.verdict == Verdict::safe || (report.verdict == Verdict::known && !strict) ? 0 : 1;
}

}  // namespace okibi::app
