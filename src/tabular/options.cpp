#include "tabular/options.h"

#include <fmt/format.h>

#include <cmath>

#include "tabular/fields.h"

namespace okibi::tabular {
namespace {

enum class WhenResumed : uint8_t { free, fixed };

// ---- each type of option as a Value, and back

Value value_of(const std::string& text) { return text; }
Value value_of(int64_t number) { return number; }
Value value_of(double number) { return number; }
Value value_of(Task task) { return name_of(task); }
Value value_of(OptimizerKind optimizer) { return name_of(optimizer); }
Value value_of(const CategoricalSpec& column) { return List{column.name, column.dim}; }
template <class T>
Value value_of(const std::vector<T>& items) {
  List list;
  for (const T& item : items) list.push_back(value_of(item));
  return list;
}

// One overload a type: the second argument only chooses.
std::string read(const Value& value, const std::string& place, const std::string&) { return text_of(value, place); }
int64_t read(const Value& value, const std::string& place, int64_t) {
  return integer_of(value, place, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
}
double read(const Value& value, const std::string& place, double) { return real_of(value, place); }
Task read(const Value& value, const std::string& place, Task) { return task_named(text_of(value, place)); }
OptimizerKind read(const Value& value, const std::string& place, OptimizerKind) {
  return optimizer_named(text_of(value, place));
}
CategoricalSpec read(const Value& value, const std::string& place, const CategoricalSpec&) {
  const std::vector<Value> parts = list_of(value, place);
  if (parts.size() != 2) throw Error(ErrorKind::bad_file, "a column must have a name and a width").at("", place);
  return {text_of(parts[0], place), integer_of(parts[1], place, 0, std::numeric_limits<int32_t>::max())};
}
template <class T>
std::vector<T> read(const Value& value, const std::string& place, const std::vector<T>&) {
  std::vector<T> items;
  for (const Value& item : list_of(value, place)) items.push_back(read(item, place, T()));
  return items;
}

// ---- one option of a request and of a checkpoint

template <class T>
T pick(std::string_view name, WhenResumed when, const std::optional<T>& given, const T* saved, T initially) {
  if (saved == nullptr) return given.value_or(std::move(initially));
  if (given && when == WhenResumed::fixed && *given != *saved) {
    throw Error(ErrorKind::mismatch, "this option cannot change when a training is resumed")
        .expected(repr(value_of(*saved)))
        .found(repr(value_of(*given)))
        .hint("Leave it out to go on with the saved value, or begin a new training.")
        .at("option", name);
  }
  return given.value_or(*saved);
}

// ---- values that make no sense

void check(bool right, std::string_view name, std::string_view expected, const Value& found) {
  if (right) return;
  throw Error(ErrorKind::bad_argument, "the value makes no sense")
      .expected(expected)
      .found(repr(found))
      .at("option", name);
}

bool is_finite_and_not_negative(double x) { return std::isfinite(x) && x >= 0; }

void check_all(const TrainOptions& options) {
  check(!options.data.empty(), "data", "the path or URI of a CSV file", options.data);
  check(options.dropout >= 0 && options.dropout < 1, "dropout", "at least 0 and below 1", options.dropout);
  check(options.epochs >= 1 && options.epochs <= 1'000'000'000, "epochs", "1 to 1000000000", options.epochs);
  check(options.batch_size >= 1, "batch_size", "at least 1", options.batch_size);
  check(is_finite_and_not_negative(options.lr), "lr", "0 or more", options.lr);
  check(is_finite_and_not_negative(options.momentum), "momentum", "0 or more", options.momentum);
  check(is_finite_and_not_negative(options.weight_decay), "weight_decay", "0 or more", options.weight_decay);
  check(options.threads >= 1 && options.threads <= 4096, "threads", "1 to 4096", options.threads);
  check(options.checkpoint_every >= 0, "checkpoint_every", "0 or more", options.checkpoint_every);
  for (const int64_t width : options.hidden) check(width >= 1, "hidden", "widths of at least 1", width);
  const bool has_momentum = options.optimizer == OptimizerKind::sgd || options.optimizer == OptimizerKind::rmsprop;
  check(options.momentum == 0 || has_momentum, "momentum",
        fmt::format("0, since {} has none", name_of(options.optimizer)), options.momentum);
}

}  // namespace

TrainOptions resolve(const TrainRequest& request, const std::optional<TrainOptions>& saved) {
  TrainOptions options;
#define X(type, name, initially, when_resumed, meaning) \
  options.name =                                        \
      pick<type>(#name, WhenResumed::when_resumed, request.name, saved ? &saved->name : nullptr, options.name);
#include <okibi/train_options.def>
#undef X
  check_all(options);
  return options;
}

Value to_value(const TrainOptions& options) {
  Dict dict;
#define X(type, name, initially, when_resumed, meaning) dict.set(#name, value_of(options.name));
#include <okibi/train_options.def>
#undef X
  return dict;
}

TrainOptions options_from_value(const Value& value) {
  const Fields fields(value, "options");
  TrainOptions options;
#define X(type, name, initially, when_resumed, meaning) \
  options.name = read(fields.value(#name), fields.place_of(#name), options.name);
#include <okibi/train_options.def>
#undef X
  return options;
}

}  // namespace okibi::tabular
