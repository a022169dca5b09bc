// Samples of interpolation: over many pairs of sizes, since their roundings are what PyTorch and others disagree on.
#pragma once

#include "sample_tensors.h"

namespace okibi::samples {

inline Value scales(std::initializer_list<Value> values) { return List(values); }

// Of one dimension from each of `in` to each of `out`, by their sizes alone and by scales that are near to them. (Where
// an output is as large as the input, or twice as large, PyTorch's gradient of the nearest does not look at the scale,
// though its output does: it is no derivative then.)
inline std::vector<Arguments> lines(bool has_corners) {
  std::vector<Arguments> all;
  for (const int64_t in : {1, 2, 3, 5, 6, 7}) {
    for (const int64_t out : {1, 2, 3, 4, 5, 7, 10, 13, 14, 17}) {
      const double scale = (static_cast<double>(out) + 0.4) / static_cast<double>(in);
      const Tensor x = some({1, 2, in});
      if (!has_corners) {
        all.push_back({x, dims({out}), nullptr});
        if (out != in && out != 2 * in) all.push_back({x, dims({out}), scale});
      } else {
        all.push_back({x, dims({out}), false, nullptr});
        all.push_back({x, dims({out}), true, scale});
        all.push_back({x, dims({out}), false, scale});
      }
    }
  }
  return all;
}

// Of pictures, whose corners are the third argument.
inline std::vector<Arguments> pictures() {
  std::vector<Arguments> all = {{some({2, 3, 4, 2}).permute({0, 3, 1, 2}), dims({5, 7}), false, nullptr, nullptr},
                                {some({0, 2, 3, 3}), dims({2, 5}), false, nullptr, nullptr},
                                {some({1, 1, 3, 3}), dims({4, 3}), false, 2.0, -1.0},
                                {some({1, 2, 5, 3}), dims({7, 4}), true, 1.5, nullptr}};
  for (const int64_t in : {1, 2, 3, 5, 7}) {
    for (const int64_t out : {1, 2, 3, 6, 7, 11}) {
      const double scale = (static_cast<double>(out) + 0.3) / static_cast<double>(in);
      all.push_back({some({1, 1, in, 3}), dims({out, 4}), false, nullptr, nullptr});
      all.push_back({some({1, 1, 2, in}), dims({3, out}), true, nullptr, nullptr});
      all.push_back({some({1, 1, 2, in}), dims({3, out}), false, 1.7, scale});
    }
  }
  return all;
}

// PyTorch 2.15 makes pictures of width 1 wrongly, and it alone does not look at scales where nothing changes.
inline std::vector<Arguments> antialiased_pictures() {
  std::vector<Arguments> all = {{some({2, 3, 4, 2}).permute({0, 3, 1, 2}), dims({5, 7}), false, nullptr, nullptr},
                                {some({1, 2, 5, 3}), dims({7, 3}), true, 1.5, nullptr}};
  for (const int64_t in : {1, 2, 3, 5, 7, 12}) {
    for (const int64_t out : {1, 2, 3, 6, 8}) {
      const double scale = (static_cast<double>(out) + 0.3) / static_cast<double>(in);
      all.push_back({some({1, 1, in, 3}), dims({out, 4}), false, nullptr, nullptr});
      all.push_back({some({1, 1, 2, in}), dims({3, out + 1}), true, nullptr, nullptr});
      if (in != out) all.push_back({some({1, 1, in, 4}), dims({out, 3}), false, scale, 0.8});
    }
  }
  return all;
}

inline std::vector<Arguments> nearest_pictures() {
  return {{some({2, 3, 4, 2}).permute({0, 3, 1, 2}), dims({5, 7}), nullptr, nullptr},
          {some({0, 2, 3, 3}), dims({2, 5}), nullptr, nullptr},
          {some({1, 2, 5, 3}), dims({3, 8}), 0.7, 2.7},
          {some({1, 2, 5, 3}), dims({10, 6}), 2.0, 2.0},
          {(some({1, 2, 5, 3}, 3) * 20.0).to(uint8), dims({3, 8}), nullptr, nullptr}};
}
inline std::vector<Arguments> nearest_boxes() {
  return {{some({1, 2, 2, 3, 4}), dims({3, 2, 7}), nullptr, nullptr, nullptr},
          {some({1, 2, 3, 2, 1}).transpose(2, 4), dims({2, 3, 5}), 2.0, 1.6, 1.7}};
}

// Every mode with everything that may be outside, where some of the grid's places are; none lies on a point.
inline std::vector<Arguments> grids(const Tensor& x, const Tensor& grid, int64_t modes) {
  std::vector<Arguments> all;
  for (int64_t mode = 0; mode < modes; ++mode) {
    for (const int64_t outside : {0, 1, 2}) {
      for (const bool align_corners : {false, true}) all.push_back({x, grid, mode, outside, align_corners});
    }
  }
  return all;
}

inline Map interpolation_samples() {
  const Tensor grid = distinct({2, 3, 3, 2}) + 0.0123, deep_grid = distinct({1, 2, 2, 3, 3}) + 0.0123;
  return {
      {"aten::grid_sampler_2d", grids(some({2, 2, 3, 4}), grid, 3)},
      {"aten::grid_sampler_3d", grids(some({1, 2, 3, 2, 4}), deep_grid, 2)},
      {"aten::grid_sampler",
       {{some({2, 4, 3, 2}).permute({0, 3, 1, 2}), grid.transpose(1, 2), 0, 0, false},
        {some({1, 1, 2, 3, 2}), deep_grid, 0, 1, true}}},
      {"aten::upsample_nearest1d", lines(false)},
      {"aten::_upsample_nearest_exact1d", lines(false)},
      {"aten::upsample_linear1d", lines(true)},
      {"aten::upsample_nearest2d", nearest_pictures()},
      {"aten::_upsample_nearest_exact2d", nearest_pictures()},
      {"aten::upsample_bilinear2d", pictures()},
      {"aten::upsample_bicubic2d", pictures()},
      {"aten::_upsample_bilinear2d_aa", antialiased_pictures()},
      {"aten::_upsample_bicubic2d_aa", antialiased_pictures()},
      {"aten::upsample_nearest3d", nearest_boxes()},
      {"aten::_upsample_nearest_exact3d", nearest_boxes()},
      {"aten::upsample_trilinear3d",
       {{some({1, 2, 2, 3, 4}), dims({3, 2, 7}), false, nullptr, nullptr, nullptr},
        {some({1, 2, 2, 3, 4}), dims({3, 4, 3}), true, nullptr, nullptr, nullptr},
        {some({1, 1, 3, 2, 1}).transpose(2, 4), dims({2, 4, 5}), false, 2.0, 2.1, 1.7}}},
      {"aten::upsample_nearest1d.vec",
       {{some({1, 2, 5}), dims({7}), nullptr}, {some({1, 2, 5}), nullptr, scales({1.5})}}},
      {"aten::upsample_nearest2d.vec",
       {{some({1, 2, 5, 3}), dims({7, 2}), nullptr}, {some({1, 2, 5, 3}), nullptr, scales({1.5, 2.0})}}},
      {"aten::upsample_nearest3d.vec",
       {{some({1, 1, 2, 3, 2}), dims({3, 4, 3}), nullptr}, {some({1, 1, 2, 3, 2}), nullptr, scales({1.5, 0.7, 2.0})}}},
      {"aten::_upsample_nearest_exact1d.vec",
       {{some({1, 2, 5}), dims({7}), nullptr}, {some({1, 2, 5}), nullptr, scales({1.5})}}},
      {"aten::_upsample_nearest_exact2d.vec",
       {{some({1, 2, 5, 3}), dims({7, 2}), nullptr}, {some({1, 2, 5, 3}), nullptr, scales({1.5, 2.0})}}},
      {"aten::_upsample_nearest_exact3d.vec", {{some({1, 1, 2, 3, 2}), nullptr, scales({1.5, 0.7, 2.0})}}},
      {"aten::upsample_linear1d.vec",
       {{some({1, 2, 5}), dims({7}), true, nullptr}, {some({1, 2, 5}), nullptr, false, scales({1.5})}}},
      {"aten::upsample_bilinear2d.vec",
       {{some({1, 2, 5, 3}), dims({7, 2}), false, nullptr}, {some({1, 2, 5, 3}), nullptr, false, scales({1.5, 0.9})}}},
      {"aten::upsample_bicubic2d.vec",
       {{some({1, 2, 5, 3}), dims({7, 2}), true, nullptr}, {some({1, 2, 5, 3}), nullptr, false, scales({1.5, 0.9})}}},
      {"aten::upsample_trilinear3d.vec",
       {{some({1, 1, 2, 3, 2}), dims({3, 4, 3}), true, nullptr},
        {some({1, 1, 2, 3, 2}), nullptr, false, scales({1.5, 0.7, 2.0})}}},
      {"aten::_upsample_bilinear2d_aa.vec",
       {{some({1, 2, 9, 5}), dims({4, 2}), false, nullptr}, {some({1, 2, 5, 7}), nullptr, false, scales({1.5, 0.4})}}},
      {"aten::_upsample_bicubic2d_aa.vec",
       {{some({1, 2, 9, 5}), dims({4, 2}), false, nullptr}, {some({1, 2, 5, 7}), nullptr, true, scales({1.5, 0.4})}}},
  };
}

}  // namespace okibi::samples
