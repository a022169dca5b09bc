// Operators on float16 and bfloat16: each gives what it gives of the same numbers in float32, rounded.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "samples.h"

namespace okibi {
namespace {

using samples::Arguments;

Value each_floating(const Value& value, DType dtype) {
  if (value.is_tensor() && is_floating_point(value.to_tensor().dtype())) return value.to_tensor().detach().to(dtype);
  if (!value.is_list()) return value;
  const List list;
  for (size_t i = 0; i < value.size(); ++i) list.push_back(each_floating(value[i], dtype));
  return list;
}
Arguments each_floating(const Arguments& arguments, DType dtype) {
  Arguments changed;
  for (const Value& argument : arguments) changed.push_back(each_floating(argument, dtype));
  return changed;
}

std::vector<Tensor> tensors_in(const Value& value) {
  if (value.is_tensor()) return {value.to_tensor()};
  std::vector<Tensor> tensors;
  for (size_t i = 0; (value.is_list() || value.is_tuple()) && i < value.size(); ++i) {
    for (const Tensor& tensor : tensors_in(value[i])) tensors.push_back(tensor);
  }
  return tensors;
}

bool has_floating(const Arguments& arguments) {
  return std::ranges::any_of(arguments, [](const Value& argument) {
    return std::ranges::any_of(tensors_in(argument), [](const Tensor& t) { return is_floating_point(t.dtype()); });
  });
}

std::vector<Tensor> called(const Op& op, const Arguments& arguments) {
  manual_seed(1);
  return tensors_in(op.call(arguments));
}

// As PyTorch does: linear algebra, spectra, complex numbers, quantiles and histograms are of float32 and float64, and
// view(dtype) takes the bytes as they are. (isin of halves is not there yet.)
bool may_refuse(std::string_view name) {
  constexpr std::array refusing = {"linalg_",    "fft_",    "nuclear", "quantile", "nanq",    "histc", "isin",
                                   "view",       "inverse", "slog",    "logdet",   "det",     "lu_",   "svd",
                                   "triangular", "chol",    "matrix",  "pinv",     "complex", "polar"};
  name.remove_prefix(std::string_view("aten::").size());
  return std::ranges::any_of(refusing, [&](std::string_view one) { return name.starts_with(one); });
}

class Halves : public testing::TestWithParam<DType> {
 protected:
  // What is made of several operators is rounded after each.
  void expect_rounded(const Op& op, const Tensor& half, const Tensor& wide) const {
    ASSERT_EQ(half.sizes(), wide.sizes()) << op.schema;
    if (half.dtype() != GetParam()) {
      EXPECT_TRUE(op.run == nullptr || equal(half, wide)) << op.schema;  // integers and truths
    } else if (op.run != nullptr && !adds_in_halves(op.name())) {
      EXPECT_TRUE(allclose(half.to(float64), wide.to(half.dtype()).to(float64), exactly_)) << op.schema;
    } else {
      EXPECT_TRUE(allclose(half.to(float64), wide.to(float64), roughly_)) << op.schema;
    }
  }

 private:
  // As in PyTorch: what is added to numbers that stand there is rounded with each addition.
  static bool adds_in_halves(std::string_view name) {
    return name.starts_with("aten::index_put") || name.starts_with("aten::index_add") ||
           name.starts_with("aten::scatter_add");
  }
  static bool allclose(const Tensor& a, const Tensor& b, double tolerance) {
    const auto x = a.to_vector<double>(), y = b.to_vector<double>();
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
      if (!(std::abs(x[i] - y[i]) <= tolerance * (1 + std::abs(y[i])))) return false;
    }
    return true;
  }
  const double exactly_ = GetParam() == bfloat16 ? 0x1p-8 : 0x1p-11;  // the last digit, where additions are two
  const double roughly_ = GetParam() == bfloat16 ? 0.1 : 0.02;
};

TEST_P(Halves, AreComputedInFloat32AndRounded) {
  size_t compared = 0;
  for (const Op& op : op_table()) {
    for (const Arguments& sample : samples::all().at(std::string(op.name()))) {
      if (!has_floating(sample)) continue;
      const Arguments halves = each_floating(sample, GetParam());
      std::vector<Tensor> half;
      try {
        half = called(op, halves);
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(name_of(GetParam()))) << op.schema;
        EXPECT_TRUE(may_refuse(op.name())) << op.schema;
        break;
      }
      const auto wide = called(op, each_floating(halves, float32));
      ASSERT_EQ(half.size(), wide.size()) << op.schema;
      for (size_t i = 0; i < half.size(); ++i) expect_rounded(op, half[i], wide[i]);
      ++compared;
    }
  }
  EXPECT_GT(compared, 300);
}

INSTANTIATE_TEST_SUITE_P(Both, Halves, testing::Values(bfloat16, float16),
                         [](const auto& one) { return std::string(name_of(one.param)); });

TEST(HalvesIn, ComparisonsAreComparedWithNumbersThatAreRounded) {
  const Tensor x = tensor({0.1, 0.3}).to(bfloat16);  // as PyTorch has it: the next half is equal
  const std::vector<Value> arguments = {x, 0.1};
  EXPECT_TRUE(equal(find_op("aten::eq.Scalar")->call(arguments).to_tensor(), tensor({true, false})));
  EXPECT_TRUE(equal(find_op("aten::gt.Scalar")->call(arguments).to_tensor(), tensor({false, true})));
}

TEST(HalvesIn, OperatorsHaveGradients) {
  const Tensor w = tensor({{0.5, -1.0}, {2.0, 0.25}}).to(bfloat16).requires_grad_();
  const Tensor x = tensor({{1.0, 2.0}}).to(bfloat16);
  sum(gelu(linear(x, w))).backward();
  const Tensor wide = w.detach().to(float32).requires_grad_();
  sum(gelu(linear(x.to(float32), wide))).backward();
  EXPECT_EQ(w.grad().dtype(), bfloat16);
  const auto ours = w.grad().to(float64).to_vector<double>(), theirs = wide.grad().to(float64).to_vector<double>();
  for (size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 0.02 * (1 + std::abs(theirs[i])));
}

TEST(Attention, SharesKeysAndValuesAmongHeads) {
  const Tensor q = samples::distinct({2, 4, 3, 2}), k = samples::distinct({2, 2, 5, 2}),
               v = samples::some({2, 2, 5, 2});
  const auto for_each = [](const Tensor& x) {
    return cat({x.slice(1, 0, 1), x.slice(1, 0, 1), x.slice(1, 1, 2), x.slice(1, 1, 2)}, 1);
  };
  const Op& attention = *find_op("aten::scaled_dot_product_attention");
  const auto call = [&](const Tensor& keys, const Tensor& values, bool shared) {
    return attention.call(std::vector<Value>{q, keys, values, Value(), 0.0, false, Value(), shared}).to_tensor();
  };
  EXPECT_TRUE(equal(call(k, v, true), call(for_each(k), for_each(v), false)));
  EXPECT_THROW(call(samples::some({2, 3, 5, 2}), samples::some({2, 3, 5, 2}), true), Error);
}

TEST(HalvesIn, SumsAreRoundedOnce) {
  const Tensor ones = full({4096}, 1, {bfloat16});  // in bfloat16, 256 + 1 is 256
  EXPECT_EQ(sum(ones).to(float64).item<double>(), 4096);
}

}  // namespace
}  // namespace okibi
