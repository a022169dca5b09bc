// Samples of products by letters, and of vectors.
#pragma once

#include "sample_tensors.h"

namespace okibi::samples {

inline Map product_samples() {
  const auto list = [](std::initializer_list<Value> tensors) { return List(tensors); };
  return {
      {"aten::einsum",
       {{"ij,jk->ik", list({some({2, 3}), some({3, 4})}), nullptr},
        {"ij,jk", list({some({2, 3}), some({3, 4})}), nullptr},
        {"bij,bjk->bik", list({some({2, 3, 2}), some({2, 2, 4}, 1)}), nullptr},
        {" i j , j -> i ", list({some({2, 3}).t().contiguous().t(), some({3})}), nullptr},
        {"ii->i", list({some({3, 3})}), nullptr},
        {"ii", list({some({3, 3})}), nullptr},
        {"iji->j", list({some({3, 2, 3})}), nullptr},
        {"ij->ji", list({some({2, 3})}), nullptr},
        {"ij->", list({some({2, 3})}), nullptr},
        {"i,j->ij", list({some({2}), some({3}, 1)}), nullptr},
        {"i,i", list({some({3}), some({3}, 1)}), nullptr},
        {",", list({some({}), some({}, 1)}), nullptr},
        {"i,ij,jk,k->", list({some({2}), some({2, 3}), some({3, 2}, 1), some({2}, 1)}), nullptr},
        {"ij,ik,il->jkl", list({some({4, 2}), some({4, 3}), some({4, 2}, 1)}), nullptr},
        {"...ij,...jk->...ik", list({some({2, 1, 2, 3}), some({3, 3, 2}, 1)}), nullptr},
        {"...i,i", list({some({2, 2, 3}), some({3}, 1)}), nullptr},
        {"...i->i...", list({some({2, 2, 3})}), nullptr},
        {"...i->i", list({some({2, 2, 3})}), nullptr},
        {"bhid,bhjd->bhij", list({some({2, 2, 3, 2}), some({2, 2, 4, 2}, 1)}), nullptr},
        {"Ab,bA->A", list({some({2, 3}), some({3, 2}, 1)}), nullptr},
        {"ij,ij->i", list({some({2, 1}), some({2, 3}, 1)}), nullptr},
        {"ij,jk->ik", list({some({2, 0}), some({0, 3})}), nullptr},
        {"ik,jk->ij", list({some({2, 3}), some({4, 3}, 1)}), dims({0, 1})}}},
      {"aten::dot", {{some({4}), some({4}, 1)}, {some({4, 2}).select(1, 0), some({4})}, {ids({1, 2}), ids({3, 4})}, {some({0}), some({0})}}},
      {"aten::vdot", {{some({4}), some({4}, 1)}}},
      {"aten::inner", {{some({2, 3}), some({4, 3}, 1)}, {some({3}), some({3}, 1)}, {some({2, 3}), some({})}, {some({2, 3}), some({2, 2, 3}, 1)}}},
      {"aten::outer", {{some({2}), some({3}, 1)}, {ids({1, 2}), ids({3, 4})}}},
      {"aten::ger", {{some({2}), some({3}, 1)}}},
      {"aten::mv", {{some({2, 3}), some({3}, 1)}, {some({3, 2}).t(), some({3}, 1)}}},
      {"aten::addmv", {{some({2}), some({2, 3}), some({3}, 1), 0.5, 2.0}, {some({}), some({2, 3}), some({3}), 1, 1}}},
      {"aten::addr", {{some({2, 3}), some({2}), some({3}, 1), 0.5, 2.0}, {some({3}), some({2}), some({3}), 1, 1}}},
      {"aten::addbmm", {{some({2, 2}), some({3, 2, 4}), some({3, 4, 2}, 1), 0.5, 2.0}, {some({2}), some({3, 2, 4}), some({3, 4, 2}), 1, 1}}},
  };
}

}  // namespace okibi::samples
