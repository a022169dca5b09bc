#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <cmath>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

void expect_is(const Tensor& tensor, DType dtype, const Dims& sizes, const std::vector<double>& numbers) {
  EXPECT_EQ(name_of(tensor.dtype()), name_of(dtype));
  EXPECT_EQ(to_string(tensor.sizes()), to_string(sizes));
  EXPECT_EQ(tensor.to_vector<double>(), numbers);
}

TEST(Literal, TakesItsSizesFromItsBraces) {
  expect_is(tensor(5), int64, {}, {5});
  expect_is(tensor({1}), int64, {1}, {1});
  expect_is(tensor({{1}}), int64, {1, 1}, {1});
  expect_is(tensor({{{1}}}), int64, {1, 1, 1}, {1});
  expect_is(tensor({3, 12, 7, 5}), int64, {4}, {3, 12, 7, 5});
  expect_is(tensor({{1, 2}, {3, 4}, {5, 6}}), int64, {3, 2}, {1, 2, 3, 4, 5, 6});
  expect_is(tensor({{{1, 2}}, {{3, 4}}}), int64, {2, 1, 2}, {1, 2, 3, 4});
}

TEST(Literal, MayBeEmpty) {
  expect_is(tensor({}), float32, {0}, {});
  expect_is(tensor({{}, {}}), float32, {2, 0}, {});
  expect_is(tensor({}, int64), int64, {0}, {});
}

TEST(Literal, TakesItsDtypeFromItsNumbers) {
  expect_is(tensor({{1, 2.3, 3}, {4, 5.1, 6.3}}), float32, {2, 3}, {1, 2.3f, 3, 4, 5.1f, 6.3f});
  expect_is(tensor({true, false}), boolean, {2}, {1, 0});
  expect_is(tensor({true, 2}), int64, {2}, {1, 2});
  expect_is(tensor({true, 0.5}), float32, {2}, {1, 0.5});
  expect_is(tensor(2.5f), float32, {}, {2.5});
  expect_is(tensor({uint8_t{200}}), int64, {1}, {200});
}

TEST(Literal, TakesTheDtypeThatIsAskedFor) {
  expect_is(tensor({1, 2}, float64), float64, {2}, {1, 2});
  expect_is(tensor({0.1}, float64), float64, {1}, {0.1});
  expect_is(tensor({2.7, -2.7}, int32), int32, {2}, {2, -2});
  expect_is(tensor({0, 3}, boolean), boolean, {2}, {0, 1});
  EXPECT_EQ(tensor({UINT64_MAX}, uint64).to_vector<uint64_t>()[0], UINT64_MAX);
  EXPECT_EQ(tensor({INT64_MAX, INT64_MIN}).to_vector<int64_t>(), (std::vector<int64_t>{INT64_MAX, INT64_MIN}));
}

TEST(Literal, RefusesNumbersThatTheDtypeCannotHold) {
  expect_error(ErrorKind::bad_argument, "value 300 cannot be converted to type torch.uint8 without overflow",
               [] { tensor({300}, uint8); });
  expect_error(ErrorKind::bad_argument, "value 18446744073709551615 cannot be converted to type torch.int64",
               [] { tensor({UINT64_MAX}); });
  expect_error(ErrorKind::bad_argument, "torch.int32", [] { tensor({0.0 + NAN}, int32); });
  expect_error(ErrorKind::unsupported, "torch.quint8", [] { tensor({1}, quint8); });
}

TEST(Literal, SaysWhereItsBracesAreRagged) {
  expect_error(ErrorKind::bad_argument, "expected sequence of length 2 at dim 1 (got 1) at [2]", [] {
    tensor({{1, 2}, {3, 4}, {5}});
  });
  expect_error(ErrorKind::bad_argument, "expected sequence of length 1 at dim 2 (got 2) at [1][0]", [] {
    tensor({{{1}}, {{2, 3}}});
  });
  expect_error(ErrorKind::bad_argument, "different depths at [1]: expected braces with 2 items, found a number", [] {
    tensor({{1, 2}, 3});
  });
  expect_error(ErrorKind::bad_argument, "different depths at [1]: expected a number, found braces", [] {
    tensor({1, {2, 3}});
  });
}

TEST(FromNumbers, CopiesThem) {
  std::vector<float> numbers{1, 2, 3, 4};
  const Tensor t = tensor(std::span<const float>(numbers), {2, 2});
  numbers[0] = 9;
  expect_is(t, float32, {2, 2}, {1, 2, 3, 4});
  expect_is(tensor(std::vector<int32_t>{7}), int32, {1}, {7});
  expect_error(ErrorKind::bad_argument, "expected 6, found 4", [&] {
    tensor(std::span<const float>(numbers), {2, 3});
  });
}

TEST(Factories, FillAsTheirNamesSay) {
  expect_is(zeros({2, 2}), float32, {2, 2}, {0, 0, 0, 0});
  expect_is(ones({2}, {.dtype = boolean}), boolean, {2}, {1, 1});
  expect_is(full({}, 2.5, {.dtype = float64}), float64, {}, {2.5});
  expect_is(arange(3), int64, {3}, {0, 1, 2});
  expect_is(arange(0), int64, {0}, {});
  expect_error(ErrorKind::bad_argument, "arange(-1)", [] { arange(-1); });
  expect_error(ErrorKind::bad_argument, "negative dimension -1", [] { zeros({-1}); });
}

}  // namespace
}  // namespace okibi
