// Products of vectors, and of vectors and matrices, alone and added to something.
#include <fmt/format.h>

#include "ops/complex_numbers.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

void require_dims(std::string_view name, std::initializer_list<std::pair<const Tensor*, int64_t>> wanted) {
  std::string expected, found;
  bool fits = true;
  for (const auto& [x, dims] : wanted) {
    fits = fits && x->dim() == dims;
    expected += fmt::format("{}{}D", expected.empty() ? "" : " and ", dims);
    found += fmt::format("{}{}D", found.empty() ? "" : " and ", x->dim());
  }
  if (!fits)
    throw Error(ErrorKind::bad_argument, fmt::format("{}: the tensors have other dimensions", name))
        .expected(expected)
        .found(found);
}

Tensor dot_of(const Tensor& a, const Tensor& b) {
  require_dims("dot", {{&a, 1}, {&b, 1}});
  if (a.size(0) != b.size(0) || a.dtype() != b.dtype()) {
    throw Error(ErrorKind::bad_argument,
                "inconsistent tensor size, expected tensor [n] and src [n] of one dtype to have the "
                "same number of elements")
        .found(fmt::format("{} {} and {} {}", name_of(a.dtype()), a.size(0), name_of(b.dtype()), b.size(0)));
  }
  return is_floating_point(a.dtype()) ? okibi::matmul(a, b) : okibi::sum(okibi::mul(a, b)).to(a.dtype());
}
Tensor outer_of(const Tensor& a, const Tensor& b) {
  require_dims("outer", {{&a, 1}, {&b, 1}});
  return okibi::mul(a.unsqueeze(1), b.unsqueeze(0));
}
Tensor mv_of(const Tensor& matrix, const Tensor& vector) {
  require_dims("mv", {{&matrix, 2}, {&vector, 1}});
  return okibi::matmul(matrix, vector);
}

struct Dot {
  static constexpr std::string_view schema = "aten::dot(Tensor self, Tensor tensor) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) { return dot_of(a, b); }
};
struct Vdot {  // of complex numbers the first ones conjugated; of real ones the same
  static constexpr std::string_view schema = "aten::vdot(Tensor self, Tensor other) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) {
    return dot_of(is_complex(a.dtype()) ? conjugated(a) : a, b);
  }
};
struct Inner {
  static constexpr std::string_view schema = "aten::inner(Tensor self, Tensor other) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) {
    if (a.dim() == 0 || b.dim() == 0) return okibi::mul(a, b);
    if (b.dim() == 1) return okibi::matmul(a, b);
    Dims sizes = a.sizes();  // (*, k) (+, k) → (*, +)
    sizes.erase(sizes.size() - 1);
    for (size_t d = 0; d + 1 < b.sizes().size(); ++d) sizes.push_back(b.sizes()[d]);
    const Tensor rows = b.flatten(0, -2);
    return okibi::matmul(a, rows.transpose(0, 1)).reshape(sizes);
  }
};
struct Outer {
  static constexpr std::string_view schema = "aten::outer(Tensor self, Tensor vec2) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) { return outer_of(a, b); }
};
struct Ger {
  static constexpr std::string_view schema = "aten::ger(Tensor self, Tensor vec2) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) { return outer_of(a, b); }
};
struct Mv {
  static constexpr std::string_view schema = "aten::mv(Tensor self, Tensor vec) -> Tensor";
  static Tensor compose(const Tensor& matrix, const Tensor& vector) { return mv_of(matrix, vector); }
};
struct Addmv {
  static constexpr std::string_view schema =
      "aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& matrix, const Tensor& vector, double beta, double alpha) {
    return added(x, mv_of(matrix, vector), beta, alpha);
  }
};
struct Addr {
  static constexpr std::string_view schema =
      "aten::addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& a, const Tensor& b, double beta, double alpha) {
    return added(x, outer_of(a, b), beta, alpha);
  }
};
// Σ over the batch: one product of (m, batch · k) and (batch · k, n).
struct Addbmm {
  static constexpr std::string_view schema =
      "aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& a, const Tensor& b, double beta, double alpha) {
    require_dims("addbmm", {{&a, 3}, {&b, 3}});
    if (a.size(0) != b.size(0) || a.size(2) != b.size(1)) {
      throw Error(ErrorKind::bad_argument, "addbmm takes two batches of equally many matrices")
          .expected("(batch, m, k) and (batch, k, n)")
          .found(fmt::format("{} and {}", to_string(a.sizes()), to_string(b.sizes())));
    }
    const int64_t depth = numel_of({a.size(0), a.size(2)});
    return added(x, okibi::mm(a.transpose(0, 1).reshape({a.size(1), depth}), b.reshape({depth, b.size(2)})), beta,
                 alpha);
  }
};

}  // namespace

std::span<const okibi::Op> vector_product_ops() {
  static constexpr okibi::Op rows[] = {entry<Dot>(), entry<Vdot>(),  entry<Inner>(), entry<Outer>(), entry<Ger>(),
                                       entry<Mv>(),  entry<Addmv>(), entry<Addr>(),  entry<Addbmm>()};
  return rows;
}

}  // namespace okibi::ops
