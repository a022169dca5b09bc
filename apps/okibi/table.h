// Columns of text that stand below each other, whatever their lengths.
#pragma once

#include <string>
#include <vector>

namespace okibi::app {

class Table {
 public:
  // The first columns up to `left` stand to the left, the others to the right: numbers.
  Table(std::vector<std::string> heads, size_t left) : left_(left) { rows_.push_back(std::move(heads)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const;  // on standard output; nothing when no row was added

 private:
  size_t left_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace okibi::app
