// Samples of norms, and of further functions of numbers.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Map norm_samples() {
  const Tensor wide = some({2, 100}), odd = odd_numbers().to(float32);
  return {
      {"aten::linalg_vector_norm",
       {{some({2, 3, 4}), 2, dims({1}), false, nullptr},
        {some({2, 3, 4}), 2, nullptr, true, nullptr},
        {some({2, 3, 4}), 2, dims({}), false, nullptr},
        {some({2, 3, 4}), 2.5, dims({0, -1}), true, nullptr},
        {some({4, 3}).t(), 1, dims({-1}), false, nullptr},
        {distinct({3, 4}), infinity, dims({1}), false, nullptr},
        {distinct({3, 4}), -infinity, dims({1}), true, nullptr},
        {some({2, 3}), 0, dims({1}), false, nullptr},
        {some({2, 3}), -1.5, dims({1}), false, nullptr},
        {some({0, 3}), 2, dims({0}), false, nullptr},
        {some({}), 2, nullptr, false, nullptr},
        {with_zeros({2, 3}, 1), 2, dims({1}), false, nullptr},
        {wide, 2, dims({1}), true, nullptr},
        {wide.to(float32), 2, dims({-1}), true, nullptr},
        {wide.to(float32), 2, dims({-1}), true, float64},
        {some({3, 17}).to(float32).slice(1, 0, 17, 2), 2, dims({-1}), false, nullptr},
        {odd, 2, nullptr, false, nullptr},
        {odd, infinity, nullptr, false, nullptr}}},
      {"aten::linalg_norm",
       {{some({2, 3}), nullptr, nullptr, false, nullptr},
        {some({2, 3, 4}), nullptr, nullptr, true, nullptr},
        {some({4, 3}).t(), 1, nullptr, false, nullptr},
        {distinct({2, 3, 4}), infinity, dims({0, 2}), true, nullptr},
        {some({5}), 3, nullptr, false, nullptr},
        {some({2, 3}), -1, dims({1}), false, float64}}},
      {"aten::linalg_norm.ord_str",
       {{some({2, 3}), "fro", nullptr, false, nullptr}, {some({2, 3, 4}), "fro", dims({2, 0}), true, nullptr}}},
      {"aten::linalg_matrix_norm",
       {{distinct({2, 3, 4}), 1, dims({-2, -1}), false, nullptr},
        {distinct({2, 3, 4}), -1, dims({2, 0}), true, nullptr},
        {distinct({4, 3}).t(), infinity, dims({0, 1}), false, nullptr},
        {distinct({2, 3, 4}), -infinity, dims({1, 0}), true, nullptr},
        {distinct({2, 3, 4}), 2, dims({-2, -1}), false, nullptr},
        {distinct({2, 3, 4}), -2, dims({0, 1}), true, nullptr},
        {distinct({2, 3}).to(float32), 1, dims({-2, -1}), false, float64}}},
      {"aten::linalg_matrix_norm.str_ord",
       {{some({2, 3, 4}), "fro", dims({-2, -1}), false, nullptr},
        {some({4, 3}).t(), "fro", dims({0, 1}), true, nullptr}}},
      {"aten::nuclear_norm", {{distinct({3, 4}), false}, {distinct({4, 3}).t(), true}}},
      {"aten::nuclear_norm.dim",
       {{distinct({2, 3, 4}), dims({1, 2}), false}, {distinct({3, 2, 4}), dims({0, -1}), true}}},
      {"aten::dist",
       {{some({2, 3}), some({3}, 0.4), 2},
        {some({2, 3}), some({2, 1}, 0.4), 1},
        {distinct({4}), some({4}, 5), infinity},
        {some({0}), some({0}), 2}}},
      {"aten::renorm", {{some({3, 4}), 2, 0, 1.5}, {some({2, 3, 4}), 1, 1, 6}, {some({4, 3}).t(), 2.5, -1, 2.0}}},
      {"aten::norm_except_dim", {{some({4, 3, 2}), 2, 0}, {some({4, 3}), 2, 1}, {some({4, 3}), 2, -1}}},
  };
}

inline Map special_samples() {
  const Tensor odd = odd_numbers().to(float32), small = some({2, 3}) * 0.3, above = some({2, 3}, 4);
  const Tensor wide = tensor({-35.5, -9.7, -1.2, -0.1, 1e-5, 0.7, 3.1, 12.4, 29.9, 31.0, 200.0}, float64),
               middle = wide.slice(0, 2, 10, 1).to(float32);
  const Tensor unit = tensor({1e-5, 0.02, 0.3, 0.5, 0.81}, float64);
  return {
      {"aten::lgamma", {{above}, {small.t()}, {ids({1, 5, 0})}, {truths()}, {odd}, {middle}}},
      {"aten::digamma", {{above}, {small.t().to(float32)}, {ids({1, 5, 0}).to(int32)}, {truths()}, {odd}, {middle}}},
      {"aten::erfinv",
       {{small}, {small.t()}, {unit.to(float32)}, {tensor({-1.0, 1.0, 2.0, -0.0})}, {ids({0, 1})}, {some({0})}}},
      {"aten::i0", {{above}, {small.t()}, {middle}, {ids({1, -2})}, {odd}}},
      {"aten::special_i0e", {{above}, {wide}, {middle}, {ids({1, -2})}, {odd}}},
      {"aten::special_i1", {{above}, {small.t()}, {middle}, {ids({1, -2})}, {odd}}},
      {"aten::special_i1e", {{above}, {wide}, {middle}, {ids({1, -2})}, {odd}}},
      {"aten::special_entr", {{above}, {unit.to(float32)}, {ids({1, 0, -2})}, {odd}}},
      {"aten::special_ndtr", {{above}, {small.t()}, {middle}, {ids({1, -2})}, {odd}}},
      {"aten::special_log_ndtr", {{above}, {small.t()}, {middle}, {ids({1, -2})}}},
      {"aten::special_ndtri", {{okibi::sigmoid(small)}, {unit.to(float32)}, {ids({0, 1, 2})}, {odd}}},
      {"aten::special_erfcx", {{above}, {small.t()}, {middle}, {ids({1, -2})}, {odd}}},
      {"aten::sinc", {{above}, {small.t()}, {wide}, {ids({1, -2, 0})}, {odd}, {some({})}}},
      {"aten::polygamma",
       {{0, above},
        {1, above},
        {1, small.t().to(float32)},
        {2, above},
        {3, above},
        {1, ids({1, 2})},
        {2, wide.slice(0, 4, 11).to(float32)}}},
      {"aten::mvlgamma", {{above, 3}, {above.t(), 1}, {above.to(float32), 2}, {ids({3, 4}), 2}}},
  };
}

inline Map function_samples() {
  const Tensor odd = odd_numbers().to(float32), small = some({2, 3}) * 0.3;
  return {
      {"aten::nan_to_num",
       {{some({2, 3}), nullptr, nullptr, nullptr},
        {odd, nullptr, nullptr, nullptr},
        {odd, 7.5, 1e3, -2.0},
        {odd, nullptr, nullptr, -1.0},
        {ids({1, 2}), 1.0, nullptr, nullptr},
        {truths(), nullptr, nullptr, nullptr}}},
      {"aten::signbit", {{some({2, 3}).t()}, {odd}, {ids({1, -2, 0}).to(int32)}, {truths()}}},
      {"aten::logit",
       {{sigmoid(some({2, 3})), nullptr},
        {sigmoid(some({2, 3})).t(), 0.2},
        {some({2, 3}), 0.1},
        {tensor({0.0, 1.0, -0.5, 1.5}), nullptr},
        {tensor({0.0, 1.0, -0.5, 1.5}), 1e-6},
        {ids({0, 1}), nullptr},
        {some({0}), nullptr}}},
      {"aten::deg2rad", {{some({2, 3}).t()}, {ids({180, -90})}, {truths()}, {odd}}},
      {"aten::rad2deg", {{some({2, 3}).t()}, {ids({1, -2})}, {odd}}},
      {"aten::round.decimals",
       {{some({2, 3}) * 10.0, 1},
        {some({3, 2}).t() * 1000.0, -2},
        {some({2, 3}), 0},
        {odd, 2},
        {(some({5}) * 7.7).to(float32), 3}}},
      {"aten::hardshrink", {{some({2, 3}), 0.5}, {some({3, 2}).t(), 1}, {odd, 0.5}, {some({2}), -1.0}}},
      {"aten::softshrink", {{some({2, 3}), 0.5}, {some({3, 2}).t(), 1}, {some({2}), 0}}},
      {"aten::rrelu", {{some({2, 3}), 0.125, 1.0 / 3, false, nullptr}, {some({3, 2}).t(), 0.1, 0.1, false, nullptr}}},
      {"aten::positive", {{some({2, 3}).t()}, {ids({1, 2})}}},
      {"aten::frexp.Tensor", {{some({2, 3})}, {some({3, 2}).t()}, {tensor({0.0, -0.0, 8.0, -3.0, 1e-40})}, {some({})}}},
  };
}

inline Map pair_samples() {
  const Tensor odd = odd_numbers().to(float32), odd_column = odd.unsqueeze(1);
  const std::vector<Arguments> floats = {{some({2, 3}), some({3}, 0.1)},
                                         {some({3, 2}, 0.1).t(), some({2, 1})},
                                         {some({}), some({0, 2})},
                                         {some({2, 3}).to(float32), some({})},
                                         {odd, odd_column}};
  const auto and_more = [&](std::vector<Arguments> more) {
    more.insert(more.end(), floats.begin(), floats.end());
    return more;
  };
  const std::vector<Arguments> whole = {
      {ids({6, -4, 0}), ids({9, 6, 0})}, {ids({6, 3}).to(int32), ids({2})}, {truths(), truths()}};
  const Tensor above = some({3}, 4), nothing = tensor({0.0, 0.0, 0.0}, float64);
  return {
      {"aten::xlogy.Tensor",
       {{some({2, 3}), above},
        {nothing.to(float32), tensor({0.0, -1.0, 3.0})},
        {ids({1, 0, 2}), ids({0, 0, 3})},
        {truths(), truths()},
        {odd, odd_column}}},
      {"aten::xlogy.Scalar_Other", {{some({2, 3}), 2.5}, {ids({1, 2}), 3}, {odd, 0}}},
      {"aten::xlogy.Scalar_Self", {{2.5, above}, {3, ids({1, 2})}, {0, odd}}},
      {"aten::special_xlog1py",
       {{some({2, 3}), above},
        {nothing.to(float32), tensor({-1.0, -2.0, 3.0})},
        {ids({1, 0, 2}), ids({0, -1, 3})},
        {odd, odd_column}}},
      {"aten::special_xlog1py.other_scalar", {{some({2, 3}), 2.5}, {ids({1, 2}), 3}}},
      {"aten::special_xlog1py.self_scalar", {{2.5, above}, {3, ids({1, 2})}}},
      {"aten::hypot", floats},
      {"aten::logaddexp",
       and_more({{some({2, 3}, 30), some({3}, 30)}, {some({2, 3}, 800).to(float32), some({3}, 800).to(float32)}})},
      {"aten::logaddexp2",
       and_more({{some({2, 3}, 30), some({3}, 30)}, {some({2, 3}, 800).to(float32), some({3}, 800).to(float32)}})},
      {"aten::copysign.Tensor", and_more(whole)},
      {"aten::copysign.Scalar", {{some({2, 3}), -1.5}, {ids({1, 2}), -1}, {odd, 0.0}}},
      {"aten::fmax", and_more(whole)},
      {"aten::fmin", and_more(whole)},
      {"aten::heaviside",
       {{some({2, 3}), some({3})}, {odd, tensor({0.5})}, {ids({1, 0, -2}), ids({7})}, {truths(), truths()}}},
      {"aten::nextafter", floats},
      {"aten::float_power.Tensor_Tensor",
       {{some({2, 3}, 4), some({3})}, {some({3}, 4).to(float32), ids({1, 2, -1})}, {ids({1, 2}), ids({-1, 3})}}},
      {"aten::float_power.Tensor_Scalar", {{some({2, 3}), 2}, {ids({1, 2}), -0.5}, {truths(), 2}}},
      {"aten::float_power.Scalar", {{2.5, some({2, 3})}, {2, ids({1, -2})}}},
      {"aten::ldexp.Tensor",
       {{some({2, 3}), ids({1, -2, 3})}, {some({2, 3}).to(float32), ids({{4}, {0}})}, {ids({1, 2}), ids({3, -1})}}},
      {"aten::isclose",
       {{some({2, 3}), some({3}), 1e-5, 1e-8, false},
        {some({3, 2}).t(), some({2, 3}), 0.5, 0.1, false},
        {odd, odd, 1e-5, 1e-8, false},
        {odd, odd, 1e-5, 1e-8, true},
        {odd, odd + 1e-7, 0, 0, true},
        {ids({1, 2, 100000}), ids({1, 3, 100001}), 1e-4, 0, false},
        {truths(), truths(), 0, 0, false}}},
      {"aten::bitwise_left_shift.Tensor",
       {{ids({6, -4, 0}), ids({2, 1, 5})},
        {ids({6, 300}).to(int16), ids({2, 7}).to(int16)},
        {ids({{6, 3}}).to(int32).t(), ids({2, 7})}}},
      {"aten::bitwise_right_shift.Tensor",
       {{ids({6, -4, 0}), ids({2, 1, 5})},
        {ids({6, -3}).to(int8), ids({2, 1}).to(int8)},
        {ids({{6, -3}}).to(int32).t(), ids({2, 7})}}},
      {"aten::gcd",
       {{ids({6, 35}).to(uint8), ids({9, 21}).to(uint8)},
        {ids({6, -4, 0, 7}), ids({9, 6, 0, 0})},
        {ids({6, 35}).to(int32), ids({{-10}, {21}})}}},
      {"aten::lcm",
       {{ids({6, -35}).to(int16), ids({9, 21}).to(int16)},
        {ids({6, -4, 0, 7}), ids({9, 6, 0, 0})},
        {ids({6, 35}).to(int32), ids({{-10}, {21}})}}},
      {"aten::bitwise_left_shift.Tensor_Scalar", {{ids({6, -4}), 3}}},
      {"aten::bitwise_right_shift.Tensor_Scalar", {{ids({6, -4}).to(int32), 1}}},
      {"aten::bitwise_left_shift.Scalar_Tensor", {{3, ids({6, 4})}}},
      {"aten::bitwise_right_shift.Scalar_Tensor", {{300, ids({6, 4})}}},
      {"aten::bitwise_and.Scalar_Tensor", {{6, ids({3, -1})}}},
      {"aten::bitwise_or.Scalar_Tensor", {{6, ids({3, 8}).to(int32)}}},
      {"aten::bitwise_xor.Scalar_Tensor", {{-1, ids({3, 8})}, {6, ids({3, 8}).to(int16)}}},
  };
}

inline Map numbers_samples() {
  Map all = norm_samples();
  for (Map family : {special_samples(), function_samples(), pair_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
