#include "optim/sparse_rows.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace okibi::optim {

void check_rows(const int64_t* rows, int64_t count, int64_t below) {
  for (int64_t i = 0; i < count; ++i) {
    if (rows[i] >= 0 && rows[i] < below) continue;
    throw Error(ErrorKind::bad_argument, "a row lies outside its parameter")
        .at("entry", static_cast<uint64_t>(i))
        .expected("a row below " + std::to_string(below))
        .found(std::to_string(rows[i]));
  }
}

SparseGradient::SparseGradient(const Tensor& gradient)
    : indices(gradient.indices().contiguous()), values(gradient.values().contiguous()), count(indices.size(1)) {
  if (indices.size(0) != 1) {
    throw Error(ErrorKind::unsupported, "okibi's optimizers take gradients that are sparse in their rows alone")
        .expected("indices of sizes [1, n]")
        .found(to_string(indices.sizes()));
  }
  width = count > 0 ? values.numel() / count : 0;
  check_rows(rows(), count, gradient.size(0));
}

namespace {

// -0 is what added to any number leaves that number, also 0.
template <class T>
Tensor added_up(const SparseGradient& gradient, int64_t rows, const Tensor& sums) {
  const std::span<const int64_t> ids(gradient.rows(), static_cast<size_t>(gradient.count));
  std::fill_n(sums.data<T>(), sums.numel(), -T(0));
  kernels::add_rows(ids, gradient.width, 1.0, gradient.values.data<T>(), sums.data<T>());
  const kernels::Scratch<bool> touched(static_cast<size_t>(rows));
  std::fill_n(touched.data(), rows, false);
  for (const int64_t id : ids) touched[static_cast<size_t>(id)] = true;
  const auto count = std::count(touched.data(), touched.data() + rows, true);
  const Tensor indices = empty({1, count}, {int64});
  int64_t* next = indices.data<int64_t>();
  for (int64_t row = 0; row < rows; ++row) {
    if (!touched[static_cast<size_t>(row)]) continue;
    std::copy_n(sums.data<T>() + row * gradient.width, gradient.width,
                sums.data<T>() + (next - indices.data<int64_t>()) * gradient.width);
    *next++ = row;
  }
  return indices;
}

}  // namespace

void SparseGradient::add_up_few(int64_t rows_of_parameter) {
  constexpr int64_t most_numbers = 4096, fewest_entries_a_row = 8;  // sums stay in the nearest cache
  const bool is_few =
      width > 0 && rows_of_parameter <= most_numbers / width && rows_of_parameter <= count / fewest_entries_a_row;
  if (!is_few) return;
  const Tensor sums = empty({rows_of_parameter, width}, {values.dtype()});
  indices = values.dtype() == float32 ? added_up<float>(*this, rows_of_parameter, sums)
                                      : added_up<double>(*this, rows_of_parameter, sums);
  count = indices.size(1);
  values = sums.narrow(0, 0, count);
}

}  // namespace okibi::optim
