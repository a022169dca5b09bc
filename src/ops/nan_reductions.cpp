// Reductions that look past NaN, count, or ask of several dimensions whether there is something.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/op.h"
#include "ops/ordering.h"
#include "ops/rows.h"

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

// --------------------------------------------------------------------------------------------------- median of numbers

// Of n > 0 numbers the place of the lower one in the middle of those that are none of NaN; 0 where all are.
template <class T>
int64_t middle_of(const T* numbers, int64_t n, std::vector<int64_t>& places) {
  places.clear();
  for (int64_t i = 0; i < n; ++i) {
    if (numbers[i] == numbers[i]) places.push_back(i);
  }
  if (places.empty()) return 0;
  const auto middle = places.begin() + (std::ssize(places) - 1) / 2;
  std::nth_element(places.begin(), middle, places.end(), [numbers](int64_t a, int64_t b) {
    return numbers[a] < numbers[b] || (numbers[a] == numbers[b] && a < b);
  });
  return *middle;
}

struct NanmedianDim {
  static constexpr std::string_view schema =
      "aten::nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t dim, bool keepdim) {
    if (x.dtype() == boolean) throw_cannot_compute("nanmedian", boolean);
    const NamedDims named = named_dims(x, Dims{dim});
    require_some(x, named, "nanmedian");
    const Dims sizes = sizes_without(x, named, keepdim);
    return {OutputSpec{sizes, x.dtype()}, OutputSpec{sizes, int64}};
  }
  static void forward(const Tensor& x, int64_t dim, bool, const Tensor& values, const Tensor& indices) {
    const Rows in(x, named_dims(x, Dims{dim}));
    dispatch_numbers(x.dtype(), "nanmedian", [&]<class T>() {
      T* const to = values.data<T>();
      std::vector<int64_t> places;
      for (int64_t row = 0; row < in.rows; ++row) {
        const T* const numbers = in.x.data<T>() + row * in.n;
        const int64_t place = middle_of(numbers, in.n, places);
        to[row] = numbers[place];
        indices.data<int64_t>()[row] = place;
      }
    });
  }

  static constexpr const char* backward_name = "NanmedianBackward1";
  using Saved = std::tuple<SavedTensor, Dims, size_t>;
  static Saved save(const Tensor& x, int64_t dim, bool, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), x.sizes(), wrap_dim(dim, x.sizes().size())};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [indices, sizes, along] = saved;
    Dims kept = sizes;
    if (!kept.empty()) kept[along] = 1;
    return {okibi::scatter(zeros(sizes, {gradient.dtype()}), static_cast<int64_t>(along), indices.get().reshape(kept),
                           gradient.reshape(kept))};
  }
};

// Its gradient is shared by all that are equal to it.
struct Nanmedian {
  static constexpr std::string_view schema = "aten::nanmedian(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) {
    if (x.dtype() == boolean) throw_cannot_compute("nanmedian", boolean);
    if (x.numel() == 0 && !is_floating_point(x.dtype()))
      throw Error(ErrorKind::bad_argument, "nanmedian: of no integers there is none");
    return {{}, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& out) {
    if (x.numel() == 0) return void(out.fill_(std::nan("")));
    out.copy_(call<NanmedianDim>(x.reshape({-1}), int64_t{0}, false));
  }

  static constexpr const char* backward_name = "NanmedianBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& x, const Tensor& out) { return {SavedTensor::input(x), SavedTensor::output(out)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor &x = std::get<0>(saved).get(), &out = std::get<1>(saved).get();
    const bool is_nan = std::isnan(out.to(float64).item<double>());
    const Tensor equal = (is_nan ? okibi::ne(x, x) : okibi::eq(x, out)).to(gradient.dtype());
    return {okibi::mul(equal, okibi::div(gradient, okibi::sum(equal)))};
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

// Counts have no gradient.
template <class Op>
constexpr okibi::Op plain_entry() {
  return {Op::schema, false, false, nullptr, nullptr, &call_boxed<Op>};
}

}  // namespace

std::span<const okibi::Op> nan_reduction_ops() {
  static constexpr okibi::Op rows[] = {entry<Nansum>(),
                                       entry<Nanmean>(),
                                       entry<NanmedianDim>(),
                                       entry<Nanmedian>(),
                                       plain_entry<CountNonzero>(),
                                       plain_entry<CountNonzeroDims>(),
                                       plain_entry<TruthDims<true>>(),
                                       plain_entry<TruthDims<false>>()};
  return rows;
}

}  // namespace okibi::ops
