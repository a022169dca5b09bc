#include "tabular/batch.h"

#include <algorithm>

namespace okibi::tabular {

Batch::Batch(const Encoded& data, int64_t rows)
    : categorical_(empty({data.categorical.size(1), rows}, {int64}).t()),
      continuous_(empty({rows, data.continuous.size(1)})),
      target_(empty({rows})) {}

void Batch::gather(const Encoded& data, std::span<const int64_t> rows) {
  const int64_t indices = data.categorical.size(1), numbers = data.continuous.size(1);
  const int64_t* from_indices = data.categorical.data<int64_t>();
  const float* from_numbers = data.continuous.data<float>();
  const float* from_target = data.target.data<float>();
  int64_t* to_indices = categorical_.data<int64_t>();
  float* to_numbers = continuous_.data<float>();
  float* to_target = target_.data<float>();
  const auto count = static_cast<int64_t>(rows.size());
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = rows[static_cast<size_t>(i)];
    for (int64_t c = 0; c < indices; ++c) to_indices[c * count + i] = from_indices[row * indices + c];
    std::copy_n(from_numbers + row * numbers, numbers, to_numbers + i * numbers);
    to_target[i] = from_target[row];
  }
}

}  // namespace okibi::tabular
