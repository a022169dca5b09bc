// Reductions that look past NaN, count, or ask of several dimensions whether there is something.
#include "ops/by_name.h"
#include "ops/collapsed.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

using DimList = std::optional<Dims>;
using MaybeDType = std::optional<DType>;

Tensor zero_of(const Tensor& x) { return zeros({}, {x.dtype()}); }

Tensor without_nan(const Tensor& x) {
  return is_floating_point(x.dtype()) ? okibi::where(okibi::ne(x, x), zero_of(x), x) : x;
}

Tensor summed(const Tensor& x, const DimList& dims, bool keepdim, MaybeDType dtype) {
  const Value list = dims ? list_of(*dims) : Value(), type = dtype ? Value(*dtype) : Value();
  return call_named("aten::sum.dim_IntList", {x, list, keepdim, type}).to_tensor();
}

struct Nansum {
  static constexpr std::string_view schema =
      "aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, const DimList& dims, bool keepdim, MaybeDType dtype) {
    const DType result = dtype.value_or(x.dtype());
    if (is_complex(x.dtype()) || is_complex(result)) throw_cannot_compute("nansum", result);
    return summed(without_nan(x), dims, keepdim, dtype);
  }
};

struct Nanmean {
  static constexpr std::string_view schema =
      "aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, const DimList& dims, bool keepdim, MaybeDType dtype) {
    if (!is_floating_point(x.dtype())) {
      throw Error(ErrorKind::bad_argument, "nanmean(): expected input to have floating point or complex dtype")
          .found(std::string(name_of(x.dtype())));
    }
    const Tensor sum = summed(without_nan(x), dims, keepdim, dtype);
    return okibi::div(sum, summed(okibi::eq(x, x), dims, keepdim, {}));
  }
};

// ------------------------------------------------------------------------------------------------------------ counting

struct CountNonzero {
  static constexpr std::string_view schema = "aten::count_nonzero(Tensor self, int? dim=None) -> Tensor";
  static Tensor compose(const Tensor& x, std::optional<int64_t> dim) {
    return summed(okibi::ne(x, zero_of(x)), dim ? DimList(Dims{*dim}) : std::nullopt, false, {});
  }
};
struct CountNonzeroDims {
  static constexpr std::string_view schema = "aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& dims) { return summed(okibi::ne(x, zero_of(x)), dims, false, {}); }
};

// -------------------------------------------------------------------------------------------------------------- truths

// Over an empty list of dimensions nothing is reduced; without a list all is.
template <bool all>
struct TruthDims {
  static constexpr std::string_view schema =
      all ? "aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor"
          : "aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor";
  static Tensor compose(const Tensor& x, const DimList& dims, bool keepdim) {
    if (dims && dims->empty()) return okibi::ne(x, zero_of(x));
    const NamedDims named = named_dims(x, dims);
    Tensor result = okibi::ne(x, zero_of(x));
    for (size_t d = named.size(); d-- > 0;) {
      const auto dim = static_cast<int64_t>(d);
      if (named[d]) result = all ? okibi::all(result, dim, keepdim) : okibi::any(result, dim, keepdim);
    }
    return result;
  }
};

}  // namespace

std::span<const okibi::Op> nan_reduction_ops() {
  static constexpr okibi::Op rows[] = {entry<Nansum>(),
                                       entry<Nanmean>(),
                                       plain_entry<CountNonzero>(),
                                       plain_entry<CountNonzeroDims>(),
                                       plain_entry<TruthDims<true>>(),
                                       plain_entry<TruthDims<false>>()};
  return rows;
}

}  // namespace okibi::ops
