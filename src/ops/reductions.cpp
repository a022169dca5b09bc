// Sums and means.
#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "tensor/geometry.h"

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

// x as (outer, n, inner) around the dimension that is summed.
struct SumDim {
  static constexpr std::string_view schema =
      "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor";
  static size_t only(const Tensor& x, const Dims& dims) {
    if (dims.size() == 1) return wrap_dim(dims[0], x.sizes().size());
    throw Error(ErrorKind::unsupported, "sum over several dimensions at once is not implemented")
        .hint("Sum over one at a time.");
  }
  static Dims without(Dims sizes, size_t dim, bool keepdim) {
    if (keepdim)
      sizes[dim] = 1;
    else
      sizes.erase(dim);
    return sizes;
  }
  static OutputSpec infer(const Tensor& x, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
    return {without(x.sizes(), only(x, dims), keepdim), dtype.value_or(summed(x.dtype()))};
  }
  static void forward(const Tensor& x, const Dims& dims, bool, std::optional<DType>, const Tensor& out) {
    const size_t dim = only(x, dims);
    const Tensor in = x.to(out.dtype()).contiguous();
    const std::span<const int64_t> sizes = in.sizes();
    const int64_t outer = numel_of(Dims(sizes.first(dim))), n = sizes[dim],
                  inner = numel_of(Dims(sizes.subspan(dim + 1)));
    dispatch_numbers(out.dtype(), "sum", [&]<class T>() {
      for (int64_t o = 0; o < outer; ++o) add_rows(n, inner, in.data<T>() + o * n * inner, out.data<T>() + o * inner);
    });
  }

  static constexpr const char* backward_name = "SumBackward1";
  using Saved = std::tuple<Dims, DType, size_t, bool>;
  static Saved save(const Tensor& x, const Dims& dims, bool keepdim, std::optional<DType>, const Tensor&) {
    return {x.sizes(), x.dtype(), only(x, dims), keepdim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [sizes, dtype, dim, keepdim] = saved;
    return {gradient.to(dtype).view(without(sizes, dim, true)).expand(sizes)};
  }

 private:
  template <class T>
  static void add_rows(int64_t rows, int64_t columns, const T* x, T* out) {
    if constexpr (std::is_floating_point_v<T>) {
      kernels::sum_rows(rows, columns, x, out);
    } else {
      for (int64_t c = 0; c < columns; ++c) {
        uint64_t total = 0;
        for (int64_t r = 0; r < rows; ++r) total += static_cast<uint64_t>(x[r * columns + c]);
        out[c] = static_cast<T>(total);
      }
    }
  }
};

}  // namespace

std::span<const okibi::Op> reduction_ops() {
  static constexpr okibi::Op rows[] = {entry<Sum>(), entry<Mean>(), entry<SumDim>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor sum(const Tensor& x) { return ops::call<ops::Sum>(x, std::optional<DType>()); }
Tensor mean(const Tensor& x) { return ops::call<ops::Mean>(x, std::optional<DType>()); }
Tensor sum(const Tensor& x, int64_t dim, bool keepdim) {
  return ops::call<ops::SumDim>(x, Dims{dim}, keepdim, std::optional<DType>());
}

}  // namespace okibi
