// Products of the numbers of a tensor: of all, along a dimension, and running ones.
#include <algorithm>

#include "ops/op.h"
#include "ops/rows.h"

namespace okibi::ops {
namespace {

using DimList = std::optional<Dims>;
using MaybeDType = std::optional<DType>;

DType multiplied(DType dtype) { return is_integral(dtype) || dtype == boolean ? int64 : dtype; }

// Integers wrap around, as in PyTorch.
template <class T>
T product_of(const T* x, int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    T product = 1;
    for (int64_t i = 0; i < n; ++i) product *= x[i];
    return product;
  } else {
    uint64_t product = 1;
    for (int64_t i = 0; i < n; ++i) product *= static_cast<uint64_t>(x[i]);
    return static_cast<T>(product);
  }
}

// Of each number the product of all others: those before it, then those behind it. So zeros need no care.
template <class T>
void products_of_others(const T* x, int64_t n, T up, T* out) {
  T before = up, behind = 1;
  for (int64_t i = 0; i < n; ++i) {
    out[i] = before;
    before *= x[i];
  }
  for (int64_t i = n; i-- > 0;) {
    out[i] *= behind;
    behind *= x[i];
  }
}

void multiply_rows(const Tensor& x, const NamedDims& named, const Tensor& out) {
  const Rows in(x.to(out.dtype()), named);
  dispatch_numbers(out.dtype(), "prod", [&]<class T>() {
    T* to = out.data<T>();
    for_each_row<T>(in, [&](int64_t row, const T* numbers) { to[row] = product_of(numbers, in.n); });
  });
}

struct ProductSaved {
  SavedTensor x;
  DType dtype;  // of the product
  std::optional<int64_t> dim;
  DimList dims() const { return dim ? DimList(Dims{*dim}) : std::nullopt; }
};

std::array<Tensor, 1> gradient_of_product(const Tensor& gradient, const ProductSaved& saved) {
  const Tensor x = saved.x.get().to(saved.dtype), g = gradient.contiguous();
  const auto work = [&]<class T>(int64_t row, const T* numbers, int64_t n, T* out) {
    products_of_others(numbers, n, g.data<T>()[row], out);
  };
  return {gradient_of_rows(x, named_dims(x, saved.dims()), "prod", work).to(saved.x.get().dtype())};
}

struct Prod {
  static constexpr std::string_view schema = "aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, MaybeDType dtype) { return {{}, dtype.value_or(multiplied(x.dtype()))}; }
  static void forward(const Tensor& x, MaybeDType, const Tensor& out) {
    multiply_rows(x, named_dims(x, std::nullopt), out);
  }
  static constexpr const char* backward_name = "ProdBackward0";
  using Saved = ProductSaved;
  static Saved save(const Tensor& x, MaybeDType, const Tensor& out) {
    return {SavedTensor::input(x), out.dtype(), std::nullopt};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return gradient_of_product(gradient, saved);
  }
};
struct ProdDim {
  static constexpr std::string_view schema =
      "aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, bool keepdim, MaybeDType dtype) {
    return {sizes_without(x, named_dims(x, Dims{dim}), keepdim), dtype.value_or(multiplied(x.dtype()))};
  }
  static void forward(const Tensor& x, int64_t dim, bool, MaybeDType, const Tensor& out) {
    multiply_rows(x, named_dims(x, Dims{dim}), out);
  }
  static constexpr const char* backward_name = "ProdBackward1";
  using Saved = ProductSaved;
  static Saved save(const Tensor& x, int64_t dim, bool, MaybeDType, const Tensor& out) {
    return {SavedTensor::input(x), out.dtype(), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return gradient_of_product(gradient, saved);
  }
};

struct Cumprod {
  static constexpr std::string_view schema = "aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim, MaybeDType dtype) {
    static_cast<void>(named_dims(x, Dims{dim}));
    return {x.sizes(), dtype.value_or(multiplied(x.dtype()))};
  }
  static void forward(const Tensor& x, int64_t dim, MaybeDType, const Tensor& out) {
    if (out.numel() == 0) return;  // of which there may be any number of rows
    const Rows in(x.to(out.dtype()), named_dims(x, Dims{dim}));
    const Tensor products = empty(in.x.sizes(), {out.dtype()});
    dispatch_numbers(out.dtype(), "cumprod", [&]<class T>() {
      T* to = products.data<T>();
      for_each_row<T>(in, [&](int64_t row, const T* numbers) { run(numbers, in.n, to + row * in.n); });
    });
    out.copy_(in.put_back(products));
  }

  static constexpr const char* backward_name = "CumprodBackward0";
  using Saved = ProductSaved;
  static Saved save(const Tensor& x, int64_t dim, MaybeDType, const Tensor& out) {
    return {SavedTensor::input(x), out.dtype(), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor x = saved.x.get().to(saved.dtype);
    const NamedDims named = named_dims(x, saved.dims());
    const Rows up(gradient, named);
    const auto work = [&]<class T>(int64_t row, const T* numbers, int64_t n, T* out) {
      slopes(numbers, up.x.data<T>() + row * n, n, out);
    };
    return {gradient_of_rows(x, named, "cumprod", work).to(saved.x.get().dtype())};
  }

 private:
  template <class T>
  static void run(const T* x, int64_t n, T* out) {
    std::conditional_t<std::is_floating_point_v<T>, double, uint64_t> product = 1;
    for (int64_t i = 0; i < n; ++i) {
      product *= static_cast<decltype(product)>(x[i]);
      out[i] = static_cast<T>(product);
    }
  }
  // x[k] is in all products from the k-th on. Up to the first zero they can be divided by it; the zero itself stands
  // before products of the others, of which those behind the second zero are zero again; behind it nothing matters.
  template <class T>
  static void slopes(const T* x, const T* up, int64_t n, T* out) {
    const int64_t zero = std::find(x, x + n, T(0)) - x;
    double product = 1;
    for (int64_t i = 0; i < zero; ++i) out[i] = static_cast<T>(product *= static_cast<double>(x[i]));
    if (zero < n) {
      double sum = static_cast<double>(up[zero]) * product, others = product;
      for (int64_t i = zero + 1; i < n; ++i) sum += static_cast<double>(up[i]) * (others *= static_cast<double>(x[i]));
      out[zero] = static_cast<T>(sum);
      std::fill(out + zero + 1, out + n, T(0));
    }
    double sum = 0;
    for (int64_t i = zero; i-- > 0;) {
      sum += static_cast<double>(up[i]) * static_cast<double>(out[i]);
      out[i] = static_cast<T>(sum / static_cast<double>(x[i]));
    }
  }
};

}  // namespace

std::span<const okibi::Op> number_product_ops() {
  static constexpr okibi::Op rows[] = {entry<Prod>(), entry<ProdDim>(), entry<Cumprod>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor prod(const Tensor& x) { return call<Prod>(x, MaybeDType()); }
Tensor prod(const Tensor& x, int64_t dim, bool keepdim) { return call<ProdDim>(x, dim, keepdim, MaybeDType()); }

}  // namespace okibi
