// Tensors divided into views: tensor_split and its kin, and parts by other names.
#include <fmt/format.h>

#include "ops/by_name.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

void require_dims(const Tensor& x) {
  if (x.dim() == 0) {
    refuse("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
  }
}

// The first few are one longer where the size is no multiple.
std::vector<Tensor> in_sections(const Tensor& x, int64_t sections, int64_t dim) {
  require_dims(x);
  const int64_t size = x.size(dim);
  if (sections <= 0) refuse(fmt::format("number of sections must be larger than 0, got {}", sections));
  if (sections > int64_t{1} << 24) {
    throw Error(ErrorKind::limit, "tensor_split: more sections than anybody wants").found(std::to_string(sections));
  }
  std::vector<Tensor> parts;
  int64_t begin = 0;
  for (int64_t i = 0; i < sections; ++i) {
    const int64_t length = size / sections + (i < size % sections ? 1 : 0);
    parts.push_back(x.narrow(dim, begin, length));
    begin += length;
  }
  return parts;
}

// Between the indices, as Python's slices are.
std::vector<Tensor> at_indices(const Tensor& x, const Dims& indices, int64_t dim) {
  require_dims(x);
  wrap_dim(dim, x.sizes().size());
  std::vector<Tensor> parts;
  int64_t begin = 0;
  for (const int64_t end : indices) {
    parts.push_back(x.slice(dim, begin, end));
    begin = end;
  }
  parts.push_back(x.slice(dim, begin, INT64_MAX));
  return parts;
}

struct TensorSplitSections {
  static constexpr std::string_view schema =
      "aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, int64_t sections, int64_t dim) {
    return in_sections(x, sections, dim);
  }
};
struct TensorSplitIndices {
  static constexpr std::string_view schema =
      "aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, const Dims& indices, int64_t dim) {
    return at_indices(x, indices, dim);
  }
};
struct TensorSplitTensor {
  static constexpr std::string_view schema =
      "aten::tensor_split.tensor_indices_or_sections(Tensor(a -> *) self, Tensor tensor_indices_or_sections, int "
      "dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, const Tensor& where, int64_t dim) {
    require_dims(x);
    if (where.dtype() != int64) {
      refuse(fmt::format("tensor_split expected tensor_indices_or_sections to have dtype of long, but got {}",
                         name_of(where.dtype())));
    }
    if (where.dim() > 1) {
      refuse(
          fmt::format("tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional "
                      "tensor, but got a tensor with {} dims",
                      where.dim()));
    }
    if (where.dim() == 0) return in_sections(x, where.item<int64_t>(), dim);
    return at_indices(x, Dims(where.to_vector<int64_t>()), dim);
  }
};

// ---- along one dimension by its name: hsplit along the second (of a vector the first), vsplit and dsplit
int64_t checked_dim(const Tensor& x, std::string_view name, int64_t dim) {
  const int64_t least = name == "hsplit" ? 1 : name == "vsplit" ? 2 : 3;
  if (x.dim() < least) {
    refuse(fmt::format("torch.{} requires a tensor with at least {} dimension, but got a tensor with {} dimensions!",
                       name, least, x.dim()));
  }
  return name == "hsplit" && x.dim() == 1 ? 0 : dim;
}

std::vector<Tensor> evenly(const Tensor& x, std::string_view name, int64_t along, int64_t sections) {
  const int64_t dim = checked_dim(x, name, along);
  if (sections == 0 || x.size(dim) % sections != 0) {
    refuse(
        fmt::format("torch.{} attempted to split along dimension {}, but the size of the dimension {} is not divisible "
                    "by the split_size {}!",
                    name, dim, x.size(dim), sections));
  }
  return in_sections(x, sections, dim);
}

#define OKIBI_SPLIT(Name, word, dim)                                                                                   \
  struct Name##Sections {                                                                                              \
    static constexpr std::string_view schema = "aten::" word ".int(Tensor(a -> *) self, int sections) -> Tensor(a)[]"; \
    static std::vector<Tensor> compose(const Tensor& x, int64_t sections) { return evenly(x, word, dim, sections); }   \
  };                                                                                                                   \
  struct Name##Indices {                                                                                               \
    static constexpr std::string_view schema =                                                                         \
        "aten::" word ".array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]";                                     \
    static std::vector<Tensor> compose(const Tensor& x, const Dims& indices) {                                         \
      return at_indices(x, indices, checked_dim(x, word, dim));                                                        \
    }                                                                                                                  \
  };
OKIBI_SPLIT(HSplit, "hsplit", 1)
OKIBI_SPLIT(VSplit, "vsplit", 0)
OKIBI_SPLIT(DSplit, "dsplit", 2)
#undef OKIBI_SPLIT

struct NarrowTensor {
  static constexpr std::string_view schema =
      "aten::narrow.Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim, const Tensor& start, int64_t length) {
    if (start.dim() != 0 || !is_integral(start.dtype())) refuse("start must be an 0-dim integral Tensor.");
    return x.narrow(dim, start.item<int64_t>(), length);
  }
};

struct Ravel {
  static constexpr std::string_view schema = "aten::ravel(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return x.contiguous().view({-1}); }
};

// The same bytes as numbers of another dtype.
struct ViewDtype {
  static constexpr std::string_view schema = "aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)";
  static Tensor view(const Tensor& x, DType dtype) {
    if (dtype == x.dtype()) return x.as_strided(x.sizes(), x.strides(), x.storage_offset());  // is heard as that
    require_resolved(x);
    if (!x.storage() || x.is_quantized() || x.is_nested()) {
      throw Error(ErrorKind::unsupported, "view(dtype) is for dense tensors with numbers");
    }
    if (needs_gradient(x) && grad_enabled()) {
      throw Error(ErrorKind::unsupported, "view(dtype) has no gradient here").hint("Use detach() first.");
    }
    Dims sizes = x.sizes(), strides = x.strides();
    const auto old_size = static_cast<int64_t>(itemsize(x.dtype())), new_size = static_cast<int64_t>(itemsize(dtype));
    int64_t offset = x.storage_offset();
    if (old_size != new_size) {
      check(x, dtype);
      old_size > new_size ? enlarge(sizes, strides, offset, old_size / new_size)
                          : shrink(x, dtype, sizes, strides, offset, new_size / old_size);
    }
    return trace::noted(schema, Tensor::over(x.storage(), dtype, sizes, strides, offset), x, dtype);
  }

 private:
  static std::string both(const Tensor& x, DType dtype) {
    return fmt::format("to view {} as {} (different element sizes)", name_of(x.dtype()), name_of(dtype));
  }
  static void check(const Tensor& x, DType dtype) {
    if (x.dim() == 0) refuse("self.dim() cannot be 0 " + both(x, dtype));
    if (x.stride(-1) != 1) {
      refuse(fmt::format("self.stride(-1) must be 1 {}, but got {}", both(x, dtype), x.stride(-1)));
    }
  }
  static void enlarge(Dims& sizes, Dims& strides, int64_t& offset, int64_t ratio) {
    for (size_t d = 0; d + 1 < strides.size(); ++d) strides[d] = wrapping_mul(strides[d], ratio);
    sizes[sizes.size() - 1] = size_product(sizes.back(), ratio, "view");
    offset = wrapping_mul(offset, ratio);
  }
  static void shrink(const Tensor& x, DType dtype, Dims& sizes, Dims& strides, int64_t& offset, int64_t ratio) {
    if (sizes.back() % ratio != 0) {
      refuse(fmt::format("self.size(-1) must be divisible by {} {}, but got {}", ratio, both(x, dtype), sizes.back()));
    }
    if (offset % ratio != 0) {
      refuse(
          fmt::format("self.storage_offset() must be divisible by {} {}, but got {}", ratio, both(x, dtype), offset));
    }
    for (size_t d = 0; d + 1 < strides.size(); ++d) {
      if (strides[d] % ratio != 0) {
        refuse(fmt::format("self.stride({}) must be divisible by {} {}, but got {}", d, ratio, both(x, dtype),
                           strides[d]));
      }
      strides[d] /= ratio;
    }
    sizes[sizes.size() - 1] /= ratio;
    offset /= ratio;
  }
};

}  // namespace

std::span<const okibi::Op> dividing_ops() {
  constexpr okibi::Op view_dtype = {.schema = ViewDtype::schema, .is_view = true, .call = &call_boxed<ViewDtype>};
  static constexpr okibi::Op rows[] = {
      entry<TensorSplitSections>(),
      entry<TensorSplitIndices>(),
      entry<TensorSplitTensor>(),
      entry<HSplitSections>(),
      entry<HSplitIndices>(),
      entry<VSplitSections>(),
      entry<VSplitIndices>(),
      entry<DSplitSections>(),
      entry<DSplitIndices>(),
      entry<NarrowTensor>(),
      entry<Ravel>(),
      view_dtype,
  };
  return rows;
}

}  // namespace okibi::ops
