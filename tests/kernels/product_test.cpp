// Matrix products of every shape that could trip a tile, as every kind of CPU.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <okibi/base.h>

#include <limits>

#include "kernels/reference.h"
#include "kernels/samples.h"

namespace okibi {
namespace {

using samples::normal;

template <class T>
struct Product : testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Product, Types);

struct Shape {
  int64_t m, n, k;
};
constexpr Shape shapes[] = {{1, 1, 1},    {3, 5, 7},    {64, 64, 20},  {64, 32, 64},  {64, 1, 32},
                            {64, 20, 64}, {20, 64, 64}, {17, 33, 31},  {9, 130, 3},   {2, 3, 300},
                            {1, 16, 64},  {13, 1, 1},   {70, 15, 128}, {33, 64, 129}, {40, 256, 5}};

template <class T>
std::string describe(const Shape& s, bool ta, bool tb, T beta, const std::string& cpu) {
  return fmt::format("{}x{}x{}, transposed {} {}, beta {}, {}", s.m, s.n, s.k, ta, tb, beta, cpu);
}

// Each of the k additions may round, and the running sum grows slower than k.
template <class T>
void expect_close(const std::vector<T>& found, const std::vector<T>& exact, int64_t k) {
  const double tolerance = std::numeric_limits<T>::epsilon() * (4 * static_cast<double>(k) + 16);
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], exact[i], tolerance) << "element " << i;
}

TYPED_TEST(Product, GemmIsCloseToTheExactSum) {
  using T = TypeParam;
  samples::on_every_cpu(true, [](const char* cpu) {
    for (const Shape& s : shapes) {
      for (const int flags : {0, 1, 2, 3}) {
        for (const T beta : {T(0), T(1), T(0.5)}) {
          const bool ta = (flags & 1) != 0, tb = (flags & 2) != 0;
          SCOPED_TRACE(describe(s, ta, tb, beta, cpu));
          const int64_t lda = (ta ? s.m : s.k) + 2, ldb = (tb ? s.k : s.n) + 3, ldc = s.n + 1;
          const auto a = normal<T>((ta ? s.k : s.m) * lda), b = normal<T>((tb ? s.n : s.k) * ldb, 2);
          auto c = normal<T>(s.m * ldc, 3), exact = c;
          kernels::gemm(ta, tb, s.m, s.n, s.k, a.data(), lda, b.data(), ldb, beta, c.data(), ldc);
          reference::gemm(ta, tb, s.m, s.n, s.k, a.data(), lda, b.data(), ldb, beta, exact.data(), ldc);
          expect_close(c, exact, s.k);  // and the columns between n and ldc are as they were
        }
      }
    }
  });
}

TYPED_TEST(Product, LinearIsTheChainOfFusedAdditionsOnEveryCpuThatFuses) {
  using T = TypeParam;
  samples::on_every_cpu(false, [](const char* cpu) {
    for (const Shape& s : shapes) {
      if (s.n == 1) continue;  // sums of 16, not a chain
      SCOPED_TRACE(describe(s, false, true, T(0), cpu));
      const auto x = normal<T>(s.m * s.k), weight = normal<T>(s.n * s.k, 2), bias = normal<T>(s.n, 3);
      std::vector<T> out(static_cast<size_t>(s.m * s.n)), plain = out, expected, expected_plain;
      kernels::linear<T>(s.m, s.n, s.k, x.data(), weight.data(), bias.data(), out.data());
      kernels::linear<T>(s.m, s.n, s.k, x.data(), weight.data(), nullptr, plain.data());
      for (int64_t i = 0; i < s.m * s.n; ++i) {
        const int64_t row = i / s.n, column = i % s.n;
        const T *from = x.data() + row * s.k, *by = weight.data() + column * s.k;
        expected.push_back(reference::chained_dot(s.k, from, 1, by, 1, bias[static_cast<size_t>(column)]));
        expected_plain.push_back(reference::chained_dot(s.k, from, 1, by, 1, T(0)));
      }
      ASSERT_TRUE(samples::same_bits(out, expected));
      ASSERT_TRUE(samples::same_bits(plain, expected_plain));
    }
  });
}

TYPED_TEST(Product, OneColumnHasTheSameBitsOnEveryCpuThatFuses) {
  using T = TypeParam;
  constexpr int64_t m = 5;
  for (const int64_t k : {0, 1, 15, 16, 17, 32, 100}) {
    const auto x = normal<T>(m * k), weight = normal<T>(k, 2), bias = normal<T>(1, 3);
    std::vector<T> first, exact(m);
    reference::gemm<T>(false, true, m, 1, k, x.data(), k, weight.data(), k, 0, exact.data(), 1);
    for (T& value : exact) value += bias[0];
    samples::on_every_cpu(false, [&](const char* cpu) {
      std::vector<T> out(m);
      kernels::linear(m, 1, k, x.data(), weight.data(), bias.data(), out.data());
      if (first.empty()) first = out;
      EXPECT_TRUE(samples::same_bits(out, first)) << "k " << k << ", " << cpu;
    });
    expect_close(first, exact, k);
  }
}

TYPED_TEST(Product, LargeOnesAgreeTooWhoeverDoesThem) {
  using T = TypeParam;
  for (const Shape& s : {Shape{300, 700, 650}, Shape{130, 200, 6000}, Shape{5000, 20, 64}, Shape{64, 20, 5000}}) {
    const auto a = normal<T>(s.m * s.k), b = normal<T>(s.n * s.k, 2), bias = normal<T>(s.n, 3);
    std::vector<T> out(static_cast<size_t>(s.m * s.n));
    kernels::linear(s.m, s.n, s.k, a.data(), b.data(), bias.data(), out.data());
    for (int64_t i = 0; i < s.m * s.n; i += 997) {
      T exact = bias[static_cast<size_t>(i % s.n)];
      reference::gemm<T>(false, true, 1, 1, s.k, a.data() + i / s.n * s.k, s.k, b.data() + i % s.n * s.k, s.k, 1,
                         &exact, 1);
      ASSERT_NEAR(out[static_cast<size_t>(i)], exact, 8 * std::sqrt(s.k) * std::numeric_limits<T>::epsilon() * 4);
    }
  }
}

TYPED_TEST(Product, EmptySidesLeaveBiasOrZeros) {
  using T = TypeParam;
  const std::vector<T> bias{1, 2, 3};
  std::vector<T> out(6, T(9)), expected{1, 2, 3, 1, 2, 3};
  kernels::linear<T>(2, 3, 0, bias.data(), bias.data(), bias.data(), out.data());
  EXPECT_EQ(out, expected);
  kernels::gemm<T>(false, false, 2, 3, 0, bias.data(), 1, bias.data(), 3, 0, out.data(), 3);
  EXPECT_EQ(out, std::vector<T>(6));
  kernels::linear<T>(0, 3, 2, bias.data(), bias.data(), bias.data(), out.data());
  kernels::linear<T>(2, 0, 2, bias.data(), bias.data(), bias.data(), out.data());
  EXPECT_EQ(out, std::vector<T>(6));
}

TYPED_TEST(Product, BetaZeroDoesNotReadWhatWasThere) {
  using T = TypeParam;
  const auto a = normal<T>(6), b = normal<T>(6);
  std::vector<T> c(9, std::numeric_limits<T>::quiet_NaN());
  kernels::gemm<T>(false, false, 3, 3, 2, a.data(), 2, b.data(), 3, 0, c.data(), 3);
  for (const T value : c) EXPECT_FALSE(std::isnan(value));
}

TYPED_TEST(Product, HasTheSameBitsWithOneThreadAndWithTwo) {
  using T = TypeParam;
  const int before = num_threads();
  constexpr int64_t m = 4001, n = 33, k = 70;
  const auto x = normal<T>(m * k), weight = normal<T>(n * k, 2);
  std::vector<T> one(m * n), two(m * n);
  set_num_threads(1);
  kernels::linear<T>(m, n, k, x.data(), weight.data(), nullptr, one.data());
  set_num_threads(2);
  kernels::linear<T>(m, n, k, x.data(), weight.data(), nullptr, two.data());
  set_num_threads(before);
  EXPECT_TRUE(samples::same_bits(one, two));
}

}  // namespace
}  // namespace okibi
