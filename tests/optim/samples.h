// The starts and gradients of tests/golden/make_optim_golden.py, and an optimizer of any class by its name.
#pragma once

#include <gtest/gtest.h>
#include <okibi/optim.h>

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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

using optim::Group;
using Groups = std::vector<Group>;
using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(Groups)>;
inline const std::map<std::string, MakeOptimizer>& optimizers() {
  static const std::map<std::string, MakeOptimizer> all = {
      {"SGD", [](Groups groups) { return std::make_unique<optim::SGD>(std::move(groups)); }},
      {"Adam", [](Groups groups) { return std::make_unique<optim::Adam>(std::move(groups)); }},
      {"AdamW", [](Groups groups) { return std::make_unique<optim::AdamW>(std::move(groups)); }},
      {"SparseAdam", [](Groups groups) { return std::make_unique<optim::SparseAdam>(std::move(groups)); }},
      {"Adagrad", [](Groups groups) { return std::make_unique<optim::Adagrad>(std::move(groups)); }},
      {"RowwiseAdagrad", [](Groups groups) { return std::make_unique<optim::RowwiseAdagrad>(std::move(groups)); }},
      {"RMSprop", [](Groups groups) { return std::make_unique<optim::RMSprop>(std::move(groups)); }},
  };
  return all;
}

inline void expect_near(const std::vector<double>& own, const List& expected, double tolerance) {
  ASSERT_EQ(own.size(), expected.size());
  for (size_t i = 0; i < own.size(); ++i) {
    const double number = expected[i].to_double();
    EXPECT_NEAR(own[i], number, tolerance * (1 + std::abs(number))) << "element " << i;
  }
}

}  // namespace okibi::samples
