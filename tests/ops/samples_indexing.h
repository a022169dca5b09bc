// Samples of what picks by tensors and puts there: by indices, along a dimension, by masks.
#pragma once

#include "samples.h"

namespace okibi::samples {

inline Tensor mask(Dims sizes, double border = 0) { return lt(some(std::move(sizes)), full({}, border, {float64})); }

inline Map index_samples() {
  const Tensor x = some({3, 4, 2}), rows = ids({2, 0, 2}), columns = ids({{0}, {3}});
  return {
      {"aten::index.Tensor",
       {{x, List{rows}},
        {x, List{ids({{-1, 0}, {1, -3}})}},
        {x, List{nullptr, ids({3, -4}).to(int32)}},
        {x, List{rows, columns}},
        {x, List{nullptr, columns, ids({1, 0})}},
        {x, List{rows, nullptr, ids({1, 0, 1})}},
        {x, List{columns.select(0, 0), nullptr, ids({{1}, {0}})}},
        {x, List{mask({3})}},
        {x, List{nullptr, mask({4, 2})}},
        {x, List{mask({3, 4})}},
        {x, List{mask({3}), nullptr, ids({1, 0})}},
        {x, List{mask({3, 4, 2}, 0.1)}},
        {x, List{mask({3, 4, 2}, -9)}},
        {x, List{mask({3}).to(uint8)}},
        {x, List{tensor(1)}},
        {x, List{tensor(1), nullptr, tensor(-1)}},
        {x, List{zeros({0}, {int64})}},
        {x.transpose(0, 2), List{nullptr, ids({3, 0})}},
        {x.transpose(0, 2), List{ids({1, 1}), nullptr, ids({2, 0})}},
        {some({4}).expand({3, 4}), List{rows}},
        {some({0, 3}), List{nullptr, rows}},
        {some({0, 3}), List{zeros({2, 0}, {int64})}},
        {some({2, 3, 2, 3}), List{nullptr, ids({1, 2}), nullptr, ids({0, 2})}},
        {ids({{1, 2}, {3, 4}}), List{ids({1, 0}), ids({0, 1})}},
        {mask({2, 3}), List{ids({1, 0, 1})}},
        {some({3, 2}).to(float16), List{rows}},
        {ids({1, 2, 3}).to(int32), List{rows}}}},
      {"aten::index.Tensor_hacked_twin", {{x, List{rows, ids({3, -1, 0})}}}},
      {"aten::index_put",
       {{x, List{ids({2, 0})}, some({2, 4, 2}, 1), false},
        {x, List{ids({2, 0})}, some({4, 1}, 1), false},
        {x, List{ids({2, 0, 2})}, some({3, 4, 2}, 1), true},
        {x, List{nullptr, ids({3, -4})}, some({}, 1), false},
        {x, List{ids({2, 0}), nullptr, ids({1, 0})}, some({2, 4}, 1), false},
        {x, List{ids({2, 0, 2}), nullptr, ids({1, 0, 1})}, some({3, 4}, 1), true},
        {x, List{mask({3, 4})}, some({2}, 1), false},
        {x, List{mask({3, 4, 2})}, some({}, 1), false},
        {x.transpose(0, 2), List{ids({1})}, some({4, 3}, 1), false},
        {x, List{zeros({0}, {int64})}, some({4, 2}), false},
        {ids({1, 2, 3}), List{ids({0, 0})}, ids({5, 6}), true},
        {ids({1, 2, 3}).to(int16), List{ids({0, 0})}, ids({5, 6}).to(int16), true},
        {mask({4}), List{ids({0, 0})}, mask({2}), true}}},
      {"aten::index_put.hacked_twin", {{x, List{ids({2, 0}), ids({1, 1})}, some({2, 2}, 1), false}}},
      {"aten::index_add",
       {{some({3, 4}), 0, ids({2, 0, 2}), some({3, 4}, 1), 1},
        {some({3, 4}).t(), 1, ids({1, 2}).to(int32), some({4, 2}, 1), -1.5},
        {some({2, 3, 2}), -2, ids({1}), some({2, 1, 2}, 1), 2},
        {some({3}), 0, tensor(1), some({1}, 1), 1},
        {some({}), 0, ids({0}), some({}, 1), 1},
        {some({3, 4}), 0, zeros({0}, {int64}), some({0, 4}), 1},
        {ids({1, 2, 3}), 0, ids({1, 1}), ids({5, 6}), 3}}},
      {"aten::index_fill.int_Scalar",
       {{some({3, 4}), 0, ids({2, -3}), 7},
        {some({3, 4}).t(), 1, ids({1}), -1.5},
        {some({}), 0, tensor(0), 2},
        {ids({1, 2, 3}), 0, ids({1}), 5}}},
      {"aten::index_fill.int_Tensor",
       {{ids({1, 2, 3}).to(uint8), 0, ids({-1}), ids({7}).reshape({}).to(uint8)},
        {some({2, 3}).to(float16), 1, ids({0}), some({}).to(float16)},
        {some({3, 4}), 0, ids({2, 0}), some({})}}},
  };
}

inline Map along_samples() {
  const Tensor x = some({3, 4}), wide = ids({{0, 3, 1, 1}, {2, 2, 0, 3}, {1, 0, 3, 2}});
  return {
      {"aten::gather",
       {{x, 1, wide, false},
        {x, 0, ids({{0, 2, 1, 1}, {2, 2, 0, 1}}), false},
        {x, 1, ids({{3}, {0}}), false},
        {x.t(), 0, ids({{3, 0, 1}}), false},
        {some({2, 3, 2}), 1, ids({{{0, 2}}, {{1, 1}}}), false},
        {some({2, 3, 2}), -2, ids({{{0, 2}, {1, 1}, {0, 0}, {2, 1}}}), false},
        {x, 1, zeros({2, 0}, {int64}), false},
        {some({}), 0, tensor(0), false},
        {some({}), 0, ids({0, 0}), false},
        {ids({5, 6, 7}), 0, ids({2, 0}), false},
        {mask({3}), 0, ids({2, 0}), false},
        {some({2, 2}).to(bfloat16), 1, ids({{1, 0}}), false}}},
      {"aten::scatter.src",
       {{x, 1, ids({{0, 3}, {2, 1}}), some({2, 2}, 1)},
        {x, 0, ids({{0, 2, 1, 1}, {2, 1, 0, 2}}), some({2, 4}, 1)},
        {x.t(), 0, ids({{3, 0, 1}}), some({1, 3}, 1)},
        {some({2, 3, 2}), 1, ids({{{0, 2}}, {{1, 1}}}), some({2, 1, 2}, 1)},
        {x, 1, zeros({2, 0}, {int64}), some({2, 0})},
        {some({}), 0, tensor(0), some({}, 1)},
        {ids({5, 6, 7}), 0, ids({2, 0}), ids({8, 9, 10})},
        {mask({3}), 0, ids({1}), mask({3})}}},
      {"aten::scatter.value",
       {{x, 1, ids({{0, 3}, {2, 2}}), 1.5},
        {x.t(), 0, ids({{3, 0, 1}}), 2},
        {some({}), 0, tensor(0), 3},
        {ids({5, 6, 7}), 0, ids({2, 0}), (int64_t{1} << 53) + 1}}},
      {"aten::scatter_add",
       {{x, 1, ids({{0, 0, 3}, {2, 2, 2}}), some({2, 3}, 1)},
        {x, 0, ids({{0, 0, 0, 0}, {2, 1, 0, 2}}), some({2, 4}, 1)},
        {x.t(), 0, ids({{3, 0, 1}, {3, 1, 1}}), some({2, 3}, 1)},
        {x, 1, zeros({2, 0}, {int64}), some({2, 0})},
        {ids({5, 6, 7}), 0, ids({2, 2}), ids({8, 9, 10})},
        {ids({5, 6, 7}).to(uint8), 0, ids({2, 2}), ids({250, 9}).to(uint8)}}},
      {"aten::take_along_dim",
       {{x, ids({{1}, {0}, {3}}), 1},
        {x, ids({{1, 2, 0, 1}}), 0},
        {x, ids({11, 0}), nullptr},
        {some({1, 4}), ids({{1, 3}, {0, 0}}), 1}}},
  };
}

inline Map mask_samples() {
  const Tensor x = some({2, 3});
  return {
      {"aten::masked_select",
       {{x, mask({2, 3})},
        {x, mask({3})},
        {some({3}), mask({2, 1})},
        {x.t(), mask({3, 2})},
        {x, mask({2, 3}, -9)},
        {some({}), mask({}, 9)},
        {ids({1, 2, 3}), mask({3})}}},
      {"aten::masked_scatter",
       {{x, mask({2, 3}), some({6}, 1)},
        {x, mask({3}), some({3, 2}, 1).t()},
        {some({3}), mask({2, 1}), some({6}, 1)},
        {ids({1, 2, 3}), mask({3}), ids({7, 8, 9})}}},
      {"aten::masked_fill.Tensor", {{x, mask({3}), some({})}, {ids({1, 2, 3}), mask({3}), tensor(7)}}},
      {"aten::nonzero",
       {{ids({{0, 2, -1}, {0, 0, 3}})},
        {mask({2, 3})},
        {tensor({0.0, -0.0, std::nan(""), 1e-300}, float64)},
        {tensor(1.5)},
        {tensor(0)},
        {zeros({2, 0})},
        {ids({{0, 2}, {3, 0}}).t()},
        {some({2, 2}).to(float16)}}},
      {"aten::argwhere", {{ids({{0, 2, -1}, {0, 0, 3}})}}},
      {"aten::nonzero_numpy", {{ids({{0, 2, -1}, {0, 0, 3}})}, {tensor(1)}}},
      {"aten::where", {{mask({2, 3})}, {ids({{0, 2, -1}, {0, 0, 3}})}, {tensor(true)}}},
      {"aten::where.self",
       {{mask({3}), some({3}).to(float32), tensor(1.5, float64)}, {mask({3}), ids({1, 2, 3}), tensor(2.5)}}},
      {"aten::where.ScalarOther",
       {{mask({2, 3}), x, 1.5},
        {mask({3}), x, 2},
        {mask({3}), ids({1, 2, 3}), 7},
        {mask({3}), ids({1, 2, 3}), 1.5},
        {mask({3}), mask({3}, 1), true}}},
      {"aten::where.ScalarSelf", {{mask({2, 3}), 1.5, x}, {mask({3}), -3, ids({1, 2, 3}).to(int32)}}},
      {"aten::where.Scalar",
       {{mask({2, 3}), 1.5, 2}, {mask({3}), 1, (int64_t{1} << 53) + 1}, {mask({3}), true, false}}},
  };
}

inline Map indexing_samples() {
  Map all = index_samples();
  all.merge(along_samples());
  all.merge(mask_samples());
  return all;
}

}  // namespace okibi::samples
