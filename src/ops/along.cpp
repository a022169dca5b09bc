// Picking and putting along one dimension by an index that has a place for each number: gather, scatter.
#include <fmt/format.h>

#include "kernels/embedding.h"
#include "ops/around.h"
#include "ops/indexing.h"
#include "ops/operands.h"

namespace okibi::ops {

void require_within(const Tensor& at, int64_t n, size_t dim) {
  dispatch_index(at.dtype(), "index", [&]<class Index>() {
    const std::span<const Index> all(at.data<Index>(), static_cast<size_t>(at.numel()));
    const int64_t bad = kernels::first_out_of_range(all, n);
    if (bad < 0) return;
    const int64_t found = all[static_cast<size_t>(bad)];
    throw Error(ErrorKind::out_of_range,
                fmt::format("index {} is out of bounds for dimension {} with size {}", found, dim, n))
        .expected(n == 0 ? "none" : fmt::format("0 to {}", n - 1))
        .found(fmt::format("{} at element {} of the index", found, bad));
  });
}

void require_index(const Tensor& index, std::string_view name) {
  if (index.dtype() == int64 || index.dtype() == int32) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}(): Expected dtype int64 for index", name))
      .found(name_of(index.dtype()));
}

namespace {

// Of an index that is not empty: in all dimensions but that one it may be smaller than x, not larger.
void require_not_larger(const Tensor& index, const Tensor& x, std::optional<size_t> but, std::string_view what) {
  const Dims sizes = at_least(1, index).sizes(), most = at_least(1, x).sizes();
  bool fits = sizes.size() == most.size();
  for (size_t d = 0; fits && d < sizes.size(); ++d) fits = d == but || sizes[d] <= most[d];
  if (fits) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("{} of {} dimensions, in none of which it is larger{}", what, most.size(),
                          but ? fmt::format(" apart from dimension {}", *but) : ""))
      .expected(fmt::format("at most {}", to_string(most)))
      .found(to_string(index.sizes()));
}

void check_gather(const Tensor& x, int64_t dim, const Tensor& index, std::string_view name) {
  require_plain(x, name);
  const size_t along = wrap_dim(dim, x.sizes().size());
  if (index.numel() == 0) return;
  require_index(index, name);
  require_not_larger(index, x, along, fmt::format("{} wants an index", name));
}

}  // namespace

Tensor reached(const Tensor& x, const Dims& sizes, std::optional<size_t> but) {
  Tensor part = at_least(1, x);
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (d != but && part.sizes()[d] != sizes[d]) part = part.narrow(static_cast<int64_t>(d), 0, sizes[d]);
  }
  return part;
}

void check_scatter(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  check_gather(x, dim, index, "scatter");
  require_plain(source, "scatter");
  if (x.dtype() != source.dtype()) {
    throw Error(ErrorKind::bad_argument, "scatter(): Expected self.dtype to be equal to src.dtype")
        .expected(name_of(x.dtype()))
        .found(name_of(source.dtype()));
  }
  if (index.numel() > 0) require_not_larger(index, source, {}, "scatter of a source wants an index");
}

Tensor enlarged(const Tensor& taken, const Tensor& index, const Dims& sizes) {
  if (taken.sizes() == sizes) return taken;
  const Tensor whole = zeros(sizes, {taken.dtype()});
  const Tensor part = reached(whole, at_least(1, index).sizes(), {});
  part.copy_(taken.reshape(part.sizes()));
  return whole;
}

namespace {

// An index that was checked, and which numbers it names of a contiguous x.
struct AlongIndex {
  Tensor at;
  size_t dim;
  kernels::Along along;
  AlongIndex(const Tensor& x, size_t dim_of_x, const Tensor& index)
      : at(at_least(1, index.contiguous())), dim(dim_of_x), along(extents(x, at, dim)) {
    require_within(at, along.n, dim);
  }

 private:
  static kernels::Along extents(const Tensor& x, const Tensor& at, size_t dim) {
    const Dims x_sizes = at_least(1, x).sizes();
    const Extent places(at.sizes(), dim);
    return {places.outer, x_sizes[dim], places.n, places.inner};
  }
};

struct Gather {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, bool) {
    check_gather(x, dim, index, "gather");
    return {index.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, bool, const Tensor& out) {
    if (index.numel() == 0) return;
    const size_t along = wrap_dim(dim, x.sizes().size());
    const AlongIndex places(x, along, index);
    const Tensor in = reached(x, places.at.sizes(), along).contiguous();
    dispatch_index(places.at.dtype(), "gather", [&]<class Index>() {
      kernels::gather_along(places.along, bytes_of(x), places.at.data<Index>(), in.raw_data(), out.raw_data());
    });
  }

  static constexpr const char* backward_name = "GatherBackward0";
  using Saved = std::tuple<SavedTensor, Dims, int64_t>;
  static Saved save(const Tensor& x, int64_t dim, const Tensor& index, bool, const Tensor&) {
    return {SavedTensor::input(index), x.sizes(), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&);
};

// ------------------------------------------------------------------------------------------------------------ scatter

// work(places, contiguous part of x that they reach), which changes it.
template <class Work>
void change_along(const Tensor& x, int64_t dim, const Tensor& index, Work&& work) {
  if (index.numel() == 0) return;
  const size_t along = wrap_dim(dim, x.sizes().size());
  const AlongIndex places(x, along, index);
  const Tensor part = reached(x, places.at.sizes(), along), whole = part.contiguous();
  work(places, whole);
  if (!whole.is_same(part)) part.copy_(whole);
}

void scatter_into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  change_along(x, dim, index, [&](const AlongIndex& places, const Tensor& part) {
    const Tensor from = reached(source, places.at.sizes(), {}).contiguous();
    dispatch_index(places.at.dtype(), "scatter", [&]<class Index>() {
      kernels::scatter_along(places.along, bytes_of(x), places.at.data<Index>(), from.raw_data(), true,
                             part.raw_data());
    });
  });
}

void scatter_value_into(const Tensor& x, int64_t dim, const Tensor& index, const Value& value) {
  const Tensor number = number_tensor(value, x.dtype());
  change_along(x, dim, index, [&](const AlongIndex& places, const Tensor& part) {
    dispatch_index(places.at.dtype(), "scatter", [&]<class Index>() {
      kernels::scatter_along(places.along, bytes_of(x), places.at.data<Index>(), number.raw_data(), false,
                             part.raw_data());
    });
  });
}

void scatter_add_into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  change_along(x, dim, index, [&](const AlongIndex& places, const Tensor& part) {
    const Tensor from = reached(source, places.at.sizes(), {}).contiguous();
    dispatch_index(places.at.dtype(), "scatter_add", [&]<class Index>() {
      dispatch_real(x.dtype(), "scatter_add", [&]<class T>() {
        kernels::add_along(places.along, places.at.data<Index>(), numbers_of<const T>(from), numbers_of<T>(part));
      });
    });
  });
}

std::array<Tensor, 1> Gather::backward(const Tensor& gradient, const Saved& saved, const Edges&) {
  const auto& [index, sizes, dim] = saved;
  const Tensor out = zeros(sizes, {gradient.dtype()});
  scatter_add_into(out, dim, index.get(), gradient);
  return {out};
}

// The gradient of a source that may be larger than the index that took from it.
Tensor gradient_of_source(const Tensor& gradient, int64_t dim, const Tensor& index, const Dims& sizes) {
  if (index.numel() == 0) return zeros(sizes, {gradient.dtype()});
  return enlarged(call<Gather>(gradient, dim, index, false), index, sizes);
}

struct ScatterValue {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, const Value&) {
    check_gather(x, dim, index, "scatter");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Value& value, const Tensor& out) {
    out.copy_(x);
    scatter_value_into(out, dim, index, value);
  }

  static constexpr const char* backward_name = "ScatterBackward1";
  using Saved = std::tuple<SavedTensor, int64_t>;
  static Saved save(const Tensor&, int64_t dim, const Tensor& index, const Value&, const Tensor&) {
    return {SavedTensor::input(index), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [index, dim] = saved;
    return {call<ScatterValue>(gradient, dim, index.get(), Value(0))};
  }
};

template <bool adds>
struct ScatterSource {
  static constexpr bool takes_half = !adds;  // sums are rounded once
  static constexpr std::string_view schema =
      adds ? "aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor"
           : "aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
    check_scatter(x, dim, index, source);
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, const Tensor& out) {
    out.copy_(x);
    adds ? scatter_add_into(out, dim, index, source) : scatter_into(out, dim, index, source);
  }

  static constexpr const char* backward_name = adds ? "ScatterAddBackward0" : "ScatterBackward0";
  using Saved = std::tuple<SavedTensor, int64_t, Dims>;  // of the source
  static Saved save(const Tensor&, int64_t dim, const Tensor& index, const Tensor& source, const Tensor&) {
    return {SavedTensor::input(index), dim, source.sizes()};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [index, dim, sizes] = saved;
    std::array<Tensor, 3> gradients;  // x, the index, the source
    if (edges.needed(0)) gradients[0] = adds ? gradient : call<ScatterValue>(gradient, dim, index.get(), Value(0));
    if (edges.needed(2)) gradients[2] = gradient_of_source(gradient, dim, index.get(), sizes);
    return gradients;
  }
};

struct TakeAlongDim {
  static constexpr std::string_view schema =
      "aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& indices, std::optional<int64_t> dim) {
    require_index(indices, "take_along_dim");
    if (!dim) return take(x.flatten(), 0, indices.flatten());
    if (x.dim() != indices.dim()) {
      throw Error(
          ErrorKind::bad_argument,
          fmt::format("torch.take_along_dim(): input and indices should have the same number of dimensions, but "
                      "got {} dimensions for input, and {} dimensions for indices",
                      x.dim(), indices.dim()));
    }
    const size_t along = wrap_dim(*dim, x.sizes().size());
    if (x.dim() == 0) return take(x, 0, indices);
    return take(spread(x, indices, along), *dim, spread(indices, x, along));
  }

 private:
  static Tensor spread(const Tensor& x, const Tensor& other, size_t but) {  // as large as both, but for that dimension
    Dims sizes = other.sizes();
    sizes[but] = 1;
    Dims target = broadcast_sizes(with_one(x.sizes(), but), sizes);
    target[but] = x.sizes()[but];
    return x.expand(target);
  }
  static Dims with_one(Dims sizes, size_t at) {
    sizes[at] = 1;
    return sizes;
  }
  static Tensor take(const Tensor& x, int64_t dim, const Tensor& indices) {  // negative ones count from the end
    const int64_t n = x.dim() == 0 ? 1 : x.size(dim);
    const Tensor negative = okibi::lt(indices, number_tensor(0, indices.dtype()));
    const Tensor wrapped = okibi::add(indices, number_tensor(n, indices.dtype()));
    return call<Gather>(x, dim, okibi::where(negative, wrapped, indices), false);
  }
};

}  // namespace

const Tensor& scatter_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  check_scatter(x, dim, index, source);
  refuse_lost_gradient(source, "scatter_");
  const Tensor at = apart_from(x, index), from = apart_from(x, source);
  return change_in_place(x, [&](const Tensor& into) { scatter_into(into, dim, at, from); });
}
const Tensor& scatter_value_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Value& value) {
  check_gather(x, dim, index, "scatter");
  const Tensor at = apart_from(x, index);
  return change_in_place(x, [&](const Tensor& into) { scatter_value_into(into, dim, at, value); });
}
const Tensor& scatter_add_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  check_scatter(x, dim, index, source);
  refuse_lost_gradient(source, "scatter_add_");
  const Tensor at = apart_from(x, index), from = apart_from(x, source);
  return change_in_place(x, [&](const Tensor& into) { scatter_add_into(into, dim, at, from); });
}
std::span<const okibi::Op> along_ops() {
  static constexpr okibi::Op rows[] = {entry<Gather>(), entry<ScatterValue>(), entry<ScatterSource<false>>(),
                                       entry<ScatterSource<true>>(), entry<TakeAlongDim>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor gather(const Tensor& x, int64_t dim, const Tensor& index) {
  return ops::call<ops::Gather>(x, dim, index, false);
}
Tensor scatter(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  return ops::call<ops::ScatterSource<false>>(x, dim, index, source);
}
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  return ops::call<ops::ScatterSource<true>>(x, dim, index, source);
}

}  // namespace okibi
