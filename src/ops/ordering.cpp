// Sorting, the first few of an order, and one of it: a median, the most frequent.
#include "ops/ordering.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "kernels/split.h"
#include "ops/around.h"
#include "ops/collapsed.h"
#include "ops/dispatch.h"
#include "ops/indexing.h"

namespace okibi::ops {
namespace {

template <class T>
struct Entry {
  decltype(comparable(T())) key;
  T value;
  int64_t place;
};

// In order, and among equal ones by their place: one order alone, which any way of sorting finds.
template <bool descending>
struct Precedes {
  template <class T>
  bool operator()(const Entry<T>& a, const Entry<T>& b) const {
    const auto &first = descending ? b : a, &second = descending ? a : b;
    if (comes_before(first.key, second.key)) return true;
    return a.place < b.place && !comes_before(second.key, first.key);
  }
};

// Lines of n numbers along dimension `dim` of x, each ordered by order(entries, precedes), of which the first `count`
// go to values and indices.
template <class Order>
void order_lines(const Tensor& x, size_t dim, int64_t count, bool descending, const Tensor& values,
                 const Tensor& indices, Order&& order) {
  if (x.numel() == 0 || count == 0) return;
  const Tensor in = x.contiguous();
  const Extent around(in.sizes(), dim);
  dispatch_ordered(x.dtype(), "sort", [&]<class T>() {
    const T* const from = numbers_of<const T>(in);
    T* const to = numbers_of<T>(values);
    const auto lines = [&](int64_t first, int64_t last) {
      std::vector<Entry<T>> entries(static_cast<size_t>(around.n));
      for (int64_t line = first; line < last; ++line) {
        const int64_t o = line / around.inner, j = line % around.inner, begin = o * around.n * around.inner + j;
        for (int64_t i = 0; i < around.n; ++i) {
          const T value = from[begin + i * around.inner];
          entries[static_cast<size_t>(i)] = {comparable(value), value, i};
        }
        descending ? order(entries, Precedes<true>()) : order(entries, Precedes<false>());
        for (int64_t i = 0; i < count; ++i) {
          const int64_t at = (o * count + i) * around.inner + j;
          to[at] = entries[static_cast<size_t>(i)].value;
          indices.data<int64_t>()[at] = entries[static_cast<size_t>(i)].place;
        }
      }
    };
    kernels::split(around.outer * around.inner, 4096 / around.n + 1, lines);
  });
}

constexpr auto sort_all = [](auto& entries, auto precedes) { std::sort(entries.begin(), entries.end(), precedes); };

void sort_lines(const Tensor& x, int64_t dim, bool descending, const Tensor& values, const Tensor& indices) {
  order_lines(x, wrap_dim(dim, x.sizes().size()), x.dim() == 0 ? 1 : x.size(dim), descending, values, indices,
              sort_all);
}

// What max, sort and topk have in common: each value came from one place, to which its gradient goes.
struct PlacesSaved {
  SavedTensor indices;
  Dims sizes;  // of the input
  int64_t dim;
};
Tensor gradient_by_places(const Tensor& gradient, const Tensor& indices, const Dims& sizes, int64_t dim) {
  const NoGrad no_grad;
  return scatter_add_in_place(zeros(sizes, {gradient.dtype()}), dim, indices, gradient);
}
Tensor gradient_by_places(const Tensor& gradient, const PlacesSaved& saved) {
  return gradient_by_places(gradient, saved.indices.get(), saved.sizes, saved.dim);
}

std::array<OutputSpec, 2> sorted_specs(const Tensor& x, int64_t dim) {
  require_plain(x, "sort");
  wrap_dim(dim, x.sizes().size());
  return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{x.sizes(), int64}};
}

struct Sort {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t dim, bool) { return sorted_specs(x, dim); }
  static void forward(const Tensor& x, int64_t dim, bool descending, const Tensor& values, const Tensor& indices) {
    sort_lines(x, dim, descending, values, indices);
  }
  static constexpr const char* backward_name = "SortBackward0";
  using Saved = PlacesSaved;
  static Saved save(const Tensor& x, int64_t dim, bool, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), x.sizes(), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {gradient_by_places(gradient, saved)};
  }
};

struct SortStable {
  static constexpr std::string_view schema =
      "aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor "
      "indices)";
  static std::array<Tensor, 2> compose(const Tensor& x, std::optional<bool>, int64_t dim, bool descending) {
    return call_all<Sort>(x, dim, descending);  // always stable
  }
};

struct Argsort {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, bool) { return sorted_specs(x, dim)[1]; }
  static void forward(const Tensor& x, int64_t dim, bool descending, const Tensor& out) {
    sort_lines(x, dim, descending, empty(x.sizes(), {x.dtype()}), out);
  }
};
struct ArgsortStable {
  static constexpr std::string_view schema =
      "aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, bool, int64_t dim, bool) { return sorted_specs(x, dim)[1]; }
  static void forward(const Tensor& x, bool, int64_t dim, bool descending, const Tensor& out) {
    Argsort::forward(x, dim, descending, out);
  }
};

struct Msort {
  static constexpr std::string_view schema = "aten::msort(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) { return call<Sort>(x, int64_t{0}, false); }
};

// -------------------------------------------------------------------------------------------------------------- topk

struct TopK {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor "
      "indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t k, int64_t dim, bool, bool) {
    require_plain(x, "topk");
    if (x.dtype() == boolean) throw_cannot_compute("topk", boolean);
    const size_t along = wrap_dim(dim, x.sizes().size());
    const int64_t n = x.dim() == 0 ? 1 : x.sizes()[along];
    if (k < 0 || k > n) {
      throw Error(ErrorKind::bad_argument, "selected index k out of range")
          .expected(fmt::format("0 to {}, the size of dimension {}", n, along))
          .found(std::to_string(k));
    }
    Dims sizes = x.sizes();
    if (!sizes.empty()) sizes[along] = k;
    return {OutputSpec{sizes, x.dtype()}, OutputSpec{sizes, int64}};
  }
  // Always sorted, which nobody is promised who does not ask for it.
  static void forward(const Tensor& x, int64_t k, int64_t dim, bool largest, bool, const Tensor& values,
                      const Tensor& indices) {
    const int64_t count = x.dim() == 0 ? 1 : k;
    order_lines(x, wrap_dim(dim, x.sizes().size()), count, largest, values, indices, [&](auto& entries, auto precedes) {
      const auto end = entries.begin() + count;
      if (count * 64 <= std::ssize(entries)) return std::partial_sort(entries.begin(), end, entries.end(), precedes);
      if (end != entries.end()) std::nth_element(entries.begin(), end, entries.end(), precedes);
      std::sort(entries.begin(), end, precedes);
    });
  }

  static constexpr const char* backward_name = "TopkBackward0";
  using Saved = PlacesSaved;
  static Saved save(const Tensor& x, int64_t, int64_t dim, bool, bool, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), x.sizes(), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {gradient_by_places(gradient, saved)};
  }
};

// -------------------------------------------------------------------------------------------- one of the order: median

std::array<OutputSpec, 2> one_of_each(const Tensor& x, int64_t dim, bool keepdim, std::string_view name) {
  const NamedDims named = named_dims(x, Dims{dim});
  require_some(x, named, name);
  const Dims sizes = sizes_without(x, named, keepdim);
  return {OutputSpec{sizes, x.dtype()}, OutputSpec{sizes, int64}};
}

// The one at place k of each line's order.
void take_kth(const Tensor& x, size_t along, int64_t k, const Tensor& values, const Tensor& indices) {
  order_lines(x, along, 1, false, values, indices, [&](auto& entries, auto precedes) {
    const auto at = entries.begin() + k;
    std::nth_element(entries.begin(), at, entries.end(), precedes);
    entries[0] = *at;
  });
}

// The gradient of values whose dimension may be gone.
Tensor gradient_of_one(const Tensor& gradient, const Tensor& indices, const Dims& sizes, size_t along) {
  Dims kept = sizes;
  if (!kept.empty()) kept[along] = 1;
  return gradient_by_places(gradient.reshape(kept), indices.reshape(kept), sizes, static_cast<int64_t>(along));
}

struct KthValue {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t k, int64_t dim, bool keepdim) {
    require_plain(x, "kthvalue");
    const size_t along = wrap_dim(dim, x.sizes().size());
    const auto specs = one_of_each(x, dim, keepdim, "kthvalue");
    const int64_t n = x.dim() == 0 ? 1 : x.sizes()[along];
    if (k < 1 || k > n) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("kthvalue(): selected number k out of range for dimension {}", along))
          .expected(fmt::format("1 to {}", n))
          .found(std::to_string(k));
    }
    return specs;
  }
  static void forward(const Tensor& x, int64_t k, int64_t dim, bool, const Tensor& values, const Tensor& indices) {
    take_kth(x, wrap_dim(dim, x.sizes().size()), k - 1, values, indices);
  }

  static constexpr const char* backward_name = "KthvalueBackward0";
  using Saved = std::tuple<SavedTensor, Dims, size_t>;
  static Saved save(const Tensor& x, int64_t, int64_t dim, bool, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), x.sizes(), wrap_dim(dim, x.sizes().size())};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [indices, sizes, along] = saved;
    return {gradient_of_one(gradient, indices.get(), sizes, along)};
  }
};

template <bool past_nan>
constexpr std::string_view median_name = past_nan ? "nanmedian" : "median";

template <bool past_nan>
void require_median(const Tensor& x) {
  require_plain(x, median_name<past_nan>);
  if (x.dtype() == boolean) throw_cannot_compute(median_name<past_nan>, boolean);
}

// The lower of the two in the middle. The first NaN of a line that has one, or, past those, of a line of nothing else.
template <bool past_nan>
struct MedianDim {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      past_nan ? "aten::nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)"
               : "aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t dim, bool keepdim) {
    require_median<past_nan>(x);
    return one_of_each(x, dim, keepdim, median_name<past_nan>);
  }
  static void forward(const Tensor& x, int64_t dim, bool, const Tensor& values, const Tensor& indices) {
    order_lines(x, wrap_dim(dim, x.sizes().size()), 1, false, values, indices, [](auto& entries, auto precedes) {
      const auto is_number = [](const auto& entry) { return entry.key == entry.key; };
      const int64_t n = std::ssize(entries), numbers = std::ranges::count_if(entries, is_number);
      const int64_t place = past_nan ? std::max<int64_t>(numbers - 1, 0) / 2 : numbers < n ? numbers : (n - 1) / 2;
      const auto middle = entries.begin() + place;  // NaN comes last
      std::nth_element(entries.begin(), middle, entries.end(), precedes);
      entries[0] = *middle;
    });
  }

  static constexpr const char* backward_name = past_nan ? "NanmedianBackward1" : "MedianBackward1";
  using Saved = KthValue::Saved;
  static Saved save(const Tensor& x, int64_t dim, bool, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), x.sizes(), wrap_dim(dim, x.sizes().size())};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return KthValue::backward(gradient, saved, edges);
  }
};
// Its gradient is shared by all that are equal to it.
template <bool past_nan>
struct Median {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      past_nan ? "aten::nanmedian(Tensor self) -> Tensor" : "aten::median(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) {
    require_median<past_nan>(x);
    if (x.numel() == 0 && !is_floating_point(x.dtype())) {
      refuse(fmt::format("{}: of no integers there is none", median_name<past_nan>));
    }
    return {{}, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& out) {
    if (x.numel() == 0) return void(out.fill_(std::nan("")));
    out.copy_(call<MedianDim<past_nan>>(x.reshape({-1}), int64_t{0}, false));
  }

  static constexpr const char* backward_name = past_nan ? "NanmedianBackward0" : "MedianBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& x, const Tensor& out) { return {SavedTensor::input(x), SavedTensor::output(out)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor &x = std::get<0>(saved).get(), &out = std::get<1>(saved).get();
    const bool is_nan = std::isnan(out.to(float64).item<double>());
    const Tensor equal = (is_nan ? okibi::ne(x, x) : okibi::eq(x, out)).to(gradient.dtype());
    return {okibi::mul(equal, okibi::div(gradient, okibi::sum(equal)))};
  }
};

// --------------------------------------------------------------------------------------------------- the most frequent

// Of several that are equally frequent the smallest, at its last place. No two NaN are equal.
struct ModeOp {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t dim, bool keepdim) {
    require_plain(x, "mode");
    return one_of_each(x, dim, keepdim, "mode");
  }
  static void forward(const Tensor& x, int64_t dim, bool, const Tensor& values, const Tensor& indices) {
    order_lines(x, wrap_dim(dim, x.sizes().size()), 1, false, values, indices, [](auto& entries, auto precedes) {
      std::sort(entries.begin(), entries.end(), precedes);
      size_t most = 1, run = 1, found = 0;
      for (size_t i = 1; i < entries.size(); ++i) {
        run = entries[i].key == entries[i - 1].key ? run + 1 : 1;
        if (run > most) most = run, found = i;
      }
      entries[0] = entries[found];
    });
  }

  static constexpr const char* backward_name = "ModeBackward0";
  using Saved = KthValue::Saved;
  static Saved save(const Tensor& x, int64_t dim, bool, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), x.sizes(), wrap_dim(dim, x.sizes().size())};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return KthValue::backward(gradient, saved, edges);
  }
};

}  // namespace

std::span<const okibi::Op> ordering_ops() {
  static constexpr okibi::Op rows[] = {
      entry<Sort>(),          entry<SortStable>(),
      entry<Argsort>(),       entry<ArgsortStable>(),
      entry<Msort>(),         entry<TopK>(),
      entry<KthValue>(),      entry<MedianDim<false>>(),
      entry<Median<false>>(), entry<MedianDim<true>>(),
      entry<Median<true>>(),  entry<ModeOp>(),
  };
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Extreme sort(const Tensor& x, int64_t dim, bool descending, bool) {
  auto [values, indices] = ops::call_all<ops::Sort>(x, dim, descending);
  return {values, indices};
}
Tensor argsort(const Tensor& x, int64_t dim, bool descending, bool) {
  return ops::call<ops::Argsort>(x, dim, descending);
}
Extreme topk(const Tensor& x, int64_t k, int64_t dim, bool largest, bool sorted) {
  auto [values, indices] = ops::call_all<ops::TopK>(x, k, dim, largest, sorted);
  return {values, indices};
}

}  // namespace okibi
