// Putting tensors together, and picking parts of them by index.
#include <fmt/format.h>

#include "kernels/embedding.h"
#include "kernels/kernels.h"
#include "ops/around.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// A tensor of sizes (0) joins with anything: an old habit of PyTorch that people rely on.
bool is_skipped(const Tensor& tensor) { return tensor.dim() == 1 && tensor.size(0) == 0; }

struct Cat {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::cat(Tensor[] tensors, int dim=0) -> Tensor";

  static OutputSpec infer(std::span<const Tensor> tensors, int64_t dim) {
    if (tensors.empty()) throw Error(ErrorKind::bad_argument, "torch.cat(): expected a non-empty list of Tensors");
    const Tensor& first = pattern(tensors);
    OutputSpec spec{first.sizes(), tensors[0].dtype()};
    const size_t along = wrap_dim(dim, first.sizes().size());
    spec.sizes[along] = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      spec.dtype = promote_types(spec.dtype, tensors[i].dtype());
      if (is_skipped(tensors[i])) continue;
      check_fits(first, tensors[i], i, along);
      spec.sizes[along] += tensors[i].size(static_cast<int64_t>(along));
    }
    return spec;
  }

  static void forward(std::span<const Tensor> tensors, int64_t dim, const Tensor& out) {
    const size_t along = wrap_dim(dim, out.sizes().size());
    const Extent whole(out.sizes(), along);
    const int64_t bytes = static_cast<int64_t>(itemsize(out.dtype()));
    int64_t begin = 0;
    for (const Tensor& tensor : tensors) {
      if (is_skipped(tensor) && out.dim() != 1) continue;
      const Tensor part = tensor.to(out.dtype()).contiguous();
      const int64_t width = part.sizes()[along] * whole.inner * bytes;
      kernels::copy_rows(whole.outer, width, part.raw_data(), width, out.raw_data() + begin * whole.inner * bytes,
                         whole.n * whole.inner * bytes);
      begin += part.sizes()[along];
    }
  }

  static constexpr const char* backward_name = "CatBackward0";
  using Saved = std::tuple<pool::Vector<OutputSpec>, size_t>;  // of the parts; the dimension
  static Saved save(std::span<const Tensor> tensors, int64_t dim, const Tensor& out) {
    pool::Vector<OutputSpec> parts;
    parts.reserve(tensors.size());
    for (const Tensor& tensor : tensors) parts.push_back({tensor.sizes(), tensor.dtype()});
    return {std::move(parts), wrap_dim(dim, out.sizes().size())};
  }
  static pool::Vector<Tensor> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [parts, along] = saved;
    pool::Vector<Tensor> gradients(parts.size());
    int64_t begin = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto& [sizes, dtype] = parts[i];
      const bool skipped = sizes.size() != gradient.sizes().size();
      const int64_t width = skipped ? 0 : sizes[along];
      if (edges.needed(i)) {
        gradients[i] =
            skipped ? zeros(sizes, {dtype}) : gradient.narrow(static_cast<int64_t>(along), begin, width).to(dtype);
      }
      begin += width;
    }
    return gradients;
  }

 private:
  static const Tensor& pattern(std::span<const Tensor> tensors) {
    for (const Tensor& tensor : tensors) {
      if (!is_skipped(tensor)) return tensor;
    }
    return tensors[0];
  }
  static void check_fits(const Tensor& first, const Tensor& tensor, size_t index, size_t along) {
    if (tensor.dim() == 0)
      throw Error(ErrorKind::bad_argument,
                  fmt::format("zero-dimensional tensor (at position {}) cannot be concatenated", index));
    if (tensor.dim() != first.dim()) {
      throw Error(
          ErrorKind::bad_argument,
          fmt::format("Tensors must have same number of dimensions: got {} and {} for tensor number {} in the list",
                      first.dim(), tensor.dim(), index));
    }
    for (size_t d = 0; d < first.sizes().size(); ++d) {
      if (d == along || tensor.sizes()[d] == first.sizes()[d]) continue;
      throw Error(ErrorKind::bad_argument, fmt::format("Sizes of tensors must match except in dimension {}. Expected "
                                                       "size {} but got size {} for tensor number {} in the list.",
                                                       along, first.sizes()[d], tensor.sizes()[d], index));
    }
  }
};

// ------------------------------------------------------------------------------------------------------- index_select

template <class Index>
void check_indices(const Tensor& index, int64_t n) {
  const std::span<const Index> all(index.data<Index>(), static_cast<size_t>(index.numel()));
  const int64_t bad = kernels::first_out_of_range(all, n);
  if (bad < 0) return;
  throw Error(ErrorKind::out_of_range,
              fmt::format("index out of range in self: index {} at position {} of index_select, valid are 0 to {}",
                          all[static_cast<size_t>(bad)], bad, n - 1));
}

struct IndexSelect {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::index_select(Tensor self, int dim, Tensor index) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, const Tensor& index) {
    if (index.dim() > 1)
      throw Error(ErrorKind::bad_argument, "index_select(): Index is supposed to be a vector")
          .found(to_string(index.sizes()));
    Dims sizes = x.sizes();
    const size_t along = wrap_dim(dim, sizes.size());
    if (sizes.empty() && index.numel() != 1) {
      throw Error(ErrorKind::bad_argument, "index_select(): Index to scalar can have only 1 value")
          .found(to_string(index.sizes()));
    }
    if (!sizes.empty()) sizes[along] = index.numel();
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& out) {
    const Tensor in = x.contiguous(), at = index.contiguous();
    const Extent from(in.sizes(), wrap_dim(dim, in.sizes().size()));
    const int64_t bytes = from.inner * static_cast<int64_t>(itemsize(x.dtype())), count = at.numel();
    dispatch_index(at.dtype(), "index_select", [&]<class Index>() {
      check_indices<Index>(at, from.n);
      const std::span<const Index> picked(at.data<Index>(), static_cast<size_t>(count));
      for (int64_t o = 0; o < from.outer; ++o) {
        kernels::gather_rows(picked, bytes, in.raw_data() + o * from.n * bytes, out.raw_data() + o * count * bytes,
                             bytes);
      }
    });
  }

  static constexpr const char* backward_name = "IndexSelectBackward0";
  using Saved = std::tuple<SavedTensor, Dims, size_t>;
  static Saved save(const Tensor& x, int64_t dim, const Tensor& index, const Tensor&) {
    return {SavedTensor::input(index), x.sizes(), wrap_dim(dim, x.sizes().size())};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [index, sizes, along] = saved;
    const Tensor at = index.get().contiguous(), g = gradient.contiguous();
    const Tensor out = zeros(sizes, {g.dtype()});
    const Extent to(sizes, along);
    dispatch_floating(g.dtype(), "index_select backward", [&]<class T>() {
      dispatch_index(at.dtype(), "index_select", [&]<class Index>() { scatter<T, Index>(g, at, to, out); });
    });
    return {out};
  }

 private:
  template <class T, class Index>
  static void scatter(const Tensor& gradient, const Tensor& at, const Extent& to, const Tensor& out) {
    const T* from = gradient.data<T>();
    for (int64_t o = 0; o < to.outer; ++o) {
      for (int64_t i = 0; i < at.numel(); ++i) {
        T* row = out.data<T>() + (o * to.n + at.data<Index>()[i]) * to.inner;
        for (int64_t j = 0; j < to.inner; ++j) row[j] += *from++;
      }
    }
  }
};

// Each number less the one before it, n times; what is given for the ends counts, too.
struct Diff {
  static constexpr std::string_view schema =
      "aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t n, int64_t dim, const Tensor& before, const Tensor& behind) {
    if (x.dim() == 0) throw Error(ErrorKind::bad_argument, "diff expects input to be at least one-dimensional");
    if (n < 0) throw Error(ErrorKind::bad_argument, "order must be non-negative").found(std::to_string(n));
    std::vector<Tensor> parts;
    for (const Tensor& part : {before, x, behind}) {
      if (part.defined()) parts.push_back(part);
    }
    Tensor result = n > 0 && parts.size() > 1 ? okibi::cat(parts, dim) : x;
    for (int64_t i = 0; i < n && result.size(dim) > 0; ++i) result = differences(result, dim);
    return n > 0 ? result : result.clone();
  }

 private:
  static Tensor differences(const Tensor& x, int64_t dim) {
    const int64_t left = x.size(dim) - 1;
    const Tensor later = x.narrow(dim, 1, left), earlier = x.narrow(dim, 0, left);
    return x.dtype() == boolean ? okibi::logical_xor(later, earlier) : okibi::sub(later, earlier);
  }
};

}  // namespace

std::span<const okibi::Op> joining_ops() {
  static constexpr okibi::Op rows[] = {entry<Cat>(), entry<IndexSelect>(), entry<Diff>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor cat(std::span<const Tensor> tensors, int64_t dim) { return ops::call<ops::Cat>(tensors, dim); }
Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  return ops::call<ops::IndexSelect>(x, dim, index);
}

}  // namespace okibi
