// Optimizer steps: against the plain reference, and against PyTorch 2.15 (tests/golden/make_optimizer_golden.py).
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/reference.h"
#include "kernels/samples.h"
#include "kernels/split.h"
#include "kernels/touched_rows.h"

namespace okibi {
namespace {

using nlohmann::json;
using samples::normal;

template <class T>
struct Optimizers : testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Optimizers, Types);

constexpr kernels::SgdStep sgd_steps[] = {{0.1, 0, 0, 0, false, false, false},
                                          {0.1, 0, 0, 0.01, false, true, false},
                                          {0.1, 0.9, 0.2, 0.01, false, false, true},
                                          {0.1, 0.9, 0.2, 0.01, false, false, false},
                                          {0.1, 0.9, 0, 0, true, false, false}};

TYPED_TEST(Optimizers, SgdIsThePlainLoopOnEveryCpuThatFuses) {
  using T = TypeParam;
  samples::on_every_cpu(false, [](const char* cpu) {
    for (const auto& step : sgd_steps) {
      for (const int64_t n : {0, 1, 7, 16, 37, 200}) {
        const auto grad = normal<T>(n);
        auto buffer = normal<T>(n, 2), parameter = normal<T>(n, 3), buffer2 = buffer, parameter2 = parameter;
        kernels::sgd(n, step, grad.data(), buffer.data(), parameter.data());
        reference::sgd(n, step, grad.data(), buffer2.data(), parameter2.data());
        EXPECT_TRUE(samples::same_bits(buffer, buffer2)) << cpu;
        EXPECT_TRUE(samples::same_bits(parameter, parameter2)) << cpu;
      }
    }
  });
}

TYPED_TEST(Optimizers, SgdWithoutMomentumNeedsNoBuffer) {
  using T = TypeParam;
  const std::vector<T> grad{1, 2, 3};
  std::vector<T> parameter{1, 1, 1};
  kernels::sgd<T>(3, {0.5, 0, 0, 0, false, false, false}, grad.data(), nullptr, parameter.data());
  EXPECT_EQ(parameter, (std::vector<T>{0.5, 0, -0.5}));
}

// Rows that come often, too, and on one thread as on three.
TYPED_TEST(Optimizers, RowsAreAddedOneAfterTheOtherOnEveryCpuThatFuses) {
  using T = TypeParam;
  const int before = num_threads();
  for (const int64_t width : {1, 5, 16, 67}) {
    const int64_t rows = 50, count = 2 * kernels::elementwise_grain / width + 3;
    std::vector<int64_t> ids(static_cast<size_t>(count));
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i * i % 97) % rows;
    const auto grad = normal<T>(count * width), start = normal<T>(rows * width, 2);
    auto expected = start;
    for (size_t i = 0; i < ids.size(); ++i) {
      for (int64_t j = 0; j < width; ++j) {
        T& number = expected[static_cast<size_t>(ids[i] * width + j)];
        number = std::fma(T(-0.01), grad[i * static_cast<size_t>(width) + static_cast<size_t>(j)], number);
      }
    }
    samples::on_every_cpu(false, [&](const char* cpu) {
      for (const int threads : {1, 3}) {
        kernels::use_threads(threads);
        auto table = start;
        kernels::add_rows<T>(ids, width, -0.01, grad.data(), table.data());
        EXPECT_TRUE(samples::same_bits(table, expected)) << cpu << ", " << threads << " threads";
      }
      kernels::use_threads(before);
    });
  }
}

// A table with two states, stepped by entries that name some rows often.
template <class T>
struct Table {
  static constexpr int64_t rows = 40;
  explicit Table(int64_t w)
      : width(w), parameter(normal<T>(rows * w, 2)), first(normal<T>(rows * w, 3)), second(normal<T>(rows * w, 4)) {
    for (T& value : second) value = value * value + 9;
  }
  int64_t width;
  std::vector<T> parameter, first, second;
  T* at(std::vector<T>& array, int64_t row) const { return array.data() + row * width; }
};

// all_rows(touched rows, table) does what one_row(row, its gradient, table) does for each row that is touched.
template <class T, class AllRows, class OneRow>
void expect_rows(const AllRows& all_rows, const OneRow& one_row) {
  const std::vector<int64_t> ids = {3, 39, 0, 3, 7, 3, 12, 39, 5, 38, 3, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 3};
  const kernels::RowGroups groups(std::span<const int64_t>(ids), Table<T>::rows);
  for (const int64_t width : {1, 7, 16, 64, 67, 130}) {
    const auto grad = normal<T>(static_cast<int64_t>(ids.size()) * width);
    samples::on_every_cpu(false, [&](const char* cpu) {
      Table<T> table(width), expected(width);
      all_rows({.groups = groups, .first = 0, .last = groups.entries(), .width = width, .gradient = grad.data()},
               table);
      groups.for_each_row(0, groups.entries(), [&](size_t begin, size_t end) {
        const auto of = [&](size_t entry) {
          return grad.begin() + static_cast<int64_t>(groups.position(entry)) * width;
        };
        std::vector<T> sum(of(begin), of(begin) + width);
        for (size_t entry = begin + 1; entry < end; ++entry) {
          std::transform(sum.begin(), sum.end(), of(entry), sum.begin(), std::plus());
        }
        one_row(groups.row(begin), sum.data(), expected);
      });
      EXPECT_TRUE(samples::same_bits(table.parameter, expected.parameter)) << cpu << ", width " << width;
      EXPECT_TRUE(samples::same_bits(table.first, expected.first)) << cpu << ", width " << width;
      EXPECT_TRUE(samples::same_bits(table.second, expected.second)) << cpu << ", width " << width;
    });
  }
}

TYPED_TEST(Optimizers, TouchedRowsAreSteppedAsRowsByThemselves) {
  using T = TypeParam;
  using Rows = kernels::TouchedRows<T>;
  constexpr kernels::SgdStep sgd = {0.1, 0.9, 0, 0.01, true, false, false};
  expect_rows<T>(
      [&](const Rows& rows, Table<T>& t) { kernels::sgd_rows(rows, sgd, t.first.data(), t.parameter.data()); },
      [&](int64_t row, const T* grad, Table<T>& t) {
        kernels::sgd(t.width, sgd, grad, t.at(t.first, row), t.at(t.parameter, row));
      });
  constexpr kernels::AdamStep adam = {1e-3, 0.9, 0.999, 1e-8, 0.01, 0.1, 0.03, false, true};
  expect_rows<T>(
      [&](const Rows& rows, Table<T>& t) {
        kernels::adam_rows<T>(rows, adam, t.first.data(), t.second.data(), nullptr, t.parameter.data());
      },
      [&](int64_t row, const T* grad, Table<T>& t) {
        kernels::adam<T>(t.width, adam, grad, t.at(t.first, row), t.at(t.second, row), nullptr, t.at(t.parameter, row));
      });
  expect_rows<T>(
      [&](const Rows& rows, Table<T>& t) {
        kernels::sparse_adam_rows(rows, adam, t.first.data(), t.second.data(), t.parameter.data());
      },
      [&](int64_t row, const T* grad, Table<T>& t) {
        kernels::sparse_adam(t.width, adam, grad, t.at(t.first, row), t.at(t.second, row), t.at(t.parameter, row));
      });
  constexpr kernels::AdagradStep adagrad = {0.1, 1e-10, 0, false, true};
  expect_rows<T>(
      [&](const Rows& rows, Table<T>& t) { kernels::adagrad_rows(rows, adagrad, t.second.data(), t.parameter.data()); },
      [&](int64_t row, const T* grad, Table<T>& t) {
        kernels::adagrad(t.width, adagrad, grad, t.at(t.second, row), t.at(t.parameter, row));
      });
  constexpr kernels::RmspropStep rmsprop = {0.01, 0.99, 1e-8, 0.01, 0.9, false};
  expect_rows<T>(
      [&](const Rows& rows, Table<T>& t) {
        kernels::rmsprop_rows<T>(rows, rmsprop, t.second.data(), t.first.data(), nullptr, t.parameter.data());
      },
      [&](int64_t row, const T* grad, Table<T>& t) {
        kernels::rmsprop<T>(t.width, rmsprop, grad, t.at(t.second, row), t.at(t.first, row), nullptr,
                            t.at(t.parameter, row));
      });
  expect_rows<T>(
      [&](const Rows& rows, Table<T>& t) {
        kernels::rowwise_adagrad_rows(rows, adagrad, t.second.data(), t.parameter.data());
      },
      [&](int64_t row, const T* grad, Table<T>& t) {
        kernels::rowwise_adagrad(1, t.width, adagrad, grad, t.second.data() + row, t.at(t.parameter, row));
      });
}

// Arrays of n elements each: the gradient, and what the step changes. The first state is any numbers, the others are
// squares, large enough for the variance of RMSprop.
template <class T>
struct Arrays {
  explicit Arrays(int64_t n)
      : grad(normal<T>(n)), state{normal<T>(n, 2), normal<T>(n, 3), normal<T>(n, 4)}, parameter(normal<T>(n, 5)) {
    for (size_t k = 1; k < 3; ++k) {
      for (T& value : state[k]) value = value * value + 9;
    }
  }
  std::vector<T> grad, state[3], parameter;
};

// What both make of the same arrays must have the same bits, on every kind of CPU.
template <class T, class Kernel, class Reference>
void expect_same(const Kernel& kernel, const Reference& reference) {
  samples::on_every_cpu(false, [&](const char* cpu) {
    for (const int64_t n : {0, 1, 7, 16, 37, 3600}) {
      Arrays<T> a(n), b(n);
      kernel(n, a);
      reference(n, b);
      for (size_t k = 0; k < 3; ++k) EXPECT_TRUE(samples::same_bits(a.state[k], b.state[k])) << cpu << " state " << k;
      EXPECT_TRUE(samples::same_bits(a.parameter, b.parameter)) << cpu;
    }
  });
}

constexpr kernels::AdamStep adam_steps[] = {{1e-3, 0.9, 0.999, 1e-8, 0, 0.1, 0.03, false},
                                            {1e-2, 0.3, 0.99, 1e-6, 0.05, 0.5, 0.7, true},
                                            {1e-2, 0.9, 0.99, 1e-6, 0.05, 0.5, 0.7, false, true}};

TYPED_TEST(Optimizers, AdamIsThePlainLoopOnEveryCpuThatFuses) {
  using T = TypeParam;
  for (const auto& step : adam_steps) {
    for (const bool amsgrad : {false, true}) {
      const auto with = [&](auto adam) {
        return [&step, amsgrad, adam](int64_t n, Arrays<T>& a) {
          auto& [m, v, most] = a.state;
          adam(n, step, a.grad.data(), m.data(), v.data(), amsgrad ? most.data() : nullptr, a.parameter.data());
        };
      };
      expect_same<T>(with(kernels::adam<T>), with(reference::adam<T>));
    }
    const auto sparse = [&](auto adam) {
      return [&step, adam](int64_t n, Arrays<T>& a) {
        adam(n, step, a.grad.data(), a.state[0].data(), a.state[1].data(), a.parameter.data());
      };
    };
    expect_same<T>(sparse(kernels::sparse_adam<T>), sparse(reference::sparse_adam<T>));
  }
}

constexpr kernels::AdagradStep adagrad_steps[] = {
    {0.1, 1e-10, 0, false}, {0.1, 0.01, 0.05, true}, {0.1, 0, 0, false, true}};

TYPED_TEST(Optimizers, AdagradIsThePlainLoopOnEveryCpuThatFuses) {
  using T = TypeParam;
  for (const auto& step : adagrad_steps) {
    const auto with = [&](auto adagrad) {
      return [&step, adagrad](int64_t n, Arrays<T>& a) {
        adagrad(n, step, a.grad.data(), a.state[1].data(), a.parameter.data());
      };
    };
    expect_same<T>(with(kernels::adagrad<T>), with(reference::adagrad<T>));
  }
}

TYPED_TEST(Optimizers, RowwiseAdagradKeepsOneSumARow) {
  using T = TypeParam;
  for (const auto& step : adagrad_steps) {
    for (const int64_t width : {1, 4, 37, 300}) {
      Arrays<T> a(5 * width), b(5 * width);
      kernels::rowwise_adagrad(5, width, step, a.grad.data(), a.state[1].data(), a.parameter.data());
      reference::rowwise_adagrad(5, width, step, b.grad.data(), b.state[1].data(), b.parameter.data());
      for (size_t i = 0; i < a.parameter.size(); ++i) {
        EXPECT_NEAR(a.state[1][i], b.state[1][i], 1e-6 * b.state[1][i]);
        EXPECT_NEAR(a.parameter[i], b.parameter[i], 1e-6);
      }
    }
  }
}

TYPED_TEST(Optimizers, RmspropIsThePlainLoopOnEveryCpuThatFuses) {
  using T = TypeParam;
  constexpr kernels::RmspropStep steps[] = {{0.01, 0.99, 1e-8, 0, 0.9, false}, {0.01, 0.3, 0.01, 0.05, 0.5, true}};
  for (const auto& step : steps) {
    for (const int arrays : {0, 1, 2, 3}) {  // bits: momentum, centered
      const auto with = [&](auto rmsprop) {
        return [&step, arrays, rmsprop](int64_t n, Arrays<T>& a) {
          rmsprop(n, step, a.grad.data(), a.state[1].data(), (arrays & 1) != 0 ? a.state[2].data() : nullptr,
                  (arrays & 2) != 0 ? a.state[0].data() : nullptr, a.parameter.data());
        };
      };
      expect_same<T>(with(kernels::rmsprop<T>), with(reference::rmsprop<T>));
    }
  }
}

TYPED_TEST(Optimizers, LargeParametersHaveTheSameBitsWithOneThreadAndWithTwo) {
  using T = TypeParam;
  constexpr int64_t n = 100'003;
  const int before = num_threads();
  const auto grad = normal<T>(n);
  std::vector<T> m[2] = {grad, grad}, v[2] = {std::vector<T>(n, 1), std::vector<T>(n, 1)}, parameter[2] = {grad, grad};
  for (const int threads : {1, 2}) {
    const auto i = static_cast<size_t>(threads - 1);
    set_num_threads(threads);
    kernels::adam<T>(n, adam_steps[0], grad.data(), m[i].data(), v[i].data(), nullptr, parameter[i].data());
  }
  set_num_threads(before);
  EXPECT_TRUE(samples::same_bits(m[0], m[1]));
  EXPECT_TRUE(samples::same_bits(v[0], v[1]));
  EXPECT_TRUE(samples::same_bits(parameter[0], parameter[1]));
}

std::vector<float> floats(const json& bits) {
  std::vector<float> values;
  for (const json& each : bits) values.push_back(std::bit_cast<float>(each.get<uint32_t>()));
  return values;
}

json golden(const char* optimizer) {
  std::ifstream file(OKIBI_GOLDEN "/optimizers.json");
  return json::parse(file)[optimizer];
}

TEST(OptimizersGolden, SgdHasPyTorchsBits) {
  const json cases = golden("sgd");
  ASSERT_FALSE(cases.empty());
  for (const json& each : cases) {
    SCOPED_TRACE(each["options"].dump());
    const json& o = each["options"];
    auto parameter = floats(each["start"]);
    std::vector<float> buffer(parameter.size());
    kernels::SgdStep step{.lr = o["lr"],
                          .momentum = o.value("momentum", 0.0),
                          .dampening = o.value("dampening", 0.0),
                          .weight_decay = o.value("weight_decay", 0.0),
                          .nesterov = o.value("nesterov", false),
                          .maximize = o.value("maximize", false),
                          .first = true};
    for (const json& grad : each["grads"]) {
      kernels::sgd(static_cast<int64_t>(buffer.size()), step, floats(grad).data(), buffer.data(), parameter.data());
      step.first = false;
    }
    EXPECT_EQ(parameter, floats(each["parameter"]));
    if (step.momentum == 0) continue;
    EXPECT_EQ(buffer, floats(each["state"]["momentum_buffer"]));
  }
}

// PyTorch's own square root is not always the nearest number, so its parameters are only close; its state is equal.
TEST(OptimizersGolden, AdamsStateHasPyTorchsBits) {
  const json cases = golden("adam");
  ASSERT_FALSE(cases.empty());
  for (const json& each : cases) {
    SCOPED_TRACE(each["options"].dump());
    const json& o = each["options"];
    auto parameter = floats(each["start"]);
    std::vector<float> m(parameter.size()), v(parameter.size());
    const auto betas = o.value("betas", std::array<double, 2>{0.9, 0.999});
    double power1 = 1, power2 = 1;
    for (const json& grad : each["grads"]) {
      power1 *= betas[0];
      power2 *= betas[1];
      const kernels::AdamStep step{.lr = o["lr"],
                                   .beta1 = betas[0],
                                   .beta2 = betas[1],
                                   .eps = o.value("eps", 1e-8),
                                   .weight_decay = o.value("weight_decay", 0.0),
                                   .bias_correction1 = 1 - power1,
                                   .bias_correction2_sqrt = std::sqrt(1 - power2),
                                   .maximize = o.value("maximize", false)};
      kernels::adam<float>(static_cast<int64_t>(m.size()), step, floats(grad).data(), m.data(), v.data(), nullptr,
                           parameter.data());
    }
    if (!o.contains("weight_decay")) {  // with it, the gradient depends on the parameters
      EXPECT_EQ(m, floats(each["state"]["exp_avg"]));
      EXPECT_EQ(v, floats(each["state"]["exp_avg_sq"]));
    }
    const auto expected = floats(each["parameter"]);
    for (size_t i = 0; i < m.size(); ++i) EXPECT_NEAR(parameter[i], expected[i], 3e-7 * (1 + std::abs(expected[i])));
  }
}

}  // namespace
}  // namespace okibi
