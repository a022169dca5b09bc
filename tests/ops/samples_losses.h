// Samples of distances, of losses with margins, and of CTC.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Map distance_samples() {
  const Value none = nullptr;
  const Tensor a = some({3, 4}), b = some({5, 4}, 0.45);
  return {
      {"aten::cdist",
       {{a, b, 2.0, none},
        {a, b, 1.0, none},
        {a, b, 3.0, 0},
        {a, b, 1.5, none},
        {distinct({3, 4}), some({2, 4}, 9), infinity, none},
        {a, b, 0.0, none},
        {some({2, 3, 4}), some({5, 4}, 0.45), 2.0, 2},
        {some({2, 1, 3, 4}), some({3, 2, 4}, 0.45), 2.0, none},
        {some({4, 3}).t(), b, 2.0, none},
        {some({3, 0}), some({2, 0}), 2.0, none},
        {some({0, 4}), b, 2.0, none},
        {some({3, 19}).to(float32), some({2, 19}, 1).to(float32), 2.0, none},
        {a.to(float32), a.to(float32), 2.0, 2}}},
      {"aten::pdist",
       {{distinct({4, 3}), 2.0},
        {distinct({3, 4}).t(), 1.0},
        {distinct({4, 3}), 3.5},
        {distinct({5, 2}).to(float32), infinity},
        {some({1, 3}), 2.0}}},
      {"aten::pairwise_distance",
       {{a, some({3, 4}, 0.4), 2.0, 1e-6, false},
        {a, some({4}, 0.4), 1.0, 1e-6, true},
        {some({4}), some({4}, 0.4), 3.0, 1e-6, false}}},
      {"aten::cosine_similarity",
       {{a, some({3, 4}, 0.4), 1, 1e-8},
        {some({2, 3, 4}), some({3, 1}, 0.4), -1, 1e-8},
        {some({4, 3}).t(), some({3, 4}, 0.4), 0, 1e-8},
        {some({5}), some({5}, 1), 0, 1e-8},
        {zeros({2, 3}), some({2, 3}).to(float32), 1, 1e-8}}},
  };
}

inline Map margin_samples() {
  const Value none = nullptr;
  const Tensor x = some({2, 3}), signs = tensor({{1.0, -1.0, 1.0}, {-1.0, -1.0, 1.0}}, float64), classes = ids({2, 0});
  return {
      {"aten::margin_ranking_loss",
       {{x, some({2, 3}, 0.4), signs, 0.3, 1},
        {x, some({2, 3}, 0.4), signs, 0.0, 0},
        {x, some({1, 3}, 0.4), signs, 1.0, 2},
        {x.to(float32), x.to(float32), signs.to(float32), 0.5, 1}}},
      {"aten::hinge_embedding_loss",
       {{x, signs, 1.0, 1},
        {x.t(), signs.t(), 0.25, 0},
        {x, signs, 2.0, 2},
        {x, tensor({{1.0, 0.0, -1.0}}, float64), 1.0, 0}}},
      {"aten::soft_margin_loss", {{x, signs, 1}, {x, signs, 0}, {x.t(), signs.t(), 2}}},
      {"aten::poisson_nll_loss",
       {{x, some({2, 3}, 4), true, false, 1e-8, 1},
        {some({2, 3}, 4), some({2, 3}, 3), false, false, 1e-8, 0},
        {x, some({2, 3}, 4), true, true, 1e-8, 2},
        {x.to(float32), tensor({{0.0, 1.0, 2.0}, {3.0, 0.5, 9.0}}), true, true, 1e-8, 0}}},
      {"aten::multi_margin_loss",
       {{x, classes, 1, 1, none, 1},
        {some({3, 2}).t(), classes, 2, 0.5, none, 0},
        {x, classes, 1, 1, tensor({0.5, 1.0, 2.0}, float64), 2},
        {some({4}), tensor(2), 1, 1.5, none, 1},
        {some({4}), ids({1}), 1, 1, none, 0}}},
      {"aten::log_sigmoid_forward", {{x.to(float32)}, {some({3, 2}, 30).t().to(float32)}}},
  };
}

inline Map ctc_samples() {
  const Tensor scores = okibi::log_softmax(some({6, 2, 4}), 2), alone = okibi::log_softmax(some({5, 3}), 1);
  const Tensor labels = ids({{1, 2, 2}, {3, 3, 1}}), row = ids({1, 2, 2, 3, 3});
  const Tensor few = okibi::log_softmax(some({3, 2, 4}), 2);  // steps for three labels of which two are the same
  return {
      {"aten::ctc_loss.Tensor",
       {{scores, labels, ids({6, 5}), ids({3, 2}), 0, 1, false},
        {scores, row, ids({6, 6}), ids({3, 2}), 0, 0, false},
        {scores, labels.to(int32), ids({4, 6}).to(int32), ids({2, 3}), 0, 2, false},
        {few, labels, ids({3, 3}), ids({3, 1}), 0, 0, true},
        {alone, ids({1, 2}), ids({5}), ids({2}), 0, 0, false},
        {scores, labels, ids({6, 5}), ids({0, 2}), 0, 1, false},
        {scores.to(float32), labels, ids({6, 5}), ids({3, 2}), 0, 0, false}}},
      {"aten::ctc_loss.IntList",
       {{scores, labels, dims({6, 5}), dims({3, 2}), 0, 1, false},
        {some({6, 2, 4}) - 3.0, ids({{1, 2, 0}, {0, 3, 1}}), dims({6, 6}), dims({3, 2}), 2, 2, false}}},
  };
}

inline Map losses_samples() {
  Map all = distance_samples();
  for (Map family : {margin_samples(), ctc_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
