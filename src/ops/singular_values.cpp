// Matrices as U · S · Vᵀ.
#include <cmath>

#include "ops/linalg.h"

namespace okibi::ops {
namespace {

void svd_into(const Tensor& x, kernels::SingularVectors vectors, const Tensor& u, const Tensor& s, const Tensor& vh) {
  const Tensor work = x.clone(), info = zeros(batch_of(x), {int32});
  const int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
  const bool is_full = vectors == kernels::SingularVectors::full, has_vectors = u.defined();
  const int64_t wide = is_full ? m : k, high = is_full ? n : k;
  dispatch_floating(x.dtype(), "linalg_svd", [&]<class T>() {
    const T* numbers = work.data<T>();
    const bool is_finite = std::all_of(numbers, numbers + work.numel(), [](T v) { return std::isfinite(v); });
    if (!is_finite) {
      refuse("linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values.");
    }
    for_each_matrix(matrices_in(x), cost_of(m, n, k), [&](int64_t i) {
      info.data<int32_t>()[i] = static_cast<int32_t>(
          kernels::svd(m, n, vectors, work.data<T>() + i * m * n, has_vectors ? u.data<T>() + i * m * wide : nullptr,
                       s.data<T>() + i * k, has_vectors ? vh.data<T>() + i * high * n : nullptr));
    });
  });
  check_info(info, "linalg.svd", [](int32_t found) {
    return fmt::format(
        "The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
        "repeated singular values (error code: {}).",
        found);
  });
}

struct Svd {
  static constexpr size_t gradients_of = 3;
  static std::array<OutputSpec, 3> infer(const Tensor& x) {
    require_matrices(x, "linalg.svd");
    require_moderate(x, "linalg.svd");
    const Dims batch = batch_of(x);
    const int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
    return {OutputSpec{with_matrix(batch, m, k), x.dtype()}, OutputSpec{with_vector(batch, k), x.dtype()},
            OutputSpec{with_matrix(batch, k, n), x.dtype()}};
  }
  static void forward(const Tensor& x, const Tensor& u, const Tensor& s, const Tensor& vh) {
    svd_into(x, kernels::SingularVectors::reduced, u, s, vh);
  }

  static constexpr const char* backward_name = "LinalgSvdBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, SavedTensor>;
  static Saved save(const Tensor&, const Tensor& u, const Tensor& s, const Tensor& vh) {
    return {SavedTensor::output(u), SavedTensor::output(s), SavedTensor::output(vh)};
  }

  // Townsend 2016, "Differentiating the Singular Value Decomposition". With E_ij = s_j² - s_i² and X - Xᵀ as skew(X):
  // U·[skew(UᵀgU)/E · S + S · skew(VᵀgV)/E + diag(gS)]·Vᵀ, and what of gU and gV lies outside of U and V.
  static std::array<Tensor, 1> backward(std::span<const Tensor> gradients, const Saved& saved, const Edges&) {
    const Tensor &u = std::get<0>(saved).get(), &s = std::get<1>(saved).get(), &vh = std::get<2>(saved).get();
    const Tensor row = s.unsqueeze(-2), column = s.unsqueeze(-1);
    const Tensor same = identity(s.size(-1), s.dtype());
    const Tensor apart = okibi::add(okibi::mul(okibi::sub(row, column), okibi::add(row, column)), same);
    const auto turned = [&](const Tensor& x) { return okibi::div(okibi::sub(x, transposed(x)), apart); };
    Tensor middle = zeros(with_matrix(batch_of(u), s.size(-1), s.size(-1)), {s.dtype()});
    if (gradients[0].defined()) {
      middle = okibi::add(middle, okibi::mul(turned(okibi::matmul(transposed(u), gradients[0])), row));
    }
    if (gradients[2].defined()) {
      middle = okibi::add(middle, okibi::mul(turned(okibi::matmul(vh, transposed(gradients[2]))), column));
    }
    if (gradients[1].defined()) {
      middle = okibi::add(middle, computed("aten::diag_embed", gradients[1], 0, -2, -1));
    }
    Tensor result = okibi::matmul(okibi::matmul(u, middle), vh);
    if (gradients[0].defined() && u.size(-2) > u.size(-1)) {
      const Tensor scaled = okibi::div(gradients[0], row);
      const Tensor outside = okibi::sub(scaled, okibi::matmul(u, okibi::matmul(transposed(u), scaled)));
      result = okibi::add(result, okibi::matmul(outside, vh));
    }
    if (gradients[2].defined() && vh.size(-1) > vh.size(-2)) {
      const Tensor scaled = okibi::div(gradients[2], column);
      const Tensor outside = okibi::sub(scaled, okibi::matmul(okibi::matmul(scaled, transposed(vh)), vh));
      result = okibi::add(result, okibi::matmul(u, outside));
    }
    return {result};
  }
};

// What needs no vectors takes a fraction of the time.
struct ValuesAlone {
  static OutputSpec infer(const Tensor& x) { return Svd::infer(x)[1]; }
  static void forward(const Tensor& x, const Tensor& s) {
    svd_into(x, kernels::SingularVectors::none, Tensor(), s, Tensor());
  }
};

// Vectors that belong to no singular value are any that stand upright on the others: these have no gradient.
struct FullSvd {
  static constexpr const char* no_gradient =
      "linalg.svd of full matrices has no gradient here, but with full_matrices=False it has";
  static std::array<OutputSpec, 3> infer(const Tensor& x) {
    auto specs = Svd::infer(x);
    require_side(x.size(-1));
    require_side(x.size(-2));
    specs[0].sizes = with_matrix(batch_of(x), x.size(-2), x.size(-2));
    specs[2].sizes = with_matrix(batch_of(x), x.size(-1), x.size(-1));
    return specs;
  }
  static void forward(const Tensor& x, const Tensor& u, const Tensor& s, const Tensor& vh) {
    if (x.size(-1) == 0 || x.size(-2) == 0) {
      u.copy_(identity(u.size(-1), u.dtype()));
      vh.copy_(identity(vh.size(-1), vh.dtype()));
      return;
    }
    svd_into(x, kernels::SingularVectors::full, u, s, vh);
  }

 private:
  static void require_side(int64_t side) {
    if (side > 20'000) {
      throw Error(ErrorKind::limit, "linalg.svd: the matrix is too large").found(std::to_string(side));
    }
  }
};

struct LinalgSvd {
  static constexpr std::string_view schema =
      "aten::linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)";
  static std::array<Tensor, 3> compose(const Tensor& x, bool full_matrices, const std::optional<std::string>& driver) {
    if (driver)
      refuse("linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.");
    require_matrices(x, "linalg.svd");
    if (!full_matrices || x.size(-1) == x.size(-2)) return call_all<Svd>(x);
    return call_all<FullSvd>(x);
  }
};
struct LinalgSvdvals {
  static constexpr std::string_view schema = "aten::linalg_svdvals(Tensor A, *, str? driver=None) -> Tensor";
  static Tensor compose(const Tensor& x, const std::optional<std::string>& driver) {
    if (driver)
      refuse("linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.");
    return singular_values_of(x);
  }
};
struct OldSvd {
  static constexpr std::string_view schema =
      "aten::svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)";
  static std::array<Tensor, 3> compose(const Tensor& x, bool some, bool compute_uv) {
    if (x.dim() < 2) refuse("linalg.svd: input should have at least 2 dimensions");
    if (compute_uv) {
      auto [u, s, vh] = LinalgSvd::compose(x, !some, std::nullopt);
      return {u, s, transposed(vh).contiguous()};
    }
    const Dims batch = batch_of(x);
    const auto nothing = [&](int64_t side) { return zeros(with_matrix(batch, side, side), {x.dtype()}); };
    return {nothing(x.size(-2)), singular_values_of(x), nothing(x.size(-1))};
  }
};

}  // namespace

SingularValues svd_of(const Tensor& x) {
  const auto [u, s, vh] = call_all<Svd>(x);
  return {u, s, vh};
}
Tensor singular_values_of(const Tensor& x) {
  return grad_enabled() && x.requires_grad() ? svd_of(x).s : call<ValuesAlone>(x);
}

std::span<const okibi::Op> singular_value_ops() {
  static constexpr okibi::Op rows[] = {entry<LinalgSvd>(), entry<LinalgSvdvals>(), entry<OldSvd>()};
  return rows;
}

}  // namespace okibi::ops
