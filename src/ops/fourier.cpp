// Discrete Fourier transforms of tensors, along one dimension or several; computed in double.
#include "ops/fourier.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/fourier.h"
#include "ops/around.h"
#include "ops/by_name.h"
#include "ops/complex_numbers.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

using MaybeDims = std::optional<Dims>;
using MaybeInt = std::optional<int64_t>;
using MaybeText = std::optional<std::string>;

// Of a signal. Just above a power of two a length with a large prime needs the most: some 290 bytes for each number,
// and 144 more with each further thread.
constexpr int64_t longest = int64_t{1} << 26;

// What goes in and comes out: complex numbers of both; real ones, and of the result only the half that says all; or
// such a half, and real numbers.
enum class Kind : uint8_t { complex, real_to_half, half_to_real };

struct Request {
  Kind kind;
  bool inverse;
  Dims dims, lengths;  // without signs; of the signal along each
  double scale = 1;

  int64_t half() const { return lengths.back() / 2 + 1; }
};

DType real_dtype(const Tensor& x) {
  if (is_complex(x.dtype())) return real_of(x.dtype());
  if (x.dtype() == float16 || x.dtype() == bfloat16) {
    throw Error(ErrorKind::unsupported, fmt::format("Unsupported dtype {}", name_of(x.dtype())))
        .hint("Convert with .to(okibi::float32) first.");
  }
  return is_floating_point(x.dtype()) ? x.dtype() : float32;
}

void check_length(int64_t n) {
  if (n < 1) refuse(fmt::format("Invalid number of data points ({}) specified", n));
  if (n > longest) {
    throw Error(ErrorKind::limit, "a signal is longer than any transform")
        .expected(fmt::format("at most {}", longest))
        .found(std::to_string(n));
  }
}

double scale_of(const MaybeText& norm, bool inverse, const Dims& lengths) {
  double count = 1;
  for (const int64_t n : lengths) count *= static_cast<double>(n);
  if (!norm || *norm == "backward") return inverse ? 1 / count : 1;
  if (*norm == "forward") return inverse ? 1 : 1 / count;
  if (*norm == "ortho") return 1 / std::sqrt(count);
  refuse(fmt::format("Invalid normalization mode: \"{}\"", printable(*norm, 40)));
}

void require_real(const Tensor& x, Kind kind, std::string_view name, std::string_view what) {
  if (kind != Kind::real_to_half || !is_complex(x.dtype())) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("{} expects a {} input tensor, but got {}", name, what, name_of(x.dtype())));
}

int64_t usual_length(const Tensor& x, int64_t dim, Kind kind, bool is_last) {
  const int64_t size = x.size(dim);
  if (kind != Kind::half_to_real || !is_last) return size;
  check_length(std::max<int64_t>(size, 1));  // or twice as many might be more than can be counted
  return 2 * (size - 1);
}

Request along_one(const Tensor& x, Kind kind, bool inverse, MaybeInt n, int64_t dim, const MaybeText& norm,
                  std::string_view name) {
  require_real(x, kind, name, "real");
  real_dtype(x);
  if (x.dim() == 0) {
    throw Error(ErrorKind::out_of_range, fmt::format("Dimension specified as {} but tensor has no dimensions", dim));
  }
  const auto d = static_cast<int64_t>(wrap_dim(dim, x.sizes().size()));
  const int64_t length = n.value_or(usual_length(x, d, kind, true));
  check_length(length);
  return {kind, inverse, {d}, {length}, scale_of(norm, inverse, {length})};
}

// Along `dims`, or as many of the last as there are lengths, or all. A length of -1 is the size itself.
Request along_many(const Tensor& x, Kind kind, bool inverse, const MaybeDims& lengths, const MaybeDims& dims,
                   const MaybeText& norm, std::string_view name) {
  require_real(x, kind, name, "real-valued");
  real_dtype(x);
  Request r{kind, inverse, {}, {}, 1};
  const size_t rank = x.sizes().size();
  if (lengths && dims && lengths->size() != dims->size()) {
    refuse("When given, dim and shape arguments must have the same length");
  }
  if (lengths && lengths->size() > rank) {
    refuse(fmt::format("Got shape with {} values but input tensor only has {} dimensions.", lengths->size(), rank));
  }
  const size_t count = dims ? dims->size() : lengths ? lengths->size() : rank;
  for (size_t i = 0; i < count; ++i) {
    const size_t d = dims ? wrap_dim((*dims)[i], rank) : rank - count + i;
    if (std::ranges::find(r.dims, static_cast<int64_t>(d)) != r.dims.end()) refuse("FFT dims must be unique");
    r.dims.push_back(static_cast<int64_t>(d));
  }
  if (r.dims.empty() && kind != Kind::complex) refuse(fmt::format("{} must transform at least one axis", name));
  for (size_t i = 0; i < count; ++i) {
    const bool is_given = lengths && (*lengths)[i] != -1;
    r.lengths.push_back(is_given ? (*lengths)[i] : usual_length(x, r.dims[i], kind, i + 1 == count));
    check_length(r.lengths.back());
  }
  r.scale = scale_of(norm, inverse, r.lengths);
  return r;
}

OutputSpec spec_of(const Tensor& x, const Request& r) {
  Dims sizes = x.sizes();
  for (size_t i = 0; i < r.dims.size(); ++i) sizes[static_cast<size_t>(r.dims[i])] = r.lengths[i];
  if (r.kind == Kind::real_to_half) sizes[static_cast<size_t>(r.dims.back())] = r.half();
  const DType real = real_dtype(x);
  return {sizes, r.kind == Kind::half_to_real ? real : complex_of(real)};
}

// ---- the work, in complex128

// As much of x as fits, and zeros.
Tensor resized(const Tensor& x, const Dims& sizes) {
  if (x.sizes() == sizes) return x.dtype() == complex128 ? x.clone() : x.to(complex128).contiguous();
  const Tensor whole = zeros(sizes, {complex128});
  Tensor from = x, to = whole;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const int64_t common = std::min(sizes[d], x.sizes()[d]);
    from = from.narrow(static_cast<int64_t>(d), 0, common);
    to = to.narrow(static_cast<int64_t>(d), 0, common);
  }
  to.copy_(from);
  return whole;
}

// work(plan, i, room for n numbers, what else the plan needs) for each i of `count`.
template <class Work>
void with_plan(int64_t n, int64_t count, Work&& work) {
  const kernels::FourierPlan plan(n);
  kernels::split(count, std::max<int64_t>(8192 / n, 1), [&](int64_t first, int64_t last) {
    std::vector<std::complex<double>> numbers(static_cast<size_t>(n)), room(static_cast<size_t>(plan.room()));
    for (int64_t i = first; i < last; ++i) work(plan, i, numbers.data(), room.data());
  });
}

void transform_along(const Tensor& work, int64_t dim, bool inverse) {
  const Extent around(work.sizes(), static_cast<size_t>(dim));
  const int64_t n = around.n, inner = around.inner, rows = around.outer * inner;
  if (rows == 0) return;
  auto* const all = complex_numbers<double>(work);
  with_plan(n, rows, [&](const kernels::FourierPlan& plan, int64_t i, auto* numbers, auto* room) {
    auto* const at = all + i / inner * n * inner + i % inner;
    if (inner == 1) return plan.transform(inverse, at, room);
    for (int64_t j = 0; j < n; ++j) numbers[j] = at[j * inner];
    plan.transform(inverse, numbers, room);
    for (int64_t j = 0; j < n; ++j) at[j * inner] = numbers[j];
  });
}

// The last dimension from its first half, of which the ends are real: the others are conjugated on the other side.
void complete(const Tensor& work, int64_t dim) {
  const Extent around(work.sizes(), static_cast<size_t>(dim));
  auto* const numbers = complex_numbers<double>(work);
  const int64_t n = around.n, inner = around.inner;
  kernels::split(around.outer * inner, std::max<int64_t>(kernels::elementwise_grain / n, 1),
                 [&](int64_t first, int64_t last) {
                   for (int64_t i = first; i < last; ++i) {
                     auto* const at = numbers + i / inner * n * inner + i % inner;
                     at[0] = at[0].real();
                     if (n % 2 == 0) at[n / 2 * inner] = at[n / 2 * inner].real();
                     for (int64_t k = n / 2 + 1; k < n; ++k) at[k * inner] = std::conj(at[(n - k) * inner]);
                   }
                 });
}

// ---- of real rows, as pairs of real numbers

// x (*, n) → out (*, bins, 2), both contiguous.
void transform_real_rows(const Tensor& x, int64_t bins, double scale, const Tensor& out) {
  const int64_t n = x.size(-1);
  const kernels::RealFourierPlan plan(n);
  dispatch_floating(x.dtype(), "a Fourier transform", [&]<class T>() {
    kernels::split(x.numel() / n, std::max<int64_t>(8192 / n, 1), [&](int64_t first, int64_t last) {
      std::vector<std::complex<double>> room(static_cast<size_t>(plan.room()));
      for (int64_t row = first; row < last; ++row) {
        plan.transform(x.data<T>() + row * n, bins, scale, out.data<T>() + row * bins * 2, room.data());
      }
    });
  });
}

// ---- of any

// By the last dimension first. Of real numbers the half of it says all.
Tensor spectrum_of(const Tensor& x, const Request& r, const Dims& sizes) {
  Tensor work = resized(x, sizes);
  for (size_t i = r.dims.size(); i-- > 0;) {
    transform_along(work, r.dims[i], r.inverse);
    const bool is_halved = r.kind == Kind::real_to_half && i + 1 == r.dims.size();
    if (is_halved) work = work.narrow(r.dims[i], 0, r.half()).contiguous();
  }
  return work;
}
Tensor signal_of(const Tensor& x, const Request& r, const Dims& sizes) {
  const int64_t last = r.dims.back();
  Dims half = sizes;
  half[static_cast<size_t>(last)] = r.half();
  const Tensor part = resized(x, half);
  for (size_t i = 0; i + 1 < r.dims.size(); ++i) transform_along(part, r.dims[i], r.inverse);
  const Tensor work = resized(part, sizes);
  complete(work, last);
  transform_along(work, last, r.inverse);
  return work;
}
void multiply_by(const Tensor& work, double scale) {
  if (scale == 1) return;
  auto* const numbers = complex_numbers<double>(work);
  kernels::split(work.numel(), kernels::elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) numbers[i] *= scale;
  });
}

void compute(const Tensor& x, const Request& r, const Tensor& out) {
  if (out.numel() == 0) return;
  Dims sizes = x.sizes();
  for (size_t i = 0; i < r.dims.size(); ++i) sizes[static_cast<size_t>(r.dims[i])] = r.lengths[i];
  const bool are_real_rows = r.kind == Kind::real_to_half && !r.inverse && r.dims == Dims{x.dim() - 1};
  if (are_real_rows && sizes == x.sizes()) {
    return transform_real_rows(x.to(real_dtype(x)).contiguous(), r.half(), r.scale, pairs_of(out));
  }
  const bool is_signal = r.kind == Kind::half_to_real;
  const Tensor work = is_signal ? signal_of(x, r, sizes) : spectrum_of(x, r, sizes);
  multiply_by(work, r.scale);
  out.copy_(is_signal ? pairs_of(work).select(-1, 0) : work);
}

// ---------------------------------------------------------------------------------------------------------- operators

template <const char* text, Kind kind, bool inverse>
struct AlongOne {
  static constexpr std::string_view schema = text;
  static constexpr const char* no_gradient = ThroughComplexNumbers::no_gradient;
  static OutputSpec infer(const Tensor& x, MaybeInt n, int64_t dim, const MaybeText& norm) {
    return spec_of(x, request(x, n, dim, norm));
  }
  static void forward(const Tensor& x, MaybeInt n, int64_t dim, const MaybeText& norm, const Tensor& out) {
    compute(x, request(x, n, dim, norm), out);
  }

 private:
  static Request request(const Tensor& x, MaybeInt n, int64_t dim, const MaybeText& norm) {
    constexpr std::string_view name = schema.substr(10, schema.find('(') - 10);
    return along_one(x, kind, inverse, n, dim, norm, name);
  }
};

template <const char* text, Kind kind, bool inverse, class GivenDims>
struct AlongMany {
  static constexpr std::string_view schema = text;
  static constexpr const char* no_gradient = ThroughComplexNumbers::no_gradient;
  static OutputSpec infer(const Tensor& x, const MaybeDims& lengths, const GivenDims& dims, const MaybeText& norm) {
    return spec_of(x, request(x, lengths, dims, norm));
  }
  static void forward(const Tensor& x, const MaybeDims& lengths, const GivenDims& dims, const MaybeText& norm,
                      const Tensor& out) {
    compute(x, request(x, lengths, dims, norm), out);
  }

 private:
  static Request request(const Tensor& x, const MaybeDims& lengths, const GivenDims& dims, const MaybeText& norm) {
    constexpr std::string_view name = schema.substr(10, schema.find('(') - 10);
    return along_many(x, kind, inverse, lengths, dims, norm, name);
  }
};

#define OKIBI_ONE(word) "aten::fft_" word "(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor"
#define OKIBI_TWO(word) \
  "aten::fft_" word "(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor"
#define OKIBI_MANY(word) \
  "aten::fft_" word "(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor"
constexpr char fft[] = OKIBI_ONE("fft"), ifft[] = OKIBI_ONE("ifft"), rfft[] = OKIBI_ONE("rfft"),
               irfft[] = OKIBI_ONE("irfft"), hfft[] = OKIBI_ONE("hfft"), ihfft[] = OKIBI_ONE("ihfft"),
               fft2[] = OKIBI_TWO("fft2"), ifft2[] = OKIBI_TWO("ifft2"), rfft2[] = OKIBI_TWO("rfft2"),
               irfft2[] = OKIBI_TWO("irfft2"), hfft2[] = OKIBI_TWO("hfft2"), ihfft2[] = OKIBI_TWO("ihfft2"),
               fftn[] = OKIBI_MANY("fftn"), ifftn[] = OKIBI_MANY("ifftn"), rfftn[] = OKIBI_MANY("rfftn"),
               irfftn[] = OKIBI_MANY("irfftn"), hfftn[] = OKIBI_MANY("hfftn"), ihfftn[] = OKIBI_MANY("ihfftn");
#undef OKIBI_ONE
#undef OKIBI_TWO
#undef OKIBI_MANY

// So that what lies at 0 comes to the middle, or back.
template <bool back>
struct Shift {
  static constexpr std::string_view schema = back ? "aten::fft_ifftshift(Tensor self, int[1]? dim=None) -> Tensor"
                                                  : "aten::fft_fftshift(Tensor self, int[1]? dim=None) -> Tensor";
  static Tensor compose(const Tensor& x, const MaybeDims& dim) {
    Dims dims, shifts;
    for (int64_t d = 0; !dim && d < x.dim(); ++d) dims.push_back(d);
    if (dim) dims = *dim;
    if (dims.empty()) return x.clone();
    for (const int64_t d : dims) shifts.push_back(back ? (x.size(d) + 1) / 2 : x.size(d) / 2);
    return okibi::roll(x, shifts, dims);
  }
};

// ---- as an operation that has a gradient
struct RealRows {
  static OutputSpec infer(const Tensor& x, int64_t bins, double) {
    Dims sizes = x.sizes();
    sizes[sizes.size() - 1] = bins;
    sizes.push_back(2);
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, int64_t bins, double scale, const Tensor& out) {
    if (out.numel() > 0) transform_real_rows(x.contiguous(), bins, scale, out);
  }

  // Σ over the frequencies of re · cos + im · -sin, which is the real part of an inverse transform.
  static constexpr const char* backward_name = "StftBackward0";
  using Saved = std::tuple<Dims, int64_t, double>;
  static Saved save(const Tensor& x, int64_t bins, double scale, const Tensor&) { return {x.sizes(), bins, scale}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [sizes, bins, scale] = saved;
    const Tensor out = empty(sizes, {gradient.dtype()}), in = gradient.contiguous();
    if (out.numel() == 0) return {out};
    const int64_t n = sizes.back(), kept = bins;
    const double factor = scale;
    dispatch_floating(out.dtype(), "stft backward", [&]<class T>() {
      with_plan(n, out.numel() / n, [&](const kernels::FourierPlan& plan, int64_t row, auto* numbers, auto* room) {
        const T* from = in.data<T>() + row * kept * 2;
        for (int64_t k = 0; k < n; ++k) {
          numbers[k] = k < kept ? std::complex<double>(from[2 * k], from[2 * k + 1]) : std::complex<double>();
        }
        plan.transform(true, numbers, room);
        for (int64_t j = 0; j < n; ++j) out.data<T>()[row * n + j] = static_cast<T>(numbers[j].real() * factor);
      });
    });
    return {out};
  }
};

}  // namespace

Tensor spectra_of_rows(const Tensor& x, int64_t bins, double scale) {
  check_length(x.size(-1));
  return call<RealRows>(x, bins, scale);
}
Tensor rows_of_spectra(const Tensor& spectra, int64_t n, double scale) {
  const Request r{Kind::half_to_real, true, {spectra.dim() - 1}, {n}, scale};
  check_length(n);
  const OutputSpec spec = spec_of(spectra, r);
  const Tensor out = empty(spec.sizes, {spec.dtype});
  compute(spectra, r, out);
  return out;
}

std::span<const okibi::Op> fourier_ops() {
  constexpr Kind whole = Kind::complex, real = Kind::real_to_half, half = Kind::half_to_real;
  static constexpr okibi::Op rows[] = {
      entry<AlongOne<fft, whole, false>>(),
      entry<AlongOne<ifft, whole, true>>(),
      entry<AlongOne<rfft, real, false>>(),
      entry<AlongOne<irfft, half, true>>(),
      entry<AlongOne<hfft, half, false>>(),
      entry<AlongOne<ihfft, real, true>>(),
      entry<AlongMany<fft2, whole, false, Dims>>(),
      entry<AlongMany<ifft2, whole, true, Dims>>(),
      entry<AlongMany<rfft2, real, false, Dims>>(),
      entry<AlongMany<irfft2, half, true, Dims>>(),
      entry<AlongMany<hfft2, half, false, Dims>>(),
      entry<AlongMany<ihfft2, real, true, Dims>>(),
      entry<AlongMany<fftn, whole, false, MaybeDims>>(),
      entry<AlongMany<ifftn, whole, true, MaybeDims>>(),
      entry<AlongMany<rfftn, real, false, MaybeDims>>(),
      entry<AlongMany<irfftn, half, true, MaybeDims>>(),
      entry<AlongMany<hfftn, half, false, MaybeDims>>(),
      entry<AlongMany<ihfftn, real, true, MaybeDims>>(),
      entry<Shift<false>>(),
      entry<Shift<true>>(),
  };
  return rows;
}

}  // namespace okibi::ops
