// Matrix products.
#include <fmt/format.h>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

[[noreturn]] void throw_shapes(const Tensor& a, const Tensor& b) {
  throw Error(ErrorKind::bad_argument, fmt::format("mat1 and mat2 shapes cannot be multiplied ({}x{} and {}x{})",
                                                   a.size(0), a.size(1), b.size(0), b.size(1)));
}

void check_matrix(const Tensor& x, const char* what) {
  if (x.dim() == 2) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} must be a matrix", what))
      .found(fmt::format("a {}D tensor", x.dim()));
}

void check_same_dtype(const Tensor& a, const Tensor& b, const char* what) {
  if (a.dtype() == b.dtype()) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}: expected both to have the same dtype, but got {} and {}", what,
                                                   name_of(a.dtype()), name_of(b.dtype())));
}

// C = A · B where either may be stored transposed; all are contiguous matrices.
template <class T>
void product(bool transpose_a, const Tensor& a, bool transpose_b, const Tensor& b, const Tensor& out) {
  const int64_t k = a.size(transpose_a ? 0 : 1);
  kernels::gemm<T>(transpose_a, transpose_b, out.size(0), out.size(1), k, a.data<T>(), a.size(1), b.data<T>(),
                   b.size(1), T(0), out.data<T>(), out.size(1));
}

Tensor product(bool transpose_a, const Tensor& a, bool transpose_b, const Tensor& b) {
  Tensor out = empty({a.size(transpose_a ? 1 : 0), b.size(transpose_b ? 0 : 1)}, {a.dtype()});
  dispatch_floating(a.dtype(), "mm", [&]<class T>() { product<T>(transpose_a, a, transpose_b, b, out); });
  return out;
}

struct Mm : SavesBoth {
  static constexpr std::string_view schema = "aten::mm(Tensor self, Tensor mat2) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    check_matrix(a, "self");
    check_matrix(b, "mat2");
    check_same_dtype(a, b, "mm");
    if (a.size(1) != b.size(0)) throw_shapes(a, b);
    return {{a.size(0), b.size(1)}, a.dtype()};
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Tensor left = a.contiguous(), right = b.contiguous();
    dispatch_floating(out.dtype(), "mm", [&]<class T>() { product<T>(false, left, false, right, out); });
  }

  static constexpr const char* backward_name = "MmBackward0";
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor g = gradient.contiguous();
    std::array<Tensor, 2> gradients;
    if (edges.needed(0))
      gradients[0] = product(false, g, true, std::get<1>(saved).get().contiguous());  // (m, n) (k, n)ᵀ
    if (edges.needed(1))
      gradients[1] = product(true, std::get<0>(saved).get().contiguous(), false, g);  // (m, k)ᵀ (m, n)
    return gradients;
  }
};

// x (*, k) as (m, k).
Tensor as_matrix(const Tensor& x) {
  const Tensor rows = x.contiguous();
  if (x.dim() == 2) return rows;
  return rows.view({x.size(-1) == 0 ? x.numel() : x.numel() / x.size(-1), x.size(-1)});
}

struct LinearOp {
  static constexpr std::string_view schema = "aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    check_matrix(weight, "weight");
    check_same_dtype(x, weight, "linear");
    if (x.dim() == 0 || x.size(-1) != weight.size(1)) throw_not_fitting(x, weight);
    if (bias.defined() && (bias.dim() != 1 || bias.size(0) != weight.size(0) || bias.dtype() != x.dtype())) {
      throw Error(ErrorKind::bad_argument, "the bias of linear does not fit its weight")
          .expected(fmt::format("{} of sizes [{}]", name_of(x.dtype()), weight.size(0)))
          .found(fmt::format("{} of sizes {}", name_of(bias.dtype()), to_string(bias.sizes())));
    }
    Dims sizes = x.sizes();
    sizes[sizes.size() - 1] = weight.size(0);
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& out) {
    const Tensor rows = as_matrix(x), w = weight.contiguous(), b = bias.defined() ? bias.contiguous() : bias;
    dispatch_floating(out.dtype(), "linear", [&]<class T>() {
      kernels::linear<T>(rows.size(0), w.size(0), w.size(1), rows.data<T>(), w.data<T>(),
                         b.defined() ? b.data<T>() : nullptr, out.data<T>());
    });
  }

  static constexpr const char* backward_name = "AddmmBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& x, const Tensor& weight, const Tensor&, const Tensor&) {
    return {SavedTensor::input(x), SavedTensor::input(weight)};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor& x = std::get<0>(saved).get();
    const Tensor g = as_matrix(gradient);
    std::array<Tensor, 3> gradients;
    if (edges.needed(0)) {  // (m, n) (n, k) → (m, k)
      gradients[0] = product(false, g, false, std::get<1>(saved).get().contiguous());
      if (x.dim() != 2) gradients[0] = gradients[0].view(x.sizes());
    }
    if (edges.needed(1)) gradients[1] = product(true, g, false, as_matrix(x));  // (m, n)ᵀ (m, k) → (n, k)
    if (edges.needed(2)) gradients[2] = okibi::sum(g, 0);                       // (n)
    return gradients;
  }

 private:
  [[noreturn]] static void throw_not_fitting(const Tensor& x, const Tensor& weight) {
    const int64_t k = x.dim() == 0 ? 1 : x.size(-1);
    throw Error(ErrorKind::bad_argument, fmt::format("mat1 and mat2 shapes cannot be multiplied ({}x{} and {}x{})",
                                                     k == 0 ? 0 : x.numel() / k, k, weight.size(1), weight.size(0)))
        .hint(fmt::format("The last dimension of the input must be in_features, {}.", weight.size(1)));
  }
};

}  // namespace

std::span<const okibi::Op> product_ops() {
  static constexpr okibi::Op rows[] = {entry<Mm>(), entry<LinearOp>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor mm(const Tensor& a, const Tensor& b) { return ops::call<ops::Mm>(a, b); }
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return ops::call<ops::LinearOp>(x, weight, bias);
}

}  // namespace okibi
