// Samples of numbers that are put together in one place, and of parts put in the place of others.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Map reducing_samples() {
  const Value none;
  const Tensor x = distinct({3, 4}), source = distinct({2, 3}) * 1.7, at = ids({{0, 2, 2}, {1, 2, 0}});
  std::vector<Arguments> reduced;
  for (const char* name : {"sum", "mean", "amax", "amin"}) {
    for (const bool self : {true, false}) {
      reduced.push_back({x, 0, at, source, name, self});
      reduced.push_back({x.t(), -1, at, source, name, self});
      reduced.push_back({ids({3, -4, 5}), 0, ids({0, 0, 2}), ids({7, -9, 2}), name, self});
    }
  }
  reduced.push_back({ids({3, -4, 5}).to(int32), 0, ids({0, 0, 2}), ids({7, -9, 2}).to(int32), "prod", false});
  reduced.push_back({truths(), 0, ids({0, 0, 2}), truths(), "prod", true});
  reduced.push_back({some({}), 0, tensor(0), some({}, 2), "mean", true});
  reduced.push_back({x, 0, zeros({0, 3}, {int64}), some({0, 3}), "sum", true});
  reduced.push_back({zeros({3, 4}, {int64}), 1, at, ids({{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 9, 9, 9}}), "amax", true});
  return {
      {"aten::scatter_reduce.two", reduced},
      {"aten::scatter.reduce", {{x, 0, at, source, "add"}, {x, 1, at, source, "multiply"}, {ids({1, 2}), 0, ids({0, 0}), ids({3, 4}), "multiply"}}},
      {"aten::scatter.value_reduce", {{x, 0, at, 2.5, "add"}, {ids({1, 2}), 0, ids({0, 0}), 3, "multiply"}}},
      {"aten::take", {{x, ids({{0, 11}, {-1, 5}})}, {x.t(), ids({1, 1})}, {some({}), tensor(0)}, {ids({1, 2}), ids({1})}, {some({0}), zeros({0}, {int64})}}},
      {"aten::put", {{x, ids({1, -1}), some({1, 2}), false}, {x.t(), ids({{3, 3}}), some({2}), true}}},
      {"aten::select_scatter", {{x, some({4}), 0, -1}, {x.t(), some({4}), 1, 2}, {ids({{1, 2}}), ids({3, 4}), 0, 0}}},
      {"aten::slice_scatter", {{x, some({3, 2}), 1, none, none, 2}, {x.t(), some({2, 3}), 0, 1, 3, 1}, {x, some({0, 4}), 0, 2, 1, 1}}},
      {"aten::diagonal_scatter", {{x, some({3}), 0, 0, 1}, {some({2, 3, 4}), some({3, 2}), 2, 0, -1}}},
      {"aten::nonzero_static", {{ids({{1, 0}, {0, 1}}), 3, -1}, {truths(), 1, 7}, {some({2}), 0, 0}}},
      {"aten::fill.Scalar", {{x.t(), 2.5}, {ids({1, 2}), 7}, {truths(), true}}},
      {"aten::fill.Tensor", {{x, some({})}, {ids({1, 2}), tensor(3)}}},
      {"aten::pad_sequence", {{dims({some({2, 3}), some({4, 3}), some({1, 3})}), false, 0.5, "right"}, {dims({some({2}), some({4})}), true, 0.0, "right"}, {dims({ids({1, 2}), ids({3})}), true, -1.0, "right"}}},
  };
}

}  // namespace okibi::samples
