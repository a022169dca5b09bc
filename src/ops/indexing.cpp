// x[i, None, mask, …] and its assignment.
#include "ops/indexing.h"

#include <fmt/format.h>

#include "ops/places.h"

namespace okibi::ops {

void require_plain(const Tensor& x, std::string_view name) {
  const bool plain = x.layout() == Layout::strided && !is_packed(x.dtype()) && !x.body()->is_quantized();
  if (plain) return;
  throw Error(ErrorKind::unsupported, fmt::format("{} works on strided tensors of plain numbers", name))
      .found(fmt::format("a {} tensor of layout {}", name_of(x.dtype()), name_of(x.layout())));
}

void require_same_dtype(const Tensor& x, const Tensor& source, std::string_view name) {
  if (x.dtype() == source.dtype()) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}: self and source must have the same dtype", name))
      .expected(name_of(x.dtype()))
      .found(name_of(source.dtype()))
      .hint("Convert the source with .to(…).");
}

Tensor truth_of(const Tensor& mask, std::string_view name) {
  if (mask.dtype() == boolean) return mask.contiguous();
  throw Error(ErrorKind::bad_argument, fmt::format("{}: expected BoolTensor for mask", name))
      .found(name_of(mask.dtype()))
      .hint("Compare with something, or convert with .to(okibi::boolean).");
}

void refuse_lost_gradient(const Tensor& source, std::string_view name) {
  if (!grad_enabled() || !source.defined() || !source.requires_grad()) return;
  throw Error(ErrorKind::unsupported, fmt::format("{} from a tensor that requires grad would lose its gradient", name))
      .hint("Use the form that is not in place, or let a NoGrad live meanwhile.");
}

Tensor apart_from(const Tensor& x, const Tensor& source) {
  const bool shares = source.storage() && source.storage() == x.storage();
  return shares ? source.clone() : source.contiguous();
}

namespace {

// x whose last dimensions are runs of memory, as PlacesIn wants it.
Tensor in_runs(const Tensor& x, const IndexedShape& shape) { return ends_in_runs(x, shape) ? x : x.contiguous(); }

Tensor spread_values(const Tensor& values, const Dims& sizes) {
  try {
    return values.expand(sizes);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_argument) throw;
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("shape mismatch: value tensor of shape {} cannot be broadcast to indexing result of shape {}",
                    to_string(values.sizes()), to_string(sizes)));
  }
}

// Into x, of which no two elements share memory. `values` has the sizes of what the indices name.
void put_into(const Tensor& x, const IndexedShape& shape, const Tensor& values, bool accumulate) {
  const PlacesIn places(x, shape);
  if (!accumulate) {
    return kernels::put(places.view(), bytes_of(x), values.raw_data(), x.raw_data());
  }
  dispatch_real(x.dtype(), "index_put with accumulate", [&]<class T>() {
    kernels::add_at(places.view(), numbers_of<const T>(values), numbers_of<T>(x));
  });
}

void require_fitting_values(const Tensor& x, const Tensor& values) {
  require_plain(values, "index_put");
  if (x.dtype() == values.dtype()) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("Index put requires the source and destination dtypes match, got {} for the destination and "
                          "{} for the source.",
                          name_of(x.dtype()), name_of(values.dtype())));
}

constexpr char tensor_schema[] = "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor";
constexpr char tensor_twin_schema[] = "aten::index.Tensor_hacked_twin(Tensor self, Tensor[] indices) -> Tensor";

template <const char* text>
struct Index {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = text;
  static OutputSpec infer(const Tensor& x, const Indices& indices) {
    return {shape_of_indexed(x, indices).sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Indices& indices, const Tensor& out) {
    const IndexedShape shape = shape_of_indexed(x, indices);
    const Tensor in = in_runs(x, shape);
    const PlacesIn places(in, shape);
    kernels::pick(places.view(), bytes_of(x), in.raw_data(), out.raw_data());
  }

  static constexpr const char* backward_name = "IndexBackward0";
  using Saved = std::tuple<std::vector<SavedTensor>, Dims>;
  static Saved save(const Tensor& x, const Indices& indices, const Tensor&) {
    return {saved_indices(indices), x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [indices, sizes] = saved;
    const Tensor out = zeros(sizes, {gradient.dtype()});
    put_into(out, shape_of_indexed(out, indices_of(indices)), gradient.contiguous(), true);
    return {out};
  }

  static std::vector<SavedTensor> saved_indices(const Indices& indices) {
    std::vector<SavedTensor> saved;
    for (const Tensor& index : indices.list) {
      saved.push_back(index.defined() ? SavedTensor::input(index) : SavedTensor());
    }
    return saved;
  }
  static Indices indices_of(const std::vector<SavedTensor>& saved) {
    Indices indices;
    for (const SavedTensor& index : saved) indices.list.push_back(index.defined() ? index.get() : Tensor());
    return indices;
  }
};
using IndexTensor = Index<tensor_schema>;

constexpr char put_schema[] =
    "aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor";
constexpr char put_twin_schema[] =
    "aten::index_put.hacked_twin(Tensor self, Tensor[] indices, Tensor values, bool accumulate=False) -> Tensor";

template <const char* text>
struct IndexPut {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = text;
  static OutputSpec infer(const Tensor& x, const Indices& indices, const Tensor& values, bool) {
    shape_of_indexed(x, indices);
    require_fitting_values(x, values);
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, const Indices& indices, const Tensor& values, bool accumulate,
                      const Tensor& out) {
    out.copy_(x);
    const IndexedShape shape = shape_of_indexed(out, indices);
    put_into(out, shape, spread_values(values, shape.sizes).contiguous(), accumulate);
  }

  static constexpr const char* backward_name = "IndexPutBackward0";
  using Saved = std::tuple<std::vector<SavedTensor>, Dims, bool>;  // the sizes of values
  static Saved save(const Tensor&, const Indices& indices, const Tensor& values, bool accumulate, const Tensor&) {
    return {IndexTensor::saved_indices(indices), values.sizes(), accumulate};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [kept, sizes, accumulate] = saved;
    const Indices indices = IndexTensor::indices_of(kept);
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = accumulate ? gradient : without(gradient, indices);
    if (edges.needed(1)) gradients[1] = sum_to(call<IndexTensor>(gradient, indices), sizes);
    return gradients;
  }

 private:
  static Tensor without(const Tensor& gradient, const Indices& indices) {
    return call<IndexPut>(gradient, indices, zeros({}, {gradient.dtype()}), false);
  }
};

}  // namespace

Tensor with_values_at(const Tensor& x, const Indices& indices, const Tensor& values) {
  return call<IndexPut<put_schema>>(x, indices, values, false);
}

std::span<const okibi::Op> indexing_ops() {
  static constexpr okibi::Op rows[] = {entry<IndexTensor>(), entry<Index<tensor_twin_schema>>(),
                                       entry<IndexPut<put_schema>>(), entry<IndexPut<put_twin_schema>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor index(const Tensor& x, std::span<const Tensor> indices) {
  return ops::call<ops::IndexTensor>(x, ops::Indices{{indices.begin(), indices.end()}});
}

const Tensor& index_put_(const Tensor& x, std::span<const Tensor> indices, const Tensor& values, bool accumulate) {
  using namespace ops;
  const Indices all{{indices.begin(), indices.end()}};
  require_resolved(all);
  require_resolved(values);
  refuse_lost_gradient(values, "index_put_");
  const IndexedShape shape = shape_of_indexed(x, all);
  require_fitting_values(x, values);
  const Tensor spread = spread_values(apart_from(x, values), shape.sizes).contiguous();
  return change_in_place(x, ends_in_runs(x, shape), [&](const Tensor& into) { put_into(into, shape, spread, accumulate); });
}

}  // namespace okibi
