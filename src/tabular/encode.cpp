// Texts → numbers, by what an encoder has learnt.
#include <okibi/tabular.h>

#include <unordered_map>

#include "tabular/text.h"

namespace okibi::tabular {
namespace {

using CategoryIndex = std::unordered_map<std::string_view, int64_t>;

CategoryIndex index_of(const std::vector<std::string>& categories) {
  CategoryIndex index;
  for (const std::string& category : categories) index.emplace(category, static_cast<int64_t>(index.size()));
  return index;
}

Error unknown_text(std::string_view sentence, std::string_view found, const std::vector<std::string>& known) {
  return Error(ErrorKind::mismatch, std::string(sentence))
      .expected((known.size() == 1 ? "" : "one of ") + listed(known))
      .found(quoted(found))
      .hint("Correct it, drop the row, or train again with rows that hold it.");
}

// (rows, columns) int64
Tensor encode_categorical(const Table& table, const std::vector<CategoricalColumn>& columns) {
  const size_t rows = table.rows(), width = columns.size();
  const Tensor encoded = empty({static_cast<int64_t>(rows), static_cast<int64_t>(width)}, {int64});
  for (size_t c = 0; c < width; ++c) {
    const size_t column = table.column(columns[c].name);
    const CategoryIndex index = index_of(columns[c].categories);
    int64_t* out = encoded.data<int64_t>() + c;
    for (size_t row = 0; row < rows; ++row, out += width) {
      const auto found = index.find(table.text(row, column));
      if (found == index.end()) {
        throw table.located(unknown_text("there was no such category in the training data", table.text(row, column),
                                         columns[c].categories),
                            row, column);
      }
      *out = found->second;
    }
  }
  return encoded;
}

// (rows, columns) float32
Tensor encode_continuous(const Table& table, const std::vector<ContinuousColumn>& columns) {
  const size_t rows = table.rows(), width = columns.size();
  const Tensor encoded = empty({static_cast<int64_t>(rows), static_cast<int64_t>(width)});
  for (size_t c = 0; c < width; ++c) {
    const size_t column = table.column(columns[c].name);
    float* out = encoded.data<float>() + c;
    for (size_t row = 0; row < rows; ++row, out += width)
      *out = static_cast<float>((table.number(row, column) - columns[c].mean) / columns[c].scale);
  }
  return encoded;
}

// (rows) float32
Tensor encode_target(const Table& table, const TargetColumn& target) {
  const size_t column = table.column(target.name);
  const Tensor encoded = empty({static_cast<int64_t>(table.rows())});
  float* out = encoded.data<float>();
  for (size_t row = 0; row < table.rows(); ++row) {
    const std::string_view text = table.text(row, column);
    if (target.task == Task::regression)
      out[row] = static_cast<float>(table.number(row, column));
    else if (text == target.positive)
      out[row] = 1;
    else if (text == target.negative)
      out[row] = 0;
    else
      throw table.located(
          unknown_text("there was no such target in the training data", text, {target.negative, target.positive}), row,
          column);
  }
  return encoded;
}

}  // namespace

Encoded Encoder::encode(const Table& table, bool with_target) const {
  return {encode_categorical(table, categorical_), encode_continuous(table, continuous_),
          with_target ? encode_target(table, target_) : Tensor()};
}

}  // namespace okibi::tabular
