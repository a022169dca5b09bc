// Pictures (batch, channels, height, width) and boxes (batch, channels, depth, height, width) read where a grid says.
#include "ops/op.h"

#include <fmt/format.h>

#include "kernels/grid_sampling.h"
#include "ops/dispatch.h"

namespace okibi::ops {
namespace {

using kernels::GridSampling;

[[noreturn]] void throw_not_fitting(const char* sentence, const Tensor& x, const Tensor& grid) {
  throw Error(ErrorKind::bad_argument, fmt::format("grid_sampler: {}", sentence))
      .found(fmt::format("an input of {} {} and a grid of {} {}", name_of(x.dtype()), to_string(x.sizes()),
                         name_of(grid.dtype()), to_string(grid.sizes())));
}

template <class Enum>
Enum numbered(int64_t number, const char* what) {
  if (number >= 0 && number <= 2) return static_cast<Enum>(number);
  throw Error(ErrorKind::bad_argument, fmt::format("grid_sampler: there is no such {}", what))
      .expected("0, 1 or 2")
      .found(std::to_string(number));
}

// grid (batch, [depth,] height, width, dims)
void check(const Tensor& x, const Tensor& grid, int64_t dims) {
  if (x.dim() != dims + 2 || grid.dim() != dims + 2) throw_not_fitting("expected as many dimensions of both", x, grid);
  if (x.dtype() != grid.dtype()) throw_not_fitting("expected input and grid to have the same dtype", x, grid);
  if (x.size(0) != grid.size(0)) throw_not_fitting("expected grid and input to have same batch size", x, grid);
  if (grid.size(-1) != dims) throw_not_fitting("expected grid to have a number for each dimension at its end", x, grid);
  for (int64_t d = 2; d < dims + 2; ++d) {
    constexpr int64_t most = int64_t{1} << 30;
    const bool good = x.size(d) >= 1 && x.size(d) < most && grid.size(d - 1) < most;
    if (!good)
      throw_not_fitting("expected input to have non-empty spatial dimensions, none of them too large", x, grid);
  }
}

GridSampling described(const Tensor& x, const Tensor& grid, int64_t dims, int64_t mode, int64_t outside,
                       bool align_corners) {
  check(x, grid, dims);
  uint64_t places = 1, inputs = 1;
  for (int64_t d = 1; d <= dims; ++d) {
    places = checked_mul(places, static_cast<uint64_t>(grid.size(d)), "the places of a grid");
    inputs = checked_mul(inputs, static_cast<uint64_t>(x.size(d + 1)), "the points of a box");
  }
  const GridSampling s{.batch = x.size(0),
                       .channels = x.size(1),
                       .depth = dims == 3 ? x.size(2) : 1,
                       .height = x.size(-2),
                       .width = x.size(-1),
                       .places = static_cast<int64_t>(places),
                       .dims = dims,
                       .mode = numbered<GridSampling::Mode>(mode, "interpolation mode"),
                       .outside = numbered<GridSampling::Outside>(outside, "padding mode"),
                       .align_corners = align_corners};
  if (dims == 3 && s.mode == GridSampling::Mode::cubic) {
    throw_not_fitting("bicubic interpolation only supports 4D input", x, grid);
  }
  return s;
}

template <int64_t dims>
struct GridSampler {
  static constexpr std::string_view schema =
      dims == 2 ? "aten::grid_sampler_2d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool "
                  "align_corners) -> Tensor"
                : "aten::grid_sampler_3d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool "
                  "align_corners) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& grid, int64_t mode, int64_t outside, bool align_corners) {
    described(x, grid, dims, mode, outside, align_corners);
    Dims sizes = {x.size(0), x.size(1)};
    for (int64_t d = 1; d <= dims; ++d) sizes.push_back(grid.size(d));
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& grid, int64_t mode, int64_t outside, bool align_corners,
                      const Tensor& out) {
    if (out.numel() == 0) return;
    const GridSampling s = described(x, grid, dims, mode, outside, align_corners);
    const Tensor in = x.contiguous(), places = grid.contiguous();
    dispatch_floating(x.dtype(), "grid_sampler",
                      [&]<class T>() { kernels::grid_sample<T>(s, in.data<T>(), places.data<T>(), out.data<T>()); });
  }

  static constexpr const char* backward_name = dims == 2 ? "GridSampler2DBackward0" : "GridSampler3DBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, GridSampling>;
  static Saved save(const Tensor& x, const Tensor& grid, int64_t mode, int64_t outside, bool align_corners,
                    const Tensor&) {
    return {SavedTensor::input(x), SavedTensor::input(grid), described(x, grid, dims, mode, outside, align_corners)};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [kept_x, kept_grid, s] = saved;
    const Tensor x = kept_x.get().contiguous(), grid = kept_grid.get().contiguous(), g = gradient.contiguous();
    std::array<Tensor, 2> made;
    if (edges.needed(0)) made[0] = zeros(x.sizes(), {x.dtype()});
    if (edges.needed(1)) made[1] = zeros(grid.sizes(), {grid.dtype()});
    if (g.numel() == 0) return made;
    dispatch_floating(x.dtype(), "grid_sampler", [&]<class T>() {
      const auto pointer = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
      kernels::grid_sample_backward<T>(s, g.data<T>(), x.data<T>(), grid.data<T>(), pointer(made[0]), pointer(made[1]));
    });
    return made;
  }
};

struct AnyGridSampler {
  static constexpr std::string_view schema =
      "aten::grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> "
      "Tensor";
  static Tensor compose(const Tensor& x, const Tensor& grid, int64_t mode, int64_t outside, bool align_corners) {
    if (x.dim() == 5) return call<GridSampler<3>>(x, grid, mode, outside, align_corners);
    return call<GridSampler<2>>(x, grid, mode, outside, align_corners);
  }
};

}  // namespace

std::span<const okibi::Op> grid_sampling_ops() {
  static constexpr okibi::Op rows[] = {entry<AnyGridSampler>(), entry<GridSampler<2>>(), entry<GridSampler<3>>()};
  return rows;
}

}  // namespace okibi::ops
