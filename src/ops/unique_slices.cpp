// Slices that are equal: neighbours counted once, all counted once, and whether numbers are among others.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "ops/ordering.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

using MaybeDim = std::optional<int64_t>;

// x with `dim` in front, as (n, width), contiguous; all in one row of n where there is none.
struct Slices {
  Tensor x;
  int64_t n, width;
  Slices(const Tensor& tensor, MaybeDim dim) {
    const Tensor front =
        !dim || tensor.dim() == 0 ? tensor.reshape({-1}) : computed("aten::movedim.int", tensor, *dim, int64_t{0});
    x = front.contiguous();
    n = front.sizes()[0];
    width = 1;
    for (size_t d = 1; d < front.sizes().size(); ++d) width *= front.sizes()[d];
  }
};

// Which of the slices, in this order, come first in a run of equals, what run each is in, and how long the runs are.
struct Runs {
  std::vector<int64_t> firsts, lengths;
  Tensor inverse;
};

template <class T>
bool are_equal(const T* a, const T* b, int64_t width) {
  return std::equal(a, a + width, b, [](T x, T y) { return comparable(x) == comparable(y); });
}

template <class T>
Runs runs_of(const Slices& in, const std::vector<int64_t>& order) {
  Runs runs{.inverse = empty({in.n}, {int64})};
  const T* const x = numbers_of<const T>(in.x);
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || !are_equal(x + order[i] * in.width, x + order[i - 1] * in.width, in.width)) {
      runs.firsts.push_back(order[i]);
      runs.lengths.push_back(0);
    }
    ++runs.lengths.back();
    runs.inverse.data<int64_t>()[order[i]] = std::ssize(runs.firsts) - 1;
  }
  return runs;
}

std::vector<int64_t> as_they_stand(int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  return order;
}

template <class T>
std::vector<int64_t> sorted(const Slices& in) {
  std::vector<int64_t> order = as_they_stand(in.n);
  const T* const x = numbers_of<const T>(in.x);
  std::ranges::stable_sort(order, [&](int64_t a, int64_t b) {
    const T *first = x + a * in.width, *second = x + b * in.width;
    return std::lexicographical_compare(first, first + in.width, second, second + in.width,
                                        [](T p, T q) { return comes_before(comparable(p), comparable(q)); });
  });
  return order;
}

Tensor tensor_of(const std::vector<int64_t>& numbers) {
  const Tensor out = empty({std::ssize(numbers)}, {int64});
  std::ranges::copy(numbers, out.data<int64_t>());
  return out;
}

std::array<Tensor, 3> unique_slices(const Tensor& x, MaybeDim dim, bool sorts) {
  const NoGrad no_grad;
  require_resolved(x);
  if (dim) wrap_dim(*dim, x.sizes().size());
  const Slices in(x, dim);
  if (in.width == 0 && in.n > 0) {
    throw Error(ErrorKind::bad_argument,
                "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
        .found(to_string(x.sizes()));
  }
  Runs runs;
  dispatch_ordered(x.dtype(), "unique",
                   [&]<class T>() { runs = runs_of<T>(in, sorts ? sorted<T>(in) : as_they_stand(in.n)); });
  const Tensor firsts = tensor_of(runs.firsts);
  const Tensor whole = dim && x.dim() > 0 ? x : x.reshape({-1});
  const Tensor values = in.n == 0 ? whole.clone() : okibi::index_select(whole, dim.value_or(0), firsts);
  return {values.detach(), dim ? runs.inverse : runs.inverse.reshape(x.sizes()), tensor_of(runs.lengths)};
}

struct UniqueConsecutive {
  static constexpr std::string_view schema =
      "aten::unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> "
      "(Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, bool return_inverse, bool return_counts, MaybeDim dim) {
    std::array<Tensor, 3> found = unique_slices(x, dim, false);
    if (!dim && !return_inverse) found[1] = empty({0}, {int64});
    if (!dim && !return_counts) found[2] = empty({0}, {int64});
    return found;
  }
};
struct UniqueDim {
  static constexpr std::string_view schema =
      "aten::unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) "
      "-> (Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, int64_t dim, bool, bool, bool) {
    return unique_slices(x, dim, true);
  }
};
struct UniqueDimConsecutive {
  static constexpr std::string_view schema =
      "aten::unique_dim_consecutive(Tensor self, int dim, bool return_inverse=False, bool return_counts=False) -> "
      "(Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, int64_t dim, bool, bool) {
    return unique_slices(x, dim, false);
  }
};

// ---------------------------------------------------------------------------------------------------------- membership

// Both in the dtype that they have together. NaN is among nothing.
Tensor are_among(const Tensor& elements, const Tensor& others, bool invert) {
  for (const Tensor* one : {&elements, &others}) {
    if (one->dtype() == boolean) {
      throw Error(ErrorKind::bad_argument, "Unsupported input type encountered for isin(): Bool")
          .hint("Convert with .to(okibi::int64) first.");
    }
  }
  const DType dtype = result_type(elements, others);
  const Tensor x = widened(elements.to(dtype)).contiguous(), among = widened(others.to(dtype)).contiguous();
  const Tensor out = empty(elements.sizes(), {boolean});
  dispatch_numbers(x.dtype(), "isin", [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) {
      std::vector<T> known(among.data<T>(), among.data<T>() + among.numel());
      std::erase_if(known, [](T v) { return v != v; });
      std::ranges::sort(known);
      map1<T>(x, out, [&known, invert](T v) { return (v == v && std::ranges::binary_search(known, v)) != invert; });
    }
  });
  return out;
}

struct IsinTensors {
  static constexpr std::string_view schema =
      "aten::isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) "
      "-> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& among, bool, bool invert) {
    return are_among(x.detach(), among.detach(), invert);
  }
};
struct IsinNumber {
  static constexpr std::string_view schema =
      "aten::isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) "
      "-> Tensor";
  static Tensor compose(const Tensor& x, const Value& number, bool, bool invert) {
    return are_among(x.detach(), number_tensor(number, result_type(x.dtype(), number)), invert);
  }
};
struct NumberIsin {
  static constexpr std::string_view schema =
      "aten::isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) "
      "-> Tensor";
  static Tensor compose(const Value& number, const Tensor& among, bool, bool invert) {
    return are_among(number_tensor(number, result_type(among.dtype(), number)), among.detach(), invert);
  }
};

}  // namespace

std::span<const okibi::Op> unique_slice_ops() {
  static constexpr okibi::Op rows[] = {plain_entry<UniqueConsecutive>(),    plain_entry<UniqueDim>(),
                                       plain_entry<UniqueDimConsecutive>(), plain_entry<IsinTensors>(),
                                       plain_entry<IsinNumber>(),           plain_entry<NumberIsin>()};
  return rows;
}

}  // namespace okibi::ops
