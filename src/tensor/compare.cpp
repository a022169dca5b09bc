#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "tensor/body.h"
#include "tensor/element.h"
#include "tensor/strided.h"

namespace okibi {
namespace {

StridedBytes side_of(const TensorBody& body) { return strided_bytes(body.data(), body.strides, itemsize(body.dtype)); }

// Calls visit(a, b) for each pair of elements, until it says false. Both are of type T and of the same sizes.
template <class T, class Visit>
void each_pair(const TensorBody& a, const TensorBody& b, Visit&& visit) {
  if (a.numel == 0) return;
  const PairWalk walk(a.sizes, side_of(a), side_of(b));
  bool more = true;
  walk.rows(0, walk.numel(), [&](const std::byte* one, const std::byte* other, size_t count) {
    for (size_t i = 0; i < count && more; ++i, one += walk.to_step(), other += walk.from_step()) {
      T left, right;
      std::memcpy(&left, one, sizeof left);
      std::memcpy(&right, other, sizeof right);
      more = visit(left, right);
    }
  });
}

template <class T>
bool all_pairs_equal(const TensorBody& a, const TensorBody& b) {
  bool equal = true;
  each_pair<T>(a, b, [&](const T& left, const T& right) { return equal = widen(left) == widen(right); });
  return equal;
}

// Elements that are no numbers are the same when their bytes are.
bool same_bytes(const TensorBody& a, const TensorBody& b) {
  const size_t bytes = itemsize(a.dtype);
  bool equal = true;
  if (a.numel == 0) return true;
  if (is_packed(a.dtype)) {
    return std::memcmp(a.data(), b.data(), nbytes_of(a.dtype, static_cast<uint64_t>(a.numel))) == 0;
  }
  const PairWalk walk(a.sizes, side_of(a), side_of(b));
  walk.rows(0, walk.numel(), [&](const std::byte* one, const std::byte* other, size_t count) {
    for (size_t i = 0; i < count && equal; ++i, one += walk.to_step(), other += walk.from_step()) {
      equal = std::memcmp(one, other, bytes) == 0;
    }
  });
  return equal;
}

void require_numbers(const Tensor& tensor, std::string_view operation) {
  const TensorBody& body = body_of(tensor);
  if (body.layout == Layout::strided && body.storage) return;
  throw Error(ErrorKind::unsupported, fmt::format("{} of a tensor with no block of numbers of its own", operation))
      .found(body.layout == Layout::strided ? std::string("a meta tensor")
                                            : fmt::format("layout torch.{}", name_of(body.layout)));
}

// Both in the dtype that they are compared in, over the sizes given.
using Reals = std::pair<Tensor, Tensor>;
Reals for_comparison(const Tensor& a, const Tensor& b, const Dims& sizes, std::string_view operation) {
  require_numbers(a, operation);
  require_numbers(b, operation);
  const NoGrad comparing;
  const DType dtype = is_complex(a.dtype()) || is_complex(b.dtype()) ? complex128 : float64;
  const auto numbers = [&](const Tensor& tensor) {
    return (tensor.is_quantized() ? tensor.dequantize() : tensor).resolve_conj().resolve_neg().to(dtype).expand(sizes);
  };
  return {numbers(a), numbers(b)};
}

template <class Visit>
void each_number_pair(const Reals& pair, Visit&& visit) {
  const TensorBody &a = *pair.first.body(), &b = *pair.second.body();
  if (a.dtype == complex128) return each_pair<std::complex<double>>(a, b, visit);
  each_pair<double>(a, b, visit);
}

template <class T>
bool is_nan(const T& value) {
  return value != value;
}

}  // namespace

namespace {

bool equal_parts(const TensorExtras& a, const TensorExtras& b) {
  const auto same = [](const Tensor& x, const Tensor& y) {
    return x.defined() == y.defined() && (!x.defined() || equal(x, y));
  };
  return same(a.indices, b.indices) && same(a.compressed, b.compressed) && same(a.plain, b.plain) &&
         same(a.sizes, b.sizes) && same(a.strides, b.strides) && same(a.offsets, b.offsets) && same(a.values, b.values);
}

bool same_quantizer(const Tensor& a, const Tensor& b) {
  if (a.is_quantized() != b.is_quantized()) return false;
  if (!a.is_quantized()) return true;
  const Quantizer &x = a.quantizer(), &y = b.quantizer();
  if (x.scheme != y.scheme || x.scales.defined() != y.scales.defined()) return false;
  if (!x.scales.defined()) return x.scale == y.scale && x.zero_point == y.zero_point;
  return x.axis == y.axis && equal(x.scales, y.scales) && equal(x.zero_points, y.zero_points);
}

}  // namespace

bool equal(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes() || a.layout() != b.layout()) return false;
  if (a.layout() != Layout::strided) return equal_parts(*a.body()->extras, *b.body()->extras);
  require_numbers(a, "equal");
  require_numbers(b, "equal");
  if (a.body()->is_lazy() || b.body()->is_lazy()) {
    return equal(a.resolve_conj().resolve_neg(), b.resolve_conj().resolve_neg());
  }
  if (!same_quantizer(a, b)) return false;
  const TensorBody &one = *a.body(), &other = *b.body();
  if (!has_element_type(a.dtype())) return same_bytes(one, other);
  return with_element_type(a.dtype(), [&]<class T>(std::type_identity<T>) { return all_pairs_equal<T>(one, other); });
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  bool close = true;
  each_number_pair(for_comparison(a, b, broadcast_sizes(a.sizes(), b.sizes()), "allclose"),
                   [&](const auto& left, const auto& right) {
                     const double difference = std::abs(left - right), allowed = atol + std::abs(rtol * right);
                     return close = left == right || (std::isfinite(difference) && difference <= allowed);
                   });
  return close;
}

double max_abs_difference(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) {
    throw Error(ErrorKind::bad_argument, "tensors of different sizes have no largest difference")
        .expected(to_string(a.sizes()))
        .found(to_string(b.sizes()));
  }
  double largest = 0;
  each_number_pair(for_comparison(a, b, a.sizes(), "max_abs_difference"), [&](const auto& left, const auto& right) {
    if (left == right || (is_nan(left) && is_nan(right))) return true;
    const double difference = std::abs(left - right);
    largest = is_nan(difference) ? difference : std::max(largest, difference);
    return !is_nan(difference);
  });
  return largest;
}

}  // namespace okibi
