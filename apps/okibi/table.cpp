#include "table.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "terminal.h"

namespace okibi::app {
namespace {

// Of UTF-8: bytes that continue a character take no room.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

void Table::print() const {
  if (rows_.size() < 2) return;
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blank(widths[i] - width_of(row[i]), ' ');
      line += (i > 0 ? "  " : "") + (i < left_ ? row[i] + blank : blank + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", &row == &rows_[0] ? dim(line, STDOUT_FILENO) : line);
  }
}

}  // namespace okibi::app
