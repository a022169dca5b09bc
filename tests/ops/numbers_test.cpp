// Norms, special functions, reductions and losses: numbers that PyTorch 1.13 has otherwise or not (these are those of
// 2.15), and what is refused.
#include <cmath>

#include <gmock/gmock.h>

#include "samples.h"
#include "samples_numbers.h"

namespace okibi {
namespace {

using samples::dims;
using samples::ids;
using samples::some;
using testing::HasSubstr;

Value call(std::string_view name, const std::vector<Value>& arguments) { return find_op(name)->call(arguments); }
std::vector<double> numbers(const Value& result) {
  return result.to_tensor().to(float64).contiguous().to_vector<double>();
}
std::string problem(std::string_view name, const std::vector<Value>& arguments) {
  try {
    call(name, arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "no problem";
}

TEST(Numbers, SpecialFunctionsFarOut) {
  const auto at = [](std::string_view name, double x) { return numbers(call(name, {tensor({x}, float64)}))[0]; };
  EXPECT_NEAR(at("aten::digamma", -9.7) / 0.04028686852183094, 1, 1e-9);
  EXPECT_NEAR(at("aten::erfinv", 1 - 1e-15) / 5.675915739744713, 1, 1e-9);
  EXPECT_NEAR(at("aten::special_ndtri", 1e-300) / -37.0470964, 1, 1e-7);
  EXPECT_NEAR(at("aten::special_log_ndtr", -40) / -804.6084420137539, 1, 1e-9);
  EXPECT_NEAR(at("aten::special_erfcx", 100) / 0.00564161378298943, 1, 1e-12);
  EXPECT_NEAR(at("aten::special_i0e", 1e6) / 0.00039894233026924577, 1, 1e-9);
  EXPECT_TRUE(std::isinf(at("aten::digamma", 0.0)) && at("aten::digamma", 0.0) < 0);
  EXPECT_TRUE(std::isnan(at("aten::digamma", -3.0)));
}

// ψ''(x) and further derivatives; below 0 the numbers on both sides of the place nearly cancel.
TEST(Numbers, PolygammaBelowZero) {
  const auto at = [](int64_t n, double x) { return numbers(call("aten::polygamma", {n, tensor({x}, float64)}))[0]; };
  EXPECT_NEAR(at(2, -100000.5) / -9.9997000e-11, 1, 1e-3);
  EXPECT_NEAR(at(2, -99.3) / 68.83744331585403, 1, 1e-12);
  EXPECT_NEAR(at(3, -1e6 - 0.25) / 1558.545456544039, 1, 1e-12);
  EXPECT_NEAR(at(4, -0.3) / 9731.834956233522, 1, 1e-12);
  EXPECT_NEAR(at(2, -2.0001) / 1999999999987.1829, 1, 1e-9);
  EXPECT_NEAR(at(3, -1e-20) / 6e80, 1, 1e-12);
  EXPECT_EQ(at(2, -2.0), -samples::infinity);
  EXPECT_EQ(at(3, -samples::infinity), samples::infinity);
  EXPECT_TRUE(std::isnan(at(3, NAN)));
}

TEST(Numbers, OfHalvesAreTheirOwn) {
  for (const auto& [dtype, largest] : {std::pair(float16, 65504.0), std::pair(bfloat16, 0x1.fep127)}) {
    const Tensor x = tensor({samples::infinity, -samples::infinity, NAN, 1.5}).to(dtype).requires_grad_();
    const Tensor finite = call("aten::nan_to_num", {x, nullptr, nullptr, nullptr}).to_tensor();
    EXPECT_EQ(numbers(finite), (std::vector<double>{largest, -largest, 0, 1.5}));
    sum(finite).backward();
    EXPECT_EQ(numbers(x.grad()), (std::vector<double>{0, 0, 0, 1}));
    const Tensor from = tensor({1.0, 1.0, -1.0, 0.0, largest, samples::infinity, 2.0}).to(dtype);
    const Tensor to = tensor({2.0, -2.0, 0.0, -1.0, samples::infinity, 0.0, 2.0}).to(dtype);
    const double step = dtype == float16 ? 0x1p-10 : 0x1p-7, least = dtype == float16 ? 0x1p-24 : 0x1p-133;
    EXPECT_EQ(numbers(call("aten::nextafter", {from, to})),
              (std::vector<double>{1 + step, 1 - step / 2, -1 + step / 2, -least, samples::infinity, largest, 2}));
  }
  const Value none = call("aten::nextafter", {tensor({1.0}).to(float16), tensor({NAN}).to(float16)});
  EXPECT_TRUE(std::isnan(numbers(none)[0]));
}

TEST(Numbers, OfComplexOnesAreRefused) {
  const Tensor x = zeros({2}, {complex64});
  EXPECT_THAT(problem("aten::nansum", {x, nullptr, false, nullptr}),
              HasSubstr("nansum is not implemented for complex64"));
  EXPECT_THAT(problem("aten::nansum", {some({2}), nullptr, false, complex64}), HasSubstr("nansum is not implemented"));
  EXPECT_THAT(problem("aten::digamma", {x}), HasSubstr("digamma is not implemented for complex64"));
  EXPECT_THAT(problem("aten::atan2", {x, x}), HasSubstr("atan2 is not implemented for complex64"));
}

TEST(Numbers, OfShortIntegers) {
  const auto both = [](std::string_view name, DType dtype, const Tensor& a, const Tensor& b) {
    return numbers(call(name, {a.to(dtype), b.to(dtype)}));
  };
  const std::string_view left = "aten::bitwise_left_shift.Tensor", right = "aten::bitwise_right_shift.Tensor";
  EXPECT_EQ(both(left, uint8, ids({255, 128, 3}), ids({1, 7, 9})), (std::vector<double>{254, 0, 0}));
  EXPECT_EQ(both(right, uint8, ids({255, 128, 255}), ids({1, 7, 9})), (std::vector<double>{127, 1, 0}));
  EXPECT_EQ(both(right, int8, ids({-100, -100, 3}), ids({1, 8, -1})), (std::vector<double>{-50, -1, 0}));
  EXPECT_EQ(both("aten::gcd", int8, ids({-128, -128}), ids({0, -1})), (std::vector<double>{-128, 1}));
  EXPECT_EQ(both("aten::lcm", int8, ids({-128, 100}), ids({3, 7})), (std::vector<double>{-128, -68}));
  EXPECT_EQ(both("aten::lcm", int16, ids({100, 0}), ids({7, -32768})), (std::vector<double>{700, 0}));
  EXPECT_EQ(both("aten::bitwise_and.Tensor", uint8, ids({255, 6}), ids({128, 3})), (std::vector<double>{128, 2}));
  EXPECT_THAT(problem("aten::gcd", {samples::truths(), samples::truths()}),
              HasSubstr("gcd is not implemented for bool"));
  EXPECT_FALSE(find_op("aten::bitwise_and.Scalar_Tensor")->differentiable);
}

TEST(Numbers, MediansPastNan) {
  const Tensor x = tensor({{2.0, NAN, 2.0, 2.0, NAN}, {NAN, NAN, NAN, NAN, NAN}, {5.0, 1.0, 3.0, 4.0, NAN}});
  for (const DType dtype : {float32, float16, bfloat16}) {
    const Value found = call("aten::nanmedian.dim", {x.to(dtype), 1, false});
    EXPECT_EQ(numbers(found[1]), (std::vector<double>{2, 0, 2}));
    EXPECT_EQ(numbers(found[0])[2], 3);
    const Value mode = call("aten::mode", {x.to(dtype), 1, false});
    EXPECT_EQ(numbers(mode[1]), (std::vector<double>{3, 0, 1}));
  }
  EXPECT_EQ(numbers(call("aten::nanmedian", {ids({9, 200, 7, 8}).to(uint8)})), (std::vector<double>{8}));
  EXPECT_THAT(problem("aten::median", {samples::truths()}), HasSubstr("median is not implemented for bool"));
}

TEST(Numbers, ShiftsBeyondAllBits) {
  const Tensor x = ids({1, -5, -1}), by = ids({64, -1, 3});
  EXPECT_EQ(numbers(call("aten::bitwise_left_shift.Tensor", {x, by})), (std::vector<double>{0, 0, -8}));
  EXPECT_EQ(numbers(call("aten::bitwise_right_shift.Tensor", {x, by})), (std::vector<double>{0, -1, -1}));
  const Tensor least = ids({std::numeric_limits<int64_t>::min()});
  EXPECT_NO_THROW(call("aten::lcm", {least, least}));
  EXPECT_NO_THROW(call("aten::gcd", {least, ids({-1})}));
}

TEST(Numbers, TruthsOfSeveralDimensions) {
  const Tensor x = ids({{1, 0}, {1, 1}});
  EXPECT_EQ(numbers(call("aten::all.dims", {x, nullptr, false})), (std::vector<double>{0}));
  EXPECT_EQ(numbers(call("aten::all.dims", {x, dims({0}), true})), (std::vector<double>{1, 0}));
  EXPECT_EQ(numbers(call("aten::any.dims", {x, dims({}), false})), (std::vector<double>{1, 0, 1, 1}));
  EXPECT_EQ(call("aten::any.dims", {x, dims({1, 0}), true}).to_tensor().sizes(), (Dims{1, 1}));
}

TEST(Numbers, HistogramsLeaveOutNan) {
  const Value found = call("aten::histc", {samples::odd_numbers(), 3, -2, 2});
  EXPECT_EQ(numbers(found), (std::vector<double>{0, 2, 1}));
  EXPECT_THAT(problem("aten::histc", {samples::odd_numbers(), 3, 0, 0}), HasSubstr("is not finite"));
  EXPECT_THAT(problem("aten::histc", {some({3}), 0, 0, 0}), HasSubstr("bins must be > 0"));
  EXPECT_THAT(problem("aten::histc", {some({3}), 3, 2, 1}), HasSubstr("max must be larger than min"));
}

// The row of a distance to itself is 0, with a gradient of zeros.
TEST(Numbers, DistancesToItself) {
  const Tensor x = some({30, 3}).to(float32).requires_grad_();
  const Tensor all = call("aten::cdist", {x, x, 2.0, nullptr}).to_tensor();
  EXPECT_EQ(all.select(0, 4).select(0, 4).item<double>(), 0);
  sum(all).backward();
  EXPECT_TRUE(std::isfinite(sum(x.grad()).item<double>()));
}

TEST(Numbers, NormsSayWhatTheyWant) {
  const Tensor x = some({2, 3});
  EXPECT_THAT(problem("aten::linalg_vector_norm", {ids({1}), 2, nullptr, false, nullptr}),
              HasSubstr("Expected a floating point"));
  EXPECT_THAT(problem("aten::linalg_vector_norm", {x, 2, nullptr, false, float32}), HasSubstr("without narrowing"));
  EXPECT_THAT(problem("aten::linalg_vector_norm", {some({0}), -1, nullptr, false, nullptr}), HasSubstr("identity"));
  EXPECT_THAT(problem("aten::linalg_matrix_norm", {x, 3, dims({-2, -1}), false, nullptr}),
              HasSubstr("Order 3 not supported"));
  EXPECT_THAT(problem("aten::linalg_matrix_norm", {x, 1, dims({0, -2}), false, nullptr}),
              HasSubstr("must be different"));
  EXPECT_THAT(problem("aten::linalg_matrix_norm", {x, 1, dims({0}), false, nullptr}), HasSubstr("2-tuple"));
  EXPECT_THAT(problem("aten::linalg_norm", {some({2, 3, 4}), 2, nullptr, false, nullptr}),
              HasSubstr("must be 1D or 2D"));
  EXPECT_THAT(problem("aten::linalg_norm.ord_str", {x, "fra", nullptr, false, nullptr}),
              HasSubstr("Order fra not supported"));
  EXPECT_THAT(problem("aten::renorm", {x, 0, 0, 1}), HasSubstr("non-positive-norm"));
  EXPECT_THAT(problem("aten::renorm", {some({3}), 2, 0, 1}), HasSubstr("at least 2 dimensions"));
}

TEST(Numbers, QuantilesSayWhatTheyWant) {
  const Tensor x = some({4});
  EXPECT_THAT(problem("aten::quantile.scalar", {x, 1.5, nullptr, false, "linear"}), HasSubstr("range [0, 1]"));
  EXPECT_THAT(problem("aten::quantile.scalar", {x, 0.5, nullptr, false, "cubic"}),
              HasSubstr("interpolation must be one of"));
  EXPECT_THAT(problem("aten::quantile.scalar", {some({0}), 0.5, nullptr, false, "linear"}), HasSubstr("non-empty"));
  EXPECT_THAT(problem("aten::quantile", {x, tensor({0.5}), nullptr, false, "linear"}), HasSubstr("same dtype"));
  EXPECT_THAT(problem("aten::quantile.scalar", {ids({1}), 0.5, nullptr, false, "linear"}),
              HasSubstr("float or double"));
}

TEST(Numbers, LossesSayWhatTheyWant) {
  const Tensor scores = log_softmax(some({6, 2, 4}), 2), lengths = ids({6, 6}), labels = ids({{1, 2}, {3, 9}});
  const auto ctc = [&](const Tensor& targets, const Tensor& steps, const Tensor& counts, int64_t blank) {
    return problem("aten::ctc_loss.Tensor", {scores, targets, steps, counts, blank, 1, false});
  };
  EXPECT_THAT(ctc(labels, lengths, ids({2, 2}), 0), HasSubstr("a target is no class"));
  EXPECT_EQ(ctc(ids({{1, 2, -1}, {3, -1, -100}}), lengths, ids({2, 1}), 0), "no problem");  // what is behind is padding
  EXPECT_THAT(ctc(ids({{1, 2}, {3, 1}}), lengths, ids({2, 3}), 0),
              HasSubstr("target_lengths to have values from 0 to 2"));
  EXPECT_THAT(ctc(ids({1, 2, 3}), lengths, ids({2, 2}), 0), HasSubstr("more labels than there are"));
  EXPECT_THAT(ctc(ids({{1, 2}, {3, 1}}), ids({7, 1}), ids({2, 1}), 0), HasSubstr("input_lengths"));
  EXPECT_THAT(ctc(ids({{1, 2}, {3, 1}}), lengths, ids({2, 1}), 4), HasSubstr("blank must be in label range"));
  EXPECT_THAT(problem("aten::multi_margin_loss", {some({2, 3}), ids({0, 3}), 1, 1, nullptr, 1}),
              HasSubstr("target out of range"));
  EXPECT_THAT(problem("aten::pdist", {empty({int64_t{1} << 40, 0}), 2.0}), HasSubstr("too many distances"));
  EXPECT_THAT(problem("aten::cdist", {some({2, 3}), some({2, 4}), 2.0, nullptr}), HasSubstr("number of columns"));
  EXPECT_THAT(problem("aten::softshrink", {some({2}), -1}), HasSubstr("lambda must be greater or equal to 0"));
  EXPECT_THAT(problem("aten::isclose", {some({2}), ids({1, 2}), 1e-5, 1e-8, false}), HasSubstr("one dtype"));
}

}  // namespace
}  // namespace okibi
