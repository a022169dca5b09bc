#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>

#include "tensor/element.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(Clone, IsContiguousAndApart) {
  const Tensor base = tensor({{1, 2}, {3, 4}}), copy = base.t().clone();
  EXPECT_TRUE(copy.is_contiguous());
  copy.fill_(0);
  EXPECT_EQ(base.to_vector<int64_t>(), (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST(Clone, KeepsElementsThatAreNoNumbers) {
  const Tensor packed = empty({3}, {.dtype = bits1x8});
  std::memcpy(packed.raw_data(), "abc", 3);
  EXPECT_TRUE(equal(packed.clone(), packed));
  EXPECT_TRUE(equal(packed.slice(0, 0, 3, 2).clone(), packed.slice(0, 0, 3, 2)));
}

TEST(Contiguous, IsItselfWhereItAlreadyIs) {
  const Tensor t = zeros({2, 3});
  EXPECT_TRUE(t.contiguous().is_same(t));
  EXPECT_FALSE(t.t().contiguous().is_same(t));
}

TEST(To, IsItselfForItsOwnDtype) {
  const Tensor t = zeros({2});
  EXPECT_TRUE(t.to(float32).is_same(t));
}

// Rows side by side are converted by vectors, others one by one: bit by bit to the same, but for what a NaN carries.
void expect_rows_like_elements(const Tensor& numbers, DType to) {
  const Tensor apart = empty({numbers.numel(), 2}, {.dtype = numbers.dtype()});
  apart.select(1, 0).copy_(numbers);
  const Tensor fast = numbers.to(to), slow = apart.select(1, 0).to(to);
  const size_t size = itemsize(to);
  for (int64_t i = 0; i < numbers.numel(); ++i) {
    const size_t at = size * static_cast<size_t>(i);
    if (std::memcmp(fast.raw_data() + at, slow.raw_data() + at, size) == 0) continue;
    const double a = fast.select(0, i).to(float64).item<double>(), b = slow.select(0, i).to(float64).item<double>();
    ASSERT_TRUE(std::isnan(a) && std::isnan(b))
        << name_of(numbers.dtype()) << " number " << i << ": " << a << ", " << b;
  }
}

TEST(To, ConvertsRowsOfHalvesAsItConvertsEachOfThem) {
  for (const DType half : {float16, bfloat16}) {
    const Tensor all = empty({65536}, {.dtype = half});
    for (size_t i = 0; i < 65536; ++i) {
      const auto bits = static_cast<uint16_t>(i);
      std::memcpy(all.raw_data() + 2 * i, &bits, 2);
    }
    expect_rows_like_elements(all, float32);
  }
}

TEST(To, RoundsRowsToHalvesAsItRoundsEachNumber) {
  constexpr uint32_t step = 2039;  // a prime: low and high bits of all kinds
  const Tensor floats = empty({0xffffffff / step}, {.dtype = float32});
  for (uint32_t i = 0; i < 0xffffffff / step; ++i) {
    const uint32_t bits = i % 4 == 0 ? i * step & 0xffffe000 : i % 4 == 1 ? (i * step & 0xffffe000) | 0x1000 : i * step;
    std::memcpy(floats.raw_data() + 4 * size_t{i}, &bits, 4);
  }
  expect_rows_like_elements(floats, float16);
  expect_rows_like_elements(floats, bfloat16);
}

TEST(To, KeepsSmallIntegersThroughEveryPairOfDtypes) {
  std::vector<DType> dtypes;
  for (const DTypeInfo& row : all_dtypes()) {
    if (has_element_type(row.dtype) && row.dtype != float8_e8m0fnu) dtypes.push_back(row.dtype);  // which has no zero
  }
  ASSERT_EQ(dtypes.size(), 20u);
  for (const DType from : dtypes) {
    for (const DType to : dtypes) {
      const Tensor there = tensor({0, 1, 3, 6}).to(from);
      const std::vector<int64_t> expected =
          from == boolean || to == boolean ? std::vector<int64_t>{0, 1, 1, 1} : std::vector<int64_t>{0, 1, 3, 6};
      EXPECT_EQ(there.to(to).to_vector<int64_t>(), expected) << name_of(from) << " to " << name_of(to);
      EXPECT_EQ(there.slice(0, 0, 4, 2).to(to).to_vector<int64_t>(), (std::vector<int64_t>{0, expected[2]}));
    }
  }
}

TEST(To, NamesBothDtypesWhereThereIsNoConversion) {
  expect_error(ErrorKind::unsupported, "there is no conversion from torch.quint8 to torch.float32",
               [] { empty({1}, {.dtype = quint8}).to(float32); });
  expect_error(ErrorKind::unsupported, "from torch.float32 to torch.bits8", [] { zeros({0}).to(bits8); });
}

TEST(To, CutsRealNumbersTowardsZero) {
  EXPECT_EQ(tensor({2.7, -2.7, 0.99}).to(int32).to_vector<int32_t>(), (std::vector<int32_t>{2, -2, 0}));
  EXPECT_EQ(tensor({-1.0, 300.0}).to(uint8).to_vector<uint8_t>(), (std::vector<uint8_t>{255, 44}));
}

TEST(To, GivesADefinedIntegerForWhatDoesNotFit) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  const Tensor odd = tensor({1e30, -1e30, INFINITY, 0.0 + NAN}, float64);
  EXPECT_EQ(odd.to(int64).to_vector<int64_t>(), (std::vector<int64_t>(4, least)));
  EXPECT_EQ(odd.to(int32).to_vector<int32_t>(), (std::vector<int32_t>(4, 0)));
  EXPECT_EQ(tensor({3e9, -0x1p63, 0x1p62}, float64).to(int64).to_vector<int64_t>(),
            (std::vector<int64_t>{3000000000, least, int64_t{1} << 62}));
  EXPECT_EQ(tensor({0x1p63}, float64).to(uint64).to_vector<uint64_t>()[0], uint64_t{1} << 63);
}

TEST(To, WrapsIntegersIntoNarrowerOnes) {
  EXPECT_EQ(tensor({257, -1, 1 << 20}).to(int8).to_vector<int8_t>(), (std::vector<int8_t>{1, -1, 0}));
  EXPECT_EQ(tensor({-1}).to(uint64).to_vector<uint64_t>()[0], UINT64_MAX);
}

TEST(To, CallsNanTrueAndDropsImaginaryParts) {
  EXPECT_EQ(tensor({0.0 + NAN, 0.0, -0.0}).to(boolean).to_vector<bool>(), (std::vector<bool>{true, false, false}));
  Tensor i = empty({1}, {.dtype = complex64});
  store_wide(complex64, i.raw_data(), std::complex<double>(0, 2));
  EXPECT_TRUE(i.to(boolean).item<bool>());
  EXPECT_EQ(i.to(float32).item<float>(), 0);
}

TEST(To, RoundsLargeIntegersOnce) {
  EXPECT_EQ(tensor({16777217, (int64_t{1} << 54) + 3}).to(float32).to_vector<float>(),
            (std::vector<float>{16777216.0f, 18014398509481984.0f}));
  EXPECT_EQ(tensor({9007199254740993}).to(float64).to_vector<double>()[0], 9007199254740992.0);
}

TEST(Copy, BroadcastsAndConverts) {
  const Tensor target = zeros({2, 3});
  target.copy_(tensor({1, 2, 3}));
  EXPECT_EQ(target.to_vector<float>(), (std::vector<float>{1, 2, 3, 1, 2, 3}));
  target.t().copy_(tensor({{5.5, 6.5}}));
  EXPECT_EQ(target.to_vector<float>(), (std::vector<float>{5.5, 5.5, 5.5, 6.5, 6.5, 6.5}));
  expect_error(ErrorKind::bad_argument, "must match the existing size", [&] { target.copy_(tensor({1, 2})); });
}

TEST(Copy, WritesAllRowsOfLargeStridedTensors) {
  const Tensor base = arange(300 * 400).view({300, 400});
  const Tensor target = zeros({400, 300}, {.dtype = float64});
  target.copy_(base.t());
  for (const auto& [row, column] : {std::pair{0, 0}, {399, 299}, {17, 211}, {200, 150}}) {
    EXPECT_EQ(target[row][column].item<int64_t>(), column * 400 + row);
  }
  EXPECT_TRUE(equal(target.t().to(int64), base));
}

TEST(Copy, ReadsOverlappingMemoryBeforeItWrites) {
  const Tensor t = arange(6);
  t.slice(0, 1, 6).copy_(t.slice(0, 0, 5));
  EXPECT_EQ(t.to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 1, 2, 3, 4}));
  const Tensor square = tensor({{1, 2}, {3, 4}});
  square.copy_(square.t());
  EXPECT_EQ(square.to_vector<int64_t>(), (std::vector<int64_t>{1, 3, 2, 4}));
}

TEST(Copy, RefusesATargetWhoseElementsShareMemory) {
  expect_error(ErrorKind::bad_argument,
               "more than one element of the written-to tensor refers to a single memory location",
               [] { zeros({1}).expand({3}).copy_(zeros({3})); });
  expect_error(ErrorKind::bad_argument, "single memory location", [] { zeros({1}).expand({3}).fill_(1); });
}

TEST(Fill, ReachesViewsOnly) {
  const Tensor t = zeros({3, 3});
  t.select(1, 1).fill_(2.5);
  EXPECT_EQ(t.to_vector<float>(), (std::vector<float>{0, 2.5, 0, 0, 2.5, 0, 0, 2.5, 0}));
  t.t().zero_();
  EXPECT_TRUE(equal(t, zeros({3, 3})));
}

TEST(Fill, TakesOnlyWhatTheDtypeCanHold) {
  expect_error(ErrorKind::bad_argument, "value 256 cannot be converted to type torch.uint8 without overflow",
               [] { full({1}, 256, {.dtype = uint8}); });
  expect_error(ErrorKind::bad_argument, "torch.int64", [] { full({1}, NAN, {.dtype = int64}); });
  expect_error(ErrorKind::bad_argument, "torch.int64", [] { full({1}, 0x1p63, {.dtype = int64}); });
  expect_error(ErrorKind::bad_argument, "torch.float32", [] { full({1}, 1e39); });
  expect_error(ErrorKind::bad_argument, "torch.float16", [] { full({1}, 70000, {.dtype = float16}); });
  EXPECT_EQ(full({1}, -1, {.dtype = uint8}).item<int>(), 255);
  EXPECT_EQ(full({1}, -INFINITY).item<float>(), -INFINITY);
  EXPECT_EQ(full({1}, 2, {.dtype = boolean}).item<int>(), 1);
}

TEST(InPlace, RaisesTheVersionThatViewsShare) {
  const Tensor t = zeros({4}), view = t.slice(0, 0, 2);
  const uint32_t before = t.storage()->version();
  view.fill_(1);
  view.copy_(zeros({2}));
  EXPECT_EQ(t.storage()->version(), before + 2);
}

TEST(SparseTensor, IsClonedInBothParts) {
  const Tensor s = sparse_coo_tensor(tensor({{0, 2}}), tensor({1.5, 2.5}), {4}, true), copy = s.clone();
  s.values().fill_(0);
  EXPECT_EQ(copy.values().to_vector<float>(), (std::vector<float>{1.5, 2.5}));
  EXPECT_TRUE(copy.is_coalesced());
  EXPECT_EQ(s.to(float64).dtype(), float64);
  expect_error(ErrorKind::unsupported, "copy_ from a tensor of layout torch.sparse_coo", [&] { zeros({4}).copy_(s); });
}

TEST(ThreadsCopy, IsTheSameWithAnyNumberOfThreads) {
  const int before = num_threads();
  const Tensor source = arange(200000).view({400, 500}).t();
  set_num_threads(1);
  const Tensor one = source.to(float32);
  set_num_threads(4);
  const Tensor four = source.to(float32);
  set_num_threads(before);
  EXPECT_TRUE(equal(one, four));
}

}  // namespace
}  // namespace okibi
