// What interpolation refuses, and what the indices of hostile scales are.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "samples_interpolation.h"

namespace okibi {
namespace {

using samples::dims;
using samples::some;
using testing::AllOf;
using testing::HasSubstr;

std::string problem_of(const std::function<void()>& work) {
  try {
    work();
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}
std::string problem_of(std::string_view op, const samples::Arguments& arguments) {
  return problem_of([&] { find_op(op)->call(arguments); });
}

TEST(Interpolation, SaysWhatIsWrong) {
  const Tensor x = some({1, 2, 3});
  EXPECT_THAT(problem_of("aten::upsample_nearest1d", {x, dims({0}), nullptr}),
              AllOf(HasSubstr("Input and output sizes should be greater than 0"), HasSubstr("found [0]")));
  EXPECT_THAT(problem_of("aten::upsample_nearest1d", {x, dims({INT64_MAX}), nullptr}), HasSubstr("found [92233720"));
  EXPECT_THAT(problem_of("aten::upsample_nearest1d", {x, dims({2, 2}), nullptr}), HasSubstr("1 output size(s)"));
  EXPECT_THAT(problem_of("aten::upsample_nearest2d", {x, dims({2, 2}), nullptr, nullptr}),
              HasSubstr("(batch, channels, and 2 length(s)), none of them 0 but the batch, found [1, 2, 3]"));
  EXPECT_THAT(problem_of("aten::upsample_nearest1d", {some({1, 0, 3}), dims({2}), nullptr}), HasSubstr("[1, 0, 3]"));
  EXPECT_THAT(problem_of("aten::upsample_nearest1d.vec", {x, dims({2}), samples::scales({2.0})}),
              HasSubstr("Must specify exactly one of output_size and scale_factors"));
  EXPECT_THAT(problem_of("aten::upsample_nearest1d.vec", {x, nullptr, nullptr}), HasSubstr("found neither"));
  EXPECT_THAT(problem_of("aten::upsample_linear1d.vec", {x, nullptr, false, samples::scales({2.0, 2.0})}),
              HasSubstr("one scale for each spatial dimension"));
  EXPECT_THAT(problem_of("aten::upsample_linear1d", {x.to(int64), dims({2}), false, nullptr}),
              HasSubstr("interpolation is not implemented for int64"));
}

TEST(Interpolation, RefusesScalesThatGiveNoLength) {
  const Tensor x = some({1, 2, 3});
  for (const double scale : {0.0, -1.0, 0.3, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(problem_of("aten::upsample_nearest1d.vec", {x, nullptr, samples::scales({scale})}),
                HasSubstr("expected a length from 1 to 1073741823, found 3 · "));
  }
  EXPECT_THAT(problem_of("aten::_upsample_bilinear2d_aa", {some({1, 1, 3, 3}), dims({3, 3}), false, 1e-300, nullptr}),
              HasSubstr("the scale is too small for the output's size"));
}

// They are given beside the sizes, and need not go with them: no place is outside, whatever they are.
TEST(Interpolation, StaysInsideForAnyScale) {
  const Tensor x = some({1, 1, 3, 3});
  for (const double scale :
       {0.0, -1.0, 1e-300, 1e-30, 0.01, 1e30, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const char* op : {"aten::upsample_nearest2d", "aten::_upsample_nearest_exact2d"}) {
      EXPECT_EQ(find_op(op)->call(samples::Arguments{x, dims({4, 5}), scale, scale}).to_tensor().numel(), 20);
    }
    for (const char* op : {"aten::upsample_bilinear2d", "aten::upsample_bicubic2d"}) {
      EXPECT_EQ(find_op(op)->call(samples::Arguments{x, dims({4, 5}), false, scale, scale}).to_tensor().numel(), 20);
    }
    const auto antialiased = [&] {
      return find_op("aten::_upsample_bicubic2d_aa")->call(samples::Arguments{x, dims({4, 5}), false, scale, scale});
    };
    if (0 < scale && scale < 0.1)
      EXPECT_THROW(antialiased(), Error) << scale;
    else
      EXPECT_EQ(antialiased().to_tensor().numel(), 20) << scale;
  }
}

TEST(GridSampling, StaysInsideForAnyGrid) {
  const Tensor x = some({1, 1, 3, 4}), grid = empty({1, 1, 8, 2}, {float64});
  const double inf = std::numeric_limits<double>::infinity();
  const double places[] = {0, 1e300, -1e300, inf, -inf, std::nan(""), 1e18, -3};
  for (int64_t i = 0; i < 8; ++i) grid.data<double>()[2 * i] = grid.data<double>()[2 * i + 1] = places[i];
  for (int64_t mode = 0; mode < 3; ++mode) {
    for (int64_t outside = 0; outside < 3; ++outside) {
      const Tensor leaf = x.clone().requires_grad_();
      const Value out = find_op("aten::grid_sampler")->call(samples::Arguments{leaf, grid, mode, outside, false});
      sum(out.to_tensor()).backward();
      EXPECT_EQ(out.to_tensor().sizes(), (Dims{1, 1, 1, 8}));
    }
  }
}

TEST(GridSampling, SaysWhatIsWrong) {
  const Tensor x = some({1, 1, 3, 4}), grid = some({1, 2, 2, 2});
  EXPECT_THAT(problem_of("aten::grid_sampler", {x, grid, 3, 0, false}),
              HasSubstr("there is no such interpolation mode: expected 0, 1 or 2, found 3"));
  EXPECT_THAT(problem_of("aten::grid_sampler", {x, grid, 0, -1, false}), HasSubstr("no such padding mode"));
  EXPECT_THAT(
      problem_of("aten::grid_sampler", {x, some({1, 2, 2, 3}), 0, 0, false}),
      HasSubstr("a number for each dimension at its end: found an input of float64 [1, 1, 3, 4] and a grid of"));
  EXPECT_THAT(problem_of("aten::grid_sampler", {x, some({2, 2, 2, 2}), 0, 0, false}), HasSubstr("same batch size"));
  EXPECT_THAT(problem_of("aten::grid_sampler", {some({1, 1, 0, 4}), grid, 0, 0, false}),
              HasSubstr("non-empty spatial"));
  EXPECT_THAT(problem_of("aten::grid_sampler", {some({1, 1, 2, 3, 4}), some({1, 2, 2, 2, 3}), 2, 0, false}),
              HasSubstr("bicubic interpolation only supports 4D input"));
}

TEST(Interpolation, GoesByTheNamesOfModes) {
  const Tensor x = tensor({1.0, 2.0, 4.0}).view({1, 1, 3});
  EXPECT_EQ(interpolate(x, {.size = Dims{6}}).to_vector<float>(), (std::vector<float>{1, 1, 2, 2, 4, 4}));
  EXPECT_EQ(interpolate(x, {.scale_factor = {2.0}, .mode = "nearest-exact"}).to_vector<float>(),
            (std::vector<float>{1, 1, 2, 2, 4, 4}));
  EXPECT_EQ(interpolate(x, {.size = Dims{5}, .mode = "linear", .align_corners = true}).to_vector<float>(),
            (std::vector<float>{1, 1.5, 2, 3, 4}));
  EXPECT_EQ(interpolate(x.unsqueeze(0), {.scale_factor = {1, 2}, .mode = "bicubic"}).sizes(), (Dims{1, 1, 1, 6}));
  EXPECT_EQ(interpolate(x.unsqueeze(0).unsqueeze(0), {.size = Dims{2, 2, 2}, .mode = "trilinear"}).sizes(),
            (Dims{1, 1, 2, 2, 2}));
  EXPECT_THAT(problem_of([&] { interpolate(x, {.size = Dims{5}, .mode = "bilinear"}); }),
              HasSubstr("found bilinear for an input of 3 dimensions"));
  EXPECT_THAT(problem_of([&] { interpolate(x, {.size = Dims{5}, .align_corners = true}); }),
              HasSubstr("align_corners is for linear"));
}

TEST(Interpolation, CopiesHalfPrecisionToTheNearest) {
  const Tensor x = tensor({1.0, 2.0, 4.0}).view({1, 1, 3});
  for (const DType dtype : {float16, bfloat16, uint8}) {
    const Tensor out = interpolate(x.to(dtype), {.size = Dims{4}});
    EXPECT_EQ(out.dtype(), dtype);
    EXPECT_EQ(out.to(float32).to_vector<float>(), (std::vector<float>{1, 1, 2, 4}));
  }
}

}  // namespace
}  // namespace okibi
