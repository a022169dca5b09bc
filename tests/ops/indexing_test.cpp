// What picks by tensors: places that are none, sizes that do not fit, changes in place.
#include <gmock/gmock.h>

#include <limits>

#include "samples_indexing.h"

namespace okibi {
namespace {

using samples::ids;
using samples::some;
using testing::AllOf;
using testing::HasSubstr;

template <class Work>
std::string problem_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no problem";
}
std::string problem_of_call(const char* name, const samples::Arguments& arguments) {
  return problem_of([&] { find_op(name)->call(arguments); });
}
Tensor indexed(const Tensor& x, std::vector<Tensor> indices) { return index(x, indices); }

const int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();

TEST(Indexing, NamesTheIndexThatIsNone) {
  const Tensor x = some({3, 4});
  EXPECT_THAT(problem_of([&] {
                indexed(x, {Tensor(), ids({{0, 1}, {4, 0}})});
              }),
              AllOf(HasSubstr("index 4 is out of bounds for dimension 1 with size 4"), HasSubstr("expected -4 to 3"),
                    HasSubstr("found 4 at [1, 0]")));
  for (const int64_t bad : {int64_t{-4}, int64_t{3}, least, most})
    EXPECT_THAT(problem_of([&] {
                  indexed(x, {ids({0, bad})});
                }),
                HasSubstr("is out of bounds for dimension 0 with size 3"));
  EXPECT_THAT(problem_of([&] {
                indexed(zeros({0, 4}), {ids({0})});
              }),
              HasSubstr("index is out of bounds for dimension with size 0"));
}

TEST(Indexing, SaysWhatDoesNotFit) {
  const Tensor x = some({3, 4});
  EXPECT_THAT(problem_of([&] {
                indexed(x, {ids({0}), ids({0}), ids({0})});
              }),
              HasSubstr("too many indices for tensor of dimension 2 (got 3)"));
  EXPECT_THAT(problem_of([&] { indexed(some({}), {ids({0})}); }), HasSubstr("dimension 0 (got 1)"));
  EXPECT_THAT(problem_of([&] { indexed(x, {}); }), HasSubstr("at least one index must be provided"));
  EXPECT_THAT(problem_of([&] {
                indexed(x, {ids({0, 1}), ids({0, 1, 2})});
              }),
              HasSubstr("could not be broadcast together with shapes [2], [3]"));
  EXPECT_THAT(
      problem_of([&] {
        indexed(x, {Tensor(), samples::mask({3})});
      }),
      HasSubstr(
          "The shape of the mask [3] at index 0 does not match the shape of the indexed tensor [3, 4] at index 1"));
  EXPECT_THAT(problem_of([&] { indexed(x, {some({2})}); }),
              AllOf(HasSubstr("must be long, int, byte or bool tensors"), HasSubstr("found float64 at position 0")));
  EXPECT_THAT(problem_of([&] { indexed(x, {tensor(true)}); }), HasSubstr("a mask without dimensions"));
}

TEST(Indexing, TakesAllWhereNothingIsNamed) {
  EXPECT_TRUE(equal(indexed(some({2, 3}), {Tensor(), Tensor()}), some({2, 3})));
}

TEST(Indexing, NothingIsTakenOfHugeDimensionsBesideOneOfZero) {
  const Tensor x = zeros({1, 0}).expand({int64_t{1} << 40, 0});
  EXPECT_EQ(indexed(x, {Tensor(), zeros({0}, {int64})}).sizes(), (Dims{int64_t{1} << 40, 0}));
  EXPECT_EQ(gather(x, 0, zeros({5, 0}, {int64})).sizes(), (Dims{5, 0}));
  EXPECT_EQ(roll(x, {3}, {0}).numel(), 0);
  EXPECT_EQ(flip(x, {0, 1}).numel(), 0);
  EXPECT_EQ(tril(x).numel(), 0);
  EXPECT_EQ(sort(x, 0).values.numel(), 0);
}

TEST(Indexing, MasksOfAFileMayHaveOtherBytesThanOne) {
  const Tensor truth = tensor({2, 0, 255}, uint8), x = some({3});
  const Tensor mask = Tensor::over(truth.storage(), boolean, {3}, {1});
  EXPECT_TRUE(equal(indexed(x, {mask}), index_select(x, 0, ids({0, 2}))));
  EXPECT_TRUE(equal(masked_select(x, mask), index_select(x, 0, ids({0, 2}))));
  EXPECT_EQ(nonzero(mask).to_vector<int64_t>(), (std::vector<int64_t>{0, 2}));
}

TEST(IndexPut, ChangesTheTensorAndItsViews) {
  const Tensor x = zeros({3, 4}), column = x.select(1, 2);
  index_put_(column, std::vector<Tensor>{ids({0, -1})}, tensor({5.0, 6.0}));
  EXPECT_TRUE(equal(x.select(1, 2), tensor({5.0, 0.0, 6.0})));
  index_put_(x, std::vector<Tensor>{ids({1, 1})}, ones({4}), true);
  EXPECT_TRUE(equal(x[1], full({4}, 2)));
  const Tensor turned = x.t();
  index_put_(turned, std::vector<Tensor>{ids({3})}, tensor(7.0));
  EXPECT_TRUE(equal(x.select(1, 3), full({3}, 7)));
}

TEST(IndexPut, ReadsWhatWasThereBefore) {
  const Tensor x = arange(5);
  index_put_(x, std::vector<Tensor>{x}, x.flatten() + ones({5}, {int64}));  // the places are those from before
  EXPECT_EQ(x.to_vector<int64_t>(), (std::vector<int64_t>{1, 2, 3, 4, 5}));
  const Tensor y = arange(4);
  index_put_(y, std::vector<Tensor>{ids({1, 2, 3})}, y.narrow(0, 0, 3));
  EXPECT_EQ(y.to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 1, 2}));
}

TEST(IndexPut, SaysWhatDoesNotFit) {
  const Tensor x = zeros({3, 4});
  const auto put = [&](const Tensor& to, const Tensor& at, const Tensor& values) {
    return problem_of([&] { index_put_(to, std::vector<Tensor>{at}, values); });
  };
  EXPECT_THAT(put(x, ids({0}), zeros({3})),
              HasSubstr("value tensor of shape [3] cannot be broadcast to indexing result of shape [1, 4]"));
  EXPECT_THAT(put(x, ids({0}), ids({1})), HasSubstr("got float32 for the destination and int64 for the source"));
  EXPECT_THAT(put(x, ids({0, 9}), zeros({4})), HasSubstr("index 9 is out of bounds for dimension 0 with size 3"));
  EXPECT_TRUE(equal(x, zeros({3, 4}))) << "nothing is written before all is checked";
  EXPECT_THAT(put(zeros({1}).expand({3}), ids({0}), zeros({})), HasSubstr("single memory location"));
  EXPECT_THAT(put(empty_meta({3}, float32), zeros({0}, {int64}), zeros({0})), HasSubstr("no numbers"));
  const Tensor leaf = zeros({3}).requires_grad_();
  EXPECT_THAT(put(leaf, ids({0}), zeros({})), HasSubstr("leaf Variable"));
  EXPECT_THAT(put(zeros({3}), ids({0}), leaf.select(0, 1)), HasSubstr("would lose its gradient"));
}

TEST(Gather, NamesTheIndexThatIsNone) {
  const Tensor x = some({3, 4});
  for (const int64_t bad : {int64_t{-1}, int64_t{4}, least, most}) {
    EXPECT_THAT(
        problem_of([&] {
          gather(x, 1, ids({{0, bad}}));
        }),
        AllOf(HasSubstr("is out of bounds for dimension 1 with size 4"), HasSubstr("at element 1 of the index")));
    EXPECT_THAT(problem_of([&] { scatter(x, -1, ids({{0, bad}}), x); }), HasSubstr("with size 4"));
    EXPECT_THAT(problem_of([&] { scatter_add(x, 1, ids({{0, bad}}), x); }), HasSubstr("with size 4"));
  }
  EXPECT_THAT(problem_of([&] { gather(zeros({0}), 0, ids({0})); }), HasSubstr("expected none"));
}

TEST(Gather, SaysWhatDoesNotFit) {
  const Tensor x = some({3, 4});
  EXPECT_THAT(problem_of([&] { gather(x, 2, ids({{0}})); }), HasSubstr("Dimension out of range"));
  EXPECT_THAT(problem_of([&] { gather(x, 1, ids({0})); }), HasSubstr("an index of 2 dimensions"));
  EXPECT_THAT(problem_of([&] {
                gather(x, 1, zeros({4, 1}, {int64}));
              }),
              HasSubstr("in none of which it is larger apart from dimension 1: expected at most [3, 4], found [4, 1]"));
  EXPECT_THAT(problem_of([&] { gather(x, 1, some({3, 1})); }), HasSubstr("Expected dtype int64 for index"));
  EXPECT_THAT(problem_of([&] { scatter(x, 1, ids({{0, 1}}), ones({1, 1}, {float64})); }), HasSubstr("found [1, 2]"));
  EXPECT_THAT(problem_of([&] {
                scatter(x, 1, ids({{0}}), ones({1, 1}));
              }),
              HasSubstr("Expected self.dtype to be equal to src.dtype: expected float64, found float32"));
}

TEST(Scatter, GivesNoGradientToWhatTheIndexDoesNotReach) {
  const Tensor source = some({3, 3}).requires_grad_();
  sum(scatter(some({3, 4}), 1, ids({{0, 2}}), source)).backward();
  EXPECT_EQ(source.grad().to_vector<double>(), (std::vector<double>{1, 1, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Scatter, ByRowsSaysWhatDoesNotFit) {
  const Tensor x = some({3, 4});
  EXPECT_THAT(problem_of_call("aten::index_add", {x, 0, ids({0, -1}), some({2, 4}), 1}),
              HasSubstr("index -1 is out of bounds"));
  EXPECT_THAT(problem_of_call("aten::index_add", {x, 0, ids({0, 1}), some({2, 3}), 1}),
              HasSubstr("expected [2, 4], found [2, 3]"));
  EXPECT_THAT(problem_of_call("aten::index_add", {x, 0, ids({{0}}), some({1, 4}), 1}),
              HasSubstr("supposed to be a vector"));
  EXPECT_THAT(problem_of_call("aten::index_fill.int_Scalar", {x, 0, ids({0, least}), 1}),
              HasSubstr("is out of bounds for dimension 0 with size 3"));
  EXPECT_THAT(problem_of_call("aten::take_along_dim", {x, ids({{-5}}), 1}), HasSubstr("out of bounds"));
}

TEST(Masks, SayWhatDoesNotFit) {
  const Tensor x = some({2, 3});
  EXPECT_THAT(problem_of([&] {
                masked_select(x, ids({1, 0, 1}));
              }),
              HasSubstr("expected BoolTensor for mask: found int64"));
  EXPECT_THAT(problem_of([&] { masked_select(x, samples::mask({4})); }), HasSubstr("must match the size"));
  EXPECT_THAT(problem_of_call("aten::masked_scatter", {x, lt(x, full({}, 9)), some({5})}),
              HasSubstr("source < number of ones in mask: expected at least 6, found 5"));
  EXPECT_THAT(problem_of_call("aten::where.Scalar", {ids({1}), 1, 2}), HasSubstr("chooses by a tensor of booleans"));
}

}  // namespace
}  // namespace okibi
