// What gives numbers in another order, and what puts them in order: arguments that do not fit, and the largest there
// are.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "samples_ordering.h"

namespace okibi {
namespace {

using samples::dims;
using samples::ids;
using samples::some;
using testing::HasSubstr;

std::string problem_of(const char* name, const samples::Arguments& arguments) {
  try {
    find_op(name)->call(arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "no problem";
}
Tensor result_of(const char* name, const samples::Arguments& arguments) {
  return find_op(name)->call(arguments).to_tensor();
}

const int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();

TEST(Arranging, SaysWhatDoesNotFit) {
  const Tensor x = some({2, 3});
  EXPECT_THAT(problem_of("aten::roll", {x, dims({1, 2}), dims({0})}), HasSubstr("must align. shifts: 2, dims:1"));
  EXPECT_THAT(problem_of("aten::roll", {x, dims({}), dims({})}), HasSubstr("`shifts` required"));
  EXPECT_THAT(problem_of("aten::roll", {some({}), dims({1}), dims({0})}), HasSubstr("tensor has no dimensions"));
  EXPECT_THAT(problem_of("aten::flip", {x, dims({0, -2})}),
              HasSubstr("dim 0 appears multiple times in the list of dims"));
  EXPECT_THAT(problem_of("aten::tril", {some({3}), 0}), HasSubstr("must have at least 2 dimensions"));
  EXPECT_THAT(problem_of("aten::diagonal", {x, 0, 1, -1}), HasSubstr("cannot be identical 1, -1"));
  EXPECT_THAT(problem_of("aten::movedim.intlist", {x, dims({0}), dims({0, 1})}), HasSubstr("same number"));
  EXPECT_THAT(problem_of("aten::movedim.intlist", {x, dims({0, 0}), dims({0, 1})}), HasSubstr("source: dim 0 appears"));
  EXPECT_THAT(problem_of("aten::meshgrid", {List{}}), HasSubstr("non-empty TensorList"));
  EXPECT_THAT(problem_of("aten::meshgrid", {List{x}}), HasSubstr("Expected 0D or 1D tensor"));
  EXPECT_THAT(problem_of("aten::meshgrid.indexing", {List{some({2})}, "ji"}), HasSubstr("found ji"));
  EXPECT_THAT(problem_of("aten::repeat_interleave.self_int", {x, -1, nullptr, nullptr}), HasSubstr("non-negative"));
  EXPECT_THAT(problem_of("aten::repeat_interleave.self_int", {x, 2, 1, 3}), HasSubstr("expected 6, found 3"));
  EXPECT_THAT(problem_of("aten::repeat_interleave.Tensor", {ids({1, -2}), nullptr}),
              HasSubstr("found -2 at position 1"));
  EXPECT_THAT(problem_of("aten::repeat_interleave.Tensor", {ids({most, most}), nullptr}), HasSubstr("more than any"));
  EXPECT_THAT(problem_of("aten::repeat_interleave.self_int", {x, most, 0, nullptr}), HasSubstr("cannot have"));
  EXPECT_THAT(problem_of("aten::tile", {x, dims({-1})}), HasSubstr("negative"));
}

TEST(Arranging, TakesTheLargestNumbersThatThereAre) {
  const Tensor x = some({3, 3});
  EXPECT_TRUE(equal(tril(x, most), x));
  EXPECT_TRUE(equal(tril(x, least), zeros({3, 3}, {float64})));
  EXPECT_TRUE(equal(triu(x, least), x));
  EXPECT_TRUE(equal(triu(x, most), zeros({3, 3}, {float64})));
  EXPECT_EQ(result_of("aten::diagonal", {x, most, 0, 1}).numel(), 0);
  EXPECT_EQ(result_of("aten::diagonal", {x, least, 0, 1}).numel(), 0);
  EXPECT_TRUE(equal(roll(arange(3), {most}), roll(arange(3), {most % 3})));
  EXPECT_TRUE(equal(roll(arange(3), {least}, {0}), roll(arange(3), {least % 3}, {0})));
}

TEST(Arranging, DiagonalsAreViews) {
  const Tensor x = zeros({2, 3});
  result_of("aten::diagonal", {x, 1, 0, 1}).fill_(5);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{0, 5, 0, 0, 0, 5}));
}

TEST(Ordering, NaNIsTheLargest) {
  const Tensor x = samples::with_nan();
  EXPECT_EQ(sort(x).indices.to_vector<int64_t>(), (std::vector<int64_t>{5, 2, 4, 0, 6, 1, 3}));
  EXPECT_EQ(argsort(x, -1, true).to_vector<int64_t>(), (std::vector<int64_t>{1, 3, 6, 0, 4, 2, 5}));
  EXPECT_EQ(topk(x, 3).indices.to_vector<int64_t>(), (std::vector<int64_t>{1, 3, 6}));
  EXPECT_EQ(topk(x, 2, 0, false).indices.to_vector<int64_t>(), (std::vector<int64_t>{5, 2}));
  const Value median = find_op("aten::median.dim")->call(samples::Arguments{x, 0, false});
  EXPECT_TRUE(std::isnan(median[0].to_tensor().item<double>()));
  EXPECT_EQ(median[1].to_tensor().item<int64_t>(), 1);
  EXPECT_EQ(unique(x).values.numel(), 7) << "each NaN is one of its own";
}

// More numbers than one thread sorts, and lines of each length around the way topk is found.
TEST(Ordering, LongLines) {
  const Tensor x = randperm(20000).to(float32).view({4, 5000});
  const Extreme all = sort(x);
  EXPECT_TRUE(equal(gather(x, 1, all.indices), all.values));
  EXPECT_TRUE(equal(sort(all.values, 1, true).values, flip(all.values, {1})));
  for (const int64_t k : {1, 77, 79, 2500, 4999, 5000}) {
    EXPECT_TRUE(equal(topk(x, k, 1, false).values, all.values.narrow(1, 0, k))) << k;
    EXPECT_TRUE(equal(topk(x, k, 1).values, flip(all.values, {1}).narrow(1, 0, k))) << k;
  }
}

TEST(Ordering, AllThatAreTheMedianShareItsGradient) {
  const Tensor x = tensor({1.0, 2.0, 2.0, 3.0}).requires_grad_();
  result_of("aten::median", {x}).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{0, 0.5, 0.5, 0}));
}

// Enough for two threads to share: what the second does.
TEST(Ordering, ManyLinesAreAsFew) {
  const Tensor x = randn({3, 70'000}), turned = x.t();
  const Tensor places = randint(0, 70'000, {3, 70'000}), columns = randint(0, 70'000, {70'000});
  const std::vector<Tensor> first = {places[0]}, last = {Tensor(), columns};
  const auto all = [&] {
    return std::vector<Tensor>{gather(x, 1, places), scatter_add(x, 1, places, x),
                               index(turned, first), index(x, last),
                               tril(turned, -1),     flip(x, {0, 1}),
                               sort(x).indices,      roll(x, {5}, {1})};
  };
  set_num_threads(1);
  const std::vector<Tensor> alone = all();
  set_num_threads(2);
  const std::vector<Tensor> shared = all();
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(equal(alone[i], shared[i])) << i;
}

TEST(Arranging, CopiesAreCopiesAlsoWhereNothingIsAdded) {
  const Tensor x = arange(4).view({1, 4});
  const Value none = dims({0, 0});
  for (const Tensor& copy : {result_of("aten::repeat", {x, dims({1, 1})}), result_of("aten::repeat", {x, dims({3, 1})}),
                             result_of("aten::repeat_interleave.self_int", {x, 1, 0, nullptr}),
                             result_of("aten::pad", {x, none, "constant", nullptr}),
                             result_of("aten::pad", {x, dims({-1, 0}), "constant", nullptr}),
                             result_of("aten::pad", {x, none, "reflect", nullptr})}) {
    copy.fill_(9);
    EXPECT_EQ(x.to_vector<int64_t>(), (std::vector<int64_t>{0, 1, 2, 3}));
  }
}

TEST(Arranging, PartsOfNothingAreFew) {
  EXPECT_EQ(split(zeros({0, 2}), 0).size(), 1u);
  EXPECT_THAT(problem_of("aten::chunk", {zeros({0, 2}), int64_t{1} << 62, 0}), HasSubstr("more parts than any"));
  EXPECT_EQ(index_select(full({}, 5), 0, ids({0})).item<float>(), 5);
  EXPECT_THAT(problem_of("aten::index_select", {full({}, 5), 0, ids({0, 0})}), HasSubstr("can have only 1 value"));
}

TEST(Arranging, WhatRepeatsIsNotChangedInPlace) {
  const Tensor huge = zeros({1}).expand({int64_t{1} << 36});
  const std::vector<Tensor> first = {ids({0})};
  try {
    index_put_(huge, first, full({}, 1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("single memory location"));
  }
}

TEST(Ordering, SaysWhatDoesNotFit) {
  const Tensor x = some({2, 3});
  EXPECT_THAT(problem_of("aten::topk", {x, 4, 1, true, true}),
              HasSubstr("expected 0 to 3, the size of dimension 1, found 4"));
  EXPECT_THAT(problem_of("aten::topk", {x, least, 1, true, true}), HasSubstr("selected index k out of range"));
  EXPECT_THAT(problem_of("aten::topk", {lt(x, x), 1, 1, true, true}), HasSubstr("not implemented for bool"));
  EXPECT_THAT(problem_of("aten::kthvalue", {x, 0, 1, false}), HasSubstr("expected 1 to 3, found 0"));
  EXPECT_THAT(problem_of("aten::kthvalue", {zeros({2, 0}), 1, 1, false}), HasSubstr("non-zero size"));
  EXPECT_THAT(problem_of("aten::median", {zeros({0}, {int64})}), HasSubstr("of no integers"));
  EXPECT_THAT(problem_of("aten::bincount", {ids({1, -1}), nullptr, 0}), HasSubstr("found -1 at position 1"));
  EXPECT_THAT(problem_of("aten::bincount", {ids({most}), nullptr, 0}), HasSubstr("at position 0"));
  EXPECT_THAT(problem_of("aten::bincount", {ids({1}), nullptr, -1}), HasSubstr("minlength should be >= 0"));
  EXPECT_THAT(problem_of("aten::bincount", {ids({1}), ids({1, 2}), 0}), HasSubstr("the same length"));
  EXPECT_THAT(problem_of("aten::searchsorted.Tensor", {some({2, 3}), some({3}), false, false, nullptr, nullptr}),
              HasSubstr("found boundaries [2, 3] and values [3]"));
  EXPECT_THAT(problem_of("aten::searchsorted.Tensor", {some({3}), some({3}), false, false, nullptr, ids({0, 1, 3})}),
              HasSubstr("sorter index out of range: expected 0 to 2, found 3 at element 2"));
  EXPECT_THAT(problem_of("aten::searchsorted.Tensor", {some({3}), some({3}), false, true, "left", nullptr}),
              HasSubstr("opposites"));
  EXPECT_THAT(problem_of("aten::bucketize.Tensor", {some({3}), some({}), false, false}),
              HasSubstr("must be 1 dimension"));
}

}  // namespace
}  // namespace okibi
