// One pool for parallel_for, OpenMP and BLAS.
#include <gtest/gtest.h>
#include <okibi/base.h>
#include <omp.h>

#include "base/parallel.h"
#include "kernels/reference.h"
#include "kernels/samples.h"

namespace okibi {
namespace {

// Puts back what a test changes for the whole process.
struct UseThreads : testing::Test {
  ~UseThreads() override {
    kernels::use_threads(before);
    parallel::set_backend(nullptr);
  }
  const int before = num_threads();
};

TEST_F(UseThreads, RunsParallelForInAnOpenMpTeam) {
  kernels::use_threads(2);
  EXPECT_EQ(num_threads(), 2);
  EXPECT_EQ(omp_get_max_threads(), 2);
  std::array<int, 2> team_sizes{};
  parallel_for(0, 2, 1,
               [&](int64_t first, int64_t) { team_sizes[static_cast<size_t>(first)] = omp_get_num_threads(); });
  EXPECT_EQ(team_sizes, (std::array<int, 2>{2, 2}));
}

TEST_F(UseThreads, GivesTheSameBitsInEveryRun) {
  constexpr int64_t m = 700, n = 650, k = 600;  // one that BLAS does
  const auto x = samples::normal<float>(m * k), weight = samples::normal<float>(n * k, 2);
  for (const int threads : {1, 2}) {
    kernels::use_threads(threads);
    std::vector<float> first(m * n), again(m * n);
    kernels::linear<float>(m, n, k, x.data(), weight.data(), nullptr, first.data());
    for (int run = 0; run < 5; ++run) {
      kernels::linear<float>(m, n, k, x.data(), weight.data(), nullptr, again.data());
      ASSERT_TRUE(samples::same_bits(first, again)) << threads << " threads, run " << run;
    }
  }
}

}  // namespace
}  // namespace okibi
