// Tensors that programs make of a few numbers: windows of signals, frequencies, and tensors
// whose elements lie in an order of their own. And what is known of dtypes.
#include <okibi/base.h>
#include <okibi/ops.h>

#include <cmath>
#include <numbers>

#include "ops/operands.h"
#include "script/host_values.h"

namespace okibi::script {
namespace {

DType floating_at(Arguments a, size_t index, std::string_view name) {
  const DType dtype = dtype_at(a, index, DType::float32);
  if (is_floating_point(dtype)) return dtype;
  throw Error(ErrorKind::bad_argument, fmt::format("{} expects floating point dtypes", name))
      .found(std::string(name_of(dtype)));
}

// ------------------------------------------------------------------------------------------------------------- windows

// number(i, last) of each place, where `last` is that of a window that ends as it begins; a periodic one lacks its end.
template <class Number>
Tensor window_of(const Value& length, bool periodic, DType dtype, std::string_view name, Number&& number) {
  const int64_t n = length.to_int();
  if (n < 0) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("{} requires non-negative window_length, got window_length={}", name, n));
  }
  const Tensor window = ones({n}, {DType::float64});
  const double last = static_cast<double>(n) - (periodic ? 0 : 1);
  for (int64_t i = 0; n > 1 && i < n; ++i) window.data<double>()[i] = number(static_cast<double>(i), last);
  return window.to(dtype);
}

Tensor raised_cosine(Arguments a, size_t dtype, double alpha, double beta, std::string_view name) {
  const bool periodic = dtype == 1 || a[1].to_bool();
  return window_of(a[0], periodic, floating_at(a, dtype, name), name,
                   [&](double i, double last) { return alpha - beta * std::cos(2 * std::numbers::pi * i / last); });
}
template <size_t dtype>
Value hann_window(Arguments a) {
  return raised_cosine(a, dtype, 0.5, 0.5, "hann_window");
}
template <size_t dtype>
Value hamming_window(Arguments a) {
  return raised_cosine(a, dtype, dtype > 2 ? a[2].to_double() : 0.54, dtype > 3 ? a[3].to_double() : 0.46,
                       "hamming_window");
}
template <size_t dtype>
Value blackman_window(Arguments a) {
  return window_of(a[0], dtype == 1 || a[1].to_bool(), floating_at(a, dtype, "blackman_window"), "blackman_window",
                   [](double i, double last) {
                     const double turn = 2 * std::numbers::pi * i / last;
                     return 0.42 - 0.5 * std::cos(turn) + 0.08 * std::cos(2 * turn);
                   });
}
template <size_t dtype>
Value bartlett_window(Arguments a) {
  return window_of(a[0], dtype == 1 || a[1].to_bool(), floating_at(a, dtype, "bartlett_window"), "bartlett_window",
                   [](double i, double last) { return 1 - std::abs(2 * i / last - 1); });
}

// By the modified Bessel function of order 0, whose numbers beyond exp(700) no double holds.
template <size_t dtype>
Value kaiser_window(Arguments a) {
  const double beta = dtype > 2 ? std::abs(a[2].to_double()) : 12;
  if (!(beta <= 700)) {
    throw Error(ErrorKind::unsupported, "kaiser_window: a beta of at most 700").found(fmt::format("{}", beta));
  }
  return window_of(a[0], dtype == 1 || a[1].to_bool(), floating_at(a, dtype, "kaiser_window"), "kaiser_window",
                   [beta](double i, double last) {
                     const double place = 2 * i / last - 1, root = std::sqrt(std::max(1 - place * place, 0.0));
                     return std::cyl_bessel_i(0.0, beta * root) / std::cyl_bessel_i(0.0, beta);
                   });
}

// --------------------------------------------------------------------------------------------- frequencies

Value frequencies(Arguments a) {
  const int64_t n = a[0].to_int();
  const DType dtype = floating_at(a, 2, "fftfreq");
  const Tensor all = empty({n}, {DType::float64});
  for (int64_t i = 0; i < n; ++i) {
    const int64_t part = i < (n + 1) / 2 ? i : i - n;
    all.data<double>()[i] = static_cast<double>(part) * (1 / (static_cast<double>(n) * a[1].to_double()));
  }
  return all.to(dtype);
}
Value half_frequencies(Arguments a) {
  const int64_t n = a[0].to_int();
  const DType dtype = floating_at(a, 2, "rfftfreq");
  const Tensor all = empty({n < 0 ? n : n / 2 + 1}, {DType::float64});
  for (int64_t i = 0; i < all.numel(); ++i) {
    all.data<double>()[i] = static_cast<double>(i) * (1 / (static_cast<double>(n) * a[1].to_double()));
  }
  return all.to(dtype);
}

// ------------------------------------------------------------------------------------------------------------- strides

Tensor with_strides(const Dims& sizes, const Dims& strides, DType dtype) {
  if (sizes.size() != strides.size()) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("dimensionality of sizes ({}) must match dimensionality of strides "
                            "({})",
                            sizes.size(), strides.size()));
  }
  uint64_t reach = 1;
  for (size_t d = 0; d < sizes.size() && numel_of(sizes) > 0; ++d) {
    if (strides[d] < 0) throw Error(ErrorKind::bad_argument, "strides may not be negative").found(to_string(strides));
    const uint64_t more =
        checked_mul(static_cast<uint64_t>(sizes[d] - 1), static_cast<uint64_t>(strides[d]), "empty_strided");
    reach = checked_add(reach, more, "empty_strided");
  }
  const int64_t count = numel_of(sizes) == 0 ? 0 : static_cast<int64_t>(reach);
  return zeros({count}, {dtype}).as_strided(sizes, strides, 0);
}
Value empty_strided(Arguments a) {
  return with_strides(ops::dims_from(a[0]), ops::dims_from(a[1]), dtype_at(a, 2, DType::float32));
}
Value new_empty_strided(Arguments a) {
  return with_strides(ops::dims_from(a[1]), ops::dims_from(a[2]), dtype_at(a, 3, a[0].to_tensor().dtype()));
}
Value empty_permuted(Arguments a) {
  const Dims sizes = ops::dims_from(a[0]), layout = ops::dims_from(a[1]);
  Dims physical, back(sizes.size(), -1);
  for (size_t i = 0; i < layout.size(); ++i) {
    const bool is_dim = layout.size() == sizes.size() && layout[i] >= 0 && std::cmp_less(layout[i], sizes.size());
    if (!is_dim || back[static_cast<size_t>(layout[i])] != -1) {
      throw Error(ErrorKind::bad_argument, "empty_permuted: Duplicate dim not allowed, nor one that is not there")
          .found(to_string(layout));
    }
    back[static_cast<size_t>(layout[i])] = static_cast<int64_t>(i);
    physical.push_back(sizes[static_cast<size_t>(layout[i])]);
  }
  if (layout.size() != sizes.size()) {
    throw Error(ErrorKind::bad_argument, "empty_permuted: the layout must name each dimension")
        .found(to_string(layout));
  }
  return zeros(physical, {dtype_at(a, 2, DType::float32)}).permute(back);
}

// -------------------------------------------------------------------------------------------------------------- dtypes

Value result_of_tensors(Arguments a) { return number_of(ops::result_type(a[0].to_tensor(), a[1].to_tensor())); }
Value result_with_number(Arguments a) { return number_of(ops::result_type(a[0].to_tensor().dtype(), a[1])); }
Value result_of_number(Arguments a) { return number_of(ops::result_type(a[1].to_tensor().dtype(), a[0])); }
Value result_of_numbers(Arguments a) { return number_of(promote_types(dtype_of_number(a[0]), dtype_of_number(a[1]))); }
Value promoted(Arguments a) {
  return number_of(promote_types(dtype_numbered(a[0].to_int()), dtype_numbered(a[1].to_int())));
}
Value can_cast(Arguments a) { return rank_of(dtype_numbered(a[0].to_int())) <= rank_of(dtype_numbered(a[1].to_int())); }
Value is_conj(Arguments a) { return a[0].to_tensor().is_conj(); }
Value is_neg(Arguments a) { return a[0].to_tensor().is_neg(); }

Value broadcast_shapes(Arguments a) {
  std::vector<Value> sizes;
  for (const int64_t size : broadcast_sizes(ops::dims_from(a[0]), ops::dims_from(a[1]))) sizes.emplace_back(size);
  return List(std::move(sizes));
}

constexpr HostRow rows[] = {
    {"aten::hann_window", "-", hann_window<1>},
    {"aten::hann_window", "periodic", hann_window<2>},
    {"aten::hamming_window", "-", hamming_window<1>},
    {"aten::hamming_window", "periodic", hamming_window<2>},
    {"aten::hamming_window", "periodic_alpha", hamming_window<3>},
    {"aten::hamming_window", "periodic_alpha_beta", hamming_window<4>},
    {"aten::blackman_window", "-", blackman_window<1>},
    {"aten::blackman_window", "periodic", blackman_window<2>},
    {"aten::bartlett_window", "-", bartlett_window<1>},
    {"aten::bartlett_window", "periodic", bartlett_window<2>},
    {"aten::kaiser_window", "-", kaiser_window<1>},
    {"aten::kaiser_window", "periodic", kaiser_window<2>},
    {"aten::kaiser_window", "beta", kaiser_window<3>},
    {"aten::fft_fftfreq", "-", frequencies},
    {"aten::fft_rfftfreq", "-", half_frequencies},
    {"aten::empty_strided", "-", empty_strided},
    {"aten::new_empty_strided", "-", new_empty_strided},
    {"aten::empty_permuted", "-", empty_permuted},
    {"aten::result_type", "Tensor", result_of_tensors},
    {"aten::result_type", "Scalar", result_with_number},
    {"aten::result_type", "Scalar_Tensor", result_of_number},
    {"aten::result_type", "Scalar_Scalar", result_of_numbers},
    {"aten::promote_types", "-", promoted},
    {"aten::can_cast", "-", can_cast},
    {"aten::is_conj", "-", is_conj},
    {"aten::is_neg", "-", is_neg},
    {"aten::broadcast_shapes", "-", broadcast_shapes},
};

}  // namespace

std::span<const HostRow> window_rows() { return rows; }

}  // namespace okibi::script
