// Samples of tensors divided into views, and of matrices and grids made of vectors.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Map dividing_samples() {
  const Tensor x = some({5, 4, 2});
  return {
      {"aten::tensor_split.sections", {{x, 2, 0}, {x, 3, -2}, {some({2}), 4, 0}, {ids({1, 2, 3}), 2, 0}, {x.transpose(0, 1), 3, 1}}},
      {"aten::tensor_split.indices", {{x, dims({1, 3}), 0}, {x, dims({3, 1}), 1}, {x, dims({-2, 9}), 0}, {x, dims({}), 0}}},
      {"aten::tensor_split.tensor_indices_or_sections", {{x, ids({1, 3}), 0}, {x, tensor(2), 1}}},
      {"aten::hsplit.int", {{x, 2}, {some({6}), 3}}},
      {"aten::hsplit.array", {{x, dims({1, 3})}, {some({6}), dims({2})}}},
      {"aten::vsplit.int", {{x, 5}, {some({4, 1}), 2}}},
      {"aten::vsplit.array", {{x, dims({1, 3})}}},
      {"aten::dsplit.int", {{x, 2}}},
      {"aten::dsplit.array", {{x, dims({1})}}},
      {"aten::narrow.Tensor", {{x, 0, tensor(1), 2}, {x, -2, tensor(-2).to(int32), 1}}},
      {"aten::ravel", {{x}, {some({2, 3}).t()}, {some({})}}},
      {"aten::view.dtype",
       {{some({2, 3}), int64}, {some({2, 3}), int32}, {some({2, 4}).to(float32), float64}, {ids({1, 2}), float32}, {tensor(1.5), int32}, {some({3, 2}).t(), int64}}},
  };
}

inline Map matrix_samples() {
  Map all = {
      {"aten::diag_embed",
       {{some({3}), 0, -2, -1}, {some({2, 3}), 1, 0, 2}, {some({3, 2}).t(), -2, -1, 0}, {some({2, 0}), 1, -2, -1}, {ids({1, 2}), 0, -2, -1}, {truths(), 0, 1, 0}}},
      {"aten::diag", {{some({3}), 0}, {some({3}), -2}, {some({3, 4}), 1}, {some({3, 4}), 3}, {some({4, 3}).t(), -1}, {ids({1, 2}), 1}}},
      {"aten::diagflat", {{some({2, 2}), 1}, {some({}), 0}, {ids({1, 2}), -1}}},
      {"aten::block_diag", {{dims({some({2, 3}), some({}), some({2})})}, {dims({some({1, 2}), some({0, 1})})}, {dims({ids({1, 2}), tensor(3)})}}},
      {"aten::cartesian_prod", {{dims({some({2}), some({3})})}, {dims({ids({1, 2}), ids({3}), ids({4, 5})})}, {dims({some({2})})}}},
      {"aten::combinations",
       {{some({4}), 2, false}, {some({4}), 3, false}, {some({3}), 2, true}, {ids({1, 2, 3}), 1, false}, {some({2}), 3, false}, {some({2}), 3, true}, {some({0}), 2, true}}},
      {"aten::kron", {{some({2, 3}), some({3, 2})}, {some({2}), some({2, 2, 3})}, {some({}), some({2})}, {ids({1, 2}), some({2})}, {some({3, 2}).t(), some({1, 2})}}},
      {"aten::tensordot",
       {{some({2, 3, 4}), some({4, 3, 5}), dims({1, 2}), dims({1, 0})},
        {some({2, 3}), some({3, 4}), dims({-1}), dims({0})},
        {some({2, 1}), some({3, 4}), dims({1}), dims({0})},
        {some({2}), some({3}), dims({}), dims({})},
        {some({3, 2}).t(), some({2, 3}), dims({0, 1}), dims({0, 1})}}},
      {"aten::linalg_cross", {{some({2, 3}), some({2, 3}, 1), -1}, {some({3, 2}), some({3, 1}, 1), 0}, {some({3, 1, 2}), some({3, 4, 2}), 0}, {ids({1, 2, 3}), ids({4, 5, 6}), 0}}},
      {"aten::cross", {{some({2, 3}), some({2, 3}, 1), nullptr}, {some({3, 3}), some({3, 3}, 1), 1}, {some({3, 2}).t(), some({2, 3}, 1), -1}}},
      {"aten::rot90",
       {{some({2, 3}), 1, dims({0, 1})}, {some({2, 3}), 2, dims({0, 1})}, {some({2, 3, 2}), -1, dims({2, 0})}, {some({3, 2}).t(), 4, dims({0, -1})}, {ids({{1, 2}}), 3, dims({1, 0})}}},
      {"aten::column_stack", {{dims({some({2}), some({2, 3})})}, {dims({some({}), some({1})})}, {dims({ids({1, 2}), some({2})})}}},
      {"aten::vander", {{some({3}), nullptr, false}, {some({3}), 2, true}, {ids({1, 2, 3}), 4, false}, {some({3}), 0, false}, {some({3}), 1, true}}},
      {"aten::linalg_vander", {{some({2, 3}), nullptr}, {ids({1, 2}), 3}}},
      {"aten::sum_to_size", {{some({2, 3}), dims({2, 1})}, {some({2, 3, 4}), dims({4})}, {some({2, 3}).t(), dims({})}, {ids({{1, 2}}), dims({1, 1})}}},
  };
  all.merge(dividing_samples());
  return all;
}

}  // namespace okibi::samples
