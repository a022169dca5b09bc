// The grammar of CSV: one cell after the other.
#pragma once

#include <cstdint>
#include <string>

namespace okibi::tabular {

// Walks over the bytes of a file and moves the text of each cell down, so that it lies right behind the text of the
// cell before: quotes, separators and line ends go away, and one block of memory serves for the file and for the table.
class CellReader {
 public:
  enum class Next : uint8_t { cell, record, end };  // what comes after a cell

  CellReader(std::string& bytes, size_t begin) : bytes_(bytes), in_(begin) {}

  bool skip_blank_lines();                 // false at the end of the file
  Next read();                             // one cell: its text then ends at text_end()
  void drop_text() noexcept { out_ = 0; }  // what was read so far is not needed any more

  size_t text_end() const noexcept { return out_; }
  uint64_t line() const noexcept { return line_; }

 private:
  void read_plain();
  void read_quoted();
  void keep(size_t begin, size_t end);
  Next end_cell();
  void end_line(char end);

  std::string& bytes_;
  size_t in_, out_ = 0;  // out_ <= in_, since text only gets shorter
  uint64_t line_ = 1;
};

}  // namespace okibi::tabular
