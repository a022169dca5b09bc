// inspect/scan/scanner.h: what is left to look at, and what was found.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include <okibi/inspect.h>

#include "inspect/scan/names.h"
#include "inspect/scan/part.h"

namespace okibi::inspect {

class Scanner {
 public:
  explicit Scanner(const ScanOptions& options) : options_(options) {}

  // Looks at everything that was added, and at what is found in it. Iterative: parts of parts wait in a list.
  void add(Part part);
  void run();
  ScanReport report() &&;

  // For the functions that look at one kind of bytes each (looks.h).
  void global(const NamedGlobal& global, const std::string& where);
  void program(std::string name, Judgement judgement, std::string where);
  void problem(const std::string& where, std::string text);
  void met_data() { has_met_data_ = true; }  // something that holds tensors or objects, not only text
  bool has_met_data() const noexcept { return has_met_data_; }
  // A record of an archive is about to be inflated. False: it would be more than any honest file has.
  bool may_inflate(uint64_t size);
  const Limits& limits() const noexcept { return options_.limits; }
  const std::stop_token& stop() const noexcept { return options_.stop; }

 private:
  ScanOptions options_;
  ScanReport report_;
  std::vector<Part> waiting_;
  std::set<std::tuple<std::string, std::string>> told_;  // name, where
  bool has_met_data_ = false;
  uint64_t bytes_seen_ = 0;
  uint64_t bytes_inflated_ = 0;
};

}  // namespace okibi::inspect
