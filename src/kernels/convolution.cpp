#include "kernels/convolution.h"

#include <algorithm>

#include "kernels/depthwise.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

// Multiplications worth a thread's waking.
constexpr int64_t convolution_grain = int64_t{1} << 20;

// The outputs [first, last) along a line whose input at offset `shift` lies inside [0, n): of the others it is padding.
struct Inside {
  int64_t first, last;
  Inside(int64_t shift, int64_t stride, int64_t n, int64_t outputs)
      : first(std::clamp<int64_t>(shift >= 0 ? 0 : (-shift + stride - 1) / stride, 0, outputs)),
        last(std::clamp<int64_t>(shift >= n ? 0 : (n - 1 - shift) / stride + 1, first, outputs)) {}
};

// The outputs whose input at one element of the kernel lies inside, along each dimension.
struct InsideBox {
  Inside slices, lines, columns;
  bool has_line(int64_t z, int64_t y) const {
    return z >= slices.first && z < slices.last && y >= lines.first && y < lines.last;
  }
};

// Calls visit(row of the patches' matrix, where in x its outputs begin, those inside) for each element of the kernel
// over each channel of one group.
template <class Visit>
void for_each_kernel_element(const Convolution& c, Visit&& visit) {
  const Convolution::Box &dilation = c.dilation, &padding = c.padding, &stride = c.stride;
  int64_t row = 0;
  for (int64_t channel = 0; channel < c.channels / c.groups; ++channel) {
    for (int64_t kz = 0; kz < c.kernel.depth; ++kz) {
      const int64_t in = kz * dilation.depth - padding.depth;
      const Inside slices(in, stride.depth, c.in.depth, c.out.depth);
      for (int64_t ky = 0; ky < c.kernel.height; ++ky) {
        const int64_t down = ky * dilation.height - padding.height;
        const Inside lines(down, stride.height, c.in.height, c.out.height);
        for (int64_t kx = 0; kx < c.kernel.width; ++kx) {
          const int64_t right = kx * dilation.width - padding.width;
          const Inside columns(right, stride.width, c.in.width, c.out.width);
          const int64_t shift = (in * c.in.height + down) * c.in.width + right;
          visit(row++, channel * c.in.size() + shift, InsideBox{slices, lines, columns});
        }
      }
    }
  }
}

// Where the inputs of line y of slice z lie, counted from those of the first line.
int64_t line_at(const Convolution& c, int64_t z, int64_t y) {
  return (z * c.stride.depth * c.in.height + y * c.stride.height) * c.in.width;
}

// Output places [first, last) of an image, in the order in which they lie.
struct Places {
  int64_t first, last;
  int64_t count() const noexcept { return last - first; }
};

// Calls visit(z, y, those of its places that are among them, counted from its first) for each line.
template <class Visit>
void for_each_line(const Convolution& c, const Places& places, Visit&& visit) {
  for (int64_t line = places.first / c.out.width; line * c.out.width < places.last; ++line) {
    const int64_t begin = line * c.out.width;
    const Places own{std::max<int64_t>(places.first - begin, 0), std::min(places.last - begin, c.out.width)};
    visit(line / c.out.height, line % c.out.height, own);
  }
}

// x (channels of a group, in) → patches (patch, places)
template <class T>
void unfold(const Convolution& c, const Places& places, const T* x, T* patches) {
  for_each_kernel_element(c, [&](int64_t row, int64_t begin, const InsideBox& inside) {
    T* to = patches + row * places.count();
    for_each_line(c, places, [&](int64_t z, int64_t y, const Places& own) {
      const bool has_line = inside.has_line(z, y);  // or all is padding
      const int64_t first = has_line ? std::clamp(inside.columns.first, own.first, own.last) : own.last;
      const int64_t last = has_line ? std::clamp(inside.columns.last, first, own.last) : own.last;
      const int64_t from = begin + line_at(c, z, y);
      std::fill(to, to + (first - own.first), T(0));
      for (int64_t i = first; i < last; ++i) to[i - own.first] = x[from + i * c.stride.width];
      std::fill(to + (last - own.first), to + own.count(), T(0));
      to += own.count();
    });
  });
}

// The other way round: each number of the patches is added to where it came from.
template <class T>
void fold(const Convolution& c, const Places& places, const T* patches, T* x) {
  for_each_kernel_element(c, [&](int64_t row, int64_t begin, const InsideBox& inside) {
    const T* from = patches + row * places.count();
    for_each_line(c, places, [&](int64_t z, int64_t y, const Places& own) {
      const int64_t first = std::clamp(inside.columns.first, own.first, own.last);
      const int64_t last = inside.has_line(z, y) ? std::clamp(inside.columns.last, first, own.last) : first;
      const int64_t to = begin + line_at(c, z, y);
      for (int64_t i = first; i < last; ++i) x[to + i * c.stride.width] += from[i - own.first];
      from += own.count();
    });
  });
}

// One image and one group of it.
struct Piece {
  int64_t image, group;
  int64_t x(const Convolution& c) const { return (image * c.groups + group) * (c.channels / c.groups) * c.in.size(); }
  int64_t weight(const Convolution& c) const { return group * c.group_filters() * c.patch(); }
  int64_t out(const Convolution& c) const { return (image * c.groups + group) * c.group_filters() * c.out.size(); }
};

// Patches are made for so many places at a time that they stay in a cache, and memory does not grow with the image.
constexpr int64_t patches_bytes = int64_t{4} << 20, fewest_places = 128;
template <class T>
int64_t places_at_once(const Convolution& c) {
  const int64_t fit = patches_bytes / static_cast<int64_t>(sizeof(T)) / std::max<int64_t>(c.patch(), 1);
  return std::clamp<int64_t>(fit, std::min(fewest_places, c.out.size()), std::max<int64_t>(c.out.size(), 1));
}

// The patches are x itself.
bool sees_one_place(const Convolution& c) {
  return c.kernel.size() == 1 && c.stride.depth * c.stride.height * c.stride.width == 1 && c.padding.depth == 0 &&
         c.padding.height == 0 && c.padding.width == 0;
}

// Calls work(places, patches) for all places of an image, some at a time. What patches are given is undefined.
template <class T, class Work>
void for_some_places(const Convolution& c, const Scratch<T>& patches, Work&& work) {
  const int64_t step = places_at_once<T>(c);
  for (int64_t first = 0; first < c.out.size(); first += step)
    work(Places{first, std::min(first + step, c.out.size())}, patches.data());
}
template <class T>
Scratch<T> scratch_for(const Convolution& c) {
  return Scratch<T>(static_cast<size_t>(c.patch() * places_at_once<T>(c)));
}

int64_t image_grain(const Convolution& c) {
  return std::max<int64_t>(convolution_grain / std::max<int64_t>(c.filters * c.patch() * c.out.size(), 1), 1);
}

// out (channels, places)
template <class T>
void start_with_bias(int64_t channels, int64_t places, const T* bias, T* out) {
  for (int64_t i = 0; i < channels; ++i, out += places) std::fill_n(out, places, bias ? bias[i] : T(0));
}

}  // namespace

template <class T>
void convolve(const Convolution& c, const T* x, const T* weight, const T* bias, T* out) {
  const int64_t filters = c.group_filters(), places = c.out.size(), patch = c.patch();
  if (is_depthwise(c)) return convolve_depthwise(c, x, weight, bias, out);
  const bool is_plain = sees_one_place(c);
  split(c.batch, image_grain(c), [&](int64_t first, int64_t last) {
    const Scratch<T> scratch = is_plain ? Scratch<T>() : scratch_for<T>(c);
    for (int64_t image = first; image < last; ++image) {
      start_with_bias(c.filters, places, bias, out + image * c.filters * places);
      for (int64_t group = 0; group < c.groups; ++group) {
        const Piece at{image, group};
        const T* const from = x + at.x(c);
        const T* const own = weight + at.weight(c);
        T* const to = out + at.out(c);
        if (is_plain) {
          gemm<T>(false, false, filters, places, patch, own, patch, from, places, T(1), to, places);
        } else {
          for_some_places(c, scratch, [&](const Places& some, T* patches) {
            unfold(c, some, from, patches);
            gemm<T>(false, false, filters, some.count(), patch, own, patch, patches, some.count(), T(1),
                    to + some.first, places);
          });
        }
      }
    }
  });
}

template <class T>
void convolve_backward_input(const Convolution& c, const T* grad, const T* weight, const T* bias, T* grad_x) {
  const int64_t filters = c.group_filters(), places = c.out.size(), patch = c.patch();
  split(c.batch, image_grain(c), [&](int64_t first, int64_t last) {
    const Scratch<T> scratch = scratch_for<T>(c);
    for (int64_t image = first; image < last; ++image) {
      start_with_bias(c.channels, c.in.size(), bias, grad_x + image * c.channels * c.in.size());
      for (int64_t group = 0; group < c.groups; ++group) {
        const Piece at{image, group};
        for_some_places(c, scratch, [&](const Places& some, T* patches) {
          gemm<T>(true, false, patch, some.count(), filters, weight + at.weight(c), patch,
                  grad + at.out(c) + some.first, places, T(0), patches, some.count());
          fold(c, some, patches, grad_x + at.x(c));
        });
      }
    }
  });
}

template <class T>
void convolve_backward_weight(const Convolution& c, const T* grad, const T* x, T* grad_weight) {
  const int64_t filters = c.group_filters(), places = c.out.size(), patch = c.patch();
  std::fill_n(grad_weight, c.filters * patch, T(0));
  const Scratch<T> scratch = scratch_for<T>(c);
  for (int64_t image = 0; image < c.batch; ++image) {
    for (int64_t group = 0; group < c.groups; ++group) {
      const Piece at{image, group};
      for_some_places(c, scratch, [&](const Places& some, T* patches) {
        unfold(c, some, x + at.x(c), patches);
        gemm<T>(false, true, filters, patch, some.count(), grad + at.out(c) + some.first, places, patches, some.count(),
                T(1), grad_weight + at.weight(c), patch);
      });
    }
  }
}

template void convolve(const Convolution&, const float*, const float*, const float*, float*);
template void convolve(const Convolution&, const double*, const double*, const double*, double*);
template void convolve_backward_input(const Convolution&, const float*, const float*, const float*, float*);
template void convolve_backward_input(const Convolution&, const double*, const double*, const double*, double*);
template void convolve_backward_weight(const Convolution&, const float*, const float*, float*);
template void convolve_backward_weight(const Convolution&, const double*, const double*, double*);

}  // namespace okibi::kernels
