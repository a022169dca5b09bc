// Samples of statistics, of functions of single numbers, and of two and three that broadcast.
#pragma once

#include <cmath>
#include <limits>

#include "sample_tensors.h"

namespace okibi::samples {

// With zeros among them, at which products have slopes all the same.
inline Tensor with_zeros(Dims sizes, int64_t every) {
  Tensor x = some(std::move(sizes));
  for (int64_t i = 0; i < x.numel(); i += every) x.data<double>()[i] = 0;
  return x;
}
// Numbers of all kinds.
inline Tensor odd_numbers() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  return tensor({1.5, infinity, -infinity, nan, 0.0, -0.0}, float64);
}
inline Tensor truths() { return tensor({true, false, true}); }

inline Map number_samples() {
  const Tensor within = some({2, 3}) * 0.3;
  return {
      {"aten::tan", {{within}, {ids({1, 2})}}},
      {"aten::asin", {{within}, {within.t()}}},
      {"aten::acos", {{within}, {ids({0, 1})}}},
      {"aten::atan", {{some({2, 3})}, {ids({1, -2}).to(int32)}}},
      {"aten::sinh", {{some({2, 3})}}},
      {"aten::cosh", {{some({2, 3})}}},
      {"aten::asinh", {{some({2, 3})}}},
      {"aten::acosh", {{some({2, 3}, 4)}}},
      {"aten::atanh", {{within}}},
      {"aten::exp2", {{some({2, 3})}, {ids({1, -2})}}},
      {"aten::erfc", {{some({2, 3})}}},
      {"aten::frac", {{some({2, 3})}}},
      {"aten::sign", {{some({2, 3})}, {ids({3, -2, 0})}, {odd_numbers().narrow(0, 0, 3)}}},
      {"aten::isnan", {{odd_numbers()}, {odd_numbers().to(float32)}, {ids({1, 2})}, {some({0})}}},
      {"aten::isinf", {{odd_numbers()}, {truths()}}},
      {"aten::isfinite", {{odd_numbers()}, {ids({1, 2})}}},
      {"aten::isposinf", {{odd_numbers()}, {ids({1, 2})}}},
      {"aten::isneginf", {{odd_numbers()}, {ids({1, 2})}}},
      {"aten::bitwise_and.Scalar", {{ids({6, 3}), 3}, {ids({6, 3}).to(int32), 2}, {truths(), 6}}},
      {"aten::bitwise_or.Scalar", {{ids({6, 3}), 8}, {truths(), 0}}},
      {"aten::bitwise_xor.Scalar", {{ids({6, 3}), -1}, {ids({{6, 3}}).t(), 2}}},
      {"aten::__and__.Scalar", {{ids({6, 3}), 3}}},
      {"aten::__or__.Scalar", {{ids({6, 3}), 8}}},
      {"aten::__xor__.Scalar", {{ids({6, 3}), 5}}},
      {"aten::__xor__.Tensor", {{ids({6, 3}), ids({3, 8})}, {truths(), truths().narrow(0, 0, 1)}}},
  };
}

inline Map pointwise_samples() {
  return {
      {"aten::div.Tensor_mode",
       {{some({2, 3}), some({3}, 0.4), "floor"},
        {some({2, 3}), some({3}, 0.4), "trunc"},
        {some({2, 3}), some({2, 1}), nullptr},
        {ids({7, -7, 7, -7}), ids({2, 2, -2, -1}), "floor"},
        {ids({7, -7, 7, -7}), ids({2, 2, -2, -1}), "trunc"},
        {ids({7, -7}), ids({2}), nullptr}}},
      {"aten::div.Scalar_mode",
       {{some({2, 3}), 0.7, "floor"}, {some({3, 2}).t(), -0.7, "trunc"}, {ids({7, -7}), 2, "floor"}, {ids({7, -7}), 2.5, "trunc"}}},
      {"aten::remainder.Tensor",
       {{some({2, 3}), some({3}, 0.4)}, {some({2, 1}, 0.05), some({3})}, {ids({7, -7, 7}), ids({3, 3, -3})}}},
      {"aten::remainder.Scalar_Tensor", {{5.3, some({3}, 0.4)}, {7, ids({3, -3})}}},
      {"aten::fmod.Tensor", {{some({2, 3}), some({3}, 0.4)}, {some({2, 1}, 0.05), some({3})}, {ids({7, -7, 7}), ids({3, 3, -3})}}},
      {"aten::fmod.Scalar", {{some({2, 3}), 0.7}, {some({2, 3}), -0.7}, {ids({7, -7}), 3}, {ids({7, -7}), -3}}},
      {"aten::atan2", {{some({2, 3}), some({3}, 0.4)}, {some({2, 1}), some({2, 3})}, {ids({1, -1}), ids({2, -2})}}},
      {"aten::lerp.Scalar", {{some({2, 3}), some({3}, 1), 0.3}, {some({2, 1}), some({2, 3}, 1), 0.8}, {some({3}), some({3}, 1), -1.5}}},
      {"aten::lerp.Tensor", {{some({2, 3}), some({2, 3}, 1), some({3})}, {some({2, 1}), some({3}, 1), some({}) * 0.1}}},
      {"aten::addcmul",
       {{some({2, 3}), some({3}, 1), some({2, 1}), 1.5}, {some({3, 2}).t(), some({2, 3}), some({2, 3}), 1}, {ids({1, 2}), ids({3, 4}), ids({5, 6}), 2}}},
      {"aten::addcdiv", {{some({2, 3}), some({3}, 1), some({2, 1}, 4), 1.5}, {some({2, 3}), some({2, 3}), some({2, 3}, 4), 1}}},
      {"aten::rsub.Tensor", {{some({2, 3}), some({3}), 2.0}, {ids({1, 2}), ids({5, 5}), 1}}},
      {"aten::pow.Scalar", {{2.5, some({2, 3})}, {3, some({3, 2}).t()}}},
      {"aten::clamp.Tensor",
       {{some({2, 3}), some({3}, -1), some({2, 1}, 0.3)},
        {some({2, 3}), some({}, 0.1), nullptr},
        {some({2, 3}), nullptr, some({3}, 0.1)},
        {ids({1, 5, 9}), ids({2}), ids({6})}}},
      {"aten::clamp_min.Tensor", {{some({2, 3}), some({3}, 0.1)}}},
      {"aten::clamp_max.Tensor", {{some({2, 3}), some({2, 1}, 0.1)}}},
  };
}

inline std::vector<Arguments> variances() {
  return {{some({2, 3, 4}), dims({1}), 1, false},
          {some({2, 3, 4}), dims({0, -1}), 0, true},
          {some({4, 3}).t(), nullptr, nullptr, false},
          {some({2, 3}), dims({1}), 2, false}};
}
inline std::vector<Arguments> variances_by_dim() {
  return {{some({2, 3, 4}), dims({1}), true, false}, {some({2, 3, 4}).transpose(0, 2), dims({0, 1}), false, true}};
}
inline std::vector<Arguments> variances_of_all() { return {{some({2, 3}), true}, {some({5}), false}}; }

inline Map reduction_samples() {
  const Tensor many = with_zeros({3, 4}, 5);
  return {
      {"aten::max", {{distinct({2, 3})}, {distinct({4, 3}).t()}, {ids({3, 9, 9})}, {truths()}}},
      {"aten::min", {{distinct({2, 3})}, {some({})}, {ids({3, -9}).to(int32)}}},
      {"aten::aminmax", {{distinct({2, 3, 4}), 1, false}, {distinct({2, 3}), nullptr, false}, {ids({{1, 5}, {7, 2}}), -1, true}}},
      {"aten::prod", {{some({2, 3}), nullptr}, {many, nullptr}, {ids({3, -4}), nullptr}, {some({0}), nullptr}, {with_zeros({5}, 7), nullptr}}},
      {"aten::prod.dim_int",
       {{some({2, 3, 4}), 1, false, nullptr}, {many.t(), -1, true, nullptr}, {with_zeros({4, 3}, 2), 0, false, nullptr}, {ids({{1, 2}, {3, 4}}), 0, false, nullptr}}},
      {"aten::cumprod",
       {{some({2, 3, 4}), 1, nullptr}, {with_zeros({3, 5}, 7), 1, nullptr}, {with_zeros({3, 5}, 4), -1, nullptr}, {many.t(), 0, nullptr}, {ids({{1, 2}, {3, 4}}), 1, nullptr}}},
      {"aten::var.correction", variances()},
      {"aten::std.correction", variances()},
      {"aten::var_mean.correction", variances()},
      {"aten::std_mean.correction", variances()},
      {"aten::var.dim", variances_by_dim()},
      {"aten::std.dim", variances_by_dim()},
      {"aten::var_mean.dim", variances_by_dim()},
      {"aten::std_mean.dim", variances_by_dim()},
      {"aten::var", variances_of_all()},
      {"aten::std", variances_of_all()},
      {"aten::var_mean", variances_of_all()},
      {"aten::std_mean", variances_of_all()},
      {"aten::logsumexp", {{some({2, 3, 4}), dims({1}), false}, {some({2, 3}, 800), dims({0, 1}), true}, {some({4, 3}).t(), dims({-1}), false}}},
      {"aten::norm.Scalar", {{some({2, 3}), 2}, {some({2, 3}).t(), 1}, {some({5}), 3.5}, {some({0}), 2}}},
      {"aten::norm.ScalarOpt_dim",
       {{some({2, 3, 4}), 2, dims({1}), false},
        {some({2, 3, 4}), nullptr, dims({0, -1}), true},
        {some({4, 3}).t(), 1, dims({0}), false},
        {distinct({3, 4}), infinity, dims({1}), false},
        {distinct({3, 4}), -infinity, dims({1}), true},
        {some({2, 3}), 0, dims({1}), false},
        {some({2, 3}), 0.5, dims({1}), false},
        {some({2, 3}), 1.5, dims({1}), false},
        {with_zeros({2, 3}, 1), 2, dims({1}), false}}},
      {"aten::norm.ScalarOpt_dim_dtype", {{some({2, 3}), 2, dims({1}), false, float64}}},
      {"aten::norm.ScalarOpt_dtype", {{some({2, 3}), 2, float64}}},
      {"aten::frobenius_norm.dim", {{some({2, 3, 4}), dims({1, 2}), false}}},
      {"aten::_weight_norm", {{some({4, 3, 2}), some({4, 1, 1}), 0}, {some({4, 3}), some({1, 3}), 1}}},
  };
}

inline Map view_samples() {
  return {
      {"aten::as_strided", {{some({3, 4}), dims({2, 3}), dims({1, 4}), 1}, {some({3, 4}), dims({3}), dims({5}), nullptr}, {some({5}), dims({3, 3}), dims({1, 1}), 0}}},
      {"aten::numpy_T", {{some({2, 3})}, {some({2, 3, 4})}}},
      {"aten::alias", {{some({2, 3}).t()}}},
      {"aten::view_as", {{some({2, 3}), some({3, 2})}}},
      {"aten::reshape_as", {{some({2, 3}).t(), some({6})}}},
  };
}

inline Map statistics_samples() {
  Map all = number_samples();
  for (Map family : {pointwise_samples(), reduction_samples(), view_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
