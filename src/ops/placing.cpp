// Parts of a tensor in the place of others, without changing it; and sequences of several lengths side by side.
#include <algorithm>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// Part: schema, backward_name, of(x, arguments…): the view that the source takes the place of.
template <class Part, class... Arguments>
struct InPlaceOf {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = Part::schema;
  static OutputSpec infer(const Tensor& x, const Tensor& source, Arguments... arguments) {
    const Tensor part = Part::of(x, arguments...);
    if (part.sizes() == source.sizes()) return {x.sizes(), x.dtype()};
    refuse(fmt::format("expected src to have a size equal to the slice of self. src size = {}, slice size = {}",
                       to_string(source.sizes()), to_string(part.sizes())));
  }
  static void forward(const Tensor& x, const Tensor& source, Arguments... arguments, const Tensor& out) {
    out.copy_(x);
    Part::of(out, arguments...).copy_(source);
  }

  static constexpr const char* backward_name = Part::backward_name;
  struct Saved {
    std::tuple<Arguments...> arguments;
    DType source;
  };
  static Saved save(const Tensor&, const Tensor& source, Arguments... arguments, const Tensor&) {
    return {{arguments...}, source.dtype()};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto part = [&](const Tensor& x) {
      return std::apply([&](const auto&... arguments) { return Part::of(x, arguments...); }, saved.arguments);
    };
    std::array<Tensor, 2> gradients;
    if (edges.needed(1)) gradients[1] = part(gradient).clone().to(saved.source);
    if (edges.needed(0)) {
      gradients[0] = gradient.clone();
      part(gradients[0]).zero_();
    }
    return gradients;
  }
};
using MaybeInt = std::optional<int64_t>;
struct SelectPart {
  static constexpr std::string_view schema =
      "aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor";
  static constexpr const char* backward_name = "SelectScatterBackward0";
  static Tensor of(const Tensor& x, int64_t dim, int64_t index) { return x.select(dim, index); }
};
struct SlicePart {
  static constexpr std::string_view schema =
      "aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> "
      "Tensor";
  static constexpr const char* backward_name = "SliceScatterBackward0";
  static Tensor of(const Tensor& x, int64_t dim, MaybeInt start, MaybeInt end, int64_t step) {
    return x.slice(dim, start.value_or(0), end.value_or(INT64_MAX), step);
  }
};
struct DiagonalPart {
  static constexpr std::string_view schema =
      "aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor";
  static constexpr const char* backward_name = "DiagonalScatterBackward0";
  static Tensor of(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    return computed("aten::diagonal", x, offset, dim1, dim2);
  }
};

// Rows of nonzero's, exactly `size` of them: cut off, or filled up.
struct NonzeroStatic {
  static constexpr std::string_view schema =
      "aten::nonzero_static(Tensor self, *, SymInt size, int fill_value=-1) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t size, int64_t) {
    if (size < 0) refuse("nonzero_static: 'size' must be an non-negative integer");
    return {{size, x.dim()}, int64};
  }
  static void forward(const Tensor& x, int64_t size, int64_t fill_value, const Tensor& out) {
    const Tensor rows = okibi::nonzero(x);
    const int64_t kept = std::min(rows.size(0), size);
    out.copy_(number_tensor(Value(fill_value), int64));
    out.narrow(0, 0, kept).copy_(rows.narrow(0, 0, kept));
  }
};

struct FillScalar {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::fill.Scalar(Tensor self, Scalar value) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Value&) { return {x.sizes(), x.dtype()}; }
  static void forward(const Tensor& x, const Value& value, const Tensor& out) {
    out.copy_(number_tensor(value, x.dtype()));
  }
};
struct FillTensor {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::fill.Tensor(Tensor self, Tensor value) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& value) {
    if (value.dim() == 0) return {x.sizes(), x.dtype()};
    refuse(fmt::format("fill_ only supports 0-dimension value tensor but got tensor with {} dimensions.", value.dim()));
  }
  static void forward(const Tensor&, const Tensor& value, const Tensor& out) { out.copy_(value); }

  static constexpr const char* backward_name = "FillBackward0";
  using Saved = std::tuple<Dims, DType>;
  static Saved save(const Tensor& x, const Tensor& value, const Tensor&) { return {x.sizes(), value.dtype()}; }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    std::array<Tensor, 2> gradients;
    if (edges.needed(0)) gradients[0] = zeros(std::get<0>(saved), {gradient.dtype()});
    if (edges.needed(1)) gradients[1] = okibi::sum(gradient).to(std::get<1>(saved));
    return gradients;
  }
};

// Sequences (length, *) of several lengths, as (longest, sequences, *) or (sequences, longest, *).
struct PadSequence {
  static constexpr std::string_view schema =
      "aten::pad_sequence(Tensor[] sequences, bool batch_first=False, float padding_value=0., str "
      "padding_side=\"right\") -> Tensor";
  static Tensor compose(std::span<const Tensor> sequences, bool batch_first, double value, const std::string& side) {
    if (sequences.empty()) refuse("received an empty list of sequences");
    if (side != "left" && side != "right") {
      refuse(fmt::format("Expected padding_side to be one of left or right, but got {}.", printable(side, 40)));
    }
    int64_t longest = 0;
    for (const Tensor& each : sequences) {
      if (each.dim() == 0) refuse("pad_sequence: a sequence needs at least one dimension");
      longest = std::max(longest, each.size(0));
    }
    std::vector<Tensor> padded;
    for (const Tensor& each : sequences) {
      Dims pad(2 * each.sizes().size(), 0);  // of the last dimension first
      pad[pad.size() - (side == "left" ? 2 : 1)] = longest - each.size(0);
      padded.push_back(computed("aten::pad", each, pad, std::string("constant"), value));
    }
    return okibi::stack(padded, batch_first ? 0 : 1);
  }
};

}  // namespace

std::span<const okibi::Op> placing_ops() {
  static constexpr okibi::Op rows[] = {
      entry<InPlaceOf<SelectPart, int64_t, int64_t>>(),
      entry<InPlaceOf<SlicePart, int64_t, MaybeInt, MaybeInt, int64_t>>(),
      entry<InPlaceOf<DiagonalPart, int64_t, int64_t, int64_t>>(),
      entry<NonzeroStatic>(),
      entry<FillScalar>(),
      entry<FillTensor>(),
      entry<PadSequence>(),
  };
  return rows;
}

}  // namespace okibi::ops
