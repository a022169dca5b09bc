// Norms, special functions, reductions and losses: numbers that PyTorch 1.13 has otherwise or not (these are those of
// 2.15), and what is refused.
#include <cmath>

#include <gmock/gmock.h>

#include "samples.h"
#include "samples_losses.h"
#include "samples_numbers.h"
#include "samples_summaries.h"

namespace okibi {
namespace {

using samples::dims;
using samples::ids;
using samples::some;
using testing::HasSubstr;

Value call(std::string_view name, const std::vector<Value>& arguments) { return find_op(name)->call(arguments); }
std::vector<double> numbers(const Value& result) { return result.to_tensor().to(float64).contiguous().to_vector<double>(); }
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
  EXPECT_THAT(problem("aten::linalg_vector_norm", {ids({1}), 2, nullptr, false, nullptr}), HasSubstr("Expected a floating point"));
  EXPECT_THAT(problem("aten::linalg_vector_norm", {x, 2, nullptr, false, float32}), HasSubstr("without narrowing"));
  EXPECT_THAT(problem("aten::linalg_vector_norm", {some({0}), -1, nullptr, false, nullptr}), HasSubstr("identity"));
  EXPECT_THAT(problem("aten::linalg_matrix_norm", {x, 3, dims({-2, -1}), false, nullptr}), HasSubstr("Order 3 not supported"));
  EXPECT_THAT(problem("aten::linalg_matrix_norm", {x, 1, dims({0, -2}), false, nullptr}), HasSubstr("must be different"));
  EXPECT_THAT(problem("aten::linalg_matrix_norm", {x, 1, dims({0}), false, nullptr}), HasSubstr("2-tuple"));
  EXPECT_THAT(problem("aten::linalg_norm", {some({2, 3, 4}), 2, nullptr, false, nullptr}), HasSubstr("must be 1D or 2D"));
  EXPECT_THAT(problem("aten::linalg_norm.ord_str", {x, "fra", nullptr, false, nullptr}), HasSubstr("Order fra not supported"));
  EXPECT_THAT(problem("aten::renorm", {x, 0, 0, 1}), HasSubstr("non-positive-norm"));
  EXPECT_THAT(problem("aten::renorm", {some({3}), 2, 0, 1}), HasSubstr("at least 2 dimensions"));
}

TEST(Numbers, QuantilesSayWhatTheyWant) {
  const Tensor x = some({4});
  EXPECT_THAT(problem("aten::quantile.scalar", {x, 1.5, nullptr, false, "linear"}), HasSubstr("range [0, 1]"));
  EXPECT_THAT(problem("aten::quantile.scalar", {x, 0.5, nullptr, false, "cubic"}), HasSubstr("interpolation must be one of"));
  EXPECT_THAT(problem("aten::quantile.scalar", {some({0}), 0.5, nullptr, false, "linear"}), HasSubstr("non-empty"));
  EXPECT_THAT(problem("aten::quantile", {x, tensor({0.5}), nullptr, false, "linear"}), HasSubstr("same dtype"));
  EXPECT_THAT(problem("aten::quantile.scalar", {ids({1}), 0.5, nullptr, false, "linear"}), HasSubstr("float or double"));
}

TEST(Numbers, LossesSayWhatTheyWant) {
  const Tensor scores = log_softmax(some({6, 2, 4}), 2), lengths = ids({6, 6}), labels = ids({{1, 2}, {3, 9}});
  const auto ctc = [&](const Tensor& targets, const Tensor& steps, const Tensor& counts, int64_t blank) {
    return problem("aten::ctc_loss.Tensor", {scores, targets, steps, counts, blank, 1, false});
  };
  EXPECT_THAT(ctc(labels, lengths, ids({2, 2}), 0), HasSubstr("a target is no class"));
  EXPECT_THAT(ctc(ids({{1, 2}, {3, 1}}), lengths, ids({2, 3}), 0), HasSubstr("target_lengths to have values from 0 to 2"));
  EXPECT_THAT(ctc(ids({1, 2, 3}), lengths, ids({2, 2}), 0), HasSubstr("more labels than there are"));
  EXPECT_THAT(ctc(ids({{1, 2}, {3, 1}}), ids({7, 1}), ids({2, 1}), 0), HasSubstr("input_lengths"));
  EXPECT_THAT(ctc(ids({{1, 2}, {3, 1}}), lengths, ids({2, 1}), 4), HasSubstr("blank must be in label range"));
  EXPECT_THAT(problem("aten::multi_margin_loss", {some({2, 3}), ids({0, 3}), 1, 1, nullptr, 1}), HasSubstr("target out of range"));
  EXPECT_THAT(problem("aten::pdist", {empty({int64_t{1} << 40, 0}), 2.0}), HasSubstr("too many distances"));
  EXPECT_THAT(problem("aten::cdist", {some({2, 3}), some({2, 4}), 2.0, nullptr}), HasSubstr("number of columns"));
  EXPECT_THAT(problem("aten::softshrink", {some({2}), -1}), HasSubstr("lambda must be greater or equal to 0"));
  EXPECT_THAT(problem("aten::isclose", {some({2}), ids({1, 2}), 1e-5, 1e-8, false}), HasSubstr("one dtype"));
}

// Every argument of every sample, one after the other, as something that no program should give: a result or an Error.
std::vector<Value> odd_values(const Value& instead_of) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  if (instead_of.is_tensor()) {
    return {some({}), some({0}), some({1, 0, 2}), ids({5, -7}), tensor({true, false}), some({2, 3}).to(float16), ids({{most, least}}), samples::odd_numbers(), empty({int64_t{1} << 40, 0}), some({3, 1, 2, 1, 2}).transpose(0, 2)};
  }
  if (instead_of.is_list()) return {dims({}), dims({0, 0}), dims({most}), dims({-1, -2, -3})};
  if (instead_of.is_string()) return {"", "sum"};
  if (instead_of.is_bool()) return {true, false};
  if (instead_of.is_double()) return {0.0, -1.0, std::nan(""), INFINITY, 1e308};
  return {0, -1, 3, most, least, nullptr};
}

TEST(Numbers, OddArgumentsAreResultsOrErrors) {
  for (const auto& family : {samples::numbers_samples(), samples::summaries_samples(), samples::losses_samples()}) {
    for (const auto& [name, all] : family) {
      const Op& op = *find_op(name);
      for (const samples::Arguments& sample : all) {
        for (size_t i = 0; i < sample.size(); ++i) {
          for (const Value& odd : odd_values(sample[i])) {
            samples::Arguments arguments = sample;
            arguments[i] = odd;
            try {
              op.call(arguments);
            } catch (const Error& error) {
              EXPECT_NE(error.kind(), ErrorKind::internal) << name << ": " << error.what();
            } catch (const std::exception& error) {
              ADD_FAILURE() << name << ", argument " << i << " as " << repr(odd).substr(0, 60) << ": " << error.what();
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace okibi
