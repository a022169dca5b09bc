// Views by other names: as large as another tensor, with dimensions moved, a diagonal, each row on its own.
#include <fmt/format.h>
#include <okibi/ops.h>

#include "ops/arranging.h"
#include "tensor/body.h"
#include "tensor/geometry.h"

namespace okibi::ops {

Tensor at_least(int64_t dims, const Tensor& x) {
  if (x.dim() >= dims) return x;
  if (x.dim() == 0) return x.reshape(Dims(static_cast<size_t>(dims), 1));
  if (x.dim() == 1) return dims == 2 ? x.unsqueeze(0) : x.unsqueeze(0).unsqueeze(-1);
  return x.unsqueeze(-1);
}

namespace {

struct ExpandAs {
  static constexpr std::string_view schema = "aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Tensor& other) { return x.expand(other.sizes()); }
};
struct BroadcastTo {
  static constexpr std::string_view schema = "aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& sizes) { return x.expand(sizes); }
};
struct Narrow {
  static constexpr std::string_view schema =
      "aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
    return x.narrow(dim, start, length);
  }
};
struct SqueezeDims {
  static constexpr std::string_view schema = "aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)";
  static Tensor view(const Tensor& x, const Dims& dims) {
    const Dims named = distinct_dims(dims, x.sizes().size(), "squeeze");
    Dims sizes, strides;
    for (size_t d = 0; d < x.sizes().size(); ++d) {
      const bool is_named = std::ranges::find(named, static_cast<int64_t>(d)) != named.end();
      if (is_named && x.sizes()[d] == 1) continue;
      sizes.push_back(x.sizes()[d]);
      strides.push_back(x.strides()[d]);
    }
    return trace::noted(schema, make_view(x, std::move(sizes), std::move(strides), x.storage_offset()), x, dims);
  }
};

// ---------------------------------------------------------------------------------------------------- dimensions moved

constexpr char swapaxes_schema[] = "aten::swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)";
constexpr char swapdims_schema[] = "aten::swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)";
template <const char* text>
struct Swap {
  static constexpr std::string_view schema = text;
  static Tensor view(const Tensor& x, int64_t a, int64_t b) { return x.transpose(a, b); }
};

Dims whole_order(const Dims& from, const Dims& to, size_t rank) {
  Dims order(rank, -1);
  for (size_t i = 0; i < from.size(); ++i) order[static_cast<size_t>(to[i])] = from[i];
  int64_t next = 0;
  for (int64_t& place : order) {
    if (place >= 0) continue;
    while (std::ranges::find(from, next) != from.end()) ++next;
    place = next++;
  }
  return order;
}
Tensor moved(const Tensor& x, const Dims& source, const Dims& destination) {
  if (source.size() != destination.size()) {
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("movedim: Invalid source or destination dims: source ({} dims) should contain the same number "
                    "of dims as destination ({} dims)",
                    to_string(source), to_string(destination)));
  }
  const size_t rank = x.sizes().size();
  const Dims from = distinct_dims(source, rank, "movedim, source"),
             to = distinct_dims(destination, rank, "movedim, destination");
  return rank == 0 ? x.view({}) : x.permute(whole_order(from, to, rank));
}

constexpr char movedim_schema[] = "aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)";
constexpr char moveaxis_schema[] = "aten::moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)";
template <const char* text>
struct MoveDim {
  static constexpr std::string_view schema = text;
  static Tensor view(const Tensor& x, int64_t source, int64_t destination) {
    return moved(x, Dims{source}, Dims{destination});
  }
};
constexpr char movedims_schema[] =
    "aten::movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)";
constexpr char moveaxes_schema[] =
    "aten::moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)";
template <const char* text>
struct MoveDims {
  static constexpr std::string_view schema = text;
  static Tensor view(const Tensor& x, const Dims& source, const Dims& destination) {
    return moved(x, source, destination);
  }
};

constexpr char mt_schema[] = "aten::mT(Tensor(a) self) -> Tensor(a)";
constexpr char mt_a_schema[] = "aten::mT.a(Tensor(a) self) -> Tensor(a)";
template <const char* text>
struct MatrixT {
  static constexpr std::string_view schema = text;
  static Tensor view(const Tensor& x) {
    if (x.dim() >= 2) return x.transpose(-2, -1);
    throw Error(ErrorKind::bad_argument, "tensor.mT is only supported on matrices or batches of matrices")
        .found(to_string(x.sizes()));
  }
};

struct Diagonal {
  static constexpr std::string_view schema =
      "aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    const size_t row = wrap_dim(dim1, x.sizes().size()), column = wrap_dim(dim2, x.sizes().size());
    if (row == column) {
      throw Error(ErrorKind::bad_argument, fmt::format("diagonal dimensions cannot be identical {}, {}", dim1, dim2));
    }
    const int64_t rows = x.sizes()[row], columns = x.sizes()[column];
    const int64_t length =
        std::max<int64_t>(offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns), 0);
    Dims sizes = x.sizes(), strides = x.strides();
    const int64_t first = length == 0 ? 0 : offset >= 0 ? offset * strides[column] : -offset * strides[row];
    const int64_t step = wrapping_add(strides[row], strides[column]);
    for (const size_t gone : {std::max(row, column), std::min(row, column)}) {
      sizes.erase(gone);
      strides.erase(gone);
    }
    sizes.push_back(length);
    strides.push_back(step);
    return trace::noted(schema,
                        make_view(x, std::move(sizes), std::move(strides), wrapping_add(x.storage_offset(), first)), x,
                        offset, dim1, dim2);
  }
};

// ------------------------------------------------------------------------------------------------------- several views

struct Unbind {
  static constexpr std::string_view schema = "aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, int64_t dim) {
    if (x.is_nested() && dim == 0) return x.unbind();
    std::vector<Tensor> parts;
    for (int64_t i = 0, n = x.size(dim); i < n; ++i) parts.push_back(x.select(dim, i));
    return parts;
  }
};

struct BroadcastTensors {
  static constexpr std::string_view schema = "aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]";
  static std::vector<Tensor> compose(std::span<const Tensor> tensors) {
    Dims sizes;
    for (const Tensor& tensor : tensors) sizes = broadcast_sizes(sizes, tensor.sizes());
    std::vector<Tensor> all;
    for (const Tensor& tensor : tensors) all.push_back(tensor.expand(sizes));
    return all;
  }
};

struct MeshgridIndexing {
  static constexpr std::string_view schema = "aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]";
  static std::vector<Tensor> compose(std::span<const Tensor> tensors, const std::string& indexing) {
    if (indexing != "ij" && indexing != "xy") {
      throw Error(ErrorKind::bad_argument, "torch.meshgrid: indexing must be one of \"xy\" or \"ij\"").found(indexing);
    }
    if (tensors.size() > Limits().max_tensor_dims) {
      throw Error(ErrorKind::limit, "torch.meshgrid: a grid of more dimensions than any")
          .found(uint64_t{tensors.size()});
    }
    const bool swaps = indexing == "xy" && tensors.size() >= 2;
    const Dims sizes = grid_sizes(tensors, swaps);
    std::vector<Tensor> grids;
    for (size_t i = 0; i < tensors.size(); ++i) {
      Dims own(tensors.size(), 1);
      own[place(i, swaps)] = tensors[i].numel();
      grids.push_back(tensors[i].reshape(own).expand(sizes));
    }
    return grids;
  }

 private:
  static size_t place(size_t i, bool swaps) { return swaps && i < 2 ? 1 - i : i; }
  static Dims grid_sizes(std::span<const Tensor> tensors, bool swaps) {
    if (tensors.empty()) throw Error(ErrorKind::bad_argument, "meshgrid expects a non-empty TensorList");
    Dims sizes(tensors.size(), 0);
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].dtype() != tensors[0].dtype()) {
        throw Error(ErrorKind::bad_argument, "meshgrid expects all tensors to have the same dtype")
            .expected(name_of(tensors[0].dtype()))
            .found(fmt::format("{} at position {}", name_of(tensors[i].dtype()), i));
      }
      if (tensors[i].dim() > 1) {
        throw Error(ErrorKind::bad_argument, "torch.meshgrid: Expected 0D or 1D tensor in the tensor list")
            .found(fmt::format("{} at position {}", to_string(tensors[i].sizes()), i));
      }
      sizes[place(i, swaps)] = tensors[i].numel();
    }
    return sizes;
  }
};
struct Meshgrid {
  static constexpr std::string_view schema = "aten::meshgrid(Tensor[] tensors) -> Tensor[]";
  static std::vector<Tensor> compose(std::span<const Tensor> tensors) {
    return MeshgridIndexing::compose(tensors, "ij");
  }
};

}  // namespace

std::span<const okibi::Op> rearranging_ops() {
  static constexpr okibi::Op rows[] = {
      entry<ExpandAs>(),
      entry<BroadcastTo>(),
      entry<Narrow>(),
      entry<SqueezeDims>(),
      entry<Swap<swapaxes_schema>>(),
      entry<Swap<swapdims_schema>>(),
      entry<MoveDim<movedim_schema>>(),
      entry<MoveDim<moveaxis_schema>>(),
      entry<MoveDims<movedims_schema>>(),
      entry<MoveDims<moveaxes_schema>>(),
      entry<MatrixT<mt_schema>>(),
      entry<MatrixT<mt_a_schema>>(),
      entry<Diagonal>(),
      entry<Unbind>(),
      entry<BroadcastTensors>(),
      entry<Meshgrid>(),
      entry<MeshgridIndexing>(),
  };
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

std::vector<Tensor> unbind(const Tensor& x, int64_t dim) { return ops::Unbind::compose(x, dim); }
std::vector<Tensor> broadcast_tensors(std::span<const Tensor> tensors) {
  return ops::BroadcastTensors::compose(tensors);
}
std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, const std::string& indexing) {
  return ops::MeshgridIndexing::compose(tensors, indexing);
}

}  // namespace okibi
