// Choosing between numbers by a mask; taking tensors apart and stacking them.
#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

void check_mask(const Tensor& mask, const char* what) {
  if (mask.dtype() == boolean) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} chooses by a tensor of booleans", what))
      .found(std::string(name_of(mask.dtype())))
      .hint("Compare with something, or convert with .to(okibi::boolean).");
}

Tensor spread(const Tensor& x, const Dims& sizes, DType dtype) { return x.to(dtype).expand(sizes).contiguous(); }

// out = condition ? a : b; all contiguous, of equal sizes
template <class T>
void choose(int64_t n, const bool* condition, const T* a, const T* b, T* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = condition[i] ? a[i] : b[i];
}

// The gradient where `mask` is `wanted`, else 0, back to the sizes and dtype of what was broadcast.
struct Source {
  Dims sizes;
  DType dtype;
};
Tensor masked(const Tensor& gradient, const Tensor& mask, bool wanted, const Source& source) {
  const Tensor g = gradient.contiguous(), m = spread(mask, gradient.sizes(), boolean);
  const Tensor out = empty(gradient.sizes(), {gradient.dtype()});
  dispatch_real(g.dtype(), "where backward", [&]<class T>() {
    const bool* at = m.data<bool>();
    const T* from = numbers_of<const T>(g);
    for (int64_t i = 0; i < g.numel(); ++i) numbers_of<T>(out)[i] = at[i] == wanted ? from[i] : T();
  });
  return sum_to(out, source.sizes).to(source.dtype);
}

struct Where {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor";
  static OutputSpec infer(const Tensor& condition, const Tensor& a, const Tensor& b) {
    check_mask(condition, "where");
    return {broadcast_sizes(condition.sizes(), broadcast_sizes(a.sizes(), b.sizes())), result_type(a, b)};
  }
  static void forward(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& out) {
    const Dims& sizes = out.sizes();
    const Tensor mask = spread(condition, sizes, boolean);
    const Tensor yes = spread(a, sizes, out.dtype()), no = spread(b, sizes, out.dtype());
    dispatch_real(out.dtype(), "where", [&]<class T>() {
      choose(out.numel(), mask.data<bool>(), numbers_of<const T>(yes), numbers_of<const T>(no), numbers_of<T>(out));
    });
  }

  static constexpr const char* backward_name = "WhereBackward0";
  using Saved = std::tuple<SavedTensor, Source, Source>;
  static Saved save(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor&) {
    return {SavedTensor::input(condition), Source{a.sizes(), a.dtype()}, Source{b.sizes(), b.dtype()}};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [condition, a, b] = saved;
    std::array<Tensor, 3> gradients;
    if (edges.needed(1)) gradients[1] = masked(gradient, condition.get(), true, a);
    if (edges.needed(2)) gradients[2] = masked(gradient, condition.get(), false, b);
    return gradients;
  }
};

struct MaskedFill {
  static constexpr std::string_view schema =
      "aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& mask, double value) {
    check_mask(mask, "masked_fill");
    return call<Where>(mask, full({}, value, {x.dtype()}), x);
  }
};

struct Stack {
  static constexpr std::string_view schema = "aten::stack(Tensor[] tensors, int dim=0) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors, int64_t dim) {
    if (tensors.empty()) throw Error(ErrorKind::bad_argument, "stack expects a non-empty list of tensors");
    const int64_t along = static_cast<int64_t>(wrap_dim(dim, tensors[0].sizes().size() + 1));
    pool::Vector<Tensor> parts;
    for (const Tensor& tensor : tensors) {
      if (tensor.sizes() != tensors[0].sizes()) {
        throw Error(ErrorKind::bad_argument, "stack expects each tensor to be equal size")
            .expected(to_string(tensors[0].sizes()))
            .found(fmt::format("{} at entry {}", to_string(tensor.sizes()), parts.size()));
      }
      parts.push_back(tensor.unsqueeze(along));
    }
    return okibi::cat(parts, along);
  }
};

struct Split {
  static constexpr std::string_view schema =
      "aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, int64_t size, int64_t dim) {
    const int64_t n = x.size(dim);
    if (size < 0 || (size == 0 && n > 0)) {
      throw Error(ErrorKind::bad_argument, "split expects a size of 1 or more").found(std::to_string(size));
    }
    if (n == 0) return {x};
    std::vector<Tensor> parts;
    for (int64_t at = 0; at < n; at += size) parts.push_back(x.narrow(dim, at, std::min(size, n - at)));
    return parts;
  }
};

struct Chunk {
  static constexpr std::string_view schema = "aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, int64_t chunks, int64_t dim) {
    if (chunks < 1) {
      throw Error(ErrorKind::bad_argument, "chunk expects `chunks` to be greater than 0").found(std::to_string(chunks));
    }
    const int64_t n = x.size(dim), size = n / chunks + (n % chunks != 0);
    if (size > 0) return Split::compose(x, size, dim);
    constexpr int64_t most = 1 << 20;
    if (chunks > most) throw Error(ErrorKind::limit, "chunk: more parts than any").found(std::to_string(chunks));
    return std::vector<Tensor>(static_cast<size_t>(chunks), x);  // nothing, so many times
  }
};

}  // namespace

std::span<const okibi::Op> choosing_ops() {
  static constexpr okibi::Op rows[] = {entry<Where>(), entry<MaskedFill>(), entry<Stack>(), entry<Split>(),
                                       entry<Chunk>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return ops::call<ops::Where>(condition, a, b);
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
  return ops::MaskedFill::compose(x, mask, value);
}
Tensor stack(std::span<const Tensor> tensors, int64_t dim) { return ops::Stack::compose(tensors, dim); }
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim) { return ops::Split::compose(x, size, dim); }
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim) { return ops::Chunk::compose(x, chunks, dim); }

}  // namespace okibi
