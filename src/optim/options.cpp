// The options of all optimizers: what they are called in a group, and what they may be.
#include <fmt/format.h>

#include <algorithm>

#include "optim/rule.h"

namespace okibi::optim {
namespace {

// An option is a number, a flag, or one of the special rows below.
struct OptionRow {
  std::string_view name;
  double GroupOptions::*number = nullptr;
  bool GroupOptions::*flag = nullptr;
  std::string_view invalid = {};  // "Invalid <this>: -1.0"; empty where any number will do
};
constexpr OptionRow option_rows[] = {
    {"lr", &GroupOptions::lr, nullptr, "learning rate"},
    {"momentum", &GroupOptions::momentum, nullptr, "momentum value"},
    {"dampening", &GroupOptions::dampening},
    {"weight_decay", &GroupOptions::weight_decay, nullptr, "weight_decay value"},
    {"eps", &GroupOptions::eps, nullptr, "epsilon value"},
    {"alpha", &GroupOptions::alpha, nullptr, "alpha value"},
    {"lr_decay", &GroupOptions::lr_decay, nullptr, "lr_decay value"},
    {"initial_accumulator_value", &GroupOptions::initial_accumulator_value, nullptr, "initial_accumulator_value value"},
    {"nesterov", nullptr, &GroupOptions::nesterov},
    {"maximize", nullptr, &GroupOptions::maximize},
    {"amsgrad", nullptr, &GroupOptions::amsgrad},
    {"decoupled_weight_decay", nullptr, &GroupOptions::decoupled_weight_decay},
    {"centered", nullptr, &GroupOptions::centered},
};

// What PyTorch's groups say of how PyTorch computes. They are kept and saved, and change nothing here.
struct ForeignRow {
  std::string_view name;
  Value (*value)();
};
constexpr ForeignRow foreign_rows[] = {{"foreach", [] { return Value(); }},
                                       {"fused", [] { return Value(); }},
                                       {"capturable", [] { return Value(false); }},
                                       {"differentiable", [] { return Value(false); }}};

constexpr std::string_view sparse_rows_names[] = {"as_pytorch", "lazy", "exact_decay"};

const OptionRow* row_named(std::string_view name) {
  for (const OptionRow& row : option_rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// int, float, or a tensor of one element, as PyTorch's learning rate may be.
double number_of(const Value& value) {
  return value.is_tensor() ? value.to_tensor().item<double>() : value.to_double();
}
bool flag_of(const Value& value) { return value.is_bool() ? value.to_bool() : value.to_int() != 0; }

[[noreturn]] void throw_invalid(std::string_view what, double number) {
  throw Error(ErrorKind::bad_argument, fmt::format("Invalid {}: {}", what, repr(Value(number))));
}

void read_betas(const Value& value, GroupOptions& options) {
  options.beta1 = number_of(value.at(0));
  options.beta2 = number_of(value.at(1));
  const double betas[] = {options.beta1, options.beta2};
  for (int i = 0; i < 2; ++i) {
    if (!(betas[i] >= 0 && betas[i] < 1)) throw_invalid(fmt::format("beta parameter at index {}", i), betas[i]);
  }
}

SparseRows sparse_rows_of(const Value& value) {
  for (size_t i = 0; i < std::size(sparse_rows_names); ++i) {
    if (value.to_string() == sparse_rows_names[i]) return static_cast<SparseRows>(i);
  }
  throw Error(ErrorKind::bad_argument, "no way to step sparse rows has that name")
      .expected("'as_pytorch', 'lazy' or 'exact_decay'")
      .found(repr(value));
}

void read_known(std::string_view name, const Value& value, GroupOptions& options) {
  if (name == "betas") return read_betas(value, options);
  if (name == "sparse_rows") {
    options.sparse_rows = sparse_rows_of(value);
    return;
  }
  const OptionRow* row = row_named(name);
  if (row == nullptr) return;
  if (row->flag != nullptr) {
    options.*row->flag = flag_of(value);
    return;
  }
  const double number = number_of(value);
  if (!row->invalid.empty() && !(number >= 0)) throw_invalid(row->invalid, number);
  options.*row->number = number;
}

// PyTorch writes its defaults of 0 as int; so a group that was never told otherwise reads the same there.
Value value_of(const OptionRow& row, const Rule& rule, const GroupOptions& options) {
  if (row.flag != nullptr) return options.*row.flag;
  const double number = options.*row.number;
  return number == 0 && rule.defaults.*row.number == 0 ? Value(0) : Value(number);
}

Value value_of(std::string_view name, const Rule& rule, const GroupOptions& options) {
  if (name == "betas") return Tuple{options.beta1, options.beta2};
  for (const ForeignRow& row : foreign_rows) {
    if (row.name == name) return row.value();
  }
  return value_of(*row_named(name), rule, options);
}

}  // namespace

void read_option(const Rule& rule, std::string_view name, const Value& value, GroupOptions& options) {
  const bool known = name == "sparse_rows" || std::ranges::find(rule.options, name) != rule.options.end();
  if (known && !value.is_none()) in_context("option", name, [&] { read_known(name, value, options); });
}

GroupOptions read_options(const Rule& rule, const Dict& entries, const GroupOptions& fallback) {
  GroupOptions options = fallback;
  for (const auto& [name, value] : entries) {
    if (name.is_string()) read_option(rule, name.to_string(), value, options);
  }
  rule.check_options(options);
  return options;
}

Dict entries_of(const Rule& rule, const GroupOptions& options) {
  Dict entries;
  for (const std::string_view name : rule.options) entries.set(name, value_of(name, rule, options));
  if (options.sparse_rows != SparseRows::as_pytorch) {
    entries.set("sparse_rows", sparse_rows_names[static_cast<size_t>(options.sparse_rows)]);
  }
  return entries;
}

}  // namespace okibi::optim
