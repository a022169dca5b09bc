// Softmax and its logarithm, over any dimension.
#include "kernels/kernels.h"
#include "ops/around.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

Extent extent_of(const Dims& sizes, int64_t dim) { return {sizes, wrap_dim(dim, sizes.size())}; }

template <class Op>
struct OverDim {
  static OutputSpec infer(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
    wrap_dim(dim, std::max<size_t>(x.sizes().size(), 1));
    return {x.sizes(), dtype.value_or(x.dtype())};
  }
  static void forward(const Tensor& x, int64_t dim, std::optional<DType>, const Tensor& out) {
    const Tensor in = x.to(out.dtype()).contiguous();
    const Extent around = extent_of(in.sizes(), dim);
    dispatch_floating(out.dtype(), Op::name, [&]<class T>() {
      Op::template kernel<T>(around.outer, around.n, around.inner, in.data<T>(), out.data<T>());
    });
  }

  using Saved = std::tuple<SavedTensor, int64_t, DType>;
  static Saved save(const Tensor& x, int64_t dim, std::optional<DType>, const Tensor& out) {
    return {SavedTensor::output(out), dim, x.dtype()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [tensor, dim, dtype] = saved;
    const Tensor& out = tensor.get();
    const Tensor g = gradient.contiguous(), result = empty(out.sizes(), {out.dtype()});
    const Extent around = extent_of(out.sizes(), dim);
    dispatch_floating(out.dtype(), Op::backward_name, [&]<class T>() {
      Op::template kernel_back<T>(around.outer, around.n, around.inner, g.data<T>(), out.data<T>(), result.data<T>());
    });
    return {result.to(dtype)};
  }
};

struct Softmax : OverDim<Softmax> {
  static constexpr std::string_view schema =
      "aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor";
  static constexpr const char *name = "softmax", *backward_name = "SoftmaxBackward0";
  template <class T>
  static constexpr auto kernel = &kernels::softmax<T>;
  template <class T>
  static constexpr auto kernel_back = &kernels::softmax_backward<T>;
};

struct LogSoftmax : OverDim<LogSoftmax> {
  static constexpr std::string_view schema =
      "aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor";
  static constexpr const char *name = "log_softmax", *backward_name = "LogSoftmaxBackward0";
  template <class T>
  static constexpr auto kernel = &kernels::log_softmax<T>;
  template <class T>
  static constexpr auto kernel_back = &kernels::log_softmax_backward<T>;
};

}  // namespace

std::span<const okibi::Op> softmax_ops() {
  static constexpr okibi::Op rows[] = {entry<Softmax>(), entry<LogSoftmax>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor softmax(const Tensor& x, int64_t dim) { return ops::call<ops::Softmax>(x, dim, std::optional<DType>()); }
Tensor log_softmax(const Tensor& x, int64_t dim) { return ops::call<ops::LogSoftmax>(x, dim, std::optional<DType>()); }

}  // namespace okibi
