// Ids grouped by the rows they name.
#include "kernels/row_groups.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "kernels/samples.h"

namespace okibi {
namespace {

using kernels::RowGroups;

// (row, position) of each entry as sorted.
std::vector<std::pair<int64_t, size_t>> entries_of(const RowGroups& groups) {
  std::vector<std::pair<int64_t, size_t>> entries;
  for (size_t i = 0; i < groups.entries(); ++i) entries.emplace_back(groups.row(i), groups.position(i));
  return entries;
}
template <class Index>
std::vector<std::pair<int64_t, size_t>> sorted(const std::vector<Index>& ids, int64_t skip = -1) {
  std::vector<std::pair<int64_t, size_t>> entries;
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != skip) entries.emplace_back(ids[i], i);
  std::ranges::stable_sort(entries, {}, &std::pair<int64_t, size_t>::first);
  return entries;
}

TEST(RowGroups, SortEntriesByRowAndThenByPosition) {
  for (const int64_t rows : {1, 2, 22, 2048, 2049, 100'000, 4'000'000}) {
    const auto ids = samples::ids_below(rows, 5000);
    EXPECT_EQ(entries_of(RowGroups(std::span<const int64_t>(ids), rows)), sorted(ids)) << rows;
    EXPECT_EQ(entries_of(RowGroups(std::span<const int64_t>(ids), rows, ids[17])), sorted(ids, ids[17])) << rows;
  }
}

TEST(RowGroups, RowsMayBeManyMoreThan32BitsCount) {
  const std::vector<int64_t> ids = {int64_t{1} << 40, 3, (int64_t{1} << 45) - 1, 3};
  EXPECT_EQ(entries_of(RowGroups(std::span<const int64_t>(ids), int64_t{1} << 45)), sorted(ids));
}

TEST(RowGroups, NoIdsAreNoEntries) {
  EXPECT_EQ(RowGroups(std::span<const int64_t>(), 0).entries(), 0u);
  const std::vector<int32_t> all_skipped = {2, 2};
  const RowGroups groups(std::span<const int32_t>(all_skipped), 3, 2);
  EXPECT_EQ(groups.entries(), 0u);
  EXPECT_EQ(groups.count_rows(), 0u);
  groups.share_rows(1, [](size_t, size_t) { FAIL(); });
}

TEST(RowGroups, AreTheSameForAnyNumberOfThreadsAndCutNoRow) {
  const int before = num_threads();
  const auto ids = samples::ids_below(3000, 100'000);
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    const RowGroups groups(std::span<const int64_t>(ids), 3000);
    EXPECT_EQ(entries_of(groups), sorted(ids)) << threads;
    std::vector<int> seen(3000);
    groups.share_rows(1000, [&](size_t first, size_t last) {
      groups.for_each_row(first, last, [&](size_t begin, size_t end) {
        ++seen[static_cast<size_t>(groups.row(begin))];
        for (size_t i = begin; i < end; ++i) EXPECT_EQ(groups.row(i), groups.row(begin));
      });
    });
    EXPECT_EQ(static_cast<size_t>(std::accumulate(seen.begin(), seen.end(), 0)), groups.count_rows());
    EXPECT_EQ(*std::ranges::max_element(seen), 1);
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace okibi
