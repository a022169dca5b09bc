// Samples of reductions that look past NaN, of running ones, quantiles, covariances, and of what counts equals.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Tensor with_holes() {
  Tensor x = distinct({3, 4}).to(float32);
  for (const int64_t at : {1, 6, 8, 9, 10, 11}) x.data<float>()[at] = std::nanf("");
  return x;
}
inline Tensor repeated() { return ids({{1, 1, 2, 2}, {1, 1, 2, 2}, {3, 1, 2, 0}, {1, 1, 2, 2}}); }

inline Map past_nan_samples() {
  const Tensor holes = with_holes(), x = some({2, 3, 4});
  const Value none = nullptr;
  const std::vector<Arguments> truth_dims = {
      {ids({{1, 0}, {1, 1}}), none, false}, {truths(), dims({0}), true}, {ids({{1, 0}, {1, 1}}), dims({1, 0}), true}};
  return {
      {"aten::nansum",
       {{x, dims({1}), false, none},
        {holes, dims({-1}), true, none},
        {holes, none, false, float64},
        {ids({1, 2}), none, false, none},
        {truths(), none, false, none},
        {some({0, 2}), dims({0}), false, none}}},
      {"aten::nanmean",
       {{x, dims({1}), false, none},
        {holes.slice(0, 0, 2, 1), dims({-1}), true, none},
        {holes, none, false, none},
        {some({3, 2}).t(), dims({0}), false, none},
        {some({0}), none, false, none}}},
      {"aten::nanmedian",
       {{distinct({2, 3})},
        {holes},
        {ids({3, 1, 2, 7})},
        {ids({3, 1, 2, 7}).to(uint8)},
        {some({}).to(float32)},
        {distinct({3, 2}).t()}}},
      {"aten::nanmedian.dim",
       {{distinct({2, 3, 4}), 1, false},
        {holes.slice(0, 0, 2, 1), -1, true},
        {ids({{3, 1}, {2, 7}}).to(int32), 0, false},
        {ids({{3, 1}, {2, 7}}).to(int8), 1, true},
        {some({}), 0, false}}},
      {"aten::count_nonzero",
       {{with_zeros({3, 4}, 2), none},
        {with_zeros({3, 4}, 2).t(), 1},
        {holes, none},
        {truths(), 0},
        {ids({0, 3}), -1},
        {some({}), none}}},
      {"aten::count_nonzero.dim_IntList", {{with_zeros({2, 3, 4}, 3), dims({0, 2})}, {ids({0, 3}), dims({0})}}},
      {"aten::all.dims", truth_dims},
      {"aten::any.dims", truth_dims},
  };
}

inline Map running_samples() {
  const Tensor holes = with_holes();
  return {
      {"aten::cummax",
       {{distinct({2, 3, 4}), 1},
        {distinct({4, 3}).t(), -1},
        {ids({3, 1, 3, 5, 5}), 0},
        {truths(), 0},
        {holes, 1},
        {some({}), 0},
        {some({0, 2}), 0}}},
      {"aten::cummin",
       {{distinct({2, 3, 4}), 1}, {distinct({4, 3}).t(), -1}, {ids({3, 1, 3, 1, 5}).to(int32), 0}, {holes, 1}}},
      {"aten::logcumsumexp",
       {{some({2, 3, 4}), 1},
        {some({4, 3}, 20).t(), -1},
        {some({4, 3}, 3).to(float32), 1},
        {some({4}).to(float32), 0},
        {odd_numbers().to(float32).slice(0, 1, 3, 1), 0},
        {some({}), 0},
        {some({2, 0}), 1}}},
  };
}

inline std::vector<Arguments> quantiles(const Value& q, const Value& q32) {
  const Value none = nullptr;
  const Tensor holes = with_holes(), x = distinct({2, 3, 4});
  return {{x, q, 1, false, "linear"},
          {x, q, none, true, "linear"},
          {distinct({4, 3}).t(), q, -1, true, "midpoint"},
          {x, q, 0, false, "lower"},
          {x, q, 2, false, "higher"},
          {x, q, 2, false, "nearest"},
          {holes, q32, 1, false, "linear"},
          {holes, q32, none, false, "linear"},
          {holes, q32, -1, true, "nearest"},
          {holes.slice(0, 2, 3, 1), q32, 0, false, "midpoint"},
          {some({}), q, none, false, "linear"}};
}

inline Map quantile_samples() {
  const Tensor several = tensor({0.0, 0.3, 0.5, 0.95, 1.0}, float64), one = tensor(0.6, float64);
  Map all;
  for (const std::string name : {"aten::quantile", "aten::nanquantile"}) {
    all[name] = quantiles(several, several.to(float32));
    for (const Arguments& more : quantiles(one, one.to(float32))) all[name].push_back(more);
    all[name + ".scalar"] = quantiles(0.35, 0.35);
  }
  return all;
}

inline Map summary_samples() {
  const Value none = nullptr;
  const Tensor counts = ids({1, 2, 0, 3}), shares = tensor({0.5, 1.5, 2.0, 1.0}, float64), along = distinct({4});
  return {
      {"aten::trapezoid.x",
       {{some({3, 4}), along, -1},
        {some({4, 3}), some({4, 3}, 1), 0},
        {some({2, 4, 3}), some({4, 1}), 1},
        {ids({1, 2, 4}), ids({0, 1, 3}), 0}}},
      {"aten::trapezoid.dx",
       {{some({3, 4}), 1, -1},
        {some({4, 3}).t(), 0.5, 0},
        {ids({1, 2, 4}), 2, 0},
        {some({2, 0}).to(int64), 1, 1},
        {some({1}), 1, 0}}},
      {"aten::trapz.dx", {{some({3, 4}), 0.5, 0}, {ids({1, 2, 4}), 2.0, 0}}},
      {"aten::cumulative_trapezoid.x", {{some({3, 4}), along, -1}, {some({4, 3}), some({4, 3}, 1), 0}}},
      {"aten::cumulative_trapezoid.dx", {{some({3, 4}), 1, -1}, {some({4, 3}).t(), 0.5, 0}, {ids({1, 2, 4}), 2, 0}}},
      {"aten::cov",
       {{some({3, 4}), 1, none, none},
        {some({5}), 0, none, none},
        {some({4, 3}).t(), 1, counts, none},
        {some({3, 4}), 1, none, shares},
        {some({3, 4}), 1, counts, shares},
        {ids({{1, 5, 2}, {3, 3, 1}}), 1, none, none},
        {some({}), 0, none, none}}},
      {"aten::corrcoef", {{some({3, 4})}, {some({4, 3}).t()}, {some({5}).to(float32)}}},
      {"aten::trace", {{some({3, 4})}, {some({4, 3}).t()}, {ids({{1, 2}, {3, 4}}).to(int32)}, {some({0, 3})}}},
      {"aten::histc",
       {{some({3, 4}), 5, 0, 0},
        {some({4, 3}).t(), 4, -1, 1.5},
        {some({3, 4}).to(float32), 7, 0, 0},
        {zeros({3}), 3, 0, 0},
        {some({0}), 2, 0, 0}}},
      {"aten::mode",
       {{repeated(), -1, false},
        {repeated(), 0, true},
        {distinct({3, 4}).to(float32), 1, false},
        {repeated().to(float32), 0, false},
        {truths(), 0, false},
        {some({}), 0, false}}},
  };
}

inline Map unique_samples() {
  const Value none = nullptr;
  const Tensor row = ids({1, 1, 2, 2, 1, 3}), real = repeated().to(float32).t();
  return {
      {"aten::unique_consecutive",
       {{row, true, true, none},
        {row, false, false, none},
        {repeated(), true, true, none},
        {repeated(), true, true, 0},
        {real, true, true, 1},
        {truths(), true, true, none},
        {some({0}), true, true, none}}},
      {"aten::unique_dim",
       {{repeated(), 0, true, true, true}, {real, 1, true, true, true}, {row, 0, true, true, true}}},
      {"aten::unique_dim_consecutive", {{repeated(), 0, true, true}, {real, -1, true, true}}},
      {"aten::isin.Tensor_Tensor",
       {{repeated(), ids({2, 7, 3}), false, false},
        {some({3, 2}).t(), some({2}), false, true},
        {odd_numbers(), odd_numbers(), false, false},
        {row.to(int32), tensor({1.0, 2.5}), false, false},
        {row, ids({}), false, false},
        {row, repeated(), false, false}}},
      {"aten::isin.Tensor_Scalar",
       {{repeated(), 2, false, false},
        {some({3}), some({3}).slice(0, 1, 2, 1).item<double>(), false, true},
        {row, 1.5, false, false}}},
      {"aten::isin.Scalar_Tensor", {{2, repeated(), false, false}, {2.5, row, false, true}}},
  };
}

inline Map summaries_samples() {
  Map all = past_nan_samples();
  for (Map family : {running_samples(), quantile_samples(), summary_samples(), unique_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
