#include <fast_float/fast_float.h>
#include <fmt/format.h>
#include <okibi/tabular.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tabular/text.h"
#include "tensor/nearest.h"

namespace okibi::tabular {
namespace {

std::string_view without_spaces(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin + 1);
}

// fast_float takes what C++ takes, which has no leading plus; spreadsheets write one.
std::optional<double> parse(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error no_number(std::string_view text, const std::optional<double>& parsed) {
  if (text.empty())
    return Error(ErrorKind::bad_file, "the cell is empty").expected("a number").hint("Fill it in, or drop the row.");
  if (parsed)
    return Error(ErrorKind::bad_file, "the number is not finite")
        .found(quoted(text))
        .hint("Fill it in, or drop the row.");
  return Error(ErrorKind::bad_file, "there is a text in a column of numbers")
      .expected("a number")
      .found(quoted(text))
      .hint("If its texts are categories, name the column as categorical.");
}

}  // namespace

size_t Table::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found != columns_.end()) return static_cast<size_t>(found - columns_.begin());
  const std::string nearest = did_you_mean(nearest_names(name, {columns_.begin(), columns_.end()}));
  throw Error(ErrorKind::not_found,
              fmt::format("there is no column {}; there are {}", quoted(name), listed(columns_, 100)))
      .hint(nearest)
      .at("", name_);
}

std::string_view Table::text(size_t row, size_t column) const noexcept {
  const uint32_t* ends = cell_ends_.data() + row * columns_.size();
  const uint32_t begin = column == 0 ? 0 : ends[column - 1];
  return std::string_view(bytes_).substr(row_begins_[row] + begin, ends[column] - begin);
}

double Table::number(size_t row, size_t column) const {
  const std::string_view text = without_spaces(this->text(row, column));
  const std::optional<double> value = parse(text);
  if (!value || !std::isfinite(*value)) throw located(no_number(text, value), row, column);
  return *value;
}

uint64_t Table::line(size_t row) const noexcept {
  const auto behind = std::upper_bound(line_jumps_.begin(), line_jumps_.end(), row,
                                       [](size_t wanted, const LineJump& jump) { return wanted < jump.row; });
  return row + std::prev(behind)->skew;
}

Error Table::located(Error error, size_t row, size_t column) const {
  return std::move(error).at("column", columns_[column]).at("line", line(row)).at("", name_);
}

}  // namespace okibi::tabular
