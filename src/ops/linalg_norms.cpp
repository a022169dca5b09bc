// Norms of matrices, and what is made of norms: distances, rows kept short.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/collapsed.h"
#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

using DimList = std::optional<Dims>;
using MaybeP = std::optional<double>;
using MaybeDType = std::optional<DType>;

Tensor vector_norm(const Tensor& x, double p, const DimList& dims, bool keepdim, MaybeDType dtype) {
  const Value list = dims ? list_of(*dims) : Value(), type = dtype ? Value(*dtype) : Value();
  return call_named("aten::linalg_vector_norm", {x, p, list, keepdim, type}).to_tensor();
}

// ------------------------------------------------------------------------------------------------------------ matrices

// The two dimensions of the matrices, from 0 on. Says of which function it is that it refuses them.
Dims matrix_dims(const Tensor& x, const Dims& dims) {
  if (!is_floating_point(x.dtype())) {
    throw Error(ErrorKind::bad_argument, "linalg.matrix_norm: Expected a floating point or complex tensor as input.")
        .found(std::string(name_of(x.dtype())))
        .hint("Convert with .to(okibi::float32) first.");
  }
  if (x.dim() < 2) {
    throw Error(ErrorKind::bad_argument, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
        .found(to_string(x.sizes()));
  }
  if (dims.size() != 2) {
    throw Error(ErrorKind::bad_argument, "linalg.matrix_norm: dim must be a 2-tuple.").found(to_string(dims));
  }
  const size_t rank = x.sizes().size(), first = wrap_dim(dims[0], rank), second = wrap_dim(dims[1], rank);
  if (first == second) {
    throw Error(ErrorKind::bad_argument, "linalg.matrix_norm: dims must be different.").found(to_string(dims));
  }
  return {static_cast<int64_t>(first), static_cast<int64_t>(second)};
}

// (…, min(rows, columns)), the matrices moved to the end.
Tensor singular_values(const Tensor& x, const Dims& dims) {
  Dims order;
  for (int64_t d = 0; d < x.dim(); ++d) {
    if (d != dims[0] && d != dims[1]) order.push_back(d);
  }
  for (const int64_t d : dims) order.push_back(d);
  return call_named("aten::linalg_svdvals", {x.permute(order), Value()}).to_tensor();
}

Tensor with_kept(const Tensor& result, const Dims& dims, bool keepdim) {
  if (!keepdim) return result;
  return result.unsqueeze(std::min(dims[0], dims[1])).unsqueeze(std::max(dims[0], dims[1]));
}

// 1: the largest sum of a column; ∞: of a row; 2: the largest singular value. Below 0 the smallest.
Tensor matrix_norm(const Tensor& matrix, double p, const Dims& dim, bool keepdim, MaybeDType dtype) {
  const Dims dims = matrix_dims(matrix, dim);
  const double size = std::abs(p);
  if (size != 1 && size != 2 && !std::isinf(p)) {
    throw Error(ErrorKind::bad_argument, fmt::format("linalg.matrix_norm: Order {} not supported.", p))
        .expected("1, -1, 2, -2, inf, -inf, 'fro' or 'nuc'");
  }
  const Tensor x = dtype ? matrix.to(*dtype) : matrix;
  const auto extreme = [p](const Tensor& of, int64_t d) {
    return p > 0 ? okibi::amax(of, Dims{d}) : okibi::amin(of, Dims{d});
  };
  if (size == 2) return with_kept(extreme(singular_values(x, dims), -1), dims, keepdim);
  const int64_t added_up = size == 1 ? dims[0] : dims[1], left = size == 1 ? dims[1] : dims[0];
  const Tensor sums = vector_norm(x, 1, Dims{added_up}, false, {});
  return with_kept(extreme(sums, left > added_up ? left - 1 : left), dims, keepdim);
}

Tensor matrix_norm(const Tensor& matrix, const std::string& order, const Dims& dim, bool keepdim, MaybeDType dtype) {
  const Dims dims = matrix_dims(matrix, dim);
  const Tensor x = dtype ? matrix.to(*dtype) : matrix;
  if (order == "fro") return vector_norm(x, 2, dims, keepdim, {});
  if (order == "nuc") return with_kept(okibi::sum(singular_values(x, dims), -1), dims, keepdim);
  throw Error(ErrorKind::bad_argument, fmt::format("linalg.matrix_norm: Order {} not supported.", printable(order, 40)))
      .expected("1, -1, 2, -2, inf, -inf, 'fro' or 'nuc'");
}

struct MatrixNorm {
  static constexpr std::string_view schema =
      "aten::linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? "
      "dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, double p, const Dims& dims, bool keepdim, MaybeDType dtype) {
    return matrix_norm(x, p, dims, keepdim, dtype);
  }
};
struct MatrixNormNamed {
  static constexpr std::string_view schema =
      "aten::linalg_matrix_norm.str_ord(Tensor self, str ord=\"fro\", int[] dim=[-2, -1], bool keepdim=False, *, "
      "ScalarType? dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, const std::string& order, const Dims& dims, bool keepdim, MaybeDType dtype) {
    return matrix_norm(x, order, dims, keepdim, dtype);
  }
};

// Of vectors, or of matrices where an order is given for two dimensions.
struct LinalgNorm {
  static constexpr std::string_view schema =
      "aten::linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? "
      "dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, MaybeP p, const DimList& dims, bool keepdim, MaybeDType dtype) {
    if (dims && dims->size() != 1 && dims->size() != 2) {
      throw Error(ErrorKind::bad_argument, "linalg.norm: If dim is specified, it must be of length 1 or 2.")
          .found(to_string(*dims));
    }
    if (!dims && p && x.dim() != 1 && x.dim() != 2) {
      throw Error(ErrorKind::bad_argument,
                  "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D.")
          .found(fmt::format("{}D", x.dim()));
    }
    const bool of_matrices = p && (dims ? dims->size() == 2 : x.dim() == 2);
    if (of_matrices) return matrix_norm(x, *p, dims.value_or(Dims{0, 1}), keepdim, dtype);
    return vector_norm(x, p.value_or(2), dims, keepdim, dtype);
  }
};
struct LinalgNormNamed {
  static constexpr std::string_view schema =
      "aten::linalg_norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? "
      "dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, const std::string& order, const DimList& dims, bool keepdim,
                        MaybeDType dtype) {
    if (dims ? dims->size() != 2 : x.dim() != 2) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("linalg.norm: {} is an order of matrices: dim must be a 2-tuple, or the input 2D",
                              printable(order, 40)))
          .found(dims ? to_string(*dims) : to_string(x.sizes()));
    }
    return matrix_norm(x, order, dims.value_or(Dims{0, 1}), keepdim, dtype);
  }
};
struct NuclearNorm {
  static constexpr std::string_view schema = "aten::nuclear_norm(Tensor self, bool keepdim=False) -> Tensor";
  static Tensor compose(const Tensor& x, bool keepdim) { return matrix_norm(x, "nuc", {-2, -1}, keepdim, {}); }
};
struct NuclearNormDims {
  static constexpr std::string_view schema =
      "aten::nuclear_norm.dim(Tensor self, int[2] dim, bool keepdim=False) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& dims, bool keepdim) {
    return matrix_norm(x, "nuc", dims, keepdim, {});
  }
};

// ------------------------------------------------------------------------------------------------ distances and
// lengths

struct Dist {
  static constexpr std::string_view schema = "aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& other, double p) { return okibi::norm(okibi::sub(x, other), p); }
};

// Of every index of `dim` the norm of all that lies there, which is cut down to maxnorm.
struct Renorm {
  static constexpr std::string_view schema = "aten::renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor";
  static Tensor compose(const Tensor& x, double p, int64_t dim, double maxnorm) {
    check(x, p, maxnorm);
    const size_t along = wrap_dim(dim, x.sizes().size());
    const Tensor norm = okibi::norm(x, p, all_but(x, along), true), most = full({}, maxnorm, {x.dtype()});
    const Tensor factor = okibi::div(most, okibi::add(norm, 1e-7));
    return okibi::mul(x, okibi::where(okibi::gt(norm, most), factor, ones({}, {x.dtype()})));
  }

 private:
  static void check(const Tensor& x, double p, double maxnorm) {
    if (!(p > 0)) {
      throw Error(ErrorKind::bad_argument, "renorm: non-positive-norm not supported").found(fmt::format("p = {}", p));
    }
    if (!(maxnorm >= 0)) {
      throw Error(ErrorKind::bad_argument, fmt::format("renorm: expected maxnorm to be >= 0 but got {}", maxnorm));
    }
    if (x.dim() < 2) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("renorm: input needs at least 2 dimensions, got {} dimensions", x.dim()));
    }
  }
};

// The norms that weight_norm divides by.
struct NormExceptDim {
  static constexpr std::string_view schema = "aten::norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor";
  static Tensor compose(const Tensor& v, int64_t p, int64_t dim) {
    if (dim == -1) return okibi::norm(v, static_cast<double>(p));
    const Dims others = all_but(v, wrap_dim(dim, v.sizes().size()));
    if (others.empty()) return okibi::abs(v);
    return okibi::norm(v, static_cast<double>(p), others, true);
  }
};

}  // namespace

std::span<const okibi::Op> linalg_norm_ops() {
  static constexpr okibi::Op rows[] = {
      entry<MatrixNorm>(),   entry<MatrixNormNamed>(), entry<LinalgNorm>(), entry<LinalgNormNamed>(),
      entry<NuclearNorm>(),  entry<NuclearNormDims>(), entry<Dist>(),       entry<Renorm>(),
      entry<NormExceptDim>()};
  return rows;
}

}  // namespace okibi::ops
