#include "tabular/cell_reader.h"

#include <okibi/base.h>

#include <cstring>

namespace okibi::tabular {
namespace {

bool ends_line(char c) { return c == '\n' || c == '\r'; }
bool ends_plain_cell(char c) { return c == ',' || ends_line(c); }

}  // namespace

bool CellReader::skip_blank_lines() {
  while (in_ < bytes_.size() && ends_line(bytes_[in_])) end_line(bytes_[in_++]);
  return in_ < bytes_.size();
}

CellReader::Next CellReader::read() {
  if (in_ < bytes_.size() && bytes_[in_] == '"')
    read_quoted();
  else
    read_plain();
  return end_cell();
}

void CellReader::read_plain() {
  const size_t begin = in_;
  while (in_ < bytes_.size() && !ends_plain_cell(bytes_[in_])) ++in_;
  keep(begin, in_);
}

// From the opening quote to behind the closing one. Two quotes stand for one: the first of them is kept with its run.
void CellReader::read_quoted() {
  const uint64_t opening_line = line_;
  for (size_t begin = ++in_; in_ < bytes_.size(); ++in_) {
    const char c = bytes_[in_];
    if (c == '\n' || (c == '\r' && bytes_[in_ + 1] != '\n')) ++line_;
    if (c != '"') continue;
    keep(begin, in_);
    if (bytes_[++in_] != '"') return;
    begin = in_;
  }
  throw Error(ErrorKind::bad_file, "a quote that begins here does not end before the file does")
      .hint("Close it, or write a quote that is part of the text as \"\" inside a quoted cell.")
      .at("line", opening_line);
}

void CellReader::keep(size_t begin, size_t end) {
  std::memmove(bytes_.data() + out_, bytes_.data() + begin, end - begin);
  out_ += end - begin;
}

CellReader::Next CellReader::end_cell() {
  if (in_ == bytes_.size()) return Next::end;
  const char c = bytes_[in_++];
  if (c == ',') return Next::cell;
  if (!ends_line(c)) {
    throw Error(ErrorKind::bad_file, "there is text behind a closing quote")
        .expected("a comma or the end of the line")
        .found(std::string{'\'', c, '\''})
        .at("line", line_);
  }
  end_line(c);
  return Next::record;
}

void CellReader::end_line(char end) {
  if (end == '\r' && in_ < bytes_.size() && bytes_[in_] == '\n') ++in_;
  ++line_;
}

}  // namespace okibi::tabular
