// The starts and gradients of tests/golden/make_optim_golden.py.
#pragma once

#include <gtest/gtest.h>
#include <okibi/optim.h>

#include <cmath>
#include <vector>

#include "by_name.h"

namespace okibi::samples {

inline Tensor start(const Dims& sizes, DType dtype) {
  const int64_t count = empty(sizes).numel();
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i * 29 % 41 - 20) / 16);
  return tensor(numbers).to(dtype).reshape(sizes).clone().requires_grad_();
}

inline Tensor gradient(const Dims& sizes, int64_t step, DType dtype) {
  const int64_t count = empty(sizes).numel();
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) {
    numbers.push_back(static_cast<double>((i * 37 + step * 101 + i * step % 13 * 17) % 201 - 100) / 64);
  }
  return tensor(numbers).to(dtype).reshape(sizes);
}

// Rows of six, some several times; in some steps none.
inline std::vector<int64_t> touched(int64_t step) {
  std::vector<int64_t> rows;
  for (int64_t k = 0; k < 4 && step % 17 != 5; ++k) rows.push_back((step * step + 3 * k + k * k * step) % 6);
  return rows;
}

inline Tensor sparse_gradient(int64_t step, DType dtype) {
  const std::vector<int64_t> rows = touched(step);
  const auto count = static_cast<int64_t>(rows.size());
  return sparse_coo_tensor(tensor(rows).reshape({1, count}), gradient({count, 2}, step, dtype), {6, 2});
}

inline void expect_near(const std::vector<double>& own, const List& expected, double tolerance) {
  ASSERT_EQ(own.size(), expected.size());
  for (size_t i = 0; i < own.size(); ++i) {
    const double number = expected[i].to_double();
    EXPECT_NEAR(own[i], number, tolerance * (1 + std::abs(number))) << "element " << i;
  }
}

}  // namespace okibi::samples
