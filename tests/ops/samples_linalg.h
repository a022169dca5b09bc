// Samples of linear algebra. Signs of singular vectors and eigenvectors are LAPACK's business: of those that PyTorch
// may have otherwise linalg_test.cpp looks at the products.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Tensor identity(int64_t n) {
  const Tensor one = zeros({n, n}, {float64});
  if (n > 0) one.as_strided({n}, {n + 1}, 0).fill_(1);
  return one;
}
// (*, n, n) far from singular.
inline Tensor regular(Dims sizes) {
  const Tensor x = distinct(sizes);
  return x + identity(sizes.back()) * 3;
}
inline Tensor positive(Dims sizes) {
  const Tensor x = distinct(sizes);
  return matmul(x, x.transpose(-2, -1)) + identity(sizes.back());
}

inline Map solving_samples() {
  const Tensor a = regular({3, 3}), many = regular({2, 3, 3}), none = zeros({0, 0}, {float64});
  const std::vector<Arguments> inverses = {{a}, {many}, {a.t()}, {none}, {zeros({0, 2, 2}, {float64})}, {identity(2).to(float32) * 2}};
  const std::vector<Arguments> determinants = {{a}, {many}, {many.transpose(1, 2)}, {none}, {regular({2, 2, 2, 2})}, {positive({3, 3}).to(float32)}};
  const Value both = find_op("aten::linalg_lu_factor")->call(Arguments{many, true});
  return {
      {"aten::linalg_solve",
       {{a, some({3}), true}, {a, some({3, 2}), true}, {many, some({2, 3}), true}, {many, some({3, 2}), true}, {a, some({2, 3, 1}), true}, {a, some({2, 3}), false}, {many.transpose(1, 2), some({2, 4, 3}), false}, {none, zeros({0, 2}, {float64}), true}}},
      {"aten::linalg_solve_ex", {{a, some({3, 2}), true, false}, {many, some({2, 3}), true, true}}},
      {"aten::linalg_inv", inverses},
      {"aten::inverse", inverses},
      {"aten::linalg_inv_ex", {{a, false}, {many, true}}},
      {"aten::linalg_det", determinants},
      {"aten::det", determinants},
      {"aten::linalg_slogdet", determinants},
      {"aten::slogdet", determinants},
      {"aten::logdet", {{positive({3, 3})}, {positive({2, 2, 2})}, {none}}},
      {"aten::linalg_lu_factor", {{many, true}, {some({3, 2}), true}, {some({2, 3}), true}}},
      {"aten::linalg_lu_factor_ex", {{many, true, false}, {zeros({2, 2}, {float64}), true, false}}},
      {"aten::linalg_lu", {{many, true}, {some({3, 2}), true}, {some({2, 4, 3}).transpose(1, 2), true}}},
      {"aten::lu_unpack", {{both[0], both[1], true, true}}},
      {"aten::lu_solve", {{some({2, 3, 2}), both[0], both[1]}}},
      {"aten::linalg_lu_solve", {{both[0], both[1], some({2, 3, 2}), true, false}, {both[0], both[1], some({2, 3, 2}), true, true}, {both[0], both[1], some({2, 2, 3}), false, false}, {both[0], both[1], some({2, 2, 3}), false, true}}},
  };
}

inline Map decomposition_samples() {
  const Tensor a = regular({3, 3}), p = positive({3, 3}), many = positive({2, 3, 3}), none = zeros({0, 0}, {float64});
  return {
      {"aten::linalg_solve_triangular",
       {{a, some({3, 2}), true, true, false}, {a, some({3, 2}), false, true, true}, {regular({2, 3, 3}), some({2, 3}), true, false, false}, {a.t(), some({2, 3, 1}), false, true, false}, {a, some({2, 3}), false, false, true}}},
      {"aten::triangular_solve", {{some({3, 2}), a, true, false, false}, {some({2, 3, 1}), a, false, true, true}, {some({3, 1}), regular({2, 3, 3}), true, true, false}}},
      {"aten::linalg_cholesky", {{p, false}, {p, true}, {many, false}, {none, false}, {positive({2, 2}).to(float32), false}}},
      {"aten::linalg_cholesky_ex", {{p, false, false}, {many, true, true}}},
      {"aten::cholesky_solve", {{some({3, 2}), tril(a), false}}},
      {"aten::cholesky_inverse", {{tril(a), false}, {triu(a), true}}},
      {"aten::linalg_eigvalsh", {{p, "L"}, {many, "U"}, {none, "L"}}},
      {"aten::linalg_svdvals", {{some({3, 2}), nullptr}, {distinct({2, 2, 3}), nullptr}, {zeros({0, 3}, {float64}), nullptr}}},
      {"aten::linalg_eigh", {{p, "L"}, {many, "U"}, {none, "L"}}},
      {"aten::linalg_svd", {{distinct({3, 2}), false, nullptr}, {distinct({2, 2, 3}), false, nullptr}, {a, true, nullptr}}},
      {"aten::svd", {{distinct({3, 2}), true, true}, {distinct({2, 3}), true, false}}},
      {"aten::linalg_qr", {{distinct({3, 2}), "reduced"}, {distinct({2, 2, 3}), "complete"}, {distinct({3, 2}), "complete"}, {distinct({3, 2}), "r"}}},
  };
}

inline Map matrix_function_samples() {
  const Tensor a = regular({3, 3}), many = regular({2, 3, 3}), p = positive({3, 3}), none = zeros({0, 0}, {float64});
  const Tensor low = matmul(distinct({3, 2}), distinct({2, 3}));  // of rank 2
  const std::vector<Arguments> powers = {{a * 0.2, 3}, {many * 0.2, 2}, {ids({{1, 2}, {3, 4}}), 0}, {a * 2, -2}, {a, 1}, {none, 2}, {many.transpose(1, 2) * 0.2, 5}};
  const std::vector<Arguments> exponentials = {{a}, {many * 0.1}, {none}, {zeros({2, 2}, {float64})}};
  return {
      {"aten::linalg_matrix_power", powers},
      {"aten::matrix_power", powers},
      {"aten::linalg_matrix_exp", exponentials},
      {"aten::matrix_exp", exponentials},
      {"aten::linalg_pinv", {{distinct({3, 2}), 1e-15, false}, {low, 1e-10, false}, {p, 1e-15, true}}},
      {"aten::linalg_pinv.rcond_tensor", {{distinct({2, 3}), tensor(1e-15, float64), false}}},
      {"aten::linalg_pinv.atol_rtol_float", {{distinct({2, 3, 2}), nullptr, nullptr, false}, {low, 1e-10, nullptr, false}}},
      {"aten::linalg_pinv.atol_rtol_tensor", {{distinct({3, 2}), nullptr, nullptr, false}}},
      {"aten::pinverse", {{distinct({3, 2}), 1e-15}}},
      {"aten::linalg_matrix_rank", {{low, 1e-8, false}, {p, 1e-8, true}}},
      {"aten::linalg_matrix_rank.tol_tensor", {{low, tensor(1e-8, float64), false}}},
      {"aten::linalg_matrix_rank.atol_rtol_float", {{low, nullptr, nullptr, false}, {many, 100.0, nullptr, false}, {zeros({0, 3}, {float64}), nullptr, nullptr, false}}},
      {"aten::linalg_matrix_rank.atol_rtol_tensor", {{many, nullptr, tensor(0.5, float64), false}}},
      {"aten::linalg_multi_dot", {{dims({some({2, 3}), some({3, 4}), some({4, 2})})}, {dims({some({3}), some({3, 2}), some({2})})}}},
      {"aten::chain_matmul", {{dims({some({2, 3}), some({3, 4})})}, {dims({some({2, 3})})}}},
      {"aten::linalg_matmul", {{some({2, 3}), some({3})}}},
      {"aten::linalg_vecdot", {{some({2, 3}), some({3}), -1}, {some({2, 3}), some({2, 3}).t().t(), 0}}},
      {"aten::linalg_diagonal", {{some({2, 3, 3}), 1, -2, -1}, {some({2, 3}), 0, 0, 1}}},
  };
}

inline Map linalg_samples() {
  Map all = solving_samples();
  for (Map family : {decomposition_samples(), matrix_function_samples()}) all.merge(family);
  return all;
}

}  // namespace okibi::samples
