// Assignments to parts of tensors, and other changes in place of the operators that pick by tensors.
#include <okibi/ops.h>

#include "ops/indexing.h"
#include "ops/operands.h"
#include "script/host_values.h"

namespace okibi::script {
namespace {

const Tensor& tensor_of(const Value& value) { return value.to_tensor(); }

Value index_put(Arguments a) {
  const ops::Indices indices = ops::FromValue<ops::Indices>::of(a[1]);
  return index_put_(tensor_of(a[0]), indices.list, tensor_of(a[2]), a[3].to_bool());
}
Value scatter_source(Arguments a) {
  return ops::scatter_in_place(tensor_of(a[0]), a[1].to_int(), tensor_of(a[2]), tensor_of(a[3]));
}
Value scatter_value(Arguments a) {
  return ops::scatter_value_in_place(tensor_of(a[0]), a[1].to_int(), tensor_of(a[2]), a[3]);
}
Value scatter_added(Arguments a) {
  return ops::scatter_add_in_place(tensor_of(a[0]), a[1].to_int(), tensor_of(a[2]), tensor_of(a[3]));
}
Value index_copied(Arguments a) {
  return ops::index_copy_in_place(tensor_of(a[0]), a[1].to_int(), tensor_of(a[2]), tensor_of(a[3]));
}
Value masked_scattered(Arguments a) {
  return ops::masked_scatter_in_place(tensor_of(a[0]), tensor_of(a[1]), tensor_of(a[2]));
}

// ---- the places of (rows, columns) up to a diagonal, or from it on; `offset` lies between -rows and columns
struct Triangle {
  int64_t rows, columns, offset;
};
Triangle triangle_of(Arguments a) {
  const Triangle t{a[0].to_int(), a[1].to_int(), a[2].to_int()};
  if (t.rows < 0 || t.columns < 0) {
    throw Error(ErrorKind::bad_argument, "row and col must be non-negative")
        .found(fmt::format("{} and {}", t.rows, t.columns));
  }
  numel_of({t.rows, t.columns});  // what can be counted
  return {t.rows, t.columns, std::clamp(t.offset, -t.rows, t.columns)};
}

// How many lie up to the diagonal, by as many steps for any number of them: programs choose it.
int64_t count_up_to(const Triangle& t) {
  const int64_t empty = std::max<int64_t>(0, -t.offset), rest = std::max<int64_t>(t.rows - empty, 0);
  const int64_t first = std::min(t.columns, empty + t.offset + 1);          // columns of the first row that has any
  const int64_t growing = std::clamp<int64_t>(t.columns - first, 0, rest);  // rows, each one longer than the last
  const auto wide = [](int64_t n) { return static_cast<__int128>(n); };
  const __int128 in_growing = wide(growing) * (2 * wide(first) + growing - 1) / 2;
  return static_cast<int64_t>(in_growing + wide(rest - growing) * t.columns);
}

Tensor lower_indices(const Triangle& t) {
  const int64_t count = t.columns == 0 ? 0 : count_up_to(t);
  const Tensor indices = empty({2, count}, {DType::int64});
  int64_t *row = indices.data<int64_t>(), *column = row + count;
  for (int64_t r = std::max<int64_t>(0, -t.offset); count > 0 && r < t.rows; ++r) {
    for (int64_t c = 0, end = std::min(t.columns, r + t.offset + 1); c < end; ++c) *row++ = r, *column++ = c;
  }
  return indices;
}
Tensor upper_indices(const Triangle& t) {
  const int64_t below = t.columns == 0 || t.offset <= -t.rows ? 0 : count_up_to({t.rows, t.columns, t.offset - 1});
  const int64_t count = t.rows * t.columns - below;
  const Tensor indices = empty({2, count}, {DType::int64});
  int64_t *row = indices.data<int64_t>(), *column = row + count;
  for (int64_t r = 0; count > 0 && r < t.rows && r + t.offset < t.columns; ++r) {
    for (int64_t c = std::max<int64_t>(0, r + t.offset); c < t.columns; ++c) *row++ = r, *column++ = c;
  }
  return indices;
}

template <bool lower>
Value triangle_indices(Arguments a) {
  const DType dtype = a[3].is_none() ? DType::int64 : dtype_numbered(a[3].to_int());
  const Triangle t = triangle_of(a);
  return (lower ? lower_indices(t) : upper_indices(t)).to(dtype);
}

constexpr HostRow rows[] = {
    {"aten::index_put_", "- hacked_twin", index_put},
    {"aten::scatter_", "src", scatter_source},
    {"aten::scatter_", "value", scatter_value},
    {"aten::scatter_add_", "-", scatter_added},
    {"aten::index_copy_", "-", index_copied},
    {"aten::masked_scatter_", "-", masked_scattered},
    {"aten::tril_indices", "-", triangle_indices<true>},
    {"aten::triu_indices", "-", triangle_indices<false>},
};

}  // namespace

std::span<const HostRow> indexing_rows() { return rows; }

}  // namespace okibi::script
