// Samples of what puts numbers in order, or counts them.
#pragma once

#include <cmath>

#include "samples.h"

namespace okibi::samples {

// Without gradients, of which a NaN has none.
inline Tensor with_nan() { return tensor({3.0, std::nan(""), 1.0, std::nan(""), 2.0, -INFINITY, INFINITY}, float32); }

inline Map sorting_samples() {
  const Tensor x = distinct({2, 3, 4});
  return {
      {"aten::sort",
       {{x, -1, false},
        {x, 1, true},
        {x.transpose(0, 2), 0, false},
        {some({}), 0, true},
        {some({2, 0}), 1, false},
        {some({0, 2}), 1, false},
        {ids({3, 1, 3, 2, 1}), 0, false},
        {ids({3, 1, 3, 2, 1}), 0, true},
        {lt(some({5}), some({})), 0, true},
        {ids({{3, -1}, {2, 9}}).to(int16), 0, false},
        {distinct({5}).to(float16), 0, true}}},
      {"aten::sort.stable", {{x, true, -1, false}, {x, nullptr, 0, true}, {ids({3, 1, 3, 2, 1}), true, 0, true}}},
      {"aten::argsort", {{x, -1, false}, {x, 1, true}, {ids({3, 1, 3, 2, 1}), 0, false}}},
      {"aten::argsort.stable", {{x, true, -1, false}, {ids({3, 1, 3, 2, 1}), true, 0, true}}},
      {"aten::msort", {{x}}},
      {"aten::topk",
       {{x, 2, -1, true, true},
        {x, 3, 1, false, true},
        {x.transpose(0, 2), 1, 0, true, false},
        {distinct({80}), 1, 0, true, true},
        {distinct({80}), 3, 0, false, true},
        {x, 0, 1, true, true},
        {some({}), 1, 0, true, true},
        {ids({3, 1, 9, 2}), 2, 0, false, true},
        {ids({3, 1, 9, 2}).to(uint8), 4, 0, true, true}}},
      {"aten::kthvalue",
       {{x, 2, -1, false}, {x.transpose(0, 2), 3, 1, true}, {some({}), 1, 0, true}, {ids({3, 1, 9, 2}), 4, 0, false}}},
      {"aten::median", {{x}, {some({})}, {distinct({4, 3}).t()}, {ids({3, 1, 9, 2})}}},
      {"aten::median.dim", {{x, 1, false}, {x, -1, true}, {some({}), 0, false}, {ids({3, 1, 9, 2}), 0, false}}},
  };
}

inline Map counting_samples() {
  const Tensor borders = tensor({-1.0, 0.5, 2.0}, float64),
               lines = tensor({{-1.0, 0.5, 2.0}, {0.0, 0.0, 1.0}}, float64);
  return {
      {"aten::_unique2",
       {{ids({3, 1, 3, 2, 1}), true, true, true},
        {ids({{3, 1}, {1, 3}}), true, true, false},
        {some({3, 5}), true, false, true},
        {lt(some({5}), some({})), true, true, true},
        {zeros({0}), true, true, true},
        {tensor({0.0, -0.0, 1.0}), true, true, true},
        {some({3, 5}).t(), true, true, true},
        {with_nan().detach(), true, false, true}}},
      {"aten::bincount",
       {{ids({1, 5, 1, 0}), nullptr, 0},
        {ids({1, 5, 1}).to(int32), nullptr, 9},
        {zeros({0}, {int64}), nullptr, 2},
        {ids({1, 3, 1}), some({3}), 0},
        {ids({1, 3, 1}), some({3}).to(float32), 0},
        {ids({1, 3}), ids({5, 6}), 0}}},
      {"aten::searchsorted.Tensor",
       {{borders, some({2, 3}), false, false, nullptr, nullptr},
        {borders, tensor({-1.0, 0.5, 3.0}, float64), true, true, nullptr, nullptr},
        {lines, tensor({{0.0, 2.0}, {0.0, 1.5}}, float64), false, false, nullptr, nullptr},
        {lines, tensor({{0.0, 2.0}, {0.0, 1.0}}, float64), false, false, "right", nullptr},
        {tensor({2.0, -1.0, 0.5}, float64), some({4}), false, false, "left", ids({1, 2, 0})},
        {borders, tensor(0.5, float64), false, true, nullptr, nullptr},
        {ids({1, 3, 3, 5}), ids({0, 3, 6}), false, true, nullptr, nullptr},
        {borders, tensor({std::nan("")}, float64), false, false, nullptr, nullptr}}},
      {"aten::searchsorted.Scalar",
       {{borders, 0.5, false, false, nullptr, nullptr}, {ids({1, 3, 3, 5}), 3, true, true, nullptr, nullptr}}},
      {"aten::bucketize.Tensor", {{some({2, 3}), borders, false, false}, {ids({1, 3}), ids({1, 2, 3}), true, true}}},
      {"aten::bucketize.Scalar", {{0.5, borders, false, true}, {2, ids({1, 2, 3}), false, false}}},
  };
}

inline Map ordering_samples() {
  Map all = sorting_samples();
  all.merge(counting_samples());
  return all;
}

}  // namespace okibi::samples
