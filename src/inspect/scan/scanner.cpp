#include "inspect/scan/scanner.h"

#include <fmt/format.h>

#include <algorithm>

#include "inspect/scan/judge.h"
#include "inspect/scan/looks.h"

namespace okibi::inspect {
namespace {

constexpr unsigned deepest = 8;         // archives and pickles in one another
constexpr size_t most_problems = 1000;  // of a file that has nothing but

}  // namespace

void Scanner::add(Part part) {
  if (part.depth > deepest) return problem(part.where, "more things lie in one another than okibi looks into");
  if (part.depth == 0) bytes_seen_ += part.bytes->size();
  waiting_.push_back(std::move(part));
}

void Scanner::run() {
  while (!waiting_.empty()) {
    throw_if_stopped(options_.stop);
    const Part part = std::move(waiting_.back());
    waiting_.pop_back();
    try {
      look_at(*this, part);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::io) throw;
      problem(part.where, error.sentence());
    }
  }
}

bool Scanner::may_inflate(uint64_t size) {
  if (size > options_.limits.max_scan_inflated + 8 * bytes_seen_ - bytes_inflated_) return false;
  bytes_inflated_ += size;
  return true;
}

void Scanner::global(const NamedGlobal& global, const std::string& where) {
  std::string name = global.module.empty() ? global.name : global.module + '.' + global.name;
  if (!told_.emplace(name, where).second) return;
  const Judgement judgement = global.known ? judge(global.module, global.name) : Judgement::unsafe;
  report_.globals.push_back({std::move(name), judgement,
                             join(where, "") + (where.empty() ? "" : ", ") + fmt::format("offset {}", global.offset)});
}

void Scanner::program(std::string name, Judgement judgement, std::string where) {
  if (told_.emplace(name, where).second) report_.programs.push_back({std::move(name), judgement, std::move(where)});
}

void Scanner::problem(const std::string& where, std::string text) {
  if (report_.problems.size() < most_problems) report_.problems.emplace_back(where, std::move(text));
}

ScanReport Scanner::report() && {
  Judgement worst = Judgement::tensor;
  for (const auto* findings : {&report_.globals, &report_.programs})
    for (const Finding& finding : *findings) worst = std::max(worst, finding.judgement);
  report_.verdict = worst == Judgement::unsafe  ? Verdict::unsafe
                    : !report_.problems.empty() ? Verdict::malformed
                    : worst == Judgement::known ? Verdict::known
                                                : Verdict::safe;
  std::ranges::stable_sort(report_.globals, std::greater(), &Finding::judgement);
  return std::move(report_);
}

}  // namespace okibi::inspect
