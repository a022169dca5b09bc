// A file of comma-separated values (RFC 4180) → Table.
#include <fmt/format.h>
#include <okibi/store.h>
#include <okibi/tabular.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/crc32.h"
#include "tabular/cell_reader.h"
#include "tabular/text.h"

namespace okibi::tabular {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string read_all(const io::Source& source) {
  std::string bytes(source.size(), '\0');
  source.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

Fingerprint fingerprint_of(std::string_view bytes) {
  return {bytes.size(), extend_crc32(0, std::as_bytes(std::span(bytes)))};
}

uint64_t line_at(std::string_view bytes, size_t position) {
  const std::string_view before = bytes.substr(0, position);
  uint64_t line = 1;
  for (size_t i = 0; i < before.size(); ++i) line += before[i] == '\n' || (before[i] == '\r' && bytes[i + 1] != '\n');
  return line;
}

void check_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    throw Error(ErrorKind::bad_file, "the text is UTF-16").expected("UTF-8").hint("Save it as UTF-8.");
  if (const auto position = first_not_utf8(bytes)) {
    throw Error(ErrorKind::bad_file, "the text is not UTF-8")
        .found(fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(bytes[*position])))
        .hint("Convert it: iconv -f latin1 -t utf8.")
        .at("line", line_at(bytes, *position));
  }
}

void check_column_names(const std::vector<std::string>& names) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty())
      throw Error(ErrorKind::bad_file, fmt::format("column {} has no name in the header line", i + 1));
    if (!seen.insert(names[i]).second)
      throw Error(ErrorKind::bad_file, fmt::format("two columns have the name {}", quoted(names[i])));
  }
}

}  // namespace

struct TableBuilder {
  explicit TableBuilder(std::string all) : cells_(start(std::move(all))) {}

  void read_header() {
    if (!cells_.skip_blank_lines())
      throw Error(ErrorKind::bad_file, "the file is empty").expected("a header line with the names of the columns");
    const uint64_t line = cells_.line();
    size_t begin = 0;
    CellReader::Next next = CellReader::Next::cell;
    while (next == CellReader::Next::cell) {
      next = cells_.read();
      table_.columns_.push_back(table_.bytes_.substr(begin, cells_.text_end() - begin));
      begin = cells_.text_end();
    }
    in_context("line", std::to_string(line), [&] { check_column_names(table_.columns_); });
    cells_.drop_text();
  }

  void read_rows() {
    while (cells_.skip_blank_lines()) read_row();
    if (table_.rows() == 0) throw Error(ErrorKind::bad_file, "there are no rows below the header line");
    table_.bytes_.resize(cells_.text_end());
  }

  void read_row() {
    const uint64_t line = cells_.line();
    const size_t begin = cells_.text_end();
    size_t count = 0;
    CellReader::Next next = CellReader::Next::cell;
    for (; next == CellReader::Next::cell; ++count) {
      next = cells_.read();
      table_.cell_ends_.push_back(static_cast<uint32_t>(cells_.text_end() - begin));
    }
    check_row(line, count, cells_.text_end() - begin);
    note_line(line);
    table_.row_begins_.push_back(cells_.text_end());
  }

  void check_row(uint64_t line, size_t cells, size_t bytes) const {
    if (cells != table_.columns_.size()) {
      throw Error(ErrorKind::bad_file, "the row has not as many cells as the header line")
          .expected(fmt::format("{}", table_.columns_.size()))
          .found(fmt::format("{}", cells))
          .hint("A cell that holds a comma must stand in quotes.")
          .at("line", line);
    }
    if (bytes > std::numeric_limits<uint32_t>::max())
      throw Error(ErrorKind::limit, "the row is longer than 4 GB").at("line", line);
  }

  // Lines and rows run side by side but where a cell holds a line end or a line is blank: only such places are kept.
  void note_line(uint64_t line) {
    const uint64_t skew = line - table_.rows();
    if (table_.line_jumps_.empty() || table_.line_jumps_.back().skew != skew)
      table_.line_jumps_.push_back({table_.rows(), skew});
  }

  CellReader start(std::string all) {
    check_utf8(all);
    table_.fingerprint_ = fingerprint_of(all);
    table_.bytes_ = std::move(all);
    return CellReader(table_.bytes_, table_.bytes_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  }

  Table finish(std::string name) {
    table_.name_ = std::move(name);
    return std::move(table_);
  }

  Table table_;
  CellReader cells_;
};

Table read_csv(const io::Source& source) {
  return in_context("", source.name(), [&] {
    TableBuilder builder(read_all(source));
    builder.read_header();
    builder.read_rows();
    return builder.finish(source.name());
  });
}

Table read_csv(const std::string& uri) { return read_csv(*store::default_store().open(uri)); }

}  // namespace okibi::tabular
