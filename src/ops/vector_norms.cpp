// Norms: (Σ |x|^p)^(1/p) over some dimensions or all.
#include <cmath>

#include <fmt/format.h>

#include "kernels/kernels.h"
#include "ops/op.h"
#include "ops/rows.h"

namespace okibi::ops {
namespace {

using MaybeP = std::optional<double>;
using DimList = std::optional<Dims>;

// p = ∞: the largest of all |x|; -∞: the smallest; 0: how many are not 0.
template <class T>
double norm_of(const T* x, int64_t n, double p) {
  if (p == 2) return std::sqrt(static_cast<double>(kernels::sum_of_squares(n, x)));
  double sum = p == -INFINITY ? INFINITY : 0;
  const auto add = [&](auto&& of) {
    for (int64_t i = 0; i < n; ++i) sum = of(sum, std::abs(static_cast<double>(x[i])));
    return sum;
  };
  if (std::isinf(p)) return add([p](double s, double v) { return std::isnan(v) || (p > 0 ? v > s : v < s) ? v : s; });
  if (p == 0) return add([](double s, double v) { return s + (v != 0 ? 1 : 0); });
  if (p == 1) return add([](double s, double v) { return s + v; });
  return std::pow(add([p](double s, double v) { return s + std::pow(v, p); }), 1 / p);
}

double sign(double x) { return (x > 0) - (x < 0); }

// d norm / d x, as PyTorch has it where there is none: 0 where x or the norm is 0. Of several that are the largest each
// gets its share.
double slope(double x, double norm, double p, double share) {
  if (p == 0) return 0;
  if (std::isinf(p)) return std::abs(x) == norm || (std::isnan(x) && std::isnan(norm)) ? sign(x) * share : 0;
  if (p == 1) return sign(x);
  if (norm == 0 || (x == 0 && p != 2)) return 0;
  return p == 2 ? x / norm : sign(x) * std::pow(std::abs(x), p - 1) / std::pow(norm, p - 1);
}

template <class T>
double share_of_each(const T* x, int64_t n, double norm) {
  int64_t many = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double v = std::abs(static_cast<double>(x[i]));
    many += v == norm || (std::isnan(v) && std::isnan(norm));
  }
  return 1 / static_cast<double>(many);
}

// No numbers have no largest and no smallest.
void require_some(const Tensor& x, const NamedDims& named, double p) {
  if (p >= 0 && !std::isinf(p)) return;
  for (size_t d = 0; d < named.size(); ++d) {
    if (!named[d] || x.sizes()[d] > 0) continue;
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("linalg.vector_norm cannot compute the {} norm on an empty tensor because the operation does "
                    "not have an identity",
                    p))
        .found(fmt::format("sizes {}", to_string(x.sizes())));
  }
}

OutputSpec norm_spec(const Tensor& x, double p, const DimList& dims, bool keepdim) {
  const NamedDims named = named_dims(x, dims);
  require_some(x, named, p);
  return {sizes_without(x, named, keepdim), x.dtype()};
}

void norm_into(const Tensor& x, double p, const DimList& dims, const Tensor& out) {
  const Rows in(x, named_dims(x, dims));
  dispatch_floating(x.dtype(), "norm", [&]<class T>() {
    T* to = out.data<T>();
    for_each_row<T>(in, [&](int64_t row, const T* numbers) { to[row] = static_cast<T>(norm_of(numbers, in.n, p)); });
  });
}

struct NormSaved {
  SavedTensor x, norm;  // x in the dtype that it had
  double p;
  DimList dims;
};

Tensor norm_backward(const Tensor& gradient, const NormSaved& saved) {
  const auto& [saved_x, out, p, dims] = saved;
  const DType dtype = is_half(out.get().dtype()) ? float32 : out.get().dtype();
  const Tensor x = saved_x.get().to(dtype), g = gradient.to(dtype).contiguous(),
               norms = out.get().to(dtype).contiguous();
  const auto work = [&, p = p]<class T>(int64_t row, const T* numbers, int64_t n, T* to) {
    const double norm = static_cast<double>(norms.data<T>()[row]), up = static_cast<double>(g.data<T>()[row]);
    const double share = std::isinf(p) ? share_of_each(numbers, n, norm) : 1;
    for (int64_t i = 0; i < n; ++i) {
      to[i] = static_cast<T>(up * slope(static_cast<double>(numbers[i]), norm, p, share));
    }
  };
  return gradient_of_rows(x, named_dims(x, dims), "norm", work).to(saved_x.get().dtype());
}

struct NormDims {
  static constexpr std::string_view schema =
      "aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, MaybeP p, const Dims& dims, bool keepdim) {
    if (!is_floating_point(x.dtype())) {
      throw Error(ErrorKind::bad_argument, "norm(): the input dtype should be either floating point or complex")
          .found(std::string(name_of(x.dtype())))
          .hint("Convert with .to(okibi::float32) first.");
    }
    return norm_spec(x, p.value_or(2), dims, keepdim);
  }
  static void forward(const Tensor& x, MaybeP p, const Dims& dims, bool, const Tensor& out) {
    norm_into(x, p.value_or(2), dims, out);
  }

  static constexpr const char* backward_name = "NormBackward1";
  using Saved = NormSaved;
  static Saved save(const Tensor& x, MaybeP p, const Dims& dims, bool, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out), p.value_or(2), dims};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {norm_backward(gradient, saved)};
  }
};

// With a dtype, of the numbers in that.
struct LinalgVectorNorm {
  static constexpr bool takes_half = true;
  using MaybeDType = std::optional<DType>;
  static constexpr std::string_view schema =
      "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? "
      "dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, double p, const DimList& dims, bool keepdim, MaybeDType dtype) {
    if (!is_floating_point(x.dtype())) {
      throw Error(ErrorKind::bad_argument, "linalg.vector_norm: Expected a floating point or complex tensor as input.")
          .found(std::string(name_of(x.dtype())))
          .hint("Convert with .to(okibi::float32) first.");
    }
    const DType computed = dtype.value_or(x.dtype());
    const bool keeps_all = computed == x.dtype() || itemsize(computed) > itemsize(x.dtype());
    if (!is_floating_point(computed) || !keeps_all) {
      throw Error(ErrorKind::bad_argument,
                  "linalg.vector_norm: dtype should be floating point, and the dtype of the input should be "
                  "convertible to it without narrowing")
          .found(fmt::format("{} and {}", name_of(computed), name_of(x.dtype())));
    }
    const OutputSpec spec = norm_spec(x, p, dims, keepdim);
    return {spec.sizes, computed};
  }
  static void forward(const Tensor& x, double p, const DimList& dims, bool, MaybeDType, const Tensor& out) {
    if (!is_half(out.dtype())) return norm_into(x.to(out.dtype()), p, dims, out);
    const Tensor wide = empty(out.sizes(), {float32});
    norm_into(x.to(float32), p, dims, wide);
    out.copy_(wide);
  }

  static constexpr const char* backward_name = "LinalgVectorNormBackward0";
  using Saved = NormSaved;
  static Saved save(const Tensor& x, double p, const DimList& dims, bool, MaybeDType, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out), p, dims};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {norm_backward(gradient, saved)};
  }
};

struct NormAll {
  static constexpr std::string_view schema = "aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor";
  static Tensor compose(const Tensor& x, double p) { return call<NormDims>(x, MaybeP(p), Dims(), false); }
};
struct NormDimsAs {
  static constexpr std::string_view schema =
      "aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor";
  static Tensor compose(const Tensor& x, MaybeP p, const Dims& dims, bool keepdim, DType dtype) {
    return call<NormDims>(x.to(dtype), p, dims, keepdim);
  }
};
struct NormAllAs {
  static constexpr std::string_view schema =
      "aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor";
  static Tensor compose(const Tensor& x, MaybeP p, DType dtype) {
    return call<NormDims>(x.to(dtype), p, Dims(), false);
  }
};
struct FrobeniusNorm {
  static constexpr std::string_view schema =
      "aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& dims, bool keepdim) {
    return call<NormDims>(x, MaybeP(2), dims, keepdim);
  }
};

// Salimans and Kingma 2016: weights by their direction v and their length g, one for each index of `dim`, or a single
// one where it is -1.
struct WeightNorm {
  static constexpr std::string_view schema = "aten::_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor";
  static Tensor compose(const Tensor& v, const Tensor& g, int64_t dim) {
    if (dim < -1 || dim >= std::max<int64_t>(v.dim(), 1)) {
      throw Error(ErrorKind::out_of_range, "_weight_norm: there is no such dimension").found(std::to_string(dim));
    }
    const Dims others = dim == -1 ? Dims() : all_but(v, static_cast<size_t>(dim));
    const bool is_alone = dim != -1 && others.empty() && v.dim() == 1;  // then each number is its own direction
    const Tensor length = is_alone ? okibi::abs(v) : call<NormDims>(v, MaybeP(2), others, dim != -1);
    return okibi::mul(v, okibi::div(g, length));
  }
};

}  // namespace

std::span<const okibi::Op> vector_norm_ops() {
  static constexpr okibi::Op rows[] = {entry<NormDims>(),   entry<LinalgVectorNorm>(), entry<NormAll>(),
                                       entry<NormDimsAs>(), entry<NormAllAs>(),        entry<FrobeniusNorm>(),
                                       entry<WeightNorm>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor norm(const Tensor& x, double p, const Dims& dims, bool keepdim) {
  return ops::call<ops::NormDims>(x, ops::MaybeP(p), dims, keepdim);
}

}  // namespace okibi
