// Spectra of signals: short-time Fourier transforms, and complex numbers as pairs of real ones.
#include <cmath>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// -------------------------------------------------------------------------------------------- complex numbers as pairs

DType complex_of(DType real) {
  if (real == float32) return complex64;
  if (real == float64) return complex128;
  throw Error(ErrorKind::unsupported, "there are no complex numbers of this dtype").found(std::string(name_of(real)));
}

// (*, 2) in float as (*) in complex numbers, over the same memory. Nothing is recorded: gradients are of real numbers.
Tensor as_complex(const Tensor& x) {
  const bool fits = x.dim() > 0 && x.size(-1) == 2 && (x.stride(-1) == 1) && x.storage_offset() % 2 == 0;
  bool is_even = fits;
  Dims sizes = x.sizes(), strides = x.strides();
  for (size_t d = 0; fits && d + 1 < strides.size(); ++d) is_even = is_even && strides[d] % 2 == 0;
  if (!is_even) {
    throw Error(ErrorKind::bad_argument,
                "Tensor must have a last dimension of size 2 with a stride of 1, and even strides")
        .found(fmt::format("sizes {} and strides {}", to_string(x.sizes()), to_string(x.strides())));
  }
  sizes.erase(sizes.size() - 1);
  strides.erase(strides.size() - 1);
  for (int64_t& stride : strides) stride /= 2;
  return Tensor::over(x.storage(), complex_of(x.dtype()), sizes, strides, x.storage_offset() / 2);
}

DType real_of(const Tensor& x) {
  if (x.dtype() == complex64) return float32;
  if (x.dtype() == complex128) return float64;
  throw Error(ErrorKind::bad_argument, "view_as_real is only supported for complex tensors")
      .found(std::string(name_of(x.dtype())));
}
Tensor as_real(const Tensor& x) {
  require_resolved(x);
  Dims sizes = x.sizes(), strides = x.strides();
  for (int64_t& stride : strides) stride = wrapping_add(stride, stride);
  sizes.push_back(2);
  strides.push_back(1);
  return Tensor::over(x.storage(), real_of(x), sizes, strides, x.storage_offset() * 2);
}

// Gradients do not go through complex numbers: better said than lost.
Tensor without_gradient(const Tensor& x) {
  if (!grad_enabled() || !x.requires_grad()) return x;
  throw Error(ErrorKind::unsupported, "gradients through complex numbers are not there yet")
      .hint("Use detach(), or let a NoGrad live meanwhile.");
}

struct ViewAsReal {
  static constexpr std::string_view schema = "aten::view_as_real(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return as_real(x); }
};
struct ViewAsComplex {
  static constexpr std::string_view schema = "aten::view_as_complex(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return as_complex(without_gradient(x)); }
};
struct Real {
  static constexpr std::string_view schema = "aten::real(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return is_complex(x.dtype()) ? as_real(x).select(-1, 0) : x; }
};
struct Imag {
  static constexpr std::string_view schema = "aten::imag(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return as_real(x).select(-1, 1); }
};

// ------------------------------------------------------------------------------------------------------------- spectra

struct Stft {
  static constexpr int64_t most = int64_t{1} << 13;  // of n_fft, since the table of waves grows with its square

  int64_t n_fft = 0;
  std::optional<int64_t> hop_length, win_length;
  Tensor window;
  bool normalized = false;
  std::optional<bool> onesided, return_complex, align_to_window;

  int64_t hop() const { return hop_length.value_or(n_fft / 4); }
  int64_t length() const { return win_length.value_or(n_fft); }
  int64_t bins() const { return onesided.value_or(true) ? n_fft / 2 + 1 : n_fft; }

  // x (batch, samples) or (samples) → (batch, bins, frames, 2)
  Tensor operator()(const Tensor& x) const {
    check(x);
    const Tensor signal = x.dim() == 1 ? x.unsqueeze(0) : x;
    const int64_t frames = 1 + (signal.size(1) - n_fft) / hop(), step = std::min(hop(), signal.size(1));
    const Tensor cut =
        signal.as_strided({signal.size(0), frames, n_fft},
                          {signal.stride(0), step * signal.stride(1), signal.stride(1)}, signal.storage_offset());
    const Tensor weighed = window.defined() || length() < n_fft ? okibi::mul(cut, whole_window(x.dtype())) : cut;
    const Tensor spectra = okibi::matmul(weighed, waves().to(x.dtype()));  // (batch, frames, bins · 2)
    const Tensor pairs = spectra.view({signal.size(0), frames, bins(), 2}).transpose(1, 2);
    return x.dim() == 1 ? pairs.squeeze(0) : pairs;
  }
  Tensor result(const Tensor& x) const {
    const Tensor pairs = (*this)(x);
    return return_complex.value_or(false) ? as_complex(without_gradient(pairs).contiguous()) : pairs;
  }

 private:
  static Error bad(std::string sentence) { return Error(ErrorKind::bad_argument, "stft: " + std::move(sentence)); }

  void check(const Tensor& x) const {
    if (!is_floating_point(x.dtype()) || x.dim() < 1 || x.dim() > 2) {
      throw bad("expected a 1D or 2D tensor of floating values")
          .found(fmt::format("{} of sizes {}", name_of(x.dtype()), to_string(x.sizes())));
    }
    if (n_fft < 1 || n_fft > x.size(-1) || n_fft > most) {
      throw bad(fmt::format("expected 0 < n_fft <= {}", std::min(x.size(-1), most))).found(std::to_string(n_fft));
    }
    if (hop() < 1) throw bad("expected hop_length > 0").found(std::to_string(hop()));
    if (length() < 1 || length() > n_fft) {
      throw bad(fmt::format("expected 0 < win_length <= n_fft ({})", n_fft)).found(std::to_string(length()));
    }
    if (window.defined() && (window.sizes() != Dims{length()})) {
      throw bad(fmt::format("expected a 1D window of {}", length())).found(to_string(window.sizes()));
    }
    if (align_to_window.value_or(false)) {
      throw Error(ErrorKind::unsupported, "stft: frames that are aligned to the window are not there yet");
    }
    if (!return_complex) {
      throw bad("the return_complex parameter must be given for real inputs")
          .hint("It will be required to be True in a future PyTorch.");
    }
  }

  // Narrower ones stand in the middle, between zeros.
  Tensor whole_window(DType dtype) const {
    const Tensor given = window.defined() ? window.to(dtype) : ones({length()}, {dtype});
    if (length() == n_fft) return given;
    const int64_t left = (n_fft - length()) / 2;
    return okibi::cat({zeros({left}, {dtype}), given, zeros({n_fft - length() - left}, {dtype})});
  }

  // (n_fft, bins · 2): exp(-2πi · time · frequency / n_fft), cosine and sine side by side.
  Tensor waves() const {
    const double scale = normalized ? 1 / std::sqrt(static_cast<double>(n_fft)) : 1;
    std::vector<double> circle;  // cosine and negative sine of each part
    for (int64_t i = 0; i < n_fft; ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n_fft);
      circle.push_back(std::cos(angle) * scale);
      circle.push_back(-std::sin(angle) * scale);
    }
    const Tensor table = empty({n_fft, bins() * 2}, {float64});
    double* at = table.data<double>();
    for (int64_t time = 0; time < n_fft; ++time) {
      int64_t part = 0;  // time · bin, around the circle
      for (int64_t bin = 0; bin < bins(); ++bin, at += 2) {
        std::copy_n(circle.begin() + part * 2, 2, at);
        part = part + time < n_fft ? part + time : part + time - n_fft;
      }
    }
    return table;
  }
};

struct StftOp {
  static constexpr std::string_view schema =
      "aten::stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool "
      "normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t n_fft, std::optional<int64_t> hop_length,
                        std::optional<int64_t> win_length, const Tensor& window, bool normalized,
                        std::optional<bool> onesided, std::optional<bool> return_complex,
                        std::optional<bool> align_to_window) {
    return Stft{n_fft, hop_length, win_length, window, normalized, onesided, return_complex, align_to_window}.result(x);
  }
};
struct StftCentred {
  static constexpr std::string_view schema =
      "aten::stft.center(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool "
      "center=True, str pad_mode=\"reflect\", bool normalized=False, bool? onesided=None, bool? return_complex=None, "
      "bool? align_to_window=None) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t n_fft, std::optional<int64_t> hop_length,
                        std::optional<int64_t> win_length, const Tensor& window, bool center,
                        const std::string& pad_mode, bool normalized, std::optional<bool> onesided,
                        std::optional<bool> return_complex, std::optional<bool> align_to_window) {
    const Stft transform{n_fft, hop_length, win_length, window, normalized, onesided, return_complex, align_to_window};
    if (!center || n_fft < 1 || n_fft > Stft::most) return transform.result(x);
    const std::vector<Value> arguments = {x, List{n_fft / 2, n_fft / 2}, pad_mode, Value()};
    return transform.result(find_op("aten::pad")->call(arguments).to_tensor());
  }
};

}  // namespace

std::span<const okibi::Op> spectral_ops() {
  constexpr okibi::Op view_as_complex = {
      .schema = ViewAsComplex::schema, .is_view = true, .call = &call_boxed<ViewAsComplex>};
  static constexpr okibi::Op rows[] = {entry<ViewAsReal>(), view_as_complex, entry<Real>(),
                                       entry<Imag>(),       entry<StftOp>(), entry<StftCentred>()};
  return rows;
}

}  // namespace okibi::ops
