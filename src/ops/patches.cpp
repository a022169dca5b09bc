// Windows that slide: as views, as the columns that a convolution multiplies (im2col), added up again (col2im), and the
// largest numbers of windows put back where they stood.
#include <fmt/format.h>

#include "kernels/split.h"
#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "tensor/body.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------------- a view

struct Unfold {
  static constexpr std::string_view schema =
      "aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t dimension, int64_t size, int64_t step) {
    const size_t d = wrap_dim(dimension, std::max<size_t>(x.sizes().size(), 1));
    const int64_t most = x.dim() == 0 ? 1 : x.sizes()[d];
    if (size < 0) refuse(fmt::format("size is {} but must be >= 0", size));
    if (size > most) refuse(fmt::format("maximum size for tensor at dimension {} is {} but size is {}", d, most, size));
    if (step <= 0) refuse(fmt::format("step is {} but must be > 0", step));
    Dims sizes = x.sizes(), strides = x.strides();
    const int64_t stride = x.dim() == 0 ? 1 : strides[d];
    if (x.dim() > 0) {
      sizes[d] = (most - size) / step + 1;
      strides[d] = wrapping_mul(stride, step);
    }
    sizes.push_back(size);
    strides.push_back(stride);
    return trace::noted(schema, make_view(x, std::move(sizes), std::move(strides), x.storage_offset()), x, dimension,
                        size, step);
  }
};

// ---------------------------------------------------------------------------------------------------------- as columns

// Of pictures (n, channels, height, width), n · channels of which are `planes`: columns (n, channels · kernel, places).
struct Sliding {
  Dims size, kernel, dilation, padding, stride;  // two numbers each
  Dims places;                                   // windows, by rows and columns
  int64_t planes = 0;

  int64_t count() const { return size_product(places[0], places[1], "im2col"); }
};

void check_pair(const Dims& pair, int64_t least, std::string_view name, std::string_view what) {
  constexpr int64_t most = INT32_MAX;
  if (pair.size() != 2) {
    refuse(fmt::format("It is expected {} equals to 2, but got size {}", what, pair.size()));
  }
  const bool fits = std::min(pair[0], pair[1]) >= least && std::max(pair[0], pair[1]) <= most;
  if (fits) return;
  const std::string_view rule = least > 0 ? "greater than zero" : "non-negative";
  refuse(fmt::format("{} should be {}, but got {}_height: {} {}_width: {}", name, rule, what, pair[0], what, pair[1]));
}

Sliding sliding(const Dims& size, const Dims& kernel, const Dims& dilation, const Dims& padding, const Dims& stride) {
  check_pair(kernel, 1, "kernel size", "kernel");
  check_pair(dilation, 1, "dilation", "dilation");
  check_pair(padding, 0, "padding", "pad");
  check_pair(stride, 1, "stride", "stride");
  Sliding s{size, kernel, dilation, padding, stride, {0, 0}, 0};
  for (size_t d = 0; d < 2; ++d) {
    if (size[d] > INT32_MAX) refuse("im2col and col2im: a side is larger than any picture's");
    const int64_t room = size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    s.places[d] = room < 0 ? 0 : room / stride[d] + 1;
  }
  return s;
}

std::string pair_text(const Dims& pair) { return fmt::format("({}, {})", pair[0], pair[1]); }

// Calls work(plane's number, column's number, from where in the plane) for what lies within the picture.
template <class Work>
void for_each_place(const Sliding& s, int64_t plane, Work&& work) {
  const int64_t kernel = s.kernel[0] * s.kernel[1];
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t ky = k / s.kernel[1] * s.dilation[0] - s.padding[0],
                  kx = k % s.kernel[1] * s.dilation[1] - s.padding[1];
    int64_t column = (plane * kernel + k) * s.count();
    for (int64_t i = 0; i < s.places[0]; ++i, column += s.places[1]) {
      const int64_t y = i * s.stride[0] + ky;
      if (y < 0 || y >= s.size[0]) continue;
      for (int64_t j = 0; j < s.places[1]; ++j) {
        const int64_t x = j * s.stride[1] + kx;
        if (x >= 0 && x < s.size[1]) work(column + j, y * s.size[1] + x);
      }
    }
  }
}

template <class Work>
void for_each_plane(const Sliding& s, Work&& work) {
  if (s.planes == 0) return;
  const int64_t each = std::max<int64_t>(s.kernel[0] * s.kernel[1] * s.count(), 1);
  kernels::split(s.planes, std::max<int64_t>(kernels::elementwise_grain / each, 1), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) work(plane);
  });
}

// Both contiguous.
void to_columns(const Sliding& s, const Tensor& pictures, const Tensor& columns) {
  columns.zero_();
  dispatch_floating(pictures.dtype(), "im2col", [&]<class T>() {
    for_each_plane(s, [&](int64_t plane) {
      const T* from = pictures.data<T>() + plane * s.size[0] * s.size[1];
      T* to = columns.data<T>();
      for_each_place(s, plane, [&](int64_t column, int64_t at) { to[column] = from[at]; });
    });
  });
}
void to_pictures(const Sliding& s, const Tensor& columns, const Tensor& pictures) {
  pictures.zero_();
  dispatch_floating(columns.dtype(), "col2im", [&]<class T>() {
    for_each_plane(s, [&](int64_t plane) {
      const T* from = columns.data<T>();
      T* to = pictures.data<T>() + plane * s.size[0] * s.size[1];
      for_each_place(s, plane, [&](int64_t column, int64_t at) { to[at] += from[column]; });
    });
  });
}

struct Im2col {
  static constexpr std::string_view schema =
      "aten::im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Dims& kernel, const Dims& dilation, const Dims& padding,
                          const Dims& stride) {
    const Sliding s = described(x, kernel, dilation, padding, stride);
    Dims sizes = x.dim() == 4 ? Dims{x.size(0)} : Dims();
    sizes.push_back(size_product(x.size(-3), size_product(kernel[0], kernel[1], "im2col"), "im2col"));
    sizes.push_back(s.count());
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& kernel, const Dims& dilation, const Dims& padding,
                      const Dims& stride, const Tensor& out) {
    to_columns(described(x, kernel, dilation, padding, stride), x.contiguous(), out);
  }

  static constexpr const char* backward_name = "Im2ColBackward0";
  using Saved = std::tuple<Sliding, Dims>;
  static Saved save(const Tensor& x, const Dims& kernel, const Dims& dilation, const Dims& padding, const Dims& stride,
                    const Tensor&) {
    return {described(x, kernel, dilation, padding, stride), x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor out = empty(std::get<1>(saved), {gradient.dtype()});
    to_pictures(std::get<0>(saved), gradient.contiguous(), out);
    return {out};
  }

 private:
  static Sliding described(const Tensor& x, const Dims& kernel, const Dims& dilation, const Dims& padding,
                           const Dims& stride) {
    const bool has_sides = x.dim() >= 3 && x.dim() <= 4 && x.size(-3) > 0 && x.size(-2) > 0 && x.size(-1) > 0;
    if (!has_sides) {
      refuse(
          fmt::format("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions "
                      "for input, but got: {}",
                      to_string(x.sizes())));
    }
    Sliding s = sliding({x.size(-2), x.size(-1)}, kernel, dilation, padding, stride);
    if (s.places[0] < 1 || s.places[1] < 1) {
      refuse(fmt::format(
          "Given input with spatial size {}, kernel_size={}, dilation={}, padding={}, calculated shape of "
          "the array of sliding blocks as {}, but its components must be at least one.",
          pair_text(s.size), pair_text(kernel), pair_text(dilation), pair_text(padding), pair_text(s.places)));
    }
    s.planes = (x.dim() == 4 ? x.size(0) : 1) * x.size(-3);
    return s;
  }
};

struct Col2im {
  static constexpr std::string_view schema =
      "aten::col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] "
      "stride) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Dims& output_size, const Dims& kernel, const Dims& dilation,
                          const Dims& padding, const Dims& stride) {
    described(x, output_size, kernel, dilation, padding, stride);
    Dims sizes = x.dim() == 3 ? Dims{x.size(0)} : Dims();
    for (const int64_t size : {x.size(-2) / (kernel[0] * kernel[1]), output_size[0], output_size[1]}) {
      sizes.push_back(size);
    }
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& output_size, const Dims& kernel, const Dims& dilation,
                      const Dims& padding, const Dims& stride, const Tensor& out) {
    to_pictures(described(x, output_size, kernel, dilation, padding, stride), x.contiguous(), out);
  }

  static constexpr const char* backward_name = "Col2ImBackward0";
  using Saved = std::tuple<Sliding, Dims>;
  static Saved save(const Tensor& x, const Dims& output_size, const Dims& kernel, const Dims& dilation,
                    const Dims& padding, const Dims& stride, const Tensor&) {
    return {described(x, output_size, kernel, dilation, padding, stride), x.sizes()};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor out = empty(std::get<1>(saved), {gradient.dtype()});
    to_columns(std::get<0>(saved), gradient.contiguous(), out);
    return {out};
  }

 private:
  static Sliding described(const Tensor& x, const Dims& size, const Dims& kernel, const Dims& dilation,
                           const Dims& padding, const Dims& stride) {
    if (size.size() != 2 || std::min(size[0], size[1]) < 1) {
      refuse(fmt::format("Expected 2 numbers greater than zero for output_size, but got {}", to_string(size)));
    }
    Sliding s = sliding(size, kernel, dilation, padding, stride);
    const bool has_sides = x.dim() >= 2 && x.dim() <= 3 && x.size(-2) > 0 && x.size(-1) > 0;
    if (!has_sides) {
      refuse(
          fmt::format("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
                      "dimensions for input, but got: {}",
                      to_string(x.sizes())));
    }
    const int64_t each = size_product(kernel[0], kernel[1], "col2im");
    if (x.size(-2) % each != 0) {
      refuse(
          fmt::format("Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
                      "input.size(1)={} and kernel_size={}.",
                      x.size(-2), pair_text(kernel)));
    }
    if (size_product(s.places[0], s.places[1], "col2im") != x.size(-1)) {
      refuse(
          fmt::format("Given output_size={}, kernel_size={}, dilation={}, padding={}, stride={}, expected size of "
                      "input's dimension 2 to match the calculated number of sliding blocks {} * {} = {}, but got "
                      "input.size(2)={}.",
                      pair_text(size), pair_text(kernel), pair_text(dilation), pair_text(padding), pair_text(stride),
                      s.places[0], s.places[1], s.count(), x.size(-1)));
    }
    s.planes = (x.dim() == 3 ? x.size(0) : 1) * (x.size(-2) / each);
    return s;
  }
};

// ----------------------------------------------------------------------------------------------------------- unpooling

// x (n, channels, *) or (channels, *), and where each of its numbers stands in an output of these sizes.
Tensor unpooled(const Tensor& x, const Tensor& indices, const Dims& output_size, size_t spatial) {
  if (indices.dtype() != int64) {
    throw Error(ErrorKind::bad_argument, "elements in indices should be type int64")
        .found(std::string(name_of(indices.dtype())));
  }
  if (output_size.size() != spatial) {
    refuse(fmt::format("There should be exactly {} elements in output_size, but got {} elements.", spatial,
                       output_size.size()));
  }
  const size_t rank = x.sizes().size();
  if (rank != spatial + 1 && rank != spatial + 2) {
    refuse(fmt::format("Input to max_unpooling{}d should be a {}d or {}d Tensor, but got {}", spatial, spatial + 1,
                       spatial + 2, to_string(x.sizes())));
  }
  if (x.sizes() != indices.sizes()) {
    refuse(
        fmt::format("Expected shape of indices to be same as that of the input tensor ({}) but got indices tensor "
                    "with shape: {}",
                    to_string(x.sizes()), to_string(indices.sizes())));
  }
  const int64_t volume = numel_of(output_size);
  if (indices.numel() > 0) {
    const int64_t least = okibi::min(indices).item<int64_t>(), most = okibi::max(indices).item<int64_t>();
    if (least < 0 || most >= volume) {
      throw Error(ErrorKind::out_of_range, fmt::format("Found an invalid max index: {} (output volumes are of size {})",
                                                       least < 0 ? least : most, fmt::join(output_size, "x")));
    }
  }
  Dims sizes(std::span<const int64_t>(x.sizes()).first(rank - spatial));
  const int64_t planes = numel_of(sizes);
  for (const int64_t size : output_size) sizes.push_back(size);
  const int64_t each = planes == 0 ? 0 : x.numel() / planes;
  return okibi::scatter(zeros({planes, volume}, {x.dtype()}), 1, indices.reshape({planes, each}),
                        x.reshape({planes, each}))
      .view(sizes);
}

struct MaxUnpool2d {
  static constexpr std::string_view schema =
      "aten::max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& indices, const Dims& output_size) {
    return unpooled(x, indices, output_size, 2);
  }
};
struct MaxUnpool3d {
  static constexpr std::string_view schema =
      "aten::max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& indices, const Dims& output_size, const Dims& stride,
                        const Dims& padding) {
    const bool are_three = stride.size() == 3 && padding.size() == 3;
    if (!are_three || std::ranges::any_of(stride, [](int64_t n) { return n <= 0; })) {
      refuse(
          fmt::format("strides should be greater than zero, and three as the padding, but got stride: {} padding: {}",
                      to_string(stride), to_string(padding)));
    }
    return unpooled(x, indices, output_size, 3);
  }
};

}  // namespace

std::span<const okibi::Op> patch_ops() {
  static constexpr okibi::Op rows[] = {entry<Unfold>(), entry<Im2col>(), entry<Col2im>(), entry<MaxUnpool2d>(),
                                       entry<MaxUnpool3d>()};
  return rows;
}

}  // namespace okibi::ops
