// Rows along one dimension, by a vector of their places: index_add, index_fill, index_copy_.
#include <fmt/format.h>

#include "ops/around.h"
#include "ops/indexing.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// Rows of x (outer, n, inner) that a vector of indices names.
struct RowPlaces {
  std::vector<int64_t> picked, others;
  int64_t inner;
  RowPlaces(const Tensor& x, size_t dim, const Tensor& index) : inner(Extent(x.sizes(), dim).inner) {
    const Extent around(x.sizes(), dim);
    const Tensor at = index.to(int64).contiguous();
    require_within(at, around.n, dim);
    for (int64_t i = 0; i < at.numel(); ++i) picked.push_back(at.data<int64_t>()[i] * inner);
    for (int64_t o = 0; x.numel() > 0 && o < around.outer; ++o) others.push_back(o * around.n * inner);
  }
  kernels::Places view() const noexcept { return {picked, others, true, inner}; }
};

void require_vector(const Tensor& index, std::string_view name) {
  require_index(index, name);
  if (index.dim() <= 1) return;
  throw Error(ErrorKind::out_of_range, fmt::format("{}(): Index is supposed to be a vector", name))
      .found(to_string(index.sizes()));
}

// The source of rows has the sizes of x but along the dimension, where it has as many as there are indices.
void check_rows(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, std::string_view name) {
  require_plain(x, name);
  require_plain(source, name);
  require_vector(index, name);
  require_same_dtype(x, source, name);
  const size_t along = wrap_dim(dim, x.sizes().size());
  Dims expected = at_least(1, x).sizes();
  expected[along] = index.numel();
  if (x.dim() == source.dim() && at_least(1, source).sizes() == expected) return;
  throw Error(
      ErrorKind::bad_argument,
      fmt::format("{}(): the source must have the sizes of self, but along dimension {} as many rows as there are "
                  "indices",
                  name, along))
      .expected(to_string(x.dim() == 0 ? x.sizes() : expected))
      .found(to_string(source.sizes()));
}

struct IndexAdd {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, const Value&) {
    check_rows(x, dim, index, source, "index_add");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, const Value& alpha,
                      const Tensor& out) {
    out.copy_(x);
    const RowPlaces places(out, wrap_dim(dim, out.sizes().size()), index);
    const Tensor rows = times(source, alpha).contiguous();
    dispatch_real(out.dtype(), "index_add", [&]<class T>() {
      kernels::add_at(places.view(), numbers_of<const T>(rows), numbers_of<T>(out));
    });
  }

  static constexpr const char* backward_name = "IndexAddBackward0";
  using Saved = std::tuple<SavedTensor, int64_t, Dims, Value>;
  static Saved save(const Tensor&, int64_t dim, const Tensor& index, const Tensor& source, const Value& alpha,
                    const Tensor&) {
    return {SavedTensor::input(index), dim, source.sizes(), alpha};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [index, dim, sizes, alpha] = saved;
    std::array<Tensor, 3> gradients{gradient};
    if (edges.needed(2)) {
      gradients[2] = times(okibi::index_select(at_least(1, gradient), dim, index.get()), alpha).reshape(sizes);
    }
    return gradients;
  }

 private:
  static Tensor times(const Tensor& rows, const Value& alpha) {
    if (alpha.to_double() == 1) return rows;
    return okibi::mul(rows, number_tensor(alpha, rows.dtype()));
  }
};

// x[:, …, index] = value, where negative ones count from the end.
Tensor filled_rows(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& value) {
  require_vector(index, "index_fill");
  Indices indices{std::vector<Tensor>(wrap_dim(dim, x.sizes().size()))};
  indices.list.push_back(index);
  return with_values_at(at_least(1, x), indices, value.to(x.dtype())).reshape(x.sizes());
}

struct IndexFillScalar {
  static constexpr std::string_view schema =
      "aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t dim, const Tensor& index, const Value& value) {
    return filled_rows(x, dim, index, number_tensor(value, x.dtype()));
  }
};
struct IndexFillTensor {
  static constexpr std::string_view schema =
      "aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& value) {
    if (value.dim() == 0) return filled_rows(x, dim, index, value);
    throw Error(ErrorKind::bad_argument, "index_fill_ only supports a 0-dimensional value tensor")
        .found(to_string(value.sizes()));
  }
};

}  // namespace

const Tensor& index_copy_in_place(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  check_rows(x, dim, index, source, "index_copy_");
  refuse_lost_gradient(source, "index_copy_");
  const Tensor from = apart_from(x, source);
  return change_in_place(x, [&](const Tensor& into) {
    const RowPlaces places(into, wrap_dim(dim, into.sizes().size()), index);
    kernels::put(places.view(), bytes_of(x), from.raw_data(), into.raw_data());
  });
}

std::span<const okibi::Op> index_row_ops() {
  static constexpr okibi::Op rows[] = {entry<IndexAdd>(), entry<IndexFillScalar>(), entry<IndexFillTensor>()};
  return rows;
}

}  // namespace okibi::ops
