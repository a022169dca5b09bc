// What convolutions and pooling refuse, whatever numbers they are given.
#include <gmock/gmock.h>

#include "samples.h"

namespace okibi {
namespace {

using samples::dims;
using samples::some;
using testing::AllOf;
using testing::HasSubstr;

std::string problem_of(std::string_view op, const samples::Arguments& arguments) {
  try {
    find_op(op)->call(arguments);
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}

Tensor pad_zeros(const Tensor& x, int64_t columns, int64_t lines) {
  return find_op("aten::constant_pad_nd")
      ->call(samples::Arguments{x, dims({columns, columns, lines, lines}), 0})
      .to_tensor();
}

samples::Arguments transposed(const Tensor& x, const Tensor& weight, int64_t stride, int64_t padding, int64_t added,
                              int64_t dilation, int64_t groups = 1) {
  return {x, weight, nullptr, dims({stride}), dims({padding}), dims({added}), groups, dims({dilation})};
}

TEST(TransposedConvolution, SaysWhatIsWrong) {
  const Tensor x = some({1, 2, 3}), w = some({2, 3, 2});
  const auto problem = [&](auto... numbers) {
    return problem_of("aten::conv_transpose1d", transposed(x, w, numbers...));
  };
  EXPECT_THAT(problem(1, 0, 1, 1),
              AllOf(HasSubstr("output padding must be smaller than either stride or dilation, but "
                              "is 1"),
                    HasSubstr("found an input of sizes [1, 2, 3] and a weight of sizes [2, 3, 2]")));
  EXPECT_THAT(problem(1, 2, 0, 1), HasSubstr("the output would have the sizes [1, 1, 0]"));
  EXPECT_THAT(problem(0, 0, 0, 1), HasSubstr("stride may not be less than 1"));
  EXPECT_THAT(problem(1, -1, 0, 1), HasSubstr("padding may not be less than 0"));
  EXPECT_THAT(problem(1, 0, -1, 1), HasSubstr("output_padding may not be less than 0"));
  EXPECT_THAT(problem(1, 0, 0, INT64_MAX), HasSubstr("dilation is too large"));
  EXPECT_THAT(problem(INT64_MIN, 0, 0, 1), HasSubstr("stride may not be less than 1"));
  EXPECT_THAT(problem(1, 0, 0, 1, 0), HasSubstr("with 0 group(s)"));
  EXPECT_THAT(problem_of("aten::conv_transpose1d", transposed(some({1, 3, 3}), w, 1, 0, 0, 1)),
              HasSubstr("the input needs 2 channels"));
  EXPECT_THAT(problem_of("aten::conv_transpose2d.input", transposed(x, w, 1, 0, 0, 1)),
              HasSubstr("the weight has the wrong number of dimensions: expected 4"));
  EXPECT_THAT(problem_of("aten::conv_transpose1d", {x, w, some({2}), dims({1}), dims({0}), dims({0}), 1, dims({1})}),
              HasSubstr("the bias has one number for each filter: expected [3], found [2]"));
}

TEST(Convolution, RefusesWhatCannotBeCounted) {
  const Tensor box = some({0, 1, 2, 2, 2}), w = some({1, 1, 1, 1, 1});
  const int64_t wide = (int64_t{1} << 30) - 1;
  EXPECT_THAT(problem_of("aten::conv3d", {box, w, nullptr, dims({1}), dims({wide}), dims({1}), 1}),
              HasSubstr("a convolution"));
  EXPECT_THAT(problem_of("aten::conv3d", {box, some({1, 1, 2, 1, 1}), nullptr, dims({1}), dims({0}), dims({wide}), 1}),
              HasSubstr("Kernel size can't be greater than actual input size"));
  EXPECT_THAT(
      problem_of("aten::conv1d", {some({1, 1, 2}), some({1, 1, 0}), nullptr, dims({1}), dims({0}), dims({1}), 1}),
      HasSubstr("a length is none that can be worked on"));
  EXPECT_THAT(problem_of("aten::conv1d", {some({}), some({1}), nullptr, dims({1}), dims({0}), dims({1}), 1}),
              HasSubstr("conv1d: the weight has the wrong number of dimensions: expected 3, found [1]"));
  EXPECT_THAT(
      problem_of("aten::conv1d", {some({1, 1, 2}), some({1, 1, 1}), nullptr, dims({}), dims({0}), dims({1}), 1}),
      HasSubstr("stride needs 1 numbers, or one"));
}

TEST(Convolution, PaddingByNameIsSameOrValid) {
  const auto problem = [](int64_t stride, const char* padding, int64_t dilation) {
    return problem_of("aten::conv1d.padding",
                      {some({1, 2, 3}), some({3, 2, 2}), nullptr, dims({stride}), padding, dims({dilation}), 1});
  };
  EXPECT_THAT(problem(1, "full", 1), HasSubstr("Invalid padding string: expected same or valid, found full"));
  EXPECT_THAT(problem(2, "same", 1), HasSubstr("padding='same' is not supported for strided convolutions"));
  EXPECT_THAT(problem(1, "same", 0), HasSubstr("a length or dilation is none that can be worked on"));
  EXPECT_THAT(problem(1, "same", INT64_MAX), HasSubstr("a length or dilation is none"));
}

// Larger than what is unfolded at once: its parts end within lines and within images.
TEST(Convolution, OfALargeImageIsThatOfItsParts) {
  const Tensor x = some({2, 40, 61, 67}).to(float32).requires_grad_(),
               w = some({3, 40, 5, 5}).to(float32).requires_grad_();
  const ConvolutionOptions options{.stride = {1, 2}, .padding = {2, 3}, .dilation = {2, 1}, .groups = 1};
  const Tensor out = convolution(x, w, {}, options);
  ASSERT_EQ(out.sizes(), (Dims{2, 3, 57, 35}));
  const Tensor g = some(out.sizes()).to(float32);
  out.backward(g);
  const Tensor wide = x.detach().to(float64).requires_grad_(), filters = w.detach().to(float64).requires_grad_();
  std::vector<Tensor> parts;  // of one line each, which are unfolded as a whole
  const Tensor padded = pad_zeros(wide, 3, 2);
  for (int64_t y = 0; y < 57; ++y)
    parts.push_back(convolution(padded.slice(2, y, y + 9), filters, {},
                                {.stride = {1, 2}, .padding = {0, 0}, .dilation = {2, 1}, .groups = 1}));
  const Tensor expected = cat(parts, 2);
  expected.backward(g.to(float64));
  EXPECT_TRUE(allclose(out.to(float64), expected, 1e-4, 1e-3));
  EXPECT_TRUE(allclose(x.grad().to(float64), wide.grad(), 1e-4, 1e-3));
  EXPECT_TRUE(allclose(w.grad().to(float64), filters.grad(), 1e-4, 1e-2));
}

TEST(Convolution, OfChannelsByThemselvesAndOfSinglePlaces) {
  const Tensor x = some({2, 6, 7, 8});
  for (const int64_t stride : {1, 2}) {
    const Tensor alone = some({12, 1, 3, 3}), whole = zeros({12, 6, 3, 3}, {float64});
    for (int64_t f = 0; f < 12; ++f) whole.select(0, f).select(0, f / 2).copy_(alone.select(0, f).select(0, 0));
    const Dims one{1, 1}, two{stride, stride};
    EXPECT_TRUE(allclose(convolution(x, alone, {}, {two, one, one, 6}), convolution(x, whole, {}, {two, one, one, 1})));
    const Tensor single = some({4, 6, 1, 1}), centred = zeros({4, 6, 3, 3}, {float64});
    centred.select(3, 1).select(2, 1).copy_(single.select(3, 0).select(2, 0));
    EXPECT_TRUE(
        allclose(convolution(x, single, {}, {two, {0, 0}, one, 1}), convolution(x, centred, {}, {two, one, one, 1})));
  }
}

TEST(Pooling, RefusesBoxesThatCannotBeCounted) {
  const int64_t wide = int64_t{1} << 29;
  EXPECT_THAT(problem_of("aten::avg_pool3d",
                         {some({1, 1, 1, 1}), dims({2 * wide - 1}), dims({1}), dims({wide - 1}), false, true, nullptr}),
              HasSubstr("the places of a pooling"));
  EXPECT_THAT(problem_of("aten::adaptive_avg_pool3d", {some({0, 1, 1, 1}), dims({wide, wide, wide})}),
              HasSubstr("the outputs of a pooling"));
  EXPECT_THAT(problem_of("aten::max_pool3d", {some({1, 2, 2}), dims({1}), dims({}), dims({0}), dims({1}), false}),
              HasSubstr("takes 4 dimensions, or one more for the batch"));
  EXPECT_THAT(problem_of("aten::max_pool3d", {some({1, 2, 2, 2}), dims({1, 1}), dims({}), dims({0}), dims({1}), false}),
              HasSubstr("expected 3 number(s), or one, of at least 1, found [1, 1]"));
}

}  // namespace
}  // namespace okibi
