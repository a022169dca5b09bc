// Adding gradients to rows of a table.
#include <gtest/gtest.h>
#include <okibi/base.h>

#include "kernels/embedding.h"
#include "kernels/reference.h"
#include "kernels/samples.h"

namespace okibi {
namespace {

using samples::ids_below;
using samples::normal;

TEST(EmbeddingKernel, FindsTheFirstIdOutsideTheTable) {
  const std::vector<int64_t> good{0, 21, 5}, high{0, 22, 23}, low{3, -1};
  EXPECT_EQ(kernels::first_out_of_range<int64_t>(good, 22), -1);
  EXPECT_EQ(kernels::first_out_of_range<int64_t>(high, 22), 1);
  EXPECT_EQ(kernels::first_out_of_range<int64_t>(low, 22), 1);
  EXPECT_EQ(kernels::first_out_of_range<int64_t>({}, 0), -1);
  const std::vector<int32_t> narrow{0, 1, 2};
  EXPECT_EQ(kernels::first_out_of_range<int32_t>(narrow, 2), 2);
}

template <class T>
struct EmbeddingKernelOf : testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(EmbeddingKernelOf, Types);

TYPED_TEST(EmbeddingKernelOf, BackwardAddsInTheOrderOfIds) {
  using T = TypeParam;
  constexpr int64_t rows = 9;
  for (const int64_t dim : {1, 3, 8, 20, 32}) {
    for (const int64_t padding : {-1, 0, 4}) {
      for (const bool by_freq : {false, true}) {
        const auto ids = ids_below(rows, 70);
        const int64_t stride = dim + 2;
        const auto grad = normal<T>(70 * stride);
        auto found = normal<T>(rows * dim, 2), expected = found;
        std::vector<T> share(ids.size());
        kernels::frequency_shares<T, int64_t>(ids, rows, share.data());
        const kernels::EntryGradients<T> entries{.gradient = grad.data(), .stride = stride, .share = by_freq ? share.data() : nullptr};
        kernels::embedding_backward<T, int64_t>(ids, rows, dim, padding, entries, found.data());
        reference::embedding_backward<T, int64_t>(ids, rows, dim, padding, by_freq, grad.data(), stride,
                                                  expected.data());
        EXPECT_TRUE(samples::same_bits(found, expected)) << dim << ' ' << padding << ' ' << by_freq;
      }
    }
  }
}

TYPED_TEST(EmbeddingKernelOf, LargeOnesHaveTheSameBitsWithOneThreadAndWithTwo) {
  using T = TypeParam;
  constexpr int64_t rows = 500, dim = 16, n = 20'000;
  const int before = num_threads();
  const auto ids = ids_below(rows, n);
  const auto grad = normal<T>(n * dim), weight = normal<T>(rows * dim);
  std::vector<T> table[2] = {weight, weight};
  for (const int threads : {1, 2}) {
    const auto i = static_cast<size_t>(threads - 1);
    set_num_threads(threads);
    kernels::embedding_backward<T, int64_t>(ids, rows, dim, 3, {grad.data(), dim}, table[i].data());
  }
  set_num_threads(before);
  EXPECT_TRUE(samples::same_bits(table[0], table[1]));
}

TEST(EmbeddingKernel, NoIdsChangeNothing) {
  std::vector<float> table(6, 1.f);
  kernels::embedding_backward<float, int64_t>({}, 3, 2, -1, {nullptr, 2}, table.data());
  EXPECT_EQ(table, std::vector<float>(6, 1.f));
}

}  // namespace
}  // namespace okibi
