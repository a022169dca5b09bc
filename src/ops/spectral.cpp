// Spectra of signals: short-time Fourier transforms, and complex numbers as pairs of real ones.
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "ops/by_name.h"
#include "ops/complex_numbers.h"
#include "ops/fourier.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// -------------------------------------------------------------------------------------------- complex numbers as pairs

// (*, 2) in float as (*) in complex numbers, over the same memory.
Tensor as_complex(const Tensor& x) {
  require_resolved(x);
  refuse_recording<ThroughComplexNumbers>(x);
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

Tensor as_real(const Tensor& x) {
  if (is_complex(x.dtype())) return pairs_of(x);
  throw Error(ErrorKind::bad_argument, "view_as_real is only supported for complex tensors")
      .found(std::string(name_of(x.dtype())));
}

struct ViewAsReal {
  static constexpr std::string_view schema = "aten::view_as_real(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return as_real(x); }
};
struct ViewAsComplex {
  static constexpr std::string_view schema = "aten::view_as_complex(Tensor(a) self) -> Tensor(a)";
  static Tensor view(const Tensor& x) { return as_complex(x); }
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

// A window between zeros, n numbers in all.
Tensor in_the_middle(const Tensor& window, int64_t n) {
  const int64_t length = window.size(0), left = (n - length) / 2;
  if (length == n) return window;
  return okibi::cat({zeros({left}, {window.dtype()}), window, zeros({n - length - left}, {window.dtype()})});
}

struct Stft {
  static constexpr int64_t most = int64_t{1} << 26;  // of n_fft

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
    const double scale = normalized ? 1 / std::sqrt(static_cast<double>(n_fft)) : 1;
    const Tensor pairs = spectra_of_rows(weighed, bins(), scale).transpose(1, 2);  // of (batch, frames, bins, 2)
    return x.dim() == 1 ? pairs.squeeze(0) : pairs;
  }
  Tensor result(const Tensor& x) const {
    const Tensor pairs = (*this)(x);
    return return_complex.value_or(false) ? as_complex(pairs.contiguous()) : pairs;
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
    return in_the_middle(window.defined() ? window.to(dtype) : ones({length()}, {dtype}), n_fft);
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
    return transform.result(computed("aten::pad", x, List{n_fft / 2, n_fft / 2}, pad_mode, Value()));
  }
};

// Back (Griffin and Lim 1984): frames are added up where they overlap, and divided by the sum of the windows' squares.
struct Istft {
  int64_t n_fft = 0, hop = 0, length = 0;  // of the window
  Tensor window;
  bool centred = true, normalized = false;
  std::optional<bool> onesided;
  std::optional<int64_t> wanted;

  // x (batch, bins, frames) or (bins, frames) in complex numbers → (batch, samples) or (samples)
  Tensor operator()(const Tensor& x) const {
    check(x);
    const Tensor spectra = (x.dim() == 2 ? x.unsqueeze(0) : x).transpose(1, 2);
    const DType real = real_of(x.dtype());
    const double scale = 1 / (normalized ? std::sqrt(static_cast<double>(n_fft)) : static_cast<double>(n_fft));
    const Tensor whole = in_the_middle(window.defined() ? window.to(real) : ones({length}, {real}), n_fft);
    const Tensor frames = okibi::mul(rows_of_spectra(spectra, n_fft, scale), whole);
    const Tensor squares = okibi::mul(whole, whole).expand({1, frames.size(1), n_fft});
    const Tensor sum = part_of(overlapped(frames)), weights = part_of(overlapped(squares));
    require_weights(weights);
    const Tensor result = padded(okibi::div(sum, weights), frames.size(1));
    return x.dim() == 2 ? result.squeeze(0) : result;
  }

 private:
  static Error bad(std::string sentence) { return Error(ErrorKind::bad_argument, "istft: " + std::move(sentence)); }
  bool is_half(const Tensor& x) const { return onesided.value_or(x.size(-2) != n_fft); }
  int64_t start() const { return centred ? n_fft / 2 : 0; }

  void check(const Tensor& x) const {
    if (!is_complex(x.dtype())) {
      throw Error(ErrorKind::bad_argument,
                  "istft requires a complex-valued input tensor matching the output from stft "
                  "with return_complex=True.")
          .found(std::string(name_of(x.dtype())));
    }
    if (x.dim() < 2 || x.dim() > 3 || x.numel() == 0) {
      throw bad("expected a tensor with 2 or 3 dimensions, none of them 0").found(to_string(x.sizes()));
    }
    if (n_fft < 1 || n_fft > Stft::most) throw bad("expected n_fft > 0").found(std::to_string(n_fft));
    if (length < 1 || length > n_fft) throw bad("expected 0 < win_length <= n_fft").found(std::to_string(length));
    if (hop < 1 || hop > length) throw bad("expected 0 < hop_length <= win_length").found(std::to_string(hop));
    if (wanted && (*wanted < 0 || *wanted > int64_t{1} << 40)) {
      throw bad("expected a length that is not negative, and not larger than any signal")
          .found(std::to_string(*wanted));
    }
    const int64_t bins = is_half(x) ? n_fft / 2 + 1 : n_fft;
    if (x.size(-2) != bins) {
      throw bad(fmt::format("expected the frequency dimension of the input tensor to match n_fft{} ({})",
                            is_half(x) ? " / 2 + 1 when onesided=True" : " when onesided=False", bins))
          .found(std::to_string(x.size(-2)));
    }
    if (window.defined() && window.sizes() != Dims{length}) {
      throw bad(fmt::format("Invalid window shape. window has to be 1D and length of `win_length` ({})", length))
          .found(to_string(window.sizes()));
    }
  }

  // (batch, frames, n_fft) → (batch, n_fft + hop · (frames - 1))
  Tensor overlapped(const Tensor& frames) const {
    const int64_t batch = frames.size(0), count = frames.size(1), total = n_fft + hop * (count - 1);
    const Tensor in = frames.contiguous(), out = zeros({batch, total}, {frames.dtype()});
    dispatch_floating(frames.dtype(), "istft", [&]<class T>() {
      const T* from = in.data<T>();
      for (int64_t i = 0; i < batch * count; ++i, from += n_fft) {
        T* to = out.data<T>() + i / count * total + i % count * hop;
        for (int64_t j = 0; j < n_fft; ++j) to[j] += from[j];
      }
    });
    return out;
  }
  Tensor part_of(const Tensor& whole) const {
    const int64_t end = wanted    ? std::min(start() + *wanted, whole.size(1))
                        : centred ? whole.size(1) - n_fft / 2
                                  : whole.size(1);
    return whole.slice(1, start(), end);
  }
  void require_weights(const Tensor& weights) const {
    if (weights.numel() == 0) return;
    const double least = okibi::min(weights).item<double>();
    if (least >= 1e-11) return;
    throw bad("window overlap add min: the windows leave a sample without weight").found(fmt::format("{}", least));
  }
  Tensor padded(const Tensor& x, int64_t frames) const {
    const int64_t missing = wanted ? start() + *wanted - (n_fft + hop * (frames - 1)) : 0;
    if (missing <= 0) return x;
    return okibi::cat({x, zeros({x.size(0), missing}, {x.dtype()})}, 1);
  }
};

struct IstftOp {
  static constexpr std::string_view schema =
      "aten::istft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool "
      "center=True, bool normalized=False, bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t n_fft, std::optional<int64_t> hop_length,
                        std::optional<int64_t> win_length, const Tensor& window, bool center, bool normalized,
                        std::optional<bool> onesided, std::optional<int64_t> length, bool return_complex) {
    if (return_complex) throw Error(ErrorKind::unsupported, "istft: complex signals are not there yet");
    refuse_recording<ThroughComplexNumbers>(x, window);
    const NoGrad no_grad;
    return Istft{
        n_fft, hop_length.value_or(n_fft / 4), win_length.value_or(n_fft), window, center, normalized, onesided,
        length}(x);
  }
};

}  // namespace

std::span<const okibi::Op> spectral_ops() {
  constexpr okibi::Op view_as_complex = {
      .schema = ViewAsComplex::schema, .is_view = true, .call = &call_boxed<ViewAsComplex>};
  static constexpr okibi::Op rows[] = {entry<ViewAsReal>(), view_as_complex,      entry<Real>(),         entry<Imag>(),
                                       entry<StftOp>(),     entry<StftCentred>(), plain_entry<IstftOp>()};
  return rows;
}

}  // namespace okibi::ops
