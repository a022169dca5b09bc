#include "kernels/convolution.h"

#include <algorithm>

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

// x (channels of a group, in) → patches (patch, out)
template <class T>
void unfold(const Convolution& c, const T* x, T* patches) {
  for_each_kernel_element(c, [&](int64_t row, int64_t begin, const InsideBox& inside) {
    T* to = patches + row * c.out.size();
    for (int64_t z = 0; z < c.out.depth; ++z) {
      for (int64_t y = 0; y < c.out.height; ++y, to += c.out.width) {
        const Inside columns = inside.has_line(z, y) ? inside.columns : Inside(0, 1, 0, c.out.width);  // or padding
        const int64_t from = begin + line_at(c, z, y);
        std::fill(to, to + columns.first, T(0));
        for (int64_t i = columns.first; i < columns.last; ++i) to[i] = x[from + i * c.stride.width];
        std::fill(to + columns.last, to + c.out.width, T(0));
      }
    }
  });
}

// The other way round: each number of the patches is added to where it came from.
template <class T>
void fold(const Convolution& c, const T* patches, T* x) {
  for_each_kernel_element(c, [&](int64_t row, int64_t begin, const InsideBox& inside) {
    for (int64_t z = inside.slices.first; z < inside.slices.last; ++z) {
      for (int64_t y = inside.lines.first; y < inside.lines.last; ++y) {
        const T* from = patches + row * c.out.size() + (z * c.out.height + y) * c.out.width;
        const int64_t to = begin + line_at(c, z, y);
        for (int64_t i = inside.columns.first; i < inside.columns.last; ++i) x[to + i * c.stride.width] += from[i];
      }
    }
  });
}

// One image and one group of it.
struct Piece {
  int64_t image, group;
  int64_t x(const Convolution& c) const { return (image * c.groups + group) * (c.channels / c.groups) * c.in.size(); }
  int64_t weight(const Convolution& c) const { return group * c.group_filters() * c.patch(); }
  int64_t out(const Convolution& c) const { return (image * c.groups + group) * c.group_filters() * c.out.size(); }
};

size_t patches_size(const Convolution& c) { return static_cast<size_t>(c.patch() * c.out.size()); }

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
  split(c.batch, image_grain(c), [&](int64_t first, int64_t last) {
    const Scratch<T> patches(patches_size(c));
    for (int64_t image = first; image < last; ++image) {
      start_with_bias(c.filters, places, bias, out + image * c.filters * places);
      for (int64_t group = 0; group < c.groups; ++group) {
        const Piece at{image, group};
        unfold(c, x + at.x(c), patches.data());
        gemm<T>(false, false, filters, places, patch, weight + at.weight(c), patch, patches.data(), places, T(1),
                out + at.out(c), places);
      }
    }
  });
}

template <class T>
void convolve_backward_input(const Convolution& c, const T* grad, const T* weight, const T* bias, T* grad_x) {
  const int64_t filters = c.group_filters(), places = c.out.size(), patch = c.patch();
  split(c.batch, image_grain(c), [&](int64_t first, int64_t last) {
    const Scratch<T> patches(patches_size(c));
    for (int64_t image = first; image < last; ++image) {
      start_with_bias(c.channels, c.in.size(), bias, grad_x + image * c.channels * c.in.size());
      for (int64_t group = 0; group < c.groups; ++group) {
        const Piece at{image, group};
        gemm<T>(true, false, patch, places, filters, weight + at.weight(c), patch, grad + at.out(c), places, T(0),
                patches.data(), places);
        fold(c, patches.data(), grad_x + at.x(c));
      }
    }
  });
}

template <class T>
void convolve_backward_weight(const Convolution& c, const T* grad, const T* x, T* grad_weight) {
  const int64_t filters = c.group_filters(), places = c.out.size(), patch = c.patch();
  std::fill_n(grad_weight, c.filters * patch, T(0));
  const Scratch<T> patches(patches_size(c));
  for (int64_t image = 0; image < c.batch; ++image) {
    for (int64_t group = 0; group < c.groups; ++group) {
      const Piece at{image, group};
      unfold(c, x + at.x(c), patches.data());
      gemm<T>(false, true, filters, patch, places, grad + at.out(c), places, patches.data(), places, T(1),
              grad_weight + at.weight(c), patch);
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
