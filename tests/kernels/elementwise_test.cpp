// Elementwise loops, losses and sums against their plain references, as every kind of CPU.
#include <gtest/gtest.h>

#include <limits>

#include "kernels/reference.h"
#include "kernels/samples.h"

namespace okibi {
namespace {

using samples::normal;

constexpr kernels::PairLoss bce_with_logits = {kernels::PairLoss::bce_with_logits};

template <class T>
struct Elementwise : testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Elementwise, Types);

constexpr int64_t lengths[] = {0, 1, 3, 4, 7, 15, 16, 17, 33, 64, 100};

// Compares kernel(n, out) with one(i) at every i, for every length, and sees that nothing past n is written.
template <class T, class Kernel, class One>
void expect_each(bool also_without_fma, Kernel kernel, One one) {
  samples::on_every_cpu(also_without_fma, [&](const char* cpu) {
    for (const int64_t n : lengths) {
      std::vector<T> out(static_cast<size_t>(n + 8), T(42)), expected = out;
      kernel(n, out.data());
      for (int64_t i = 0; i < n; ++i) expected[static_cast<size_t>(i)] = one(static_cast<size_t>(i));
      EXPECT_TRUE(samples::same_bits(out, expected)) << n << " elements, " << cpu;
    }
  });
}

TYPED_TEST(Elementwise, ArithmeticIsThatOfPlainLoops) {
  using T = TypeParam;
  const auto a = normal<T>(100), b = normal<T>(100, 2);
  const T alpha = T(-0.3);
  expect_each<T>(
      false, [&](int64_t n, T* out) { kernels::add(n, a.data(), b.data(), alpha, out); },
      [&](size_t i) { return std::fma(alpha, b[i], a[i]); });
  expect_each<T>(
      false, [&](int64_t n, T* out) { kernels::sub(n, a.data(), b.data(), alpha, out); },
      [&](size_t i) { return std::fma(-alpha, b[i], a[i]); });
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::add(n, a.data(), b.data(), T(1), out); },
      [&](size_t i) { return a[i] + b[i]; });
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::mul(n, a.data(), b.data(), out); },
      [&](size_t i) { return a[i] * b[i]; });
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::div(n, a.data(), b.data(), out); },
      [&](size_t i) { return a[i] / b[i]; });
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::scale(n, a.data(), alpha, out); },
      [&](size_t i) { return a[i] * alpha; });
  expect_each<T>(
      true,
      [&](int64_t n, T* out) {
        kernels::pair_loss<T>(n, {kernels::PairLoss::squared}, a.data(), b.data(), nullptr, out);
      },
      [&](size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); });
}

TYPED_TEST(Elementwise, ReluKeepsNanAndMinusZero) {
  using T = TypeParam;
  auto x = normal<T>(100);
  x[3] = std::numeric_limits<T>::quiet_NaN();
  x[17] = -T(0);
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::relu(n, x.data(), out); },
      [&](size_t i) { return x[i] < 0 ? T(0) : x[i]; });
  const auto grad = normal<T>(100, 2);
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::relu_backward(n, grad.data(), x.data(), out); },
      [&](size_t i) { return x[i] > 0 ? grad[i] : T(0); });
}

TYPED_TEST(Elementwise, MasksAndSigmoidsGradient) {
  using T = TypeParam;
  const auto x = normal<T>(100), y = normal<T>(100, 2);
  std::array<bool, 100> mask;
  Generator(5).bernoulli(mask, 0.7);
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::apply_mask(n, x.data(), mask.data(), T(1.25), out); },
      [&](size_t i) { return mask[i] ? x[i] * T(1.25) : T(0); });
  expect_each<T>(
      true, [&](int64_t n, T* out) { kernels::sigmoid_backward(n, x.data(), y.data(), out); },
      [&](size_t i) { return x[i] * (1 - y[i]) * y[i]; });
}

TYPED_TEST(Elementwise, OutMayBeAnInput) {
  using T = TypeParam;
  const auto a = normal<T>(35), b = normal<T>(35, 2);
  auto in_place = a, apart = a;
  kernels::mul<T>(35, a.data(), b.data(), apart.data());
  kernels::mul<T>(35, in_place.data(), b.data(), in_place.data());
  EXPECT_EQ(in_place, apart);
}

// From where exp underflows to where it overflows, and finely around 0.
template <class T>
std::vector<T> arguments() {
  std::vector<T> x;
  for (int i = -4000; i <= 4000; ++i) {
    x.push_back(static_cast<T>(i) * T(0.02317));
    x.push_back(static_cast<T>(i) * T(0.0003171));
  }
  return x;
}

TYPED_TEST(Elementwise, SigmoidIsWithinTwoUnitsInTheLastPlace) {
  using T = TypeParam;
  const auto x = arguments<T>();
  samples::on_every_cpu(true, [&](const char* cpu) {
    std::vector<T> out(x.size());
    kernels::sigmoid<T>(static_cast<int64_t>(x.size()), x.data(), out.data());
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = 1 / (1 + std::exp(-static_cast<long double>(x[i])));
      if (exact < std::numeric_limits<T>::min()) {
        EXPECT_LE(out[i], std::numeric_limits<T>::min());
      } else {
        worst = std::max(worst, samples::ulps(out[i], exact));
      }
    }
    EXPECT_LE(worst, 2.0) << cpu;
  });
}

// The logarithm alone: with a target of 0 and x < 0 the loss is log(1 + exp(x)).
TYPED_TEST(Elementwise, SoftplusIsWithinTwoUnitsInTheLastPlace) {
  using T = TypeParam;
  auto x = arguments<T>();
  for (T& value : x) value = -std::abs(value);
  const std::vector<T> target(x.size());
  samples::on_every_cpu(true, [&](const char* cpu) {
    std::vector<T> out(x.size());
    const auto n = static_cast<int64_t>(x.size());
    kernels::pair_loss<T>(n, bce_with_logits, x.data(), target.data(), nullptr, out.data());
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = std::log1p(std::exp(static_cast<long double>(x[i])));
      if (exact < std::numeric_limits<T>::min()) continue;
      worst = std::max(worst, samples::ulps(out[i], exact));
    }
    EXPECT_LE(worst, 2.0) << cpu;
  });
}

TYPED_TEST(Elementwise, LossAndItsGradientAreCloseToTheExactOnes) {
  using T = TypeParam;
  const auto x = arguments<T>();
  std::vector<T> y(x.size()), loss(x.size()), grad(x.size());
  for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<T>(i % 3) / 2;
  const auto n = static_cast<int64_t>(x.size());
  kernels::pair_loss<T>(n, bce_with_logits, x.data(), y.data(), nullptr, loss.data());
  kernels::pair_loss_by_input<T>(n, bce_with_logits, x.data(), y.data(), nullptr, grad.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const long double z = x[i], exact = std::max(z, 0.0L) - z * y[i] + std::log1p(std::exp(-std::abs(z)));
    const double size = std::abs(static_cast<double>(z)) + 1;
    EXPECT_NEAR(loss[i], static_cast<double>(exact), 3 * size * std::numeric_limits<T>::epsilon());
    EXPECT_NEAR(grad[i], static_cast<double>(1 / (1 + std::exp(-z)) - y[i]), 3 * std::numeric_limits<T>::epsilon());
  }
}

TYPED_TEST(Elementwise, ExtremesOfSigmoidAndLoss) {
  using T = TypeParam;
  constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> x{infinity, -infinity, T(1e30), T(-1e30), nan, 0}, zeros(6);
  samples::on_every_cpu(true, [&](const char* cpu) {
    SCOPED_TRACE(cpu);
    std::vector<T> out(6);
    kernels::sigmoid<T>(6, x.data(), out.data());
    EXPECT_EQ(std::vector<T>(out.begin(), out.begin() + 4), (std::vector<T>{1, 0, 1, 0}));
    EXPECT_TRUE(std::isnan(out[4]));
    EXPECT_EQ(out[5], T(0.5));
    kernels::pair_loss<T>(4, bce_with_logits, x.data() + 2, zeros.data(), nullptr, out.data());
    EXPECT_EQ(out[0], T(1e30));
    EXPECT_EQ(out[1], 0);
    EXPECT_TRUE(std::isnan(out[2]));
    EXPECT_NEAR(out[3], std::log(2.0), 1e-7);
  });
}

TYPED_TEST(Elementwise, SumsHaveTheSameBitsOnEveryCpu) {
  using T = TypeParam;
  for (const int64_t n : {0, 1, 5, 15, 16, 17, 31, 1000, 1024, 1025, 40000}) {
    const auto x = normal<T>(n);
    samples::on_every_cpu(true, [&](const char* cpu) {
      EXPECT_EQ(kernels::sum(n, x.data()), reference::sum(n, x.data())) << n << " elements, " << cpu;
    });
  }
}

TYPED_TEST(Elementwise, SumRowsAddsUpEveryColumn) {
  using T = TypeParam;
  for (const int64_t rows : {0, 1, 64, 700, 3000}) {
    for (const int64_t columns : {1, 2, 8, 31, 64, 100}) {
      const auto x = normal<T>(rows * columns);
      samples::on_every_cpu(true, [&](const char* cpu) {
        std::vector<T> out(static_cast<size_t>(columns + 1), T(42));
        kernels::sum_rows(rows, columns, x.data(), out.data());
        EXPECT_EQ(out.back(), T(42));
        for (int64_t column = 0; column < columns; ++column) {
          long double exact = 0;
          for (int64_t row = 0; row < rows; ++row) exact += x[static_cast<size_t>(row * columns + column)];
          const double tolerance = static_cast<double>(rows + 1) * std::numeric_limits<T>::epsilon();
          EXPECT_NEAR(out[static_cast<size_t>(column)], static_cast<double>(exact), tolerance) << cpu;
        }
      });
    }
  }
}

}  // namespace
}  // namespace okibi
