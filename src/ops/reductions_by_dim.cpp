// Reductions over some of the dimensions, or over all where none is named.
#include <cmath>

#include "kernels/kernels.h"
#include "kernels/split.h"
#include "ops/collapsed.h"
#include "ops/complex_numbers.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

using DimList = std::optional<Dims>;
using MaybeDType = std::optional<DType>;

DType summed(DType dtype) { return is_integral(dtype) || dtype == boolean ? int64 : dtype; }

// ------------------------------------------------------------------------------------------------------- sums and
// means

// (n, inner) → (inner). Integers wrap around, as in PyTorch.
template <class T>
void add_rows(int64_t n, int64_t inner, const T* x, T* out) {
  if constexpr (std::is_floating_point_v<T>) {
    kernels::sum_rows(n, inner, x, out);
  } else {
    for (int64_t c = 0; c < inner; ++c) {
      uint64_t total = 0;
      for (int64_t r = 0; r < n; ++r) total += static_cast<uint64_t>(x[r * inner + c]);
      out[c] = static_cast<T>(total);
    }
  }
}

template <class T>
void add_rows_of(const Collapsed& in, const Tensor& out) {
  const T* x = in.x.data<T>();
  T* to = out.data<T>();
  const bool are_runs = in.inner == 1 && std::is_floating_point_v<T>;
  for (int64_t o = 0; o < in.outer; ++o) {
    if constexpr (std::is_floating_point_v<T>) {
      if (are_runs) {
        to[o] = kernels::sum(in.n, x + o * in.n);
        continue;
      }
    }
    add_rows(in.n, in.inner, x + o * in.n * in.inner, to + o * in.inner);
  }
}

struct ByDimSaved {
  Dims sizes, kept;  // of the input; of the gradient with every dimension that was reduced
  DType dtype;
  int64_t count;  // of numbers that one output is made of
};

ByDimSaved saved_for(const Tensor& x, const DimList& dims) {
  const auto named = named_dims(x, dims);
  const Dims kept = sizes_without(x, named, true);
  int64_t count = 1;
  for (size_t d = 0; d < named.size(); ++d) count *= named[d] ? x.sizes()[d] : 1;
  return {x.sizes(), kept, x.dtype(), count};
}

Tensor spread(const Tensor& gradient, const ByDimSaved& saved) {
  return gradient.to(saved.dtype).reshape(saved.kept).expand(saved.sizes);
}

// Of complex numbers, in real ones with the sizes of `out`.
Tensor sum_of_pairs(const Tensor& x, const DimList& dims, const Tensor& out) {
  const auto named = named_dims(x, dims);
  Dims numbers;
  for (size_t d = 0; d < named.size(); ++d) {
    if (named[d]) numbers.push_back(static_cast<int64_t>(d));
  }
  const Tensor pairs = pairs_of(x);
  return (numbers.empty() ? pairs : okibi::sum(pairs, numbers)).reshape(pairs_of(out).sizes());
}

struct SumDim {
  static constexpr std::string_view schema =
      "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, const DimList& dims, bool keepdim, MaybeDType dtype) {
    return {sizes_without(x, named_dims(x, dims), keepdim), dtype.value_or(summed(x.dtype()))};
  }
  static void forward(const Tensor& x, const DimList& dims, bool, MaybeDType, const Tensor& out) {
    if (is_complex(out.dtype())) return pairs_of(out).copy_(sum_of_pairs(x.to(out.dtype()), dims, out)), void();
    const Collapsed in = collapsed(x.to(out.dtype()), named_dims(x, dims));
    dispatch_numbers(out.dtype(), "sum", [&]<class T>() { add_rows_of<T>(in, out); });
  }

  static constexpr const char* backward_name = "SumBackward1";
  using Saved = ByDimSaved;
  static Saved save(const Tensor& x, const DimList& dims, bool, MaybeDType, const Tensor&) {
    return saved_for(x, dims);
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {spread(gradient, saved)};
  }
};

struct MeanDim {
  static constexpr std::string_view schema =
      "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, const DimList& dims, bool keepdim, MaybeDType dtype) {
    const DType result = dtype.value_or(x.dtype());
    if (!is_floating_point(result) && !is_complex(result)) {
      throw Error(ErrorKind::bad_argument,
                  "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype")
          .found(std::string(name_of(result)));
    }
    return {sizes_without(x, named_dims(x, dims), keepdim), result};
  }
  static void forward(const Tensor& x, const DimList& dims, bool keepdim, MaybeDType dtype, const Tensor& out) {
    SumDim::forward(x, dims, keepdim, dtype, out);
    const int64_t count = saved_for(x, dims).count;
    if (is_complex(out.dtype())) {
      return complex_product(out, full({}, 1 / static_cast<double>(count), {out.dtype()}), out);
    }
    dispatch_floating(out.dtype(), "mean", [&]<class T>() {
      T* to = out.data<T>();
      for (int64_t i = 0; i < out.numel(); ++i) to[i] /= static_cast<T>(count);
    });
  }

  static constexpr const char* backward_name = "MeanBackward1";
  using Saved = ByDimSaved;
  static Saved save(const Tensor& x, const DimList& dims, bool, MaybeDType, const Tensor&) {
    return saved_for(x, dims);
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor count = full({}, static_cast<double>(saved.count), {gradient.dtype()});
    return {spread(okibi::div(gradient, count), saved)};
  }
};

// ------------------------------------------------------------------------------------------------ largest and smallest

struct Larger {
  template <class T>
  static bool beats(T a, T b) {
    return a > b;
  }
};
struct Smaller {
  template <class T>
  static bool beats(T a, T b) {
    return a < b;
  }
};

// Where among n numbers, `step` apart, the first of the extreme ones stands; the first NaN where there is one.
template <class Order, class T>
int64_t place_of_extreme(const T* x, int64_t n, int64_t step) {
  int64_t found = 0;
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(x[i * step])) return i;
    }
    if (Order::beats(x[i * step], x[found * step])) found = i;
  }
  return found;
}

// visit(output's place, where its first number stands, place of the extreme one).
template <class Order, class T, class Visit>
void for_each_extreme(const Collapsed& in, Visit&& visit) {
  const T* x = in.x.data<T>();
  for (int64_t o = 0; o < in.outer; ++o) {
    for (int64_t i = 0; i < in.inner; ++i) {
      const T* first = x + o * in.n * in.inner + i;
      visit(o * in.inner + i, first, place_of_extreme<Order>(first, in.n, in.inner));
    }
  }
}

template <class Order, class Names>
struct ExtremeDim {
  static constexpr std::string_view schema = Names::by_dim;
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t dim, bool keepdim) {
    const auto named = named_dims(x, Dims{dim});
    require_some(x, named, "max and min");
    const Dims sizes = sizes_without(x, named, keepdim);
    return {OutputSpec{sizes, x.dtype()}, OutputSpec{sizes, int64}};
  }
  static void forward(const Tensor& x, int64_t dim, bool, const Tensor& values, const Tensor& indices) {
    const Collapsed in = collapsed(x, named_dims(x, Dims{dim}));
    dispatch_numbers(x.dtype(), "max and min", [&]<class T>() {
      for_each_extreme<Order, T>(in, [&](int64_t at, const T* first, int64_t place) {
        values.data<T>()[at] = first[place * in.inner];
        indices.data<int64_t>()[at] = place;
      });
    });
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved =
      std::tuple<Tensor, Dims, Dims, int64_t>;  // indices, sizes of the input, the same reduced, the dimension
  static Saved save(const Tensor& x, int64_t dim, bool, const Tensor&, const Tensor& indices) {
    const auto saved = saved_for(x, Dims{dim});
    return {indices, saved.sizes, saved.kept, dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [indices, sizes, kept, dim] = saved;
    const Tensor out = zeros(sizes, {gradient.dtype()}), g = gradient.contiguous();
    const auto named = named_dims(out, Dims{dim});
    const Collapsed in = collapsed(out, named);  // the very same memory: one dimension lies side by side
    dispatch_floating(g.dtype(), "max and min", [&]<class T>() {
      for (int64_t at = 0; at < g.numel(); ++at) {
        const int64_t o = at / in.inner, i = at % in.inner, place = indices.data<int64_t>()[at];
        out.data<T>()[(o * in.n + place) * in.inner + i] = g.data<T>()[at];
      }
    });
    return {out};
  }
};

struct MaxNames {
  static constexpr std::string_view by_dim =
      "aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)";
  static constexpr std::string_view of_dims = "aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor";
  static constexpr std::string_view place = "aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor";
  static constexpr const char* backward_name = "MaxBackward0";
  static constexpr const char* dims_backward_name = "AmaxBackward0";
};
struct MinNames {
  static constexpr std::string_view by_dim =
      "aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)";
  static constexpr std::string_view of_dims = "aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor";
  static constexpr std::string_view place = "aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor";
  static constexpr const char* backward_name = "MinBackward0";
  static constexpr const char* dims_backward_name = "AminBackward0";
};

// Where several are the extreme one, they share its gradient.
template <class Order, class Names>
struct ExtremeOfDims {
  static constexpr std::string_view schema = Names::of_dims;
  static OutputSpec infer(const Tensor& x, const Dims& dims, bool keepdim) {
    const auto named = named_dims(x, dims);
    require_some(x, named, "amax and amin");
    return {sizes_without(x, named, keepdim), x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& dims, bool, const Tensor& out) {
    const Collapsed in = collapsed(x, named_dims(x, dims));
    dispatch_numbers(x.dtype(), "amax and amin", [&]<class T>() {
      for_each_extreme<Order, T>(
          in, [&](int64_t at, const T* first, int64_t place) { out.data<T>()[at] = first[place * in.inner]; });
    });
  }

  static constexpr const char* backward_name = Names::dims_backward_name;
  using Saved = std::tuple<SavedTensor, SavedTensor, Dims, Dims>;  // input, output, dims, sizes with all dimensions
  static Saved save(const Tensor& x, const Dims& dims, bool, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out), dims, saved_for(x, dims).kept};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [x, out, dims, kept] = saved;
    const Tensor chosen = okibi::eq(x.get(), out.get().reshape(kept)).to(gradient.dtype());
    const Tensor share = okibi::div(gradient.reshape(kept), okibi::sum(chosen, dims, true));
    return {okibi::mul(chosen, share)};
  }
};

template <class Order, class Names>
struct PlaceOfExtreme {
  static constexpr std::string_view schema = Names::place;
  static DimList list(std::optional<int64_t> dim) { return dim ? DimList(Dims{*dim}) : std::nullopt; }
  static OutputSpec infer(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    const auto named = named_dims(x, list(dim));
    require_some(x, named, "argmax and argmin");
    return {sizes_without(x, named, keepdim), int64};
  }
  static void forward(const Tensor& x, std::optional<int64_t> dim, bool, const Tensor& out) {
    const Collapsed in = collapsed(x, named_dims(x, list(dim)));
    dispatch_numbers(x.dtype(), "argmax and argmin", [&]<class T>() {
      for_each_extreme<Order, T>(in, [&](int64_t at, const T*, int64_t place) { out.data<int64_t>()[at] = place; });
    });
  }
};

// -------------------------------------------------------------------------------------------------------------- truths

// Whether one (any), or none but such (all), is not zero.
template <bool all>
void find_truths(const Tensor& x, const DimList& dims, const Tensor& out) {
  const Collapsed in = collapsed(x, named_dims(x, dims));
  dispatch_numbers(x.dtype(), "any and all", [&]<class T>() {
    for (int64_t at = 0; at < in.outer * in.inner; ++at) {
      const T* first = in.x.data<T>() + at / in.inner * in.n * in.inner + at % in.inner;
      bool found = all;
      for (int64_t i = 0; i < in.n && found == all; ++i) found = first[i * in.inner] != T(0);
      out.data<bool>()[at] = found;
    }
  });
}

template <bool all>
struct Truth {
  static constexpr std::string_view schema =
      all ? "aten::all(Tensor self) -> Tensor" : "aten::any(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor&) { return {{}, boolean}; }
  static void forward(const Tensor& x, const Tensor& out) { find_truths<all>(x, std::nullopt, out); }
};
template <bool all>
struct TruthDim {
  static constexpr std::string_view schema = all ? "aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor"
                                                 : "aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, bool keepdim) {
    return {sizes_without(x, named_dims(x, Dims{dim}), keepdim), boolean};
  }
  static void forward(const Tensor& x, int64_t dim, bool, const Tensor& out) { find_truths<all>(x, Dims{dim}, out); }
};

// --------------------------------------------------------------------------------------------------------- running
// sums

// Each number and all before it along a dimension, or all behind it.
template <class T>
void running_sums(const Collapsed& in, bool from_the_end, T* out) {
  if (in.n == 0) return;
  for (int64_t at = 0; at < in.outer * in.inner; ++at) {
    const int64_t begin = at / in.inner * in.n * in.inner + at % in.inner;
    using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
    Sum sum = 0;
    for (int64_t i = 0; i < in.n; ++i) {
      const int64_t place = begin + (from_the_end ? in.n - 1 - i : i) * in.inner;
      sum += static_cast<Sum>(in.x.data<T>()[place]);
      out[place] = static_cast<T>(sum);
    }
  }
}

struct Cumsum {
  static constexpr std::string_view schema = "aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, MaybeDType dtype) {
    static_cast<void>(named_dims(x, Dims{dim}));
    return {x.sizes(), dtype.value_or(summed(x.dtype()))};
  }
  static void forward(const Tensor& x, int64_t dim, MaybeDType, const Tensor& out) {
    const Collapsed in = collapsed(x.to(out.dtype()), named_dims(x, Dims{dim}));
    dispatch_numbers(out.dtype(), "cumsum", [&]<class T>() { running_sums<T>(in, false, out.data<T>()); });
  }

  static constexpr const char* backward_name = "CumsumBackward0";
  using Saved = std::tuple<int64_t, DType>;
  static Saved save(const Tensor& x, int64_t dim, MaybeDType, const Tensor&) { return {dim, x.dtype()}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [dim, dtype] = saved;
    const Collapsed in = collapsed(gradient, named_dims(gradient, Dims{dim}));
    const Tensor out = empty(gradient.sizes(), {gradient.dtype()});
    dispatch_floating(out.dtype(), "cumsum", [&]<class T>() { running_sums<T>(in, true, out.data<T>()); });
    return {out.to(dtype)};
  }
};

}  // namespace

std::span<const okibi::Op> reduction_by_dim_ops() {
  static constexpr okibi::Op rows[] = {entry<SumDim>(),
                                       entry<MeanDim>(),
                                       entry<ExtremeDim<Larger, MaxNames>>(),
                                       entry<ExtremeDim<Smaller, MinNames>>(),
                                       entry<ExtremeOfDims<Larger, MaxNames>>(),
                                       entry<ExtremeOfDims<Smaller, MinNames>>(),
                                       entry<PlaceOfExtreme<Larger, MaxNames>>(),
                                       entry<PlaceOfExtreme<Smaller, MinNames>>(),
                                       entry<Truth<false>>(),
                                       entry<Truth<true>>(),
                                       entry<TruthDim<false>>(),
                                       entry<TruthDim<true>>(),
                                       entry<Cumsum>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor sum(const Tensor& x, int64_t dim, bool keepdim) { return sum(x, Dims{dim}, keepdim); }
Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) {
  return call<SumDim>(x, DimList(dims), keepdim, MaybeDType());
}
Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  return call<MeanDim>(x, DimList(dims), keepdim, MaybeDType());
}

Extreme max(const Tensor& x, int64_t dim, bool keepdim) {
  auto [values, indices] = call_all<ExtremeDim<Larger, MaxNames>>(x, dim, keepdim);
  return {values, indices};
}
Extreme min(const Tensor& x, int64_t dim, bool keepdim) {
  auto [values, indices] = call_all<ExtremeDim<Smaller, MinNames>>(x, dim, keepdim);
  return {values, indices};
}
Tensor amax(const Tensor& x, const Dims& dims, bool keepdim) {
  return call<ExtremeOfDims<Larger, MaxNames>>(x, dims, keepdim);
}
Tensor amin(const Tensor& x, const Dims& dims, bool keepdim) {
  return call<ExtremeOfDims<Smaller, MinNames>>(x, dims, keepdim);
}
Tensor argmax(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  return call<PlaceOfExtreme<Larger, MaxNames>>(x, dim, keepdim);
}
Tensor argmin(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  return call<PlaceOfExtreme<Smaller, MinNames>>(x, dim, keepdim);
}
Tensor any(const Tensor& x) { return call<Truth<false>>(x); }
Tensor all(const Tensor& x) { return call<Truth<true>>(x); }
Tensor any(const Tensor& x, int64_t dim, bool keepdim) { return call<TruthDim<false>>(x, dim, keepdim); }
Tensor all(const Tensor& x, int64_t dim, bool keepdim) { return call<TruthDim<true>>(x, dim, keepdim); }
Tensor cumsum(const Tensor& x, int64_t dim) { return call<Cumsum>(x, dim, MaybeDType()); }

}  // namespace okibi
