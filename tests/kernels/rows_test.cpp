// Moving rows of bytes.
#include <gtest/gtest.h>
#include <okibi/base.h>

#include <algorithm>
#include <numeric>

#include "kernels/kernels.h"
#include "kernels/samples.h"

namespace okibi {
namespace {

using samples::ids_below;
using Bytes = std::vector<std::byte>;

constexpr int64_t widths[] = {0, 1, 3, 4, 8, 16, 20, 32, 64, 400};

Bytes numbered(int64_t count) {
  Bytes bytes(static_cast<size_t>(count));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 % 251);
  return bytes;
}

// What gather_rows must write into `out`.
Bytes gathered(const std::vector<int64_t>& ids, int64_t bytes, const Bytes& table, Bytes out, int64_t stride) {
  for (size_t i = 0; i < ids.size(); ++i) {
    std::copy_n(table.data() + ids[i] * bytes, bytes, out.data() + static_cast<int64_t>(i) * stride);
  }
  return out;
}

TEST(RowsKernel, GathersRowsSideBySideOrApart) {
  constexpr int64_t rows = 23;
  const auto ids = ids_below(rows, 70);
  const std::vector<int32_t> narrow(ids.begin(), ids.end());
  for (const int64_t bytes : widths) {
    for (const int64_t stride : {bytes, bytes + 5}) {
      const Bytes table = numbered(rows * bytes), before(70 * static_cast<size_t>(stride), std::byte{42});
      const Bytes expected = gathered(ids, bytes, table, before, stride);
      Bytes out = before, by_narrow = before;
      kernels::gather_rows<int64_t>(ids, bytes, table.data(), out.data(), stride);
      kernels::gather_rows<int32_t>(narrow, bytes, table.data(), by_narrow.data(), stride);
      EXPECT_EQ(out, expected) << bytes << " bytes, stride " << stride;
      EXPECT_EQ(by_narrow, expected) << bytes << " bytes, stride " << stride;
    }
  }
}

TEST(RowsKernel, CopiesRowsThatLieApart) {
  constexpr int64_t rows = 9;
  std::vector<int64_t> all(rows);
  std::iota(all.begin(), all.end(), int64_t{0});
  for (const int64_t bytes : widths) {
    const Bytes from = numbered(rows * bytes), before(static_cast<size_t>(rows * (bytes + 7)), std::byte{42});
    const Bytes apart = gathered(all, bytes, from, before, bytes + 7);
    Bytes spread = before, back(from.size());
    kernels::copy_rows(rows, bytes, from.data(), bytes, spread.data(), bytes + 7);
    kernels::copy_rows(rows, bytes, spread.data(), bytes + 7, back.data(), bytes);
    EXPECT_EQ(spread, apart) << bytes << " bytes";
    EXPECT_EQ(back, from) << bytes << " bytes";
  }
}

TEST(RowsKernel, SeveralThreadsMoveEveryRow) {
  constexpr int64_t rows = 500, bytes = 64, n = 20'000;
  const int before = num_threads();
  const auto ids = ids_below(rows, n);
  const Bytes table = numbered(rows * bytes);
  set_num_threads(2);
  Bytes out(n * bytes), copy(n * bytes);
  kernels::gather_rows<int64_t>(ids, bytes, table.data(), out.data(), bytes);
  kernels::copy_rows(n, bytes, out.data(), bytes, copy.data(), bytes);
  set_num_threads(before);
  EXPECT_EQ(out, gathered(ids, bytes, table, Bytes(n * bytes), bytes));
  EXPECT_EQ(copy, out);
}

TEST(RowsKernel, NoIdsChangeNothing) {
  const Bytes table(6);
  kernels::gather_rows<int64_t>({}, 2, table.data(), nullptr, 2);
  kernels::copy_rows(0, 2, nullptr, 2, nullptr, 2);
}

}  // namespace
}  // namespace okibi
