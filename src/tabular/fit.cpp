// What an encoder learns from the training table.
#include <fmt/format.h>
#include <okibi/tabular.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_set>

#include "tabular/module_names.h"
#include "tabular/text.h"

namespace okibi::tabular {
namespace {

void check_spec(const Table& table, const ColumnSpec& spec) {
  if (spec.target.empty())
    throw Error(ErrorKind::bad_argument, "no target column was named")
        .hint("Its columns are " + listed(table.columns()) + ".")
        .at("", table.name());
  if (spec.categorical.empty() && spec.continuous.empty()) {
    throw Error(ErrorKind::bad_argument, "no column was named to learn from, categorical or continuous")
        .hint("Its columns are " + listed(table.columns()) + ".")
        .at("", table.name());
  }
  std::set<std::string_view> names = {spec.target};
  const auto add = [&](const std::string& name) {
    if (!names.insert(name).second)
      throw Error(ErrorKind::bad_argument, fmt::format("the column {} was named twice", quoted(name)))
          .hint("A column is the target, categorical or continuous.");
  };
  for (const CategoricalSpec& column : spec.categorical) add(column.name);
  for (const std::string& name : spec.continuous) add(name);
}

std::vector<std::string> distinct_texts(const Table& table, size_t column) {
  std::unordered_set<std::string_view> texts;
  for (size_t row = 0; row < table.rows(); ++row) texts.insert(table.text(row, column));
  std::vector<std::string> sorted(texts.begin(), texts.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

int64_t embedding_dim(int64_t categories) {
  return std::min<int64_t>(600, std::llround(1.6 * std::pow(static_cast<double>(categories), 0.56)));
}

CategoricalColumn fit_categorical(const Table& table, const CategoricalSpec& spec, std::string module) {
  if (spec.dim < 0) {
    throw Error(ErrorKind::bad_argument, "an embedding cannot have a negative width")
        .found(fmt::format("{}", spec.dim))
        .at("column", spec.name);
  }
  CategoricalColumn column = {spec.name, std::move(module), distinct_texts(table, table.column(spec.name)), spec.dim};
  if (column.dim == 0) column.dim = embedding_dim(static_cast<int64_t>(column.categories.size()));
  return column;
}

// Error for the first cell that is no number.
std::vector<double> numbers_of(const Table& table, size_t column) {
  std::vector<double> numbers(table.rows());
  for (size_t row = 0; row < numbers.size(); ++row) numbers[row] = table.number(row, column);
  return numbers;
}

// Two passes: the one-pass formula loses digits where the mean is large beside the spread.
ContinuousColumn fit_continuous(const Table& table, const std::string& name) {
  const size_t column = table.column(name);
  const std::vector<double> numbers = numbers_of(table, column);
  const double n = static_cast<double>(numbers.size());
  double sum = 0, squares = 0;
  for (const double x : numbers) sum += x;
  const double mean = sum / n;
  for (const double x : numbers) squares += (x - mean) * (x - mean);
  const double scale = std::sqrt(squares / n);
  const bool constant = std::all_of(numbers.begin(), numbers.end(), [&](double x) { return x == numbers[0]; });
  if (!std::isfinite(mean) || !std::isfinite(scale))
    throw Error(ErrorKind::bad_file, "the numbers are too large to be standardised")
        .at("column", name)
        .at("", table.name());
  return {name, constant ? numbers[0] : mean, constant || scale == 0 ? 1 : scale};
}

// The distinct texts of a target; three stand for more, since no more than two are ever needed.
std::vector<std::string> labels_of(const Table& table, size_t column) {
  std::set<std::string_view> texts;
  for (size_t row = 0; row < table.rows() && texts.size() < 3; ++row) texts.insert(table.text(row, column));
  return {texts.begin(), texts.end()};
}

bool is_zero_or_one(double x) { return x == 0 || x == 1; }

Task choose_task(const Table& table, size_t column, const std::vector<std::string>& labels) {
  std::vector<double> numbers;
  try {
    numbers = numbers_of(table, column);
  } catch (const Error&) {  // texts, then
  }
  if (labels.size() == 2 && std::all_of(numbers.begin(), numbers.end(), is_zero_or_one)) return Task::binary;
  if (!numbers.empty()) return Task::regression;
  throw Error(ErrorKind::unsupported, "the target holds neither numbers nor exactly two texts")
      .found(listed(labels) + (labels.size() > 2 ? ", …" : ""))
      .hint("okibi learns one of two classes, or a number.")
      .at("column", table.columns()[column])
      .at("", table.name());
}

TargetColumn fit_target(const Table& table, const std::string& name, Task task) {
  const size_t column = table.column(name);
  const std::vector<std::string> labels = labels_of(table, column);
  if (labels.size() == 1) {
    throw Error(ErrorKind::bad_file,
                fmt::format("every row has the target {}: there is nothing to learn", quoted(labels[0])))
        .at("column", name)
        .at("", table.name());
  }
  if (task == Task::automatic) task = choose_task(table, column, labels);
  if (task == Task::regression) {
    numbers_of(table, column);  // says which one is none
    return {name, task, {}, {}};
  }
  if (labels.size() > 2) {
    throw Error(ErrorKind::bad_file, "the target of a binary task holds more than two texts")
        .found(listed(labels) + ", …")
        .at("column", name)
        .at("", table.name());
  }
  return {name, task, labels[0], labels[1]};
}

}  // namespace

Encoder Encoder::fit(const Table& table, const ColumnSpec& spec) {
  check_spec(table, spec);
  Encoder encoder;
  std::vector<std::string> modules;
  for (const CategoricalSpec& column : spec.categorical) {
    modules.push_back(module_name_for(column.name, modules));
    encoder.categorical_.push_back(fit_categorical(table, column, modules.back()));
  }
  for (const std::string& name : spec.continuous) encoder.continuous_.push_back(fit_continuous(table, name));
  encoder.target_ = fit_target(table, spec.target, spec.task);
  return encoder;
}

}  // namespace okibi::tabular
