// Convolutions in which each output is made of one channel: too few numbers for a product of matrices. A channel is
// laid out anew, with its padding around it and the columns that a stride steps over apart, so that all outputs of a
// line are made in the same way, a vector at a time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/depthwise.h"
#include "kernels/loops.h"
#include "kernels/scratch.h"
#include "kernels/split.h"
#include "kernels/usual_width.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace {

// Where numbers of a channel come to lie. A line holds the columns 0, stride, 2 · stride …, then 1, stride + 1, …
struct Padded {
  int64_t phases, columns;  // of a line, and of each phase
  int64_t lines, slices;    // with the padding
  int64_t line() const { return phases * columns; }
  int64_t size() const { return slices * lines * line(); }

  static Padded of(const Convolution& c, int64_t lanes) {
    const int64_t steps = c.stride.width, reach = (c.kernel.width - 1) * c.dilation.width / steps + 1;
    const int64_t read = (c.out.width + lanes - 1) / lanes * lanes + reach;
    const int64_t written = (c.in.width + c.padding.width) / steps + 1;
    return {steps, std::max(read, written), extent(c.in.height, c.out.height, c, &Convolution::Box::height),
            extent(c.in.depth, c.out.depth, c, &Convolution::Box::depth)};
  }
  // As far as windows reach, and the input.
  static int64_t extent(int64_t in, int64_t out, const Convolution& c, int64_t Convolution::Box::*along) {
    const int64_t windows = (out - 1) * c.stride.*along + (c.kernel.*along - 1) * c.dilation.*along + 1;
    return std::max(windows, in + c.padding.*along);
  }
  int64_t at(int64_t slice, int64_t line_in_slice, int64_t column) const {
    return (slice * lines + line_in_slice) * line() + column % phases * columns + column / phases;
  }
};

template <class T>
void lay_out(const Convolution& c, const Padded& padded, const T* x, T* to) {
  for (int64_t z = 0; z < c.in.depth; ++z) {
    for (int64_t y = 0; y < c.in.height; ++y, x += c.in.width) {
      for (int64_t phase = 0; phase < padded.phases; ++phase) {
        const int64_t first = (phase - c.padding.width % padded.phases + padded.phases) % padded.phases;
        T* own = to + padded.at(z + c.padding.depth, y + c.padding.height, c.padding.width + first);
        for (int64_t column = first; column < c.in.width; column += padded.phases) *own++ = x[column];
      }
    }
  }
}

// Where the number for each element of the kernel lies, counted from that for the first.
Scratch<int64_t> offsets_of(const Convolution& c, const Padded& padded) {
  Scratch<int64_t> offsets(static_cast<size_t>(c.kernel.size()));
  size_t i = 0;
  for (int64_t kz = 0; kz < c.kernel.depth; ++kz) {
    for (int64_t ky = 0; ky < c.kernel.height; ++ky) {
      for (int64_t kx = 0; kx < c.kernel.width; ++kx) {
        offsets[i++] = padded.at(kz * c.dilation.depth, ky * c.dilation.height, kx * c.dilation.width);
      }
    }
  }
  return offsets;
}

// `known` is the number of elements of the kernel where the compiler knows it; else 0.
template <class T, int64_t known>
void convolve_line(int64_t elements, const int64_t* offsets, const T* x, const T* weight, T bias, int64_t width,
                   T* out) {
  const Full<T> d;
  for (int64_t i = 0; i < width; i += lanes<T>()) {
    auto sum = hn::Set(d, bias);
    for (int64_t k = 0; k < (known > 0 ? known : elements); ++k) {
      sum = hn::MulAdd(hn::Set(d, weight[k]), hn::LoadU(d, x + offsets[k] + i), sum);
    }
    if (i + lanes<T>() <= width) {
      hn::StoreU(sum, d, out + i);
    } else {
      store_some<T>(sum, out + i, width - i);
    }
  }
}

// One channel, laid out, to one filter.
template <class T>
void convolve_channel(const Convolution& c, const Padded& padded, const int64_t* offsets, const T* x, const T* weight,
                      T bias, T* out) {
  with_one_of<9, 25>(c.kernel.size(), [&](auto known) {
    for (int64_t z = 0; z < c.out.depth; ++z) {
      for (int64_t y = 0; y < c.out.height; ++y, out += c.out.width) {
        const T* const line = x + padded.at(z * c.stride.depth, y * c.stride.height, 0);
        convolve_line<T, known()>(c.kernel.size(), offsets, line, weight, bias, c.out.width, out);
      }
    }
  });
}

template <class T>
void depthwise(const Convolution& c, int64_t first, int64_t last, const T* x, const T* weight, const T* bias, T* out) {
  const Padded padded = Padded::of(c, lanes<T>());
  const Scratch<int64_t> offsets = offsets_of(c, padded);
  const Scratch<T> channel(static_cast<size_t>(padded.size()));
  std::fill_n(channel.data(), padded.size(), T(0));  // the padding stays as it is
  for (int64_t i = first; i < last; ++i) {
    lay_out(c, padded, x + i * c.in.size(), channel.data());
    for (int64_t filter = 0; filter < c.group_filters(); ++filter) {
      const int64_t which = i % c.channels * c.group_filters() + filter;
      convolve_channel(c, padded, offsets.data(), channel.data(), weight + which * c.kernel.size(),
                       bias ? bias[which] : T(0), out + (i * c.group_filters() + filter) * c.out.size());
    }
  }
}

template <class T>
constexpr DepthwiseLoops<T> all_loops{.depthwise = depthwise<T>};

const DepthwiseLoops<float>* float_loops() { return &all_loops<float>; }
const DepthwiseLoops<double>* double_loops() { return &all_loops<double>; }

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace okibi::kernels {
namespace {

OKIBI_LOOPS(DepthwiseLoops)

constexpr int64_t worth_waking = int64_t{1} << 20;  // multiplications, for a thread

}  // namespace

bool is_depthwise(const Convolution& c) {
  constexpr double always = 1 << 20, most = 8;
  constexpr double most_lanes = 64;
  const auto padded = [](int64_t in, int64_t padding) {
    return static_cast<double>(in) + 2 * static_cast<double>(padding);
  };
  const double behind = static_cast<double>(c.stride.width) * (most_lanes + 2) +
                        static_cast<double>(c.kernel.width) * static_cast<double>(c.dilation.width);  // of a line
  const double all = padded(c.in.depth, c.padding.depth) * padded(c.in.height, c.padding.height) *
                     (padded(c.in.width, c.padding.width) + behind);
  const double numbers = static_cast<double>(c.in.size()) + static_cast<double>(c.out.size());
  return c.channels == c.groups && c.group_filters() <= 4 && all <= always + most * numbers;
}

template <class T>
void convolve_depthwise(const Convolution& c, const T* x, const T* weight, const T* bias, T* out) {
  const int64_t each = std::max<int64_t>(c.group_filters() * c.kernel.size() * c.out.size(), 1);
  split(c.batch * c.channels, std::max<int64_t>(worth_waking / each, 1),
        [&](int64_t first, int64_t last) { loops<T>().depthwise(c, first, last, x, weight, bias, out); });
}

template void convolve_depthwise(const Convolution&, const float*, const float*, const float*, float*);
template void convolve_depthwise(const Convolution&, const double*, const double*, const double*, double*);

}  // namespace okibi::kernels
#endif
