#include "kernels/depthwise.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kernels/samples.h"

namespace okibi::kernels {
namespace {

// One output after the other, as the definition says it.
template <class T>
std::vector<T> convolved(const Convolution& c, const std::vector<T>& x, const std::vector<T>& weight, const T* bias) {
  std::vector<T> out;
  for (int64_t channel = 0; channel < c.batch * c.filters; ++channel) {
    const int64_t filter = channel % c.filters, from = channel / c.group_filters();
    for (int64_t place = 0; place < c.out.size(); ++place) {
      const int64_t z = place / c.out.width / c.out.height, y = place / c.out.width % c.out.height,
                    across = place % c.out.width;
      double sum = bias ? static_cast<double>(bias[filter]) : 0;
      for (int64_t k = 0; k < c.kernel.size(); ++k) {
        const int64_t kz = k / c.kernel.width / c.kernel.height, ky = k / c.kernel.width % c.kernel.height,
                      kx = k % c.kernel.width;
        const int64_t at_z = z * c.stride.depth + kz * c.dilation.depth - c.padding.depth,
                      at_y = y * c.stride.height + ky * c.dilation.height - c.padding.height,
                      at_x = across * c.stride.width + kx * c.dilation.width - c.padding.width;
        const bool inside =
            at_z >= 0 && at_z < c.in.depth && at_y >= 0 && at_y < c.in.height && at_x >= 0 && at_x < c.in.width;
        if (!inside) continue;
        const int64_t at = ((from * c.in.depth + at_z) * c.in.height + at_y) * c.in.width + at_x;
        sum += static_cast<double>(x[static_cast<size_t>(at)]) *
               static_cast<double>(weight[static_cast<size_t>(filter * c.kernel.size() + k)]);
      }
      out.push_back(static_cast<T>(sum));
    }
  }
  return out;
}

// Small whole numbers, whose sums are exact in any order.
template <class T>
std::vector<T> numbers(int64_t count, int64_t seed) {
  std::vector<T> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(static_cast<T>((i * 7919 + seed * 104729) % 17 - 8));
  return all;
}

int64_t outputs(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  return (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

Convolution described(Convolution c) {
  const auto along = [&](int64_t Convolution::Box::*d) {
    return outputs(c.in.*d, c.kernel.*d, c.stride.*d, c.padding.*d, c.dilation.*d);
  };
  c.out = {along(&Convolution::Box::depth), along(&Convolution::Box::height), along(&Convolution::Box::width)};
  return c;
}

template <class T>
void expect_as_defined(const Convolution& c) {
  ASSERT_TRUE(is_depthwise(c));
  const auto x = numbers<T>(c.batch * c.channels * c.in.size(), 1), weight = numbers<T>(c.filters * c.kernel.size(), 2),
             bias = numbers<T>(c.filters, 3);
  std::vector<T> out(static_cast<size_t>(c.batch * c.filters * c.out.size()), T(99));
  convolve_depthwise(c, x.data(), weight.data(), bias.data(), out.data());
  EXPECT_EQ(out, convolved(c, x, weight, bias.data()));
  convolve_depthwise<T>(c, x.data(), weight.data(), nullptr, out.data());
  EXPECT_EQ(out, convolved<T>(c, x, weight, nullptr));
}

void expect_as_defined_for_many_sizes() {
  for (const int64_t width : {1, 5, 7, 16, 33, 70}) {
    for (const int64_t kernel : {1, 2, 3, 5}) {
      for (const int64_t stride : {1, 2, 3, 7}) {
        for (const int64_t padding : {0, 1, 2, 4}) {
          for (const int64_t dilation : {1, 2}) {
            if (dilation * (kernel - 1) + 1 > width + 2 * padding) continue;
            const Convolution c{
                2, 3, 6, 3, {1, 9, width}, {1, 3, kernel}, {}, {1, 2, stride}, {0, 1, padding}, {1, 1, dilation}};
            SCOPED_TRACE(testing::Message()
                         << width << ' ' << kernel << ' ' << stride << ' ' << padding << ' ' << dilation);
            expect_as_defined<float>(described(c));
            expect_as_defined<double>(described(c));
          }
        }
      }
    }
  }
}

TEST(Depthwise, IsWhatTheDefinitionSaysOnEachKindOfCpu) {
  samples::on_every_cpu(true, [](const char* target) {
    SCOPED_TRACE(target);
    expect_as_defined_for_many_sizes();
  });
}

TEST(Depthwise, TakesBoxes) {
  expect_as_defined<float>(described({1, 2, 2, 2, {5, 6, 7}, {2, 3, 3}, {}, {2, 1, 2}, {1, 2, 1}, {2, 1, 1}}));
}

// A program may ask for a padding of a thousand million, and steps as wide.
TEST(Depthwise, IsNotForPaddingThatIsMuchLargerThanTheRest) {
  constexpr int64_t wide = 1 << 30;
  const Convolution c{1, 1, 1, 1, {1, 1, 4}, {1, 1, 1}, {1, 1, 3}, {1, 1, wide}, {0, 0, wide}, {1, 1, 1}};
  EXPECT_FALSE(is_depthwise(c));
  EXPECT_FALSE(
      is_depthwise(described({1, 1, 1, 1, {1, 2000, 2000}, {1, 1, 1}, {}, {1, 1, 13500}, {0, 0, 0}, {1, 1, 1}})));
  EXPECT_FALSE(is_depthwise({1, 2, 2, 1, {1, 4, 4}, {1, 1, 1}, {1, 4, 4}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}}));
}

// Each thread lays channels out in memory of its own.
TEST(Depthwise, OfManyChannelsIsSharedByThreads) {
  expect_as_defined<float>(described({2, 64, 64, 64, {1, 80, 90}, {1, 3, 3}, {}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}}));
}

}  // namespace
}  // namespace okibi::kernels
