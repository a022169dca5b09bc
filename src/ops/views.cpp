// Views and copies by schema: the methods of Tensor, whose gradients come from what such a tensor remembers
// (derived.cpp).
#include <fmt/format.h>

#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

struct View {
  static constexpr std::string_view schema = "aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& sizes) { return x.view(sizes); }
};
struct Reshape {
  static constexpr std::string_view schema = "aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& sizes) { return x.reshape(sizes); }
};
struct Flatten {
  static constexpr std::string_view schema =
      "aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t first, int64_t last) { return x.flatten(first, last); }
};
struct Unflatten {
  static constexpr std::string_view schema =
      "aten::unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim, const Dims& sizes) {
    const size_t at = wrap_dim(dim, x.sizes().size());
    const Dims parts = infer_size(sizes, x.sizes()[at]);
    Dims whole = x.sizes();
    whole.erase(at);
    for (size_t i = 0; i < parts.size(); ++i) whole.insert(at + i, parts[i]);
    return x.view(whole);
  }
};
struct Slice {
  static constexpr std::string_view schema =
      "aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim, std::optional<int64_t> begin, std::optional<int64_t> end,
                     int64_t step) {
    return x.slice(dim, begin.value_or(0), end.value_or(INT64_MAX), step);
  }
};
struct Select {
  static constexpr std::string_view schema = "aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim, int64_t index) { return x.select(dim, index); }
};
struct Transpose {
  static constexpr std::string_view schema = "aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t a, int64_t b) { return x.transpose(a, b); }
};
struct T {
  static constexpr std::string_view schema = "aten::t(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return x.t(); }
};
struct Permute {
  static constexpr std::string_view schema = "aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& order) { return x.permute(order); }
};
struct SqueezeDim {
  static constexpr std::string_view schema = "aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim) { return x.squeeze(dim); }
};
struct Squeeze {
  static constexpr std::string_view schema = "aten::squeeze(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return x.squeeze(); }
};
struct Unsqueeze {
  static constexpr std::string_view schema = "aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim) { return x.unsqueeze(dim); }
};
struct Expand {
  static constexpr std::string_view schema =
      "aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& sizes, bool) { return x.expand(sizes); }
};
struct Contiguous {
  static constexpr std::string_view schema =
      "aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)";
  // In channels_last (2) and channels_last_3d (3) the same numbers lie in another order, which only strides show.
  static Tensor view(const Tensor& x, int64_t memory_format) {
    const int64_t rank = memory_format == 2 ? 4 : memory_format == 3 ? 5 : x.dim();
    if (memory_format < 0 || memory_format == 1 || memory_format > 3 || x.dim() != rank) {
      throw Error(ErrorKind::bad_argument, "contiguous: the memory format does not fit the tensor")
          .found(fmt::format("memory format {} for {} dimensions", memory_format, x.dim()))
          .hint("0 is for any tensor, 2 (channels_last) for 4 dimensions, 3 (channels_last_3d) for 5.");
    }
    return x.contiguous();
  }
};
struct Clone {
  static constexpr std::string_view schema = "aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor";
  static Tensor view(const Tensor& x, std::optional<int64_t>) { return x.clone(); }
};
struct AsStrided {
  static constexpr std::string_view schema =
      "aten::as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& sizes, const Dims& strides, std::optional<int64_t> offset) {
    return x.as_strided(sizes, strides, offset.value_or(x.storage_offset()));
  }
};
struct NumpyT {
  static constexpr std::string_view schema = "aten::numpy_T(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) {
    Dims order;
    for (int64_t d = x.dim(); d-- > 0;) order.push_back(d);
    return x.permute(order);
  }
};
struct Alias {
  static constexpr std::string_view schema = "aten::alias(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return x.as_strided(x.sizes(), x.strides(), x.storage_offset()); }
};
struct ViewAs {
  static constexpr std::string_view schema = "aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Tensor& other) { return x.view(other.sizes()); }
};
struct ReshapeAs {
  static constexpr std::string_view schema = "aten::reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Tensor& other) { return x.reshape(other.sizes()); }
};
struct ToDtype {
  static constexpr std::string_view schema =
      "aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? "
      "memory_format=None) -> Tensor(a)";
  static Tensor view(const Tensor& x, DType dtype, bool, bool copy, std::optional<int64_t>) {
    return copy && x.dtype() == dtype ? x.clone() : x.to(dtype);
  }
};

}  // namespace

std::span<const okibi::Op> view_ops() {
  static constexpr okibi::Op rows[] = {entry<View>(),      entry<Reshape>(),    entry<Flatten>(),   entry<Unflatten>(),
                                       entry<Slice>(),     entry<Select>(),     entry<Transpose>(), entry<T>(),
                                       entry<Permute>(),   entry<SqueezeDim>(), entry<Squeeze>(),   entry<Unsqueeze>(),
                                       entry<Expand>(),    entry<Contiguous>(), entry<Clone>(),     entry<ToDtype>(),
                                       entry<AsStrided>(), entry<NumpyT>(),     entry<Alias>(),     entry<ViewAs>(),
                                       entry<ReshapeAs>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor unflatten(const Tensor& x, int64_t dim, const Dims& sizes) { return ops::Unflatten::view(x, dim, sizes); }

}  // namespace okibi
