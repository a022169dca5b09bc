// Picking by masks of booleans, and choosing between numbers by them.
#include <fmt/format.h>

#include "ops/indexing.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

int64_t count_true(const Tensor& truth) { return kernels::count_true(truth.numel(), truth.raw_data()); }

// Which elements are not zero, a byte for each; NaN is not.
Tensor not_zero(const Tensor& x) {
  require_plain(x, "nonzero");
  return x.to(boolean).contiguous();
}

// (n, dims): the indices of those that are true, into `out`, of which n is known.
void write_indices(const Tensor& truth, const Tensor& out) {
  const Dims& sizes = truth.sizes();
  const size_t dims = sizes.size();
  if (out.numel() == 0) return;
  const Tensor places = empty({out.sizes()[0]}, {int64});
  kernels::places_of_true(truth.numel(), truth.raw_data(), places.data<int64_t>());
  int64_t* to = out.data<int64_t>();
  for (int64_t i = 0; i < places.numel(); ++i, to += dims) {
    int64_t flat = places.data<int64_t>()[i];
    for (size_t d = dims; d-- > 1; flat /= sizes[d]) to[d] = flat % sizes[d];
    to[0] = flat;
  }
}

struct Nonzero {
  static constexpr std::string_view schema = "aten::nonzero(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) { return {{count_true(not_zero(x)), x.dim()}, int64}; }
  static void forward(const Tensor& x, const Tensor& out) { write_indices(not_zero(x), out); }
};

std::vector<Tensor> columns_of_nonzero(const Tensor& x) {
  const NoGrad no_grad;
  const Tensor rows = call<Nonzero>(x.dim() == 0 ? x.reshape({1}) : x);
  std::vector<Tensor> columns;
  for (int64_t d = 0; d < rows.size(1); ++d) columns.push_back(rows.select(1, d));
  return columns;
}

struct WhereCondition {
  static constexpr std::string_view schema = "aten::where(Tensor condition) -> Tensor[]";
  static std::vector<Tensor> compose(const Tensor& condition) { return columns_of_nonzero(condition); }
};
struct NonzeroNumpy {
  static constexpr std::string_view schema = "aten::nonzero_numpy(Tensor self) -> Tensor[]";
  static std::vector<Tensor> compose(const Tensor& x) { return columns_of_nonzero(x); }
};
struct Argwhere {
  static constexpr std::string_view schema = "aten::argwhere(Tensor self) -> Tensor";
  static OutputSpec infer(const Tensor& x) { return Nonzero::infer(x); }
  static void forward(const Tensor& x, const Tensor& out) { Nonzero::forward(x, out); }
};

struct MaskedSelect {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::masked_select(Tensor self, Tensor mask) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& mask) {
    require_plain(x, "masked_select");
    return {{count_true(spread_truth(x, mask))}, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& mask, const Tensor& out) {
    const Tensor truth = spread_truth(x, mask), in = x.expand(truth.sizes()).contiguous();
    const std::vector<int64_t> places = places_in(truth, out.numel());
    kernels::pick(flat(places), bytes_of(x), in.raw_data(), out.raw_data());
  }

  static constexpr const char* backward_name = "MaskedSelectBackward0";
  using Saved = std::tuple<SavedTensor, Dims>;
  static Saved save(const Tensor& x, const Tensor& mask, const Tensor&) {
    return {SavedTensor::input(mask), x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [mask, sizes] = saved;
    const Tensor truth = spread_over(mask.get(), broadcast_sizes(sizes, mask.get().sizes()));
    const Tensor out = zeros(truth.sizes(), {gradient.dtype()}), g = gradient.contiguous();
    put_where(truth, g, out);
    return {sum_to(out, sizes)};
  }

  // Numbers of `values` in the places of out where it is true, one after the other.
  static void put_where(const Tensor& truth, const Tensor& values, const Tensor& out) {
    const std::vector<int64_t> places = places_in(truth, count_true(truth));
    kernels::put(flat(places), bytes_of(out), values.raw_data(), out.raw_data());
  }
  static Tensor spread_over(const Tensor& mask, const Dims& sizes) {
    return truth_of(mask, "masked_select").expand(sizes).contiguous();
  }

 private:
  static Tensor spread_truth(const Tensor& x, const Tensor& mask) {
    return spread_over(mask, broadcast_sizes(x.sizes(), mask.sizes()));
  }
  static std::vector<int64_t> places_in(const Tensor& truth, int64_t count) {
    std::vector<int64_t> places(static_cast<size_t>(count));
    kernels::places_of_true(truth.numel(), truth.raw_data(), places.data());
    return places;
  }
  static kernels::Places flat(const std::vector<int64_t>& places) {
    static constexpr int64_t none[] = {0};
    return {places, none, true, 1};
  }
};

void check_masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source) {
  require_plain(x, "masked_scatter");
  require_plain(source, "masked_scatter");
  require_same_dtype(x, source, "masked_scatter");
  const Tensor truth = truth_of(mask, "masked_scatter");
  const int64_t wanted = count_true(truth.expand(broadcast_sizes(x.sizes(), mask.sizes())).contiguous());
  if (wanted <= source.numel()) return;
  throw Error(ErrorKind::bad_argument, "masked_scatter: Number of elements of source < number of ones in mask")
      .expected(fmt::format("at least {}", wanted))
      .found(std::to_string(source.numel()));
}

struct MaskedScatter {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& mask, const Tensor& source) {
    check_masked_scatter(x, mask, source);
    return {broadcast_sizes(x.sizes(), mask.sizes()), x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& mask, const Tensor& source, const Tensor& out) {
    out.copy_(x);
    MaskedSelect::put_where(MaskedSelect::spread_over(mask, out.sizes()), source.contiguous(), out);
  }

  static constexpr const char* backward_name = "MaskedScatterBackward0";
  using Saved = std::tuple<SavedTensor, Dims, Dims>;  // the mask, sizes of x and of the source
  static Saved save(const Tensor& x, const Tensor& mask, const Tensor& source, const Tensor&) {
    return {SavedTensor::input(mask), x.sizes(), source.sizes()};
  }
  static std::array<Tensor, 3> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [mask, sizes, source_sizes] = saved;
    std::array<Tensor, 3> gradients;  // x, the mask, the source
    if (edges.needed(0)) gradients[0] = sum_to(okibi::masked_fill(gradient, mask.get(), 0), sizes);
    if (edges.needed(2)) {
      const Tensor taken = call<MaskedSelect>(gradient, mask.get()), all = zeros(source_sizes, {gradient.dtype()});
      all.view({-1}).narrow(0, 0, taken.numel()).copy_(taken);  // what the mask did not reach gets none
      gradients[2] = all;
    }
    return gradients;
  }
};

struct MaskedFillTensor {
  static constexpr std::string_view schema =
      "aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& mask, const Tensor& value) {
    if (value.dim() > 0) {
      throw Error(ErrorKind::bad_argument, "masked_fill only supports a 0-dimensional value tensor")
          .found(to_string(value.sizes()));
    }
    return okibi::where(mask, value.to(x.dtype()), x);
  }
};

// ------------------------------------------------------------------------------------- where, with numbers for tensors

DType dtype_of_number(const Value& number) { return number.is_bool() ? boolean : number.is_int() ? int64 : float32; }

struct WhereScalarOther {
  static constexpr std::string_view schema =
      "aten::where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor";
  static Tensor compose(const Tensor& condition, const Tensor& x, const Value& other) {
    const Beside both(x, other);
    return okibi::where(condition, both.x, both.number);
  }
};
struct WhereScalarSelf {
  static constexpr std::string_view schema =
      "aten::where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor";
  static Tensor compose(const Tensor& condition, const Value& self, const Tensor& other) {
    const Beside both(other, self);
    return okibi::where(condition, both.number, both.x);
  }
};
struct WhereScalar {
  static constexpr std::string_view schema =
      "aten::where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor";
  static Tensor compose(const Tensor& condition, const Value& self, const Value& other) {
    const DType dtype = promote_types(dtype_of_number(self), dtype_of_number(other));
    return okibi::where(condition, number_tensor(self, dtype), number_tensor(other, dtype));
  }
};

}  // namespace

const Tensor& masked_scatter_in_place(const Tensor& x, const Tensor& mask, const Tensor& source) {
  check_masked_scatter(x, mask, source);
  refuse_lost_gradient(source, "masked_scatter_");
  const Tensor truth = MaskedSelect::spread_over(apart_from(x, mask), x.sizes()), from = apart_from(x, source);
  return change_in_place(x, [&](const Tensor& into) { MaskedSelect::put_where(truth, from, into); });
}

std::span<const okibi::Op> masking_ops() {
  static constexpr okibi::Op rows[] = {
      entry<Nonzero>(),         entry<WhereCondition>(), entry<NonzeroNumpy>(),     entry<Argwhere>(),
      entry<MaskedSelect>(),    entry<MaskedScatter>(),  entry<MaskedFillTensor>(), entry<WhereScalarOther>(),
      entry<WhereScalarSelf>(), entry<WhereScalar>(),
  };
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor masked_select(const Tensor& x, const Tensor& mask) { return ops::call<ops::MaskedSelect>(x, mask); }
Tensor nonzero(const Tensor& x) { return ops::call<ops::Nonzero>(x); }
std::vector<Tensor> where(const Tensor& condition) { return ops::columns_of_nonzero(condition); }

}  // namespace okibi
