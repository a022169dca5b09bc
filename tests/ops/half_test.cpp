// Operators on float16 and bfloat16: each gives what it gives of the same numbers in float32, rounded.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>

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

bool has_floating(const Arguments& arguments) {
  return std::ranges::any_of(arguments, [](const Value& argument) {
    return std::ranges::any_of(samples::tensors_in(argument),
                               [](const Tensor& t) { return is_floating_point(t.dtype()); });
  });
}

std::vector<Tensor> called(const Op& op, const Arguments& arguments) {
  manual_seed(1);
  return samples::tensors_in(op.call(arguments));
}

// As PyTorch does: linear algebra, spectra, complex numbers, quantiles and histograms are of float32 and float64, and
// view(dtype) takes the bytes as they are.
const std::set<std::string_view> refusing = {"aten::cholesky_inverse",
                                             "aten::cholesky_solve",
                                             "aten::complex",
                                             "aten::det",
                                             "aten::fft_fft",
                                             "aten::fft_hfft",
                                             "aten::fft_ifft",
                                             "aten::fft_ihfft",
                                             "aten::fft_ihfft2",
                                             "aten::fft_ihfftn",
                                             "aten::fft_irfft",
                                             "aten::fft_rfft",
                                             "aten::fft_rfft2",
                                             "aten::fft_rfftn",
                                             "aten::histc",
                                             "aten::inverse",
                                             "aten::linalg_cholesky",
                                             "aten::linalg_cholesky_ex",
                                             "aten::linalg_det",
                                             "aten::linalg_eigh",
                                             "aten::linalg_eigvalsh",
                                             "aten::linalg_inv",
                                             "aten::linalg_inv_ex",
                                             "aten::linalg_lu",
                                             "aten::linalg_lu_factor",
                                             "aten::linalg_lu_factor_ex",
                                             "aten::linalg_lu_solve",
                                             "aten::linalg_matrix_exp",
                                             "aten::linalg_matrix_norm",
                                             "aten::linalg_matrix_power",
                                             "aten::linalg_matrix_rank",
                                             "aten::linalg_matrix_rank.atol_rtol_float",
                                             "aten::linalg_matrix_rank.atol_rtol_tensor",
                                             "aten::linalg_matrix_rank.tol_tensor",
                                             "aten::linalg_pinv",
                                             "aten::linalg_pinv.atol_rtol_float",
                                             "aten::linalg_pinv.atol_rtol_tensor",
                                             "aten::linalg_pinv.rcond_tensor",
                                             "aten::linalg_qr",
                                             "aten::linalg_slogdet",
                                             "aten::linalg_solve",
                                             "aten::linalg_solve_ex",
                                             "aten::linalg_solve_triangular",
                                             "aten::linalg_svd",
                                             "aten::linalg_svdvals",
                                             "aten::logdet",
                                             "aten::lu_solve",
                                             "aten::lu_unpack",
                                             "aten::matrix_exp",
                                             "aten::matrix_power",
                                             "aten::nanquantile",
                                             "aten::nanquantile.scalar",
                                             "aten::nuclear_norm",
                                             "aten::nuclear_norm.dim",
                                             "aten::pinverse",
                                             "aten::polar",
                                             "aten::quantile",
                                             "aten::quantile.scalar",
                                             "aten::slogdet",
                                             "aten::svd",
                                             "aten::triangular_solve",
                                             "aten::view_as_complex"};

// What is made of several operators is rounded after each: how many times farther away that may be than usual.
const std::map<std::string_view, double> far = {{"aten::poisson_nll_loss", 2}};

// Truths of comparisons with numbers that are rounded as well.
const std::set<std::string_view> chosen_otherwise = {"aten::isin.Tensor_Scalar"};

// What of halves is something else: the bytes, the next half, and the largest.
const std::set<std::string_view> of_their_own = {"aten::view.dtype", "aten::nextafter", "aten::nan_to_num"};

struct Numbers {
  std::vector<double> found, expected;
  Numbers(const Tensor& half, const Tensor& wide)
      : found(half.to(float64).to_vector<double>()), expected(wide.to(float64).to_vector<double>()) {}

  // Whether each lies as near as it must, by what is expected there.
  bool are_near(const std::function<double(double)>& tolerance) const {
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))) continue;
      if (!std::isfinite(expected[i]) || !(std::abs(found[i] - expected[i]) <= tolerance(expected[i]))) return false;
    }
    return true;
  }
  // The farthest as a part of the largest; what lies below the smallest number does not count.
  double away(double smallest) const {
    double farthest = 0, largest = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))) continue;
      if (!std::isfinite(found[i]) || !std::isfinite(expected[i])) return HUGE_VAL;
      farthest = std::max(farthest, std::abs(found[i] - expected[i]));
    }
    for (const double each : expected) {
      if (std::isfinite(each)) largest = std::max(largest, std::abs(each));
    }
    return farthest <= smallest ? 0 : farthest / largest;
  }
};

class Halves : public testing::TestWithParam<DType> {
 protected:
  void expect_rounded(const Op& op, const Tensor& half, const Tensor& wide) const {
    ASSERT_EQ(half.sizes(), wide.sizes()) << op.schema;
    if (half.dtype() != GetParam()) {
      EXPECT_TRUE(equal(half, wide) || chosen_otherwise.contains(op.name())) << op.schema;  // integers and truths
    } else if (op.run != nullptr && !adds_in_halves(op.name())) {
      const auto in_last_digit = [&](double y) { return 2 * digit_ * std::abs(y) + smallest_; };
      EXPECT_TRUE(Numbers(half, wide.to(half.dtype())).are_near(in_last_digit)) << op.schema;
    } else {
      const auto known = far.find(op.name());
      EXPECT_LE(Numbers(half, wide).away(smallest_), roughly_ * (known == far.end() ? 1 : known->second)) << op.schema;
    }
  }

 private:
  // As in PyTorch: what is added to numbers that stand there is rounded with each addition.
  static bool adds_in_halves(std::string_view name) {
    return name.starts_with("aten::index_put") || name.starts_with("aten::index_add");
  }
  const double digit_ = GetParam() == bfloat16 ? 0x1p-8 : 0x1p-11;
  const double smallest_ = GetParam() == bfloat16 ? 0 : 0x1p-24;
  const double roughly_ = GetParam() == bfloat16 ? 0.03 : 0.004;
};

TEST_P(Halves, AreComputedInFloat32AndRounded) {
  size_t compared = 0;
  std::set<std::string_view> refused;
  for (const Op& op : op_table()) {
    for (const Arguments& sample : samples::all().at(std::string(op.name()))) {
      if (!has_floating(sample) || of_their_own.contains(op.name())) continue;
      const Arguments halves = each_floating(sample, GetParam());
      std::vector<Tensor> half;
      try {
        half = called(op, halves);
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(name_of(GetParam()))) << op.schema;
        refused.insert(op.name());
        continue;
      }
      const auto wide = called(op, each_floating(halves, float32));
      ASSERT_EQ(half.size(), wide.size()) << op.schema;
      for (size_t i = 0; i < half.size(); ++i) expect_rounded(op, half[i], wide[i]);
      ++compared;
    }
  }
  for (const std::string_view name : refused) EXPECT_TRUE(refusing.contains(name)) << name << " refuses";
  for (const std::string_view name : refusing) EXPECT_TRUE(refused.contains(name)) << name << " refuses no longer";
  EXPECT_GT(compared, 2000);
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

// Numbers of PyTorch, after two batches.
TEST(HalvesIn, BatchesMoveTheRunningStatistics) {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 5.0}, {4.0, -6.0}}).to(bfloat16);
  const auto moved = [&](DType dtype) {
    const auto pair = [&](double a, double b) { return tensor({a, b}).to(dtype); };
    const Tensor mean = pair(0.5, -1), variance = pair(1, 2);
    for (int batch = 0; batch < 2; ++batch) {
      const Tensor out = batch_norm(x, mean, variance, pair(1.5, 0.5), pair(0.25, -1), true, 0.1, 1e-5);
      EXPECT_EQ(out.dtype(), bfloat16);
    }
    return cat({mean, variance});
  };
  // PyTorch rounds the batch's mean as well.
  EXPECT_TRUE(allclose(moved(bfloat16).to(float32), tensor({0.9140625, -0.7421875, 1.25, 7.75}), 0x1p-7, 0));
  EXPECT_TRUE(allclose(moved(float32), tensor({0.911666751, -0.746666551, 1.25333333, 7.76333332}), 1e-6));
}

TEST(HalvesIn, SumsAreRoundedOnce) {
  const Tensor ones = full({4096}, 1, {bfloat16});  // in bfloat16, 256 + 1 is 256
  EXPECT_EQ(sum(ones).to(float64).item<double>(), 4096);
}

}  // namespace
}  // namespace okibi
