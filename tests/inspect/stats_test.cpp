// The numbers of `stats`.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <okibi/inspect.h>

namespace okibi::inspect {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Archive archive_of(const Value& value) {
  const auto buffer = std::make_shared<Buffer>();
  save(value, *buffer);
  return open(std::shared_ptr<const io::Source>(buffer, static_cast<const io::Source*>(buffer.get())));
}

TensorStats stats_of(const Tensor& tensor) { return stats(archive_of(Dict{{"x", tensor}}))[0]; }

TEST(Stats, AreThoseOfTorch) {
  const TensorStats found = stats_of(tensor({1.5, -2., 0., 4.}));
  EXPECT_EQ(found.min, -2.0);
  EXPECT_EQ(found.max, 4.0);
  EXPECT_DOUBLE_EQ(found.mean.to_double(), 0.875);
  EXPECT_NEAR(found.std.to_double(), 2.5289984842489197, 1e-14);  // torch.std(…, dtype=float64)
  EXPECT_EQ(found.zeros, 1u);
  EXPECT_EQ(found.numel, 4u);
}

TEST(Stats, CountNanAndInfinityAndLeaveThemOut) {
  const TensorStats found = stats_of(tensor(std::vector<double>{nan, 1, infinity, 3, -infinity}));
  EXPECT_EQ(found.nans, 1u);
  EXPECT_EQ(found.infinities, 2u);
  EXPECT_EQ(found.min, 1.0);
  EXPECT_EQ(found.max, 3.0);
  EXPECT_DOUBLE_EQ(found.mean.to_double(), 2);
  EXPECT_TRUE(stats_of(tensor(std::vector<double>{nan})).mean.is_none());
  EXPECT_TRUE(stats_of(zeros({0})).max.is_none());
  EXPECT_TRUE(stats_of(tensor({1.})).std.is_none());
}

TEST(Stats, KeepWholeNumbersWhole) {
  const TensorStats found = stats_of(tensor(std::vector<int64_t>{INT64_MAX, INT64_MIN, 0}));
  EXPECT_EQ(found.max, INT64_MAX);
  EXPECT_EQ(found.min, INT64_MIN);
  EXPECT_EQ(stats_of(tensor({true, false, true})).max, true);
  EXPECT_NEAR(stats_of(tensor({true, false, true})).mean.to_double(), 2. / 3, 1e-15);
}

TEST(Stats, AreTheSameInEveryFloatThatHoldsTheNumbers) {
  const Tensor numbers = tensor({0.5, 1., -2., 0.});
  for (const DType dtype : {float16, bfloat16, float32, float64, float8_e5m2, float8_e4m3fn, complex64}) {
    const TensorStats found = stats_of(numbers.to(dtype));
    EXPECT_EQ(found.zeros, 1u) << name_of(dtype);
    EXPECT_NEAR(found.mean.to_complex().real(), -0.125, 1e-15) << name_of(dtype);
    EXPECT_NEAR(found.std.to_double(), 1.3149778198382918, 1e-14) << name_of(dtype);
    EXPECT_EQ(found.min.is_none(), dtype == complex64);
  }
}

// Larger than a piece; the mean is far from 0, where a single pass in squares would lose everything.
TEST(Stats, OfLargeTensorsComePieceByPiece) {
  Tensor large = full({3000, 4000}, 1e6, {.dtype = float64});
  large[2999][3999].fill_(1e6 + 1);
  for (const Tensor& view : {large, large.t()}) {
    const TensorStats found = stats_of(view);
    EXPECT_EQ(found.numel, 12'000'000u);
    EXPECT_EQ(found.max, 1e6 + 1);
    EXPECT_NEAR(found.mean.to_double(), 1e6 + 1 / 12e6, 1e-9);
    EXPECT_NEAR(found.std.to_double(), 1 / std::sqrt(12e6), 1e-12);
  }
}

TEST(Stats, AreOfTheNumbersThatQuantisedOnesStandFor) {
  const auto found = stats(open(OKIBI_GOLDEN "/corpus/quantised.pth"));
  ASSERT_EQ(found.size(), 6u);
  for (const TensorStats& one : found) EXPECT_EQ(one.numel, 6u) << one.note;
  EXPECT_NEAR(found[0].max.to_double(), 4, 1e-6);  // of [[-1, 0, 1], [2, 3, 4]]
  EXPECT_NEAR(found[0].mean.to_double(), 1.5, 1e-6);
  EXPECT_EQ(found[0].zeros, 1u);
  EXPECT_NEAR(found[2].min.to_double(), -1, 1e-6);
}

TEST(Stats, OfSparseTensorsAreThoseOfTheValues) {
  for (const TensorStats& one : stats(open(OKIBI_GOLDEN "/corpus/sparse.pth"), {.glob = "c[os]*"})) {
    EXPECT_EQ(one.numel, 5u) << one.entry.name;  // 1 2 3 4 5
    EXPECT_EQ(one.max, 5.0);
    EXPECT_DOUBLE_EQ(one.mean.to_double(), 3);
    EXPECT_NE(one.note, "");
  }
}

TEST(Stats, PassOverWhatHasNoNumbers) {
  EXPECT_NE(stats_of(empty_meta({3}, float32)).note, "");
  EXPECT_EQ(stats(archive_of(Dict{{"a", zeros({2})}, {"b", zeros({2})}}), {.glob = "b*"}).size(), 1u);
}

}  // namespace
}  // namespace okibi::inspect
