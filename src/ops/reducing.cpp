// Several numbers put into one place: by their sum, product, mean, or the largest of them; and by flat places.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/around.h"
#include "ops/by_name.h"
#include "ops/indexing.h"
#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// ---------------------------------------------------------------------------------------------------------- reductions

enum class Reduce : uint8_t { sum, prod, mean, amax, amin };

Reduce reduce_named(const std::string& name) {
  static constexpr std::string_view names[] = {"sum", "prod", "mean", "amax", "amin"};
  for (size_t i = 0; i < std::size(names); ++i) {
    if (names[i] == name) return static_cast<Reduce>(i);
  }
  refuse(fmt::format("reduce argument must be either sum, prod, mean, amax or amin, got {}", printable(name, 40)));
}

template <class T>
T combined(Reduce reduce, T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return reduce == Reduce::prod || reduce == Reduce::amin ? a && b : a || b;
  } else if constexpr (std::is_integral_v<T>) {  // which wrap around
    if (reduce == Reduce::prod) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    if (reduce == Reduce::amax) return std::max(a, b);
    if (reduce == Reduce::amin) return std::min(a, b);
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    if (reduce == Reduce::prod) return a * b;
    if (reduce == Reduce::amax) return a != a || a > b ? a : b;
    if (reduce == Reduce::amin) return a != a || a < b ? a : b;
    return a + b;
  }
}
template <class T>
T divided(T sum, int64_t count) {
  if constexpr (std::is_floating_point_v<T>) {
    return sum / static_cast<T>(count);
  } else {  // down, as PyTorch divides ints
    const auto whole = static_cast<int64_t>(sum);
    return static_cast<T>(whole / count - (whole % count < 0 ? 1 : 0));
  }
}

// Calls visit(place in x, place in source) for each number that the index has, all of x's and the source's being
// contiguous with at least one dimension.
template <class Visit>
void for_each_pair(const Tensor& x, size_t dim, const Tensor& index, const Tensor& source, Visit&& visit) {
  const Dims x_strides = contiguous_strides(x.sizes()), from_strides = contiguous_strides(source.sizes());
  const Tensor at = index.to(int64).contiguous();
  Dims place(at.sizes().size(), 0);
  for (int64_t i = 0; i < at.numel(); ++i) {
    int64_t to = 0, from = 0;
    for (size_t d = 0; d < place.size(); ++d) {
      to += (d == dim ? at.data<int64_t>()[i] : place[d]) * x_strides[d];
      from += place[d] * from_strides[d];
    }
    visit(to, from);
    for (size_t d = place.size(); d-- > 0 && ++place[d] == at.sizes()[d];) place[d] = 0;
  }
}

void check_reduced(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  check_scatter(x, dim, index, source);
  const Dims sizes = at_least(1, x).sizes();
  const size_t along = wrap_dim(dim, sizes.size());
  require_within(index.contiguous(), sizes[along], along);
}

void reduce_into(const Tensor& out, int64_t dim, const Tensor& index, const Tensor& source, Reduce reduce,
                 bool include_self) {
  if (index.numel() == 0) return;
  const Tensor x = at_least(1, out), from = at_least(1, source.contiguous()), at = at_least(1, index);
  const size_t along = wrap_dim(dim, x.sizes().size());
  const bool counts_matter = reduce == Reduce::mean || !include_self;
  std::vector<int64_t> counts(counts_matter ? static_cast<size_t>(x.numel()) : 0, include_self ? 1 : 0);
  dispatch_numbers(x.dtype(), "scatter_reduce", [&]<class T>() {
    if (std::is_same_v<T, bool> && reduce == Reduce::mean) throw_cannot_compute("scatter_reduce of means", boolean);
    T* to = x.data<T>();
    for_each_pair(x, along, at, from, [&](int64_t place, int64_t i) {
      const T number = from.data<T>()[i];
      const bool is_first = counts_matter && counts[static_cast<size_t>(place)]++ == 0;
      to[place] = is_first ? number : combined(reduce, to[place], number);
    });
    for (int64_t i = 0; reduce == Reduce::mean && i < x.numel(); ++i) {
      if (counts[static_cast<size_t>(i)] > 1) to[i] = divided(to[i], counts[static_cast<size_t>(i)]);
    }
  });
}

struct ScatterReduce {
  static constexpr std::string_view schema =
      "aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) "
      "-> "
      "Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source,
                          const std::string& reduce, bool) {
    reduce_named(reduce);
    check_reduced(x, dim, index, source);
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source,
                      const std::string& reduce, bool include_self, const Tensor& out) {
    out.copy_(x);
    reduce_into(out, dim, index, source, reduce_named(reduce), include_self);
  }

  static constexpr const char* backward_name = "ScatterReduceBackward0";
  struct Saved {
    SavedTensor x, index, source, out;
    int64_t dim;
    Reduce reduce;
    bool include_self;
  };
  static Saved save(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, const std::string& name,
                    bool include_self, const Tensor& out) {
    const Reduce reduce = reduce_named(name);
    if (reduce == Reduce::prod) {
      throw Error(ErrorKind::unsupported, "scatter_reduce of products has no gradient here").hint("Use detach().");
    }
    return {SavedTensor::input(x),
            SavedTensor::input(index),
            SavedTensor::input(source),
            SavedTensor::output(out),
            dim,
            reduce,
            include_self};
  }
  static std::array<Tensor, 4> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor &index = saved.index.get(), &x = saved.x.get(), &source = saved.source.get();
    if (index.numel() == 0) return {gradient, {}, zeros(source.sizes(), {gradient.dtype()}), {}};
    Tensor of_x, of_source;
    if (saved.reduce == Reduce::sum) {
      of_x = gradient;
      of_source = taken(gradient, saved);
    } else if (saved.reduce == Reduce::mean) {
      const Tensor one = ones(index.sizes(), {x.dtype()});
      const Tensor start = full(x.sizes(), saved.include_self ? 1 : 0, {x.dtype()});
      const Tensor counts = okibi::clamp(okibi::scatter_add(start, saved.dim, index, one), 1);
      of_x = okibi::div(gradient, counts);
      of_source = taken(of_x, saved);
    } else {  // those that are the extreme share it
      const Tensor out = saved.out.get(), part = reached(source, at_least(1, index).sizes(), {}).reshape(index.sizes());
      const Tensor x_is = okibi::eq(x, out).to(x.dtype()), source_is = okibi::eq(part, taken(out, saved)).to(x.dtype());
      const Tensor counts = okibi::scatter_add(x_is, saved.dim, index, source_is);
      const Tensor share = okibi::div(gradient, okibi::clamp(counts, 1));
      of_x = okibi::mul(x_is, share);
      of_source = okibi::mul(source_is, taken(share, saved));
    }
    std::array<Tensor, 4> gradients;
    if (edges.needed(0)) gradients[0] = saved.include_self ? of_x : without(of_x, saved);
    if (edges.needed(2)) gradients[2] = enlarged(of_source, index, source.sizes());
    return gradients;
  }

 private:
  static Tensor taken(const Tensor& x, const Saved& saved) { return okibi::gather(x, saved.dim, saved.index.get()); }
  static Tensor without(const Tensor& x, const Saved& saved) {
    const std::vector<Value> arguments = {x, saved.dim, saved.index.get(), 0};
    return call_named("aten::scatter.value", arguments).to_tensor();
  }
};

Reduce old_reduce_named(const std::string& name) {
  if (name == "add") return Reduce::sum;
  if (name == "multiply") return Reduce::prod;
  refuse("reduce argument must be either add or multiply.");
}
struct ScatterSourceReduce {
  static constexpr std::string_view schema =
      "aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source,
                          const std::string& reduce) {
    old_reduce_named(reduce);
    check_reduced(x, dim, index, source);
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source,
                      const std::string& reduce, const Tensor& out) {
    out.copy_(x);
    reduce_into(out, dim, index, source, old_reduce_named(reduce), true);
  }
};
struct ScatterValueReduce {
  static constexpr std::string_view schema =
      "aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, const Value& value,
                          const std::string& reduce) {
    return ScatterSourceReduce::infer(x, dim, index, spread(x, index, value), reduce);
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Value& value, const std::string& reduce,
                      const Tensor& out) {
    ScatterSourceReduce::forward(x, dim, index, spread(x, index, value), reduce, out);
  }

 private:
  static Tensor spread(const Tensor& x, const Tensor& index, const Value& value) {
    return number_tensor(value, x.dtype()).expand(index.sizes());
  }
};

// ---------------------------------------------------------------------------------------------------- by flat places

// The places of x's numbers in the order of its dimensions; negative ones count from the end.
Tensor places_of(const Tensor& x, const Tensor& index, std::string_view name) {
  if (index.dtype() != int64) {
    refuse(fmt::format("{}: Expected a long tensor for index, but got {}", name, name_of(index.dtype())));
  }
  const int64_t n = x.numel();
  if (n == 0 && index.numel() > 0) {
    throw Error(ErrorKind::out_of_range, fmt::format("{}: tried to take from an empty tensor", name));
  }
  const Tensor places = index.clone().view({index.numel()});
  for (int64_t i = 0; i < places.numel(); ++i) {
    int64_t& place = places.data<int64_t>()[i];
    if (place < -n || place >= n) {
      throw Error(ErrorKind::out_of_range,
                  fmt::format("out of range: tried to access index {} on a tensor of {} elements.", place, n));
    }
    place = place < 0 ? place + n : place;
  }
  return places;
}
struct Take {
  static constexpr std::string_view schema = "aten::take(Tensor self, Tensor index) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& index) {
    return okibi::index_select(x.reshape({-1}), 0, places_of(x, index, "take()")).reshape(index.sizes());
  }
};
struct Put {
  static constexpr std::string_view schema =
      "aten::put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate) {
    if (x.dtype() != source.dtype()) {
      refuse(
          fmt::format("put_(): self and source expected to have the same dtype, but got self.dtype = {} and "
                      "source.dtype = {}",
                      name_of(x.dtype()), name_of(source.dtype())));
    }
    if (index.numel() != source.numel()) {
      throw Error(ErrorKind::out_of_range,
                  fmt::format("put_(): Expected source and index to have the same number of elements, but got "
                              "source.numel() = {}, index.numel() = {}",
                              source.numel(), index.numel()));
    }
    const Tensor places = places_of(x, index, "put_()"), flat = x.reshape({-1}), from = source.reshape({-1});
    if (!accumulate) return okibi::scatter(flat, 0, places, from).reshape(x.sizes());
    const std::vector<Value> arguments = {flat, 0, places, from, 1};
    return call_named("aten::index_add", arguments).to_tensor().reshape(x.sizes());
  }
};

}  // namespace

std::span<const okibi::Op> reducing_ops() {
  static constexpr okibi::Op rows[] = {
      entry<ScatterReduce>(), entry<ScatterSourceReduce>(), entry<ScatterValueReduce>(), entry<Take>(), entry<Put>(),
  };
  return rows;
}

}  // namespace okibi::ops
