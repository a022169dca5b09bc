// Products of many matrices at once, read where they lie: attention's are views of its projections.
#include <fmt/format.h>

#include "kernels/kernels.h"
#include "kernels/split.h"
#include "ops/complex_numbers.h"
#include "ops/dispatch.h"
#include "ops/linalg.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// Multiplications worth a thread's waking.
constexpr int64_t batch_grain = int64_t{1} << 20;

bool has_steps(const Tensor& x, int64_t along, int64_t across) {
  return (x.size(along) == 1 || x.stride(along) == 1) && (x.size(across) == 1 || x.stride(across) >= x.size(along));
}

// x (*, rows, columns), whose matrices are stored by rows or by columns; else a copy of it.
struct Matrices {
  Tensor x;
  bool transposed;
  int64_t ld;  // elements from stored row to stored row

  explicit Matrices(const Tensor& given) : x(given), transposed(false) {
    if (!has_steps(x, -1, -2)) {
      transposed = has_steps(x, -2, -1);
      if (!transposed) x = x.contiguous();
    }
    const int64_t along = transposed ? -2 : -1, across = transposed ? -1 : -2;
    ld = x.size(across) == 1 ? std::max<int64_t>(x.size(along), 1) : x.stride(across);
  }
  void repeat_to(const Dims& batch) {
    Dims sizes = batch;
    sizes.push_back(x.size(-2));
    sizes.push_back(x.size(-1));
    if (x.sizes() != sizes) x = x.expand(sizes);
  }
  // Where matrix `index` of the batch begins.
  int64_t offset(int64_t index) const {
    int64_t at = 0;
    for (size_t d = x.sizes().size() - 2; d-- > 0; index /= x.sizes()[d]) at += index % x.sizes()[d] * x.strides()[d];
    return at;
  }
};

// out (*, m, n) = a (*, m, k) · b (*, k, n); the * of the factors broadcast to that of out.
template <class T>
void multiply(const Tensor& a, const Tensor& b, const Tensor& out) {
  Matrices left(a), right(b);
  left.repeat_to(batch_of(out));
  right.repeat_to(batch_of(out));
  const int64_t m = out.size(-2), n = out.size(-1), k = a.size(-1);
  if (out.numel() == 0) return;
  const T *const from_a = left.x.data<T>(), *const from_b = right.x.data<T>();
  const auto work = [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      kernels::gemm<T>(left.transposed, right.transposed, m, n, k, from_a + left.offset(i), left.ld,
                       from_b + right.offset(i), right.ld, T(0), out.data<T>() + i * m * n, n);
    }
  };
  kernels::split(out.numel() / (m * n), std::max<int64_t>(batch_grain / std::max<int64_t>(m * n * k, 1), 1), work);
}

// x (*, n) as (rows, n)
Tensor folded(const Tensor& x) { return x.reshape({x.size(-1) == 0 ? 0 : x.numel() / x.size(-1), x.size(-1)}); }

void multiply_into(const Tensor& a, const Tensor& b, const Tensor& out);

// By the real products of their parts.
void multiply_complex(const Tensor& a, const Tensor& b, const Tensor& out) {
  const Tensor parts = pairs_of(out);
  const auto part = [](const Tensor& x, int64_t i) { return pairs_of(x).select(-1, i).contiguous(); };
  const auto product = [&](const Tensor& left, const Tensor& right) {
    const Tensor each = empty(out.sizes(), {parts.dtype()});
    multiply_into(left, right, each);
    return each;
  };
  const Tensor a_real = part(a, 0), a_imag = part(a, 1), b_real = part(b, 0), b_imag = part(b, 1);
  parts.select(-1, 0).copy_(okibi::sub(product(a_real, b_real), product(a_imag, b_imag)));
  parts.select(-1, 1).copy_(okibi::add(product(a_real, b_imag), product(a_imag, b_real)));
}

void multiply_into(const Tensor& a, const Tensor& b, const Tensor& out) {
  if (is_complex(out.dtype())) return multiply_complex(a, b, out);
  // One matrix on the right serves the rows of all matrices on the left: one product.
  const bool one = b.dim() == 2 && a.dim() > 2 && out.numel() > 0 && a.size(-1) > 0;
  dispatch_floating(out.dtype(), "matmul",
                    [&]<class T>() { one ? multiply<T>(folded(a), b, folded(out)) : multiply<T>(a, b, out); });
}

Dims product_sizes(const Tensor& a, const Tensor& b) {
  Dims sizes = broadcast_sizes(batch_of(a), batch_of(b));
  sizes.push_back(a.size(-2));
  sizes.push_back(b.size(-1));
  return sizes;
}

Tensor multiplied(const Tensor& a, const Tensor& b) {
  const Tensor out = empty(product_sizes(a, b), {a.dtype()});
  multiply_into(a, b, out);
  return out;
}

// Σ over the batch of aᵀ · g where b was one matrix: one product again.
Tensor gradient_of_right(const Tensor& a, const Tensor& g, const Tensor& b) {
  if (b.dim() == 2 && a.dim() > 2 && a.numel() > 0 && g.numel() > 0) {
    return multiplied(folded(a).transpose(0, 1), folded(g));
  }
  return sum_to(multiplied(a.transpose(-2, -1), g), b.sizes());
}

Tensor as_row(const Tensor& a) { return a.dim() == 1 ? a.unsqueeze(0) : a; }
Tensor as_column(const Tensor& b) { return b.dim() == 1 ? b.unsqueeze(1) : b; }

struct Matmul {
  static constexpr std::string_view schema = "aten::matmul(Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& a, const Tensor& b) {
    if (a.dim() == 0 || b.dim() == 0) {
      throw Error(ErrorKind::bad_argument, fmt::format("both arguments to matmul need to be at least 1D, but they are "
                                                       "{}D and {}D",
                                                       a.dim(), b.dim()));
    }
    if (a.dtype() != b.dtype()) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("matmul: expected both to have the same dtype, but got {} and {}", name_of(a.dtype()),
                              name_of(b.dtype())));
    }
    const Tensor left = as_row(a), right = as_column(b);
    if (left.size(-1) != right.size(-2)) {
      throw Error(ErrorKind::bad_argument, "matmul: the columns of the left are not as many as the rows of the right")
          .found(fmt::format("{} and {}", to_string(a.sizes()), to_string(b.sizes())));
    }
    Dims sizes = product_sizes(left, right);
    if (b.dim() == 1) sizes.erase(sizes.size() - 1);
    if (a.dim() == 1) sizes.erase(sizes.size() - (b.dim() == 1 ? 1 : 2));
    return {sizes, a.dtype()};
  }
  static void forward(const Tensor& a, const Tensor& b, const Tensor& out) {
    const Tensor left = as_row(a), right = as_column(b);
    multiply_into(left, right, out.view(product_sizes(left, right)));
  }

  static constexpr const char* backward_name = "MatmulBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& a, const Tensor& b, const Tensor&) {
    return {SavedTensor::input(a), SavedTensor::input(b)};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &a = std::get<0>(saved).get(), &b = std::get<1>(saved).get();
    const Tensor left = as_row(a), right = as_column(b), g = gradient.reshape(product_sizes(left, right));
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = sum_to(multiplied(g, right.transpose(-2, -1)), left.sizes()).view(a.sizes());
    if (edges.needed(1)) gradients[1] = gradient_of_right(left, g, right).view(b.sizes());
    return gradients;
  }
};

struct Bmm {
  static constexpr std::string_view schema = "aten::bmm(Tensor self, Tensor mat2) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) {
    if (a.dim() == 3 && b.dim() == 3 && a.size(0) == b.size(0)) return call<Matmul>(a, b);
    throw Error(ErrorKind::bad_argument, "bmm takes two batches of equally many matrices")
        .expected("(batch, m, k) and (batch, k, n)")
        .found(fmt::format("{} and {}", to_string(a.sizes()), to_string(b.sizes())))
        .hint("matmul broadcasts.");
  }
};

struct Addmm {
  static constexpr std::string_view schema =
      "aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& a, const Tensor& b, double beta, double alpha) {
    return added(x, okibi::mm(a, b), beta, alpha);
  }
};

// y_n = Σ_kl x1_k W_nkl x2_l + b_n: first the product with x2 for all (n, k) at once, then with x1.
struct Bilinear {
  static constexpr std::string_view schema =
      "aten::bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor";
  static Tensor compose(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias) {
    check(x1, x2, weight);
    const int64_t n = weight.size(0), k = weight.size(1);
    Dims parts = x1.sizes(), sizes = x1.sizes();
    parts.insert(parts.size() - 1, n);
    sizes[sizes.size() - 1] = n;
    const Tensor half = okibi::linear(x2, weight.reshape({n * k, weight.size(2)})).view(parts);  // (*, n, k)
    const Tensor y = okibi::matmul(half, x1.unsqueeze(-1)).view(sizes);
    return bias.defined() ? okibi::add(y, bias) : y;
  }

 private:
  static void check(const Tensor& x1, const Tensor& x2, const Tensor& weight) {
    const bool fits = weight.dim() == 3 && x1.dim() > 0 && x1.dim() == x2.dim() &&
                      batch_of(x1.unsqueeze(-1)) == batch_of(x2.unsqueeze(-1)) && x1.size(-1) == weight.size(1) &&
                      x2.size(-1) == weight.size(2);
    if (fits) return;
    throw Error(ErrorKind::bad_argument, "bilinear: the sizes do not fit")
        .expected("(*, k), (*, l) and a weight (n, k, l)")
        .found(fmt::format("{}, {} and {}", to_string(x1.sizes()), to_string(x2.sizes()), to_string(weight.sizes())));
  }
};

}  // namespace

std::span<const okibi::Op> batched_ops() {
  static constexpr okibi::Op rows[] = {entry<Matmul>(), entry<Bmm>(), entry<Addmm>(), entry<Bilinear>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor matmul(const Tensor& a, const Tensor& b) { return ops::call<ops::Matmul>(a, b); }
Tensor bmm(const Tensor& a, const Tensor& b) { return ops::Bmm::compose(a, b); }
Tensor addmm(const Tensor& x, const Tensor& a, const Tensor& b, double beta, double alpha) {
  return ops::Addmm::compose(x, a, b, beta, alpha);
}
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias) {
  return ops::Bilinear::compose(x1, x2, weight, bias);
}

}  // namespace okibi
