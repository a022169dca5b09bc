// Pooling over lines (channels, width), planes (…, height, width) and boxes (…, depth, height, width), with or without a
// batch before them.
#include "kernels/pooling.h"

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

using kernels::Divisor;
using kernels::PoolAxis;
using kernels::Pooling;

constexpr int64_t most = int64_t{1} << 30;  // of every length: then no product of two overflows

Error bad_pooling(std::string sentence, const Tensor& x) {
  return Error(ErrorKind::bad_argument, "pooling: " + std::move(sentence))
      .found(fmt::format("an input of sizes {}", to_string(x.sizes())));
}

void check_input(const Tensor& x, size_t spatial) {
  const size_t dims = x.sizes().size();
  if (dims != spatial + 1 && dims != spatial + 2) {
    throw bad_pooling(fmt::format("takes {} dimensions, or one more for the batch", spatial + 1), x);
  }
  for (size_t d = dims - spatial; d < dims; ++d) {
    if (x.sizes()[d] < 1 || x.sizes()[d] >= most) throw bad_pooling("there is nothing to pool", x);
  }
}

// One number for each spatial dimension; a single one serves all.
Dims each(const Dims& numbers, size_t spatial, const char* what, int64_t least) {
  const bool fits = numbers.size() == 1 || numbers.size() == spatial;
  const bool good = std::ranges::all_of(numbers, [&](int64_t n) { return n >= least && n < most; });
  if (fits && good) return numbers.size() == spatial ? numbers : Dims(spatial, numbers[0]);
  throw Error(ErrorKind::bad_argument, fmt::format("pooling: {} is not what it must be", what))
      .expected(fmt::format("{} number(s), or one, of at least {}", spatial, least))
      .found(to_string(numbers));
}

struct Windows {
  Dims kernel, stride, padding, dilation;
  bool ceil_mode;
};

// As PyTorch has it: with ceil_mode a window may hang over the end, but must begin within the input or its left
// padding.
int64_t output_length(const PoolAxis& axis, bool ceil_mode) {
  const int64_t room = axis.in + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1;
  if (room < 0 && !(ceil_mode && room + axis.stride > 0)) return 0;
  const int64_t length = (room + (ceil_mode ? axis.stride - 1 : 0)) / axis.stride + 1;
  return ceil_mode && (length - 1) * axis.stride >= axis.in + axis.padding ? length - 1 : length;
}

PoolAxis axis_of(const Tensor& x, const Windows& windows, size_t d, size_t spatial) {
  PoolAxis axis{.in = x.size(static_cast<int64_t>(d) - static_cast<int64_t>(spatial)),
                .kernel = windows.kernel[d],
                .stride = windows.stride[d],
                .padding = windows.padding[d],
                .dilation = windows.dilation[d]};
  const int64_t extent = axis.dilation * (axis.kernel - 1) + 1;
  if (2 * axis.padding > extent) {
    throw bad_pooling("the padding should be at most half of the window", x)
        .expected(fmt::format("at most {}", extent / 2));
  }
  axis.out = output_length(axis, windows.ceil_mode);
  if (axis.out < 1) throw bad_pooling(fmt::format("the window is larger than the input ({} places)", extent), x);
  for (int64_t i = 0; i < axis.out && i * axis.stride < axis.padding; ++i) {  // others begin within the input
    const kernels::Reach reach = axis.reach(i);
    if (reach.begin >= reach.end) throw bad_pooling("a window would see nothing but padding", x);
  }
  return axis;
}

// What the loops count with: an empty batch would let it grow.
void check_counts(const Pooling& p) {
  uint64_t padded = 1, outputs = 1;
  for (const PoolAxis& axis : {p.deep, p.down, p.across}) {
    padded = checked_mul(padded, static_cast<uint64_t>(axis.in + 2 * axis.padding), "the places of a pooling");
    outputs = checked_mul(outputs, static_cast<uint64_t>(axis.out), "the outputs of a pooling");
  }
  if (std::max(padded, outputs) < uint64_t{1} << 62) return;
  throw Error(ErrorKind::bad_argument, "pooling: there are too many places").found(std::max(padded, outputs));
}

// What is before the spatial dimensions, and axis(d) for each of them.
template <class Axis>
Pooling pooling_of(const Tensor& x, size_t spatial, Axis&& axis) {
  Pooling p{1, {}, {}, axis(spatial - 1)};
  if (spatial > 1) p.down = axis(spatial - 2);
  if (spatial > 2) p.deep = axis(spatial - 3);
  for (size_t d = 0; d + spatial < x.sizes().size(); ++d) p.boxes *= x.sizes()[d];
  check_counts(p);
  return p;
}

Pooling windowed(const Tensor& x, size_t spatial, const Dims& kernel, const Dims& stride, const Dims& padding,
                 const Dims& dilation, bool ceil_mode) {
  check_input(x, spatial);
  Windows windows{each(kernel, spatial, "kernel_size", 1),
                  {},
                  each(padding, spatial, "padding", 0),
                  each(dilation, spatial, "dilation", 1),
                  ceil_mode};
  windows.stride = stride.empty() ? windows.kernel : each(stride, spatial, "stride", 1);
  return pooling_of(x, spatial, [&](size_t d) { return axis_of(x, windows, d, spatial); });
}

Pooling adaptive(const Tensor& x, size_t spatial, const Dims& output_size) {
  check_input(x, spatial);
  const Dims sizes = each(output_size, spatial, "output_size", 1);
  return pooling_of(x, spatial, [&](size_t d) {
    const int64_t in = x.size(static_cast<int64_t>(d) - static_cast<int64_t>(spatial));
    return PoolAxis{.in = in, .out = sizes[d], .adaptive = true};
  });
}

Dims sizes_after(const Tensor& x, const Pooling& p, size_t spatial) {
  Dims sizes = x.sizes();
  sizes[sizes.size() - 1] = p.across.out;
  if (spatial > 1) sizes[sizes.size() - 2] = p.down.out;
  if (spatial > 2) sizes[sizes.size() - 3] = p.deep.out;
  return sizes;
}

// ------------------------------------------------------------------------------------------------------ largest
// numbers

using Largest = std::array<OutputSpec, 2>;

Largest largest_specs(const Tensor& x, const Pooling& p, size_t spatial) {
  const Dims sizes = sizes_after(x, p, spatial);
  return {OutputSpec{sizes, x.dtype()}, OutputSpec{sizes, int64}};
}

void pool_largest(const Tensor& x, const Pooling& p, const Tensor& out, const Tensor& index) {
  const Tensor in = x.contiguous();
  dispatch_floating(x.dtype(), "max_pool", [&]<class T>() {
    kernels::max_pool<T>(p, in.data<T>(), out.data<T>(), index.defined() ? index.data<int64_t>() : nullptr);
  });
}

Tensor gradient_of_largest(const Tensor& gradient, const Pooling& p, const Tensor& index, const Dims& sizes) {
  const Tensor out = empty(sizes, {gradient.dtype()}), g = gradient.contiguous();
  dispatch_floating(g.dtype(), "max_pool", [&]<class T>() {
    kernels::max_pool_backward<T>(p, g.data<T>(), index.data<int64_t>(), out.data<T>());
  });
  return out;
}

// The schemas of lines, planes and boxes differ in their names alone, and so does what is computed.
#define OKIBI_MAX_POOL(n)                                                                                              \
  struct MaxPool##n##dNames {                                                                                          \
    static constexpr size_t spatial = n;                                                                               \
    static constexpr std::string_view values =                                                                         \
        "aten::max_pool" #n "d(Tensor self, int[" #n "] kernel_size, int[" #n "] stride=[], int[" #n                   \
        "] padding=0, int[" #n "] dilation=1, bool ceil_mode=False) -> Tensor";                                        \
    static constexpr std::string_view with_indices =                                                                   \
        "aten::max_pool" #n "d_with_indices(Tensor self, int[" #n "] kernel_size, int[" #n "] stride=[], int[" #n      \
        "] padding=0, int[" #n "] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)";                              \
    static constexpr std::string_view adaptive =                                                                       \
        "aten::adaptive_max_pool" #n "d(Tensor self, int[" #n "] output_size) -> (Tensor, Tensor)";                    \
    static constexpr const char* backward_name = "MaxPool" #n "DWithIndicesBackward0";                                 \
    static constexpr const char* adaptive_backward_name = "AdaptiveMaxPool" #n "DBackward0";                           \
  };
OKIBI_MAX_POOL(1)
OKIBI_MAX_POOL(2)
OKIBI_MAX_POOL(3)
#undef OKIBI_MAX_POOL

template <class Names>
struct MaxPoolWithIndices {
  static constexpr std::string_view schema = Names::with_indices;
  static Pooling described(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                           const Dims& dilation, bool ceil_mode) {
    return windowed(x, Names::spatial, kernel, stride, padding, dilation, ceil_mode);
  }
  static Largest infer(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                       const Dims& dilation, bool ceil_mode) {
    return largest_specs(x, described(x, kernel, stride, padding, dilation, ceil_mode), Names::spatial);
  }
  static void forward(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                      const Dims& dilation, bool ceil_mode, const Tensor& out, const Tensor& index) {
    pool_largest(x, described(x, kernel, stride, padding, dilation, ceil_mode), out, index);
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved = std::tuple<Pooling, Tensor, Dims>;
  static Saved save(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation,
                    bool ceil_mode, const Tensor&, const Tensor& index) {
    return {described(x, kernel, stride, padding, dilation, ceil_mode), index, x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [p, index, sizes] = saved;
    return {gradient_of_largest(gradient, p, index, sizes)};
  }
};

// Where the largest numbers stood is found again when their gradient is asked for: what only computes need not keep it.
template <class Names>
struct MaxPool {
  using WithIndices = MaxPoolWithIndices<Names>;
  static constexpr std::string_view schema = Names::values;
  static OutputSpec infer(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                          const Dims& dilation, bool ceil_mode) {
    return WithIndices::infer(x, kernel, stride, padding, dilation, ceil_mode)[0];
  }
  static void forward(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                      const Dims& dilation, bool ceil_mode, const Tensor& out) {
    pool_largest(x, WithIndices::described(x, kernel, stride, padding, dilation, ceil_mode), out, {});
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved = std::tuple<Pooling, SavedTensor>;
  static Saved save(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation,
                    bool ceil_mode, const Tensor&) {
    return {WithIndices::described(x, kernel, stride, padding, dilation, ceil_mode), SavedTensor::input(x)};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [p, x] = saved;
    const Tensor index = empty(gradient.sizes(), {int64}), again = empty(gradient.sizes(), {gradient.dtype()});
    pool_largest(x.get(), p, again, index);
    return {gradient_of_largest(gradient, p, index, x.get().sizes())};
  }
};

template <class Names>
struct AdaptiveMaxPool {
  static constexpr std::string_view schema = Names::adaptive;
  static Largest infer(const Tensor& x, const Dims& output_size) {
    return largest_specs(x, adaptive(x, Names::spatial, output_size), Names::spatial);
  }
  static void forward(const Tensor& x, const Dims& output_size, const Tensor& out, const Tensor& index) {
    pool_largest(x, adaptive(x, Names::spatial, output_size), out, index);
  }

  static constexpr const char* backward_name = Names::adaptive_backward_name;
  using Saved = std::tuple<Pooling, Tensor, Dims>;
  static Saved save(const Tensor& x, const Dims& output_size, const Tensor&, const Tensor& index) {
    return {adaptive(x, Names::spatial, output_size), index, x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [p, index, sizes] = saved;
    return {gradient_of_largest(gradient, p, index, sizes)};
  }
};

// --------------------------------------------------------------------------------------------------------------- means

void pool_means(const Tensor& x, const Pooling& p, Divisor divisor, const Tensor& out) {
  const Tensor in = x.contiguous();
  dispatch_floating(x.dtype(), "avg_pool",
                    [&]<class T>() { kernels::average_pool<T>(p, divisor, in.data<T>(), out.data<T>()); });
}

struct MeansSaved {
  Pooling pooling;
  Divisor divisor;
  Dims sizes;  // of the input
};

std::array<Tensor, 1> gradient_of_means(const Tensor& gradient, const MeansSaved& saved) {
  const Tensor out = empty(saved.sizes, {gradient.dtype()}), g = gradient.contiguous();
  dispatch_floating(g.dtype(), "avg_pool", [&]<class T>() {
    kernels::average_pool_backward<T>(saved.pooling, saved.divisor, g.data<T>(), out.data<T>());
  });
  return {out};
}

struct AvgPool1d {
  static constexpr std::string_view schema =
      "aten::avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, bool ceil_mode=False, "
      "bool "
      "count_include_pad=True) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                          bool) {
    return {sizes_after(x, windowed(x, 1, kernel, stride, padding, {1}, ceil_mode), 1), x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                      bool count_include_pad, const Tensor& out) {
    pool_means(x, windowed(x, 1, kernel, stride, padding, {1}, ceil_mode), {count_include_pad}, out);
  }

  static constexpr const char* backward_name = "AvgPool1DBackward0";
  using Saved = MeansSaved;
  static Saved save(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                    bool count_include_pad, const Tensor&) {
    return {windowed(x, 1, kernel, stride, padding, {1}, ceil_mode), {count_include_pad}, x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return gradient_of_means(gradient, saved);
  }
};

Divisor divisor_of(bool count_include_pad, const std::optional<int64_t>& divisor_override) {
  if (divisor_override == 0) throw Error(ErrorKind::bad_argument, "pooling: the divisor must not be zero");
  return {count_include_pad, divisor_override.value_or(0)};
}

struct AvgPool2dNames {
  static constexpr size_t spatial = 2;
  static constexpr std::string_view schema =
      "aten::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool "
      "count_include_pad=True, int? divisor_override=None) -> Tensor";
  static constexpr const char* backward_name = "AvgPool2DBackward0";
};
struct AvgPool3dNames {
  static constexpr size_t spatial = 3;
  static constexpr std::string_view schema =
      "aten::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool "
      "count_include_pad=True, int? divisor_override=None) -> Tensor";
  static constexpr const char* backward_name = "AvgPool3DBackward0";
};

template <class Names>
struct AvgPool {
  static constexpr std::string_view schema = Names::schema;
  static OutputSpec infer(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                          bool count_include_pad, const std::optional<int64_t>& divisor_override) {
    static_cast<void>(divisor_of(count_include_pad, divisor_override));
    return {sizes_after(x, windowed(x, Names::spatial, kernel, stride, padding, {1}, ceil_mode), Names::spatial), x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                      bool count_include_pad, const std::optional<int64_t>& divisor_override, const Tensor& out) {
    pool_means(x, windowed(x, Names::spatial, kernel, stride, padding, {1}, ceil_mode),
               divisor_of(count_include_pad, divisor_override), out);
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved = MeansSaved;
  static Saved save(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                    bool count_include_pad, const std::optional<int64_t>& divisor_override, const Tensor&) {
    return {windowed(x, Names::spatial, kernel, stride, padding, {1}, ceil_mode), divisor_of(count_include_pad, divisor_override),
            x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return gradient_of_means(gradient, saved);
  }
};

struct AdaptiveAvgPool1dNames {
  static constexpr size_t spatial = 1;
  static constexpr std::string_view schema = "aten::adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor";
  static constexpr const char* backward_name = "AdaptiveAvgPool1DBackward0";
};
struct AdaptiveAvgPool2dNames {
  static constexpr size_t spatial = 2;
  static constexpr std::string_view schema = "aten::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor";
  static constexpr const char* backward_name = "AdaptiveAvgPool2DBackward0";
};
struct AdaptiveAvgPool3dNames {
  static constexpr size_t spatial = 3;
  static constexpr std::string_view schema = "aten::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor";
  static constexpr const char* backward_name = "AdaptiveAvgPool3DBackward0";
};

template <class Names>
struct AdaptiveAvgPool {
  static constexpr std::string_view schema = Names::schema;
  static OutputSpec infer(const Tensor& x, const Dims& output_size) {
    return {sizes_after(x, adaptive(x, Names::spatial, output_size), Names::spatial), x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& output_size, const Tensor& out) {
    pool_means(x, adaptive(x, Names::spatial, output_size), {}, out);
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved = MeansSaved;
  static Saved save(const Tensor& x, const Dims& output_size, const Tensor&) {
    return {adaptive(x, Names::spatial, output_size), {}, x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return gradient_of_means(gradient, saved);
  }
};

using MaxPool1d = MaxPool<MaxPool1dNames>;
using MaxPool2d = MaxPool<MaxPool2dNames>;
using MaxPool3d = MaxPool<MaxPool3dNames>;
using MaxPool1dWithIndices = MaxPoolWithIndices<MaxPool1dNames>;
using MaxPool2dWithIndices = MaxPoolWithIndices<MaxPool2dNames>;
using MaxPool3dWithIndices = MaxPoolWithIndices<MaxPool3dNames>;
using AdaptiveMaxPool1d = AdaptiveMaxPool<MaxPool1dNames>;
using AdaptiveMaxPool2d = AdaptiveMaxPool<MaxPool2dNames>;
using AdaptiveMaxPool3d = AdaptiveMaxPool<MaxPool3dNames>;
using AvgPool2d = AvgPool<AvgPool2dNames>;
using AvgPool3d = AvgPool<AvgPool3dNames>;
using AdaptiveAvgPool1d = AdaptiveAvgPool<AdaptiveAvgPool1dNames>;
using AdaptiveAvgPool2d = AdaptiveAvgPool<AdaptiveAvgPool2dNames>;
using AdaptiveAvgPool3d = AdaptiveAvgPool<AdaptiveAvgPool3dNames>;

}  // namespace

std::span<const okibi::Op> pooling_ops() {
  static constexpr okibi::Op rows[] = {entry<MaxPool1d>(),
                                       entry<MaxPool1dWithIndices>(),
                                       entry<AdaptiveMaxPool1d>(),
                                       entry<AvgPool1d>(),
                                       entry<AdaptiveAvgPool1d>(),
                                       entry<MaxPool2d>(),
                                       entry<MaxPool2dWithIndices>(),
                                       entry<AdaptiveMaxPool2d>(),
                                       entry<AvgPool2d>(),
                                       entry<AdaptiveAvgPool2d>(),
                                       entry<MaxPool3d>(),
                                       entry<MaxPool3dWithIndices>(),
                                       entry<AdaptiveMaxPool3d>(),
                                       entry<AvgPool3d>(),
                                       entry<AdaptiveAvgPool3d>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor max_pool1d(const Tensor& x, const Dims& kernel_size, const PoolOptions& options) {
  return call<MaxPool1d>(x, kernel_size, options.stride, options.padding, options.dilation, options.ceil_mode);
}
Tensor max_pool2d(const Tensor& x, const Dims& kernel_size, const PoolOptions& options) {
  return call<MaxPool2d>(x, kernel_size, options.stride, options.padding, options.dilation, options.ceil_mode);
}

Pooled max_pool1d_with_indices(const Tensor& x, const Dims& kernel_size, const PoolOptions& options) {
  auto [values, indices] = call_all<MaxPool1dWithIndices>(x, kernel_size, options.stride, options.padding,
                                                          options.dilation, options.ceil_mode);
  return {values, indices};
}
Pooled max_pool2d_with_indices(const Tensor& x, const Dims& kernel_size, const PoolOptions& options) {
  auto [values, indices] = call_all<MaxPool2dWithIndices>(x, kernel_size, options.stride, options.padding,
                                                          options.dilation, options.ceil_mode);
  return {values, indices};
}

Pooled adaptive_max_pool1d(const Tensor& x, const Dims& output_size) {
  auto [values, indices] = call_all<AdaptiveMaxPool1d>(x, output_size);
  return {values, indices};
}
Pooled adaptive_max_pool2d(const Tensor& x, const Dims& output_size) {
  auto [values, indices] = call_all<AdaptiveMaxPool2d>(x, output_size);
  return {values, indices};
}

Tensor avg_pool1d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options) {
  return call<AvgPool1d>(x, kernel_size, options.stride, options.padding, options.ceil_mode, options.count_include_pad);
}
Tensor avg_pool2d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options) {
  return call<AvgPool2d>(x, kernel_size, options.stride, options.padding, options.ceil_mode, options.count_include_pad,
                         options.divisor_override);
}
Tensor adaptive_avg_pool1d(const Tensor& x, const Dims& output_size) { return call<AdaptiveAvgPool1d>(x, output_size); }
Tensor adaptive_avg_pool2d(const Tensor& x, const Dims& output_size) { return call<AdaptiveAvgPool2d>(x, output_size); }
Tensor adaptive_avg_pool3d(const Tensor& x, const Dims& output_size) { return call<AdaptiveAvgPool3d>(x, output_size); }

}  // namespace okibi
