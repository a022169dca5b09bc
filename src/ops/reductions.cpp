// Sums and means of all there is.
#include "kernels/kernels.h"
#include "ops/complex_numbers.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

DType summed(DType dtype) { return is_integral(dtype) || dtype == boolean ? int64 : dtype; }

template <class T>
void sum_all(const Tensor& x, const Tensor& out) {
  if constexpr (std::is_floating_point_v<T>) {
    *out.data<T>() = kernels::sum(x.numel(), x.data<T>());
  } else {
    uint64_t total = 0;  // wraps around, as in PyTorch
    for (int64_t i = 0; i < x.numel(); ++i) total += static_cast<uint64_t>(x.data<T>()[i]);
    *out.data<int64_t>() = static_cast<int64_t>(total);
  }
}

struct Sum {
  static constexpr std::string_view schema = "aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, std::optional<DType> dtype) {
    return {{}, dtype.value_or(summed(x.dtype()))};
  }
  static void forward(const Tensor& x, std::optional<DType> dtype, const Tensor& out) {
    const Tensor in = (dtype ? x.to(*dtype) : x).contiguous();
    if (is_complex(in.dtype())) return pairs_of(out).copy_(okibi::sum(pairs_of(in).view({-1, 2}), 0)), void();
    dispatch_numbers(in.dtype(), "sum", [&]<class T>() { sum_all<T>(in, out); });
  }

  static constexpr const char* backward_name = "SumBackward0";
  using Saved = std::tuple<Dims, DType>;
  static Saved save(const Tensor& x, std::optional<DType>, const Tensor&) { return {x.sizes(), x.dtype()}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [sizes, dtype] = saved;
    return {gradient.to(dtype).expand(sizes)};
  }
};

struct Mean {
  static constexpr std::string_view schema = "aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, std::optional<DType> dtype) {
    const DType result = dtype.value_or(x.dtype());
    if (is_floating_point(result) || is_complex(result)) return {{}, result};
    throw Error(ErrorKind::bad_argument,
                "mean(): could not infer output dtype. Input dtype must be either a floating point "
                "or complex dtype")
        .found(std::string(name_of(result)));
  }
  static void forward(const Tensor& x, std::optional<DType> dtype, const Tensor& out) {
    Sum::forward(x, dtype, out);
    if (is_complex(out.dtype())) {
      return complex_product(out, full({}, 1 / static_cast<double>(x.numel()), {out.dtype()}), out);
    }
    dispatch_floating(out.dtype(), "mean", [&]<class T>() { *out.data<T>() /= static_cast<T>(x.numel()); });
  }

  static constexpr const char* backward_name = "MeanBackward0";
  using Saved = Sum::Saved;
  static Saved save(const Tensor& x, std::optional<DType> dtype, const Tensor& out) { return Sum::save(x, dtype, out); }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [sizes, dtype] = saved;
    return {okibi::div(gradient, full({}, static_cast<double>(numel_of(sizes)), {gradient.dtype()}))
                .to(dtype)
                .expand(sizes)};
  }
};

}  // namespace

std::span<const okibi::Op> reduction_ops() {
  static constexpr okibi::Op rows[] = {entry<Sum>(), entry<Mean>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor sum(const Tensor& x) { return ops::call<ops::Sum>(x, std::optional<DType>()); }
Tensor mean(const Tensor& x) { return ops::call<ops::Mean>(x, std::optional<DType>()); }
}  // namespace okibi
