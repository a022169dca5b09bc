// Numbers more than once, and tensors side by side.
#include <fmt/format.h>
#include <okibi/ops.h>

#include "ops/arranging.h"
#include "ops/dispatch.h"
#include "ops/indexing.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

void require_output_size(std::optional<int64_t> given, int64_t expected) {
  if (!given || *given == expected) return;
  throw Error(ErrorKind::bad_argument, "repeat_interleave: Invalid output_size")
      .expected(std::to_string(expected))
      .found(std::to_string(*given));
}

// [0, 1, 1, 2, 2, 2] of [1, 2, 3]
struct RepeatIndices {
  static constexpr std::string_view schema =
      "aten::repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor";
  static OutputSpec infer(const Tensor& repeats, std::optional<int64_t> output_size) {
    if (repeats.dim() != 1) {
      throw Error(ErrorKind::bad_argument, "repeat_interleave only accept 1D vector as repeat")
          .found(to_string(repeats.sizes()));
    }
    const int64_t total = sum_of(repeats.to(int64).contiguous());
    if (repeats.dtype() != int64 && repeats.dtype() != int32)
      throw_cannot_compute("repeat_interleave", repeats.dtype());
    require_output_size(output_size, total);
    return {{total}, repeats.dtype()};
  }
  static void forward(const Tensor& repeats, std::optional<int64_t>, const Tensor& out) {
    const Tensor counts = repeats.contiguous();
    dispatch_index(repeats.dtype(), "repeat_interleave", [&]<class Index>() {
      Index* to = out.data<Index>();
      for (int64_t i = 0; i < counts.numel(); ++i) to = std::fill_n(to, counts.data<Index>()[i], static_cast<Index>(i));
    });
  }

 private:
  static int64_t sum_of(const Tensor& repeats) {
    int64_t total = 0;
    for (int64_t i = 0; i < repeats.numel(); ++i) {
      const int64_t count = repeats.data<int64_t>()[i];
      if (count < 0) {
        throw Error(ErrorKind::bad_argument, "repeats can not be negative")
            .found(fmt::format("{} at position {}", count, i));
      }
      if (__builtin_add_overflow(total, count, &total))
        throw Error(ErrorKind::bad_argument, "repeat_interleave: the repeats are more than any tensor can hold");
    }
    return total;
  }
};

struct RepeatInterleaveInt {
  static constexpr std::string_view schema =
      "aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> "
      "Tensor";
  static Tensor compose(const Tensor& x, int64_t repeats, std::optional<int64_t> dim,
                        std::optional<int64_t> output_size) {
    const Tensor in = dim ? at_least(1, x) : x.reshape({-1});
    if (repeats < 0)
      throw Error(ErrorKind::bad_argument, "Repeats must be non-negative").found(std::to_string(repeats));
    const auto at = static_cast<int64_t>(wrap_dim(dim.value_or(0), in.sizes().size()));
    require_output_size(output_size, static_cast<int64_t>(checked_mul(static_cast<uint64_t>(in.size(at)),
                                                                      static_cast<uint64_t>(repeats), "repeats")));
    Dims sizes = in.sizes();
    sizes.insert(static_cast<size_t>(at) + 1, repeats);
    return in.unsqueeze(at + 1).expand(sizes).clone().flatten(at, at + 1);
  }
};

struct RepeatInterleaveTensor {
  static constexpr std::string_view schema =
      "aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> "
      "Tensor";
  static Tensor compose(const Tensor& x, const Tensor& repeats, std::optional<int64_t> dim,
                        std::optional<int64_t> output_size) {
    const Tensor in = dim ? at_least(1, x) : x.reshape({-1});
    const int64_t at = dim.value_or(0), n = in.size(at);
    const bool one_for_all = repeats.dim() == 0 || (repeats.dim() == 1 && repeats.numel() == 1);
    if (!one_for_all && (repeats.dim() != 1 || repeats.numel() != n)) {
      throw Error(ErrorKind::bad_argument,
                  "repeats must be 0-dim or 1-dim tensor, with the same size as input along dim")
          .expected(std::to_string(n))
          .found(to_string(repeats.sizes()));
    }
    const Tensor counts = one_for_all ? repeats.reshape({1}).expand({n}) : repeats;
    return okibi::index_select(in, at, call<RepeatIndices>(counts, output_size));
  }
};

struct Tile {
  static constexpr std::string_view schema = "aten::tile(Tensor self, SymInt[] dims) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& dims) {
    Dims repeats = dims;
    while (repeats.size() < x.sizes().size()) repeats.insert(0, 1);
    return repeat(x, repeats);
  }
};

// ------------------------------------------------------------------------------------------------------- side by side

template <int64_t dims>
struct AtLeast {
  static constexpr std::string_view schema = dims == 1   ? "aten::atleast_1d(Tensor self) -> Tensor"
                                             : dims == 2 ? "aten::atleast_2d(Tensor self) -> Tensor"
                                                         : "aten::atleast_3d(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) { return at_least(dims, x); }
};

std::vector<Tensor> all_at_least(int64_t dims, std::span<const Tensor> tensors, std::string_view name) {
  if (tensors.empty()) throw Error(ErrorKind::bad_argument, fmt::format("{} expects a non-empty TensorList", name));
  std::vector<Tensor> all;
  for (const Tensor& tensor : tensors) all.push_back(at_least(dims, tensor));
  return all;
}
template <int64_t dims>
struct AtLeastAll {
  static constexpr std::string_view schema = dims == 1   ? "aten::atleast_1d.Sequence(Tensor[] tensors) -> Tensor[]"
                                             : dims == 2 ? "aten::atleast_2d.Sequence(Tensor[] tensors) -> Tensor[]"
                                                         : "aten::atleast_3d.Sequence(Tensor[] tensors) -> Tensor[]";
  static std::vector<Tensor> compose(std::span<const Tensor> tensors) {
    return tensors.empty() ? std::vector<Tensor>() : all_at_least(dims, tensors, "atleast");
  }
};

struct HStack {
  static constexpr std::string_view schema = "aten::hstack(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) {
    const std::vector<Tensor> all = all_at_least(1, tensors, "hstack");
    return okibi::cat(all, all[0].dim() == 1 ? 0 : 1);
  }
};
struct VStack {
  static constexpr std::string_view schema = "aten::vstack(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) { return okibi::cat(all_at_least(2, tensors, "vstack"), 0); }
};
struct DStack {
  static constexpr std::string_view schema = "aten::dstack(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) { return okibi::cat(all_at_least(3, tensors, "dstack"), 2); }
};

}  // namespace

std::span<const okibi::Op> repeating_ops() {
  static constexpr okibi::Op rows[] = {
      entry<RepeatIndices>(),
      entry<RepeatInterleaveInt>(),
      entry<RepeatInterleaveTensor>(),
      entry<Tile>(),
      entry<AtLeast<1>>(),
      entry<AtLeast<2>>(),
      entry<AtLeast<3>>(),
      entry<AtLeastAll<1>>(),
      entry<AtLeastAll<2>>(),
      entry<AtLeastAll<3>>(),
      entry<HStack>(),
      entry<VStack>(),
      entry<DStack>(),
  };
  return rows;
}

}  // namespace okibi::ops
