// Which numbers there are, how many of each, and between which borders they lie.
#include <fmt/format.h>
#include <okibi/ops.h>

#include <algorithm>
#include <cstring>

#include "ops/dispatch.h"
#include "ops/indexing.h"
#include "ops/operands.h"
#include "ops/ordering.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------------- unique

// Places in x, in runs of equal numbers that ascend. Each NaN is a run of its own, as NaN equals none.
template <class T>
std::vector<int64_t> order_of(const T* x, int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) order[static_cast<size_t>(i)] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return comes_before(comparable(x[a]), comparable(x[b])); });
  return order;
}

template <class T>
void find_unique(const Tensor& in, const std::vector<int64_t>& order, std::vector<T>& values, int64_t* inverse,
                 std::vector<int64_t>& counts) {
  const T* const x = numbers_of<const T>(in);
  for (size_t i = 0; i < order.size(); ++i) {
    const T value = x[order[i]];
    if (i == 0 || !(comparable(value) == comparable(values.back()))) {
      values.push_back(value);
      counts.push_back(0);
    }
    ++counts.back();
    inverse[order[i]] = std::ssize(values) - 1;
  }
}

template <class T>
Tensor copied(const std::vector<T>& numbers, DType dtype) {
  const Tensor out = empty({std::ssize(numbers)}, {dtype});
  if (!numbers.empty()) std::memcpy(out.raw_data(), numbers.data(), numbers.size() * sizeof(T));
  return out;
}

// values (n), inverse (sizes of x), counts (n)
std::array<Tensor, 3> unique_of(const Tensor& x) {
  const NoGrad no_grad;
  require_plain(x, "unique");
  require_resolved(x);
  const Tensor in = x.contiguous(), inverse = empty(x.sizes(), {int64});
  std::array<Tensor, 3> found;
  dispatch_ordered(in.dtype(), "unique", [&]<class T>() {
    std::vector<T> values;
    std::vector<int64_t> counts;
    const auto order = order_of(numbers_of<const T>(in), in.numel());
    find_unique(in, order, values, inverse.data<int64_t>(), counts);
    found = {copied(values, x.dtype()), inverse, copied(counts, int64)};
  });
  return found;
}

struct Unique2 {
  static constexpr std::string_view schema =
      "aten::_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, "
      "Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, bool, bool return_inverse, bool return_counts) {
    std::array<Tensor, 3> found = unique_of(x);
    if (!return_inverse) found[1] = empty({0}, {int64});
    if (!return_counts) found[2] = empty({0}, {int64});
    return found;
  }
};

// ----------------------------------------------------------------------------------------------------------- bincount

struct Bincount {
  static constexpr std::string_view schema =
      "aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& weights, int64_t minlength) {
    require_plain(x, "bincount");
    if (!is_integral(x.dtype())) throw_cannot_compute("bincount", x.dtype());
    if (minlength < 0)
      throw Error(ErrorKind::bad_argument, "minlength should be >= 0").found(std::to_string(minlength));
    if (x.dim() != 1)
      throw Error(ErrorKind::bad_argument, "bincount only supports 1-d non-negative integral inputs.")
          .found(to_string(x.sizes()));
    if (weights.defined() && weights.sizes() != x.sizes()) {
      throw Error(ErrorKind::bad_argument, "weights should be 1-d and have the same length as input")
          .expected(to_string(x.sizes()))
          .found(to_string(weights.sizes()));
    }
    const DType dtype = !weights.defined() ? int64 : weights.dtype() == float32 ? float32 : float64;
    return {{std::max(length_of(x.to(int64).contiguous()), minlength)}, dtype};
  }
  static void forward(const Tensor& x, const Tensor& weights, int64_t, const Tensor& out) {
    out.zero_();
    const Tensor at = x.to(int64).contiguous();
    const Tensor shares =
        weights.defined() ? weights.to(out.dtype()).contiguous() : ones({1}, {int64}).expand(x.sizes());
    dispatch_numbers(out.dtype(), "bincount", [&]<class T>() {
      const T* const share = shares.data<T>();
      const int64_t step = weights.defined() ? 1 : 0;
      for (int64_t i = 0; i < at.numel(); ++i) out.data<T>()[at.data<int64_t>()[i]] += share[i * step];
    });
  }

 private:
  static int64_t length_of(const Tensor& x) {
    int64_t most = -1;
    for (int64_t i = 0; i < x.numel(); ++i) {
      const int64_t value = x.data<int64_t>()[i];
      if (value < 0 || value == INT64_MAX) {
        throw Error(ErrorKind::bad_argument, "bincount only supports 1-d non-negative integral inputs.")
            .found(fmt::format("{} at position {}", value, i));
      }
      most = std::max(most, value);
    }
    return most + 1;
  }
};

// -------------------------------------------------------------------------------------------------------- searchsorted

// Borders (*, n), in ascending order by way of `sorter` where there is one; x (*, m), or of any sizes where the borders
// are a single line. `upper`: the place behind those that equal it.
struct Search {
  Tensor borders, x, sorter;
  bool upper;
};

template <class T, class Out>
void search_lines(const Search& search, const Tensor& out) {
  const int64_t n = search.borders.size(-1);
  const bool one_line = search.borders.dim() == 1;
  const int64_t width = one_line || search.x.dim() == 0 ? search.x.numel() : search.x.size(-1);
  const int64_t* const sorter = search.sorter.defined() ? search.sorter.data<int64_t>() : nullptr;
  for (int64_t i = 0; i < search.x.numel(); ++i) {
    const int64_t line = one_line ? 0 : i / width * n;
    const T* const borders = numbers_of<const T>(search.borders) + line;
    const T value = numbers_of<const T>(search.x)[i];
    int64_t low = 0, high = n;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const T border = borders[sorter ? sorter[line + middle] : middle];
      const auto is = comparable(border), wanted = comparable(value);
      const bool goes_on = search.upper ? !(is > wanted) : !(is >= wanted);
      if (goes_on)
        low = middle + 1;
      else
        high = middle;
    }
    out.data<Out>()[i] = static_cast<Out>(low);
  }
}

void search(const Search& of, const Tensor& out) {
  if (of.x.numel() == 0) return;
  dispatch_ordered(of.borders.dtype(), "searchsorted", [&]<class T>() {
    dispatch_index(out.dtype(), "searchsorted", [&]<class Out>() { search_lines<T, Out>(of, out); });
  });
}

bool is_upper(bool right, const std::optional<std::string>& side) {
  if (!side) return right;
  if (*side != "left" && *side != "right") {
    throw Error(ErrorKind::bad_argument, "torch.searchsorted(): side can only be 'left' or 'right'").found(*side);
  }
  if (*side == "left" && right) {
    throw Error(
        ErrorKind::bad_argument,
        "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True");
  }
  return *side == "right";
}

Tensor checked_sorter(const Tensor& sorter, const Tensor& borders) {
  if (!sorter.defined()) return sorter;
  if (sorter.dtype() != int64 || sorter.sizes() != borders.sizes()) {
    throw Error(ErrorKind::bad_argument, "torch.searchsorted(): boundary and sorter must have the same size")
        .expected(fmt::format("int64 of {}", to_string(borders.sizes())))
        .found(fmt::format("{} of {}", name_of(sorter.dtype()), to_string(sorter.sizes())));
  }
  const Tensor at = sorter.contiguous();
  for (int64_t i = 0, n = borders.size(-1); i < at.numel(); ++i) {
    const int64_t found = at.data<int64_t>()[i];
    if (found >= 0 && found < n) continue;
    throw Error(ErrorKind::out_of_range, "torch.searchsorted(): sorter index out of range")
        .expected(fmt::format("0 to {}", n - 1))
        .found(fmt::format("{} at element {}", found, i));
  }
  return at;
}

// Both of one dtype, in which they are compared.
Search search_of(const Tensor& borders, const Tensor& x, bool upper, const Tensor& sorter) {
  const DType dtype = result_type(borders, x);
  return {borders.to(dtype).contiguous(), x.to(dtype).contiguous(), checked_sorter(sorter, borders), upper};
}

void check_borders(const Tensor& borders, const Tensor& x) {
  require_plain(borders, "searchsorted");
  require_plain(x, "searchsorted");
  Dims left = borders.sizes(), right = x.sizes();
  if (left.size() == 1) return;
  bool fits = !left.empty() && left.size() == right.size();
  for (size_t d = 0; fits && d + 1 < left.size(); ++d) fits = left[d] == right[d];
  if (fits) return;
  throw Error(ErrorKind::bad_argument,
              "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
              "tensor and input value tensor must match")
      .found(fmt::format("boundaries {} and values {}", to_string(left), to_string(right)));
}

using Side = std::optional<std::string>;

struct SearchSorted {
  static constexpr std::string_view schema =
      "aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? "
      "side=None, Tensor? sorter=None) -> Tensor";
  static OutputSpec infer(const Tensor& borders, const Tensor& x, bool out_int32, bool right, const Side& side,
                          const Tensor& sorter) {
    check_borders(borders, x);
    is_upper(right, side);
    checked_sorter(sorter, borders);
    return {x.sizes(), out_int32 ? int32 : int64};
  }
  static void forward(const Tensor& borders, const Tensor& x, bool, bool right, const Side& side, const Tensor& sorter,
                      const Tensor& out) {
    search(search_of(borders, x, is_upper(right, side), sorter), out);
  }
};
struct SearchSortedScalar {
  static constexpr std::string_view schema =
      "aten::searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? "
      "side=None, Tensor? sorter=None) -> Tensor";
  static OutputSpec infer(const Tensor& borders, const Value& x, bool out_int32, bool right, const Side& side,
                          const Tensor& sorter) {
    return SearchSorted::infer(borders, number(borders, x), out_int32, right, side, sorter);
  }
  static void forward(const Tensor& borders, const Value& x, bool, bool right, const Side& side, const Tensor& sorter,
                      const Tensor& out) {
    search(search_of(borders, number(borders, x), is_upper(right, side), sorter), out);
  }
  static Tensor number(const Tensor& borders, const Value& x) {
    return number_tensor(x, result_type(borders.dtype(), x));
  }
};

void require_line(const Tensor& borders) {
  if (borders.dim() == 1) return;
  throw Error(ErrorKind::bad_argument, "boundaries tensor must be 1 dimension").found(to_string(borders.sizes()));
}
struct Bucketize {
  static constexpr std::string_view schema =
      "aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& borders, bool out_int32, bool) {
    require_line(borders);
    return SearchSorted::infer(borders, x, out_int32, false, {}, {});
  }
  static void forward(const Tensor& x, const Tensor& borders, bool, bool right, const Tensor& out) {
    search(search_of(borders, x, right, {}), out);
  }
};
struct BucketizeScalar {
  static constexpr std::string_view schema =
      "aten::bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor";
  static OutputSpec infer(const Value& x, const Tensor& borders, bool out_int32, bool right) {
    return Bucketize::infer(SearchSortedScalar::number(borders, x), borders, out_int32, right);
  }
  static void forward(const Value& x, const Tensor& borders, bool out_int32, bool right, const Tensor& out) {
    Bucketize::forward(SearchSortedScalar::number(borders, x), borders, out_int32, right, out);
  }
};

}  // namespace

std::span<const okibi::Op> counting_ops() {
  static constexpr okibi::Op rows[] = {
      {Unique2::schema, false, false, nullptr, nullptr,
       &call_boxed<Unique2>},  // of as many as there are: none inferred
      entry<Bincount>(),
      entry<SearchSorted>(),
      entry<SearchSortedScalar>(),
      entry<Bucketize>(),
      entry<BucketizeScalar>(),
  };
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Unique unique(const Tensor& x) {
  auto [values, inverse, counts] = ops::unique_of(x);
  return {values, inverse, counts};
}

}  // namespace okibi
