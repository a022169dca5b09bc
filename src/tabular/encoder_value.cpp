// Encoder ⇄ the plain data that model files keep.
#include <fmt/format.h>
#include <okibi/tabular.h>

#include <algorithm>
#include <cmath>

#include "tabular/fields.h"

namespace okibi::tabular {
namespace {

Value value_of(const CategoricalColumn& column) {
  return Dict{{"name", column.name},
              {"module", column.module},
              {"dim", column.dim},
              {"categories", List(std::vector<Value>(column.categories.begin(), column.categories.end()))}};
}

Value value_of(const ContinuousColumn& column) {
  return Dict{{"name", column.name}, {"mean", real_tensor(column.mean)}, {"scale", real_tensor(column.scale)}};
}

Value value_of(const TargetColumn& target) {
  return Dict{{"name", target.name},
              {"task", name_of(target.task)},
              {"negative", target.negative},
              {"positive", target.positive}};
}

template <class Column>
List list_of_columns(const std::vector<Column>& columns) {
  List list;
  for (const Column& column : columns) list.push_back(value_of(column));
  return list;
}

Error no_encoder(std::string sentence, const std::string& place) {
  return Error(ErrorKind::bad_file, std::move(sentence)).at("", place);
}

CategoricalColumn categorical_from(const Fields& fields) {
  CategoricalColumn column = {fields.text("name"), fields.text("module"), fields.texts("categories"),
                              fields.integer("dim", 1)};
  const auto& categories = column.categories;
  const auto not_ascending = [](const std::string& a, const std::string& b) { return !(a < b); };
  if (categories.empty() || std::adjacent_find(categories.begin(), categories.end(), not_ascending) != categories.end())
    throw no_encoder("the categories are not sorted, or one is there twice", fields.place_of("categories"));
  if (column.module.empty() || column.module.find('.') != std::string::npos)
    throw no_encoder("this is no name for a module", fields.place_of("module"));
  return column;
}

ContinuousColumn continuous_from(const Fields& fields) {
  const ContinuousColumn column = {fields.text("name"), fields.real("mean"), fields.real("scale")};
  if (!std::isfinite(column.mean) || !std::isfinite(column.scale) || column.scale <= 0)
    throw no_encoder("mean and scale must be finite, and the scale above 0", fields.place_of("scale"));
  return column;
}

TargetColumn target_from(const Fields& fields) {
  const Task task = in_context("", fields.place_of("task"), [&] { return task_named(fields.text("task")); });
  if (task == Task::automatic) throw no_encoder("the task must be binary or regression", fields.place_of("task"));
  return {fields.text("name"), task, fields.text("negative"), fields.text("positive")};
}

}  // namespace

Value Encoder::to_value() const {
  return Dict{{"categorical", list_of_columns(categorical_)},
              {"continuous", list_of_columns(continuous_)},
              {"target", value_of(target_)}};
}

Encoder Encoder::from_value(const Value& value) {
  const Fields fields(value, "encoder");
  Encoder encoder;
  for (const Fields& column : fields.dicts("categorical")) encoder.categorical_.push_back(categorical_from(column));
  for (const Fields& column : fields.dicts("continuous")) encoder.continuous_.push_back(continuous_from(column));
  if (encoder.categorical_.empty() && encoder.continuous_.empty())
    throw no_encoder("there is no column to predict from", "encoder");
  encoder.target_ = target_from(fields.dict("target"));
  return encoder;
}

}  // namespace okibi::tabular
