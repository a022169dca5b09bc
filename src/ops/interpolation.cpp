// Lines, pictures and boxes made larger or smaller: x (batch, channels, *) of one to three spatial dimensions.
#include "kernels/interpolation.h"

#include <cmath>

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

using kernels::Filter;
using kernels::Resampling;
using kernels::Rescaling;
using kernels::Taps;

using Scale = std::optional<double>;
using Scales = std::optional<std::vector<double>>;

constexpr int64_t most = int64_t{1} << 30;  // of every length

struct Sampling {
  Filter filter;
  bool align_corners;
  std::vector<Scale> scales;  // one for each spatial dimension
};

bool is_nearest(Filter filter) { return filter == Filter::nearest || filter == Filter::nearest_exact; }

void check_input(const Tensor& x, size_t spatial) {
  const Dims& sizes = x.sizes();
  const bool fits = sizes.size() == spatial + 2 &&
                    std::all_of(sizes.begin() + 1, sizes.end(), [](int64_t n) { return n > 0 && n < most; });
  if (fits) return;
  throw Error(ErrorKind::bad_argument, "interpolation: the input is none that could be made larger or smaller")
      .expected(fmt::format("(batch, channels, and {} length(s)), none of them 0 but the batch", spatial))
      .found(to_string(sizes));
}

void check_output(const Dims& output_size, size_t spatial) {
  const bool good = std::ranges::all_of(output_size, [](int64_t n) { return n > 0 && n < most; });
  if (output_size.size() == spatial && good) return;
  throw Error(ErrorKind::bad_argument, "interpolation: Input and output sizes should be greater than 0")
      .expected(fmt::format("{} output size(s) from 1 to {}", spatial, most - 1))
      .found(to_string(output_size));
}

// An antialiased output is made of as many inputs as its scale says: all of them together of some of both ends' lengths.
void check_scales(const Tensor& x, const Sampling& sampling, const Dims& output_size) {
  if (sampling.filter != Filter::linear_antialiased && sampling.filter != Filter::cubic_antialiased) return;
  for (size_t d = 0; d < output_size.size(); ++d) {
    const double scale = sampling.scales[d].value_or(0);
    const double ends = static_cast<double>(x.sizes()[d + 2]) + static_cast<double>(output_size[d]);
    if (!(scale > 0) || static_cast<double>(output_size[d]) / scale <= 16 * ends) continue;
    throw Error(ErrorKind::bad_argument, "interpolation: the scale is too small for the output's size")
        .found(fmt::format("{} for {}", scale, output_size[d]));
  }
}

OutputSpec resampled_spec(const Tensor& x, const Dims& output_size, const Sampling& sampling) {
  const size_t spatial = sampling.scales.size();
  check_input(x, spatial);
  check_output(output_size, spatial);
  check_scales(x, sampling, output_size);
  Dims sizes = {x.size(0), x.size(1)};
  for (const int64_t size : output_size) sizes.push_back(size);
  return {sizes, x.dtype()};
}

// From the sizes of both ends.
template <class T>
Resampling<T> described(const Dims& in, const Dims& out, const Sampling& sampling) {
  const size_t spatial = sampling.scales.size();
  const auto taps = [&](size_t from_end) {
    if (from_end > spatial) return Taps<T>();
    const Rescaling axis{in[in.size() - from_end], out[out.size() - from_end], sampling.align_corners,
                         sampling.scales[spatial - from_end]};
    return kernels::taps_of<T>(sampling.filter, axis);
  };
  return {in[0] * in[1], taps(3), taps(2), taps(1)};
}

// The nearest ones are copied, whatever they are. Their indices are those of float32 but for float64.
template <class Word, class T>
void pick(const Tensor& x, const Sampling& sampling, const Tensor& out) {
  kernels::pick(described<T>(x.sizes(), out.sizes(), sampling), reinterpret_cast<const Word*>(x.raw_data()),
                reinterpret_cast<Word*>(out.raw_data()));
}
void pick(const Tensor& x, const Sampling& sampling, const Tensor& out) {
  const DType dtype = x.dtype();
  if (dtype == float32) return pick<uint32_t, float>(x, sampling, out);
  if (dtype == float64) return pick<uint64_t, double>(x, sampling, out);
  if (dtype == uint8) return pick<uint8_t, float>(x, sampling, out);
  if (dtype == float16 || dtype == bfloat16) return pick<uint16_t, float>(x, sampling, out);
  throw_cannot_compute("interpolation by the nearest", dtype);
}

void resample(const Tensor& input, const Sampling& sampling, const Tensor& out) {
  if (out.numel() == 0) return;
  const Tensor x = input.contiguous();
  if (is_nearest(sampling.filter)) return pick(x, sampling, out);
  dispatch_floating(x.dtype(), "interpolation", [&]<class T>() {
    kernels::resample<T>(described<T>(x.sizes(), out.sizes(), sampling), x.data<T>(), out.data<T>());
  });
}

Tensor resample_backward(const Tensor& gradient, const Sampling& sampling, const Dims& sizes) {
  const Tensor g = gradient.contiguous(), out = empty(sizes, {g.dtype()});
  if (out.numel() == 0) return out;
  dispatch_floating(g.dtype(), "interpolation", [&]<class T>() {
    kernels::resample_backward<T>(described<T>(sizes, g.sizes(), sampling), g.data<T>(), out.data<T>());
  });
  return out;
}

// ------------------------------------------------------------------------------------------------- the operators'
// names

#define OKIBI_SCALES_1 "float? scales=None"
#define OKIBI_SCALES_2 "float? scales_h=None, float? scales_w=None"
#define OKIBI_SCALES_3 "float? scales_d=None, float? scales_h=None, float? scales_w=None"
#define OKIBI_INTERPOLATION(Name, word, n, filter_, align)                                                    \
  struct Name {                                                                                               \
    static constexpr size_t spatial = n;                                                                      \
    static constexpr Filter filter = Filter::filter_;                                                         \
    static constexpr const char* backward_name = #Name "Backward0";                                           \
    static constexpr std::string_view schema =                                                                \
        "aten::" word "(Tensor self, SymInt[" #n "] output_size, " align OKIBI_SCALES_##n ") -> Tensor";      \
    static constexpr std::string_view vec =                                                                   \
        "aten::" word ".vec(Tensor input, SymInt[]? output_size, " align "float[]? scale_factors) -> Tensor"; \
  };
OKIBI_INTERPOLATION(UpsampleNearest1D, "upsample_nearest1d", 1, nearest, "")
OKIBI_INTERPOLATION(UpsampleNearest2D, "upsample_nearest2d", 2, nearest, "")
OKIBI_INTERPOLATION(UpsampleNearest3D, "upsample_nearest3d", 3, nearest, "")
OKIBI_INTERPOLATION(UpsampleNearestExact1D, "_upsample_nearest_exact1d", 1, nearest_exact, "")
OKIBI_INTERPOLATION(UpsampleNearestExact2D, "_upsample_nearest_exact2d", 2, nearest_exact, "")
OKIBI_INTERPOLATION(UpsampleNearestExact3D, "_upsample_nearest_exact3d", 3, nearest_exact, "")
OKIBI_INTERPOLATION(UpsampleLinear1D, "upsample_linear1d", 1, linear, "bool align_corners, ")
OKIBI_INTERPOLATION(UpsampleBilinear2D, "upsample_bilinear2d", 2, linear, "bool align_corners, ")
OKIBI_INTERPOLATION(UpsampleBicubic2D, "upsample_bicubic2d", 2, cubic, "bool align_corners, ")
OKIBI_INTERPOLATION(UpsampleTrilinear3D, "upsample_trilinear3d", 3, linear, "bool align_corners, ")
OKIBI_INTERPOLATION(UpsampleBilinear2DAa, "_upsample_bilinear2d_aa", 2, linear_antialiased, "bool align_corners, ")
OKIBI_INTERPOLATION(UpsampleBicubic2DAa, "_upsample_bicubic2d_aa", 2, cubic_antialiased, "bool align_corners, ")
#undef OKIBI_INTERPOLATION

// ------------------------------------------------------------------------------------- by sizes, and a scale for each

// Arguments: a scale for each spatial dimension, and before them align_corners where the filter has it.
template <class Names, class... Arguments>
struct Upsample {
  static constexpr std::string_view schema = Names::schema;
  static Sampling sampling(Arguments... arguments) {
    if constexpr (sizeof...(Arguments) == Names::spatial) {
      return {Names::filter, false, {arguments...}};
    } else {
      return [](bool align_corners, auto... scales) {
        return Sampling{Names::filter, align_corners, {scales...}};
      }(arguments...);
    }
  }
  static OutputSpec infer(const Tensor& x, const Dims& output_size, Arguments... arguments) {
    return resampled_spec(x, output_size, sampling(arguments...));
  }
  static void forward(const Tensor& x, const Dims&, Arguments... arguments, const Tensor& out) {
    resample(x, sampling(arguments...), out);
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved = std::tuple<Sampling, Dims>;
  static Saved save(const Tensor& x, const Dims&, Arguments... arguments, const Tensor&) {
    return {sampling(arguments...), x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [sampling, sizes] = saved;
    return {resample_backward(gradient, sampling, sizes)};
  }
};

template <class Names, class Align, size_t n = Names::spatial>
struct UpsampleOf;
template <class Names, class... Align>
struct UpsampleOf<Names, std::tuple<Align...>, 1> : Upsample<Names, Align..., Scale> {};
template <class Names, class... Align>
struct UpsampleOf<Names, std::tuple<Align...>, 2> : Upsample<Names, Align..., Scale, Scale> {};
template <class Names, class... Align>
struct UpsampleOf<Names, std::tuple<Align...>, 3> : Upsample<Names, Align..., Scale, Scale, Scale> {};
template <class Names>
using Nearest = UpsampleOf<Names, std::tuple<>>;
template <class Names>
using Smooth = UpsampleOf<Names, std::tuple<bool>>;

// ---------------------------------------------------------------------------------------- by sizes or scales: .vec

// A length times its scale, cut off, as PyTorch has it.
int64_t scaled(int64_t n, double scale) {
  const double length = static_cast<double>(n) * scale;
  if (length >= 1 && length < static_cast<double>(most)) return static_cast<int64_t>(length);
  throw Error(ErrorKind::bad_argument, "interpolation: Input and output sizes should be greater than 0")
      .expected(fmt::format("a length from 1 to {}", most - 1))
      .found(fmt::format("{} · {}", n, scale));
}

Dims size_after(const Tensor& x, size_t spatial, const std::optional<Dims>& output_size, const Scales& scales) {
  if (output_size.has_value() == scales.has_value()) {
    throw Error(ErrorKind::bad_argument, "Must specify exactly one of output_size and scale_factors")
        .found(scales ? "both" : "neither");
  }
  check_input(x, spatial);
  if (output_size) return *output_size;
  if (scales->size() != spatial) {
    throw Error(ErrorKind::bad_argument, "interpolation: one scale for each spatial dimension")
        .expected(uint64_t{spatial})
        .found(uint64_t{scales->size()});
  }
  Dims sizes;
  for (size_t d = 0; d < spatial; ++d) sizes.push_back(scaled(x.sizes()[d + 2], (*scales)[d]));
  return sizes;
}

// Calls work(scales…): as many as there are spatial dimensions.
template <size_t spatial, class Work>
Tensor with_scales(const Scales& scales, Work&& work) {
  return [&]<size_t... i>(std::index_sequence<i...>) { return work((scales ? Scale((*scales)[i]) : Scale())...); }
  (std::make_index_sequence<spatial>());
}

template <class Names>
struct NearestVec {
  static constexpr std::string_view schema = Names::vec;
  static Tensor compose(const Tensor& x, const std::optional<Dims>& output_size, const Scales& scales) {
    const Dims size = size_after(x, Names::spatial, output_size, scales);
    return with_scales<Names::spatial>(scales,
                                       [&](const auto&... each) { return call<Nearest<Names>>(x, size, each...); });
  }
};
template <class Names>
struct SmoothVec {
  static constexpr std::string_view schema = Names::vec;
  static Tensor compose(const Tensor& x, const std::optional<Dims>& output_size, bool align_corners,
                        const Scales& scales) {
    const Dims size = size_after(x, Names::spatial, output_size, scales);
    return with_scales<Names::spatial>(
        scales, [&](const auto&... each) { return call<Smooth<Names>>(x, size, align_corners, each...); });
  }
};

// -------------------------------------------------------------------------------------------------------- by name

struct Mode {
  std::string_view name;
  size_t spatial;
  bool has_corners;
  Tensor (*run)(const Tensor& x, const std::optional<Dims>& size, bool align_corners, const Scales& scales);
};
template <class Names>
constexpr Mode nearest_mode(std::string_view name) {
  return {name, Names::spatial, false,
          [](const Tensor& x, const std::optional<Dims>& size, bool, const Scales& scales) {
            return NearestVec<Names>::compose(x, size, scales);
          }};
}
template <class Names>
constexpr Mode smooth_mode(std::string_view name) {
  return {name, Names::spatial, true, &SmoothVec<Names>::compose};
}

const Mode& find_mode(const std::string& name, int64_t dims) {
  static constexpr Mode modes[] = {nearest_mode<UpsampleNearest1D>("nearest"),
                                   nearest_mode<UpsampleNearest2D>("nearest"),
                                   nearest_mode<UpsampleNearest3D>("nearest"),
                                   nearest_mode<UpsampleNearestExact1D>("nearest-exact"),
                                   nearest_mode<UpsampleNearestExact2D>("nearest-exact"),
                                   nearest_mode<UpsampleNearestExact3D>("nearest-exact"),
                                   smooth_mode<UpsampleLinear1D>("linear"),
                                   smooth_mode<UpsampleBilinear2D>("bilinear"),
                                   smooth_mode<UpsampleBicubic2D>("bicubic"),
                                   smooth_mode<UpsampleTrilinear3D>("trilinear")};
  for (const Mode& mode : modes) {
    if (mode.name == name && static_cast<int64_t>(mode.spatial) + 2 == dims) return mode;
  }
  throw Error(ErrorKind::bad_argument, "interpolate: there is no such mode for so many dimensions")
      .expected("nearest and nearest-exact (3 to 5 dimensions), linear (3), bilinear or bicubic (4), trilinear (5)")
      .found(fmt::format("{} for an input of {} dimensions", printable(name, 40), dims));
}

}  // namespace

template <>
struct FromValue<std::vector<double>> {
  static std::vector<double> of(const Value& list) {
    std::vector<double> numbers;
    for (size_t i = 0; i < list.size(); ++i) numbers.push_back(list[i].to_double());
    return numbers;
  }
};

std::span<const okibi::Op> interpolation_ops() {
  static constexpr okibi::Op rows[] = {
      entry<Nearest<UpsampleNearest1D>>(),      entry<NearestVec<UpsampleNearest1D>>(),
      entry<Nearest<UpsampleNearest2D>>(),      entry<NearestVec<UpsampleNearest2D>>(),
      entry<Nearest<UpsampleNearest3D>>(),      entry<NearestVec<UpsampleNearest3D>>(),
      entry<Nearest<UpsampleNearestExact1D>>(), entry<NearestVec<UpsampleNearestExact1D>>(),
      entry<Nearest<UpsampleNearestExact2D>>(), entry<NearestVec<UpsampleNearestExact2D>>(),
      entry<Nearest<UpsampleNearestExact3D>>(), entry<NearestVec<UpsampleNearestExact3D>>(),
      entry<Smooth<UpsampleLinear1D>>(),        entry<SmoothVec<UpsampleLinear1D>>(),
      entry<Smooth<UpsampleBilinear2D>>(),      entry<SmoothVec<UpsampleBilinear2D>>(),
      entry<Smooth<UpsampleBicubic2D>>(),       entry<SmoothVec<UpsampleBicubic2D>>(),
      entry<Smooth<UpsampleTrilinear3D>>(),     entry<SmoothVec<UpsampleTrilinear3D>>(),
      entry<Smooth<UpsampleBilinear2DAa>>(),    entry<SmoothVec<UpsampleBilinear2DAa>>(),
      entry<Smooth<UpsampleBicubic2DAa>>(),     entry<SmoothVec<UpsampleBicubic2DAa>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor interpolate(const Tensor& x, const InterpolateOptions& options) {
  const ops::Mode& mode = ops::find_mode(options.mode, x.dim());
  if (options.align_corners && !mode.has_corners) {
    throw Error(ErrorKind::bad_argument, "interpolate: align_corners is for linear, bilinear, bicubic and trilinear")
        .found(options.mode);
  }
  return mode.run(x, options.size, options.align_corners,
                  options.scale_factor.empty() ? std::nullopt : ops::Scales(options.scale_factor));
}

}  // namespace okibi
