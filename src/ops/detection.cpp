// What detectors of objects are made of, as torchvision's operators: choosing among boxes, and looking into them (He et
// al. 2017, Mask R-CNN, for RoIAlign).
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "kernels/split.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------------ choosing

void check_boxes(const Tensor& boxes, const Tensor& scores) {
  if (boxes.dim() == 2 && boxes.size(1) == 4 && scores.dim() == 1 && scores.size(0) == boxes.size(0) &&
      scores.dtype() == boxes.dtype()) {
    return;
  }
  throw Error(ErrorKind::bad_argument, "nms takes boxes and as many scores, of one dtype")
      .expected("(n, 4) and (n)")
      .found(fmt::format("{} of sizes {} and {} of sizes {}", name_of(boxes.dtype()), to_string(boxes.sizes()),
                         name_of(scores.dtype()), to_string(scores.sizes())));
}

// The best first, equal ones in their order; NaN counts as the best of all.
template <class T>
std::vector<int64_t> by_falling_scores(const T* scores, int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, [scores](int64_t a, int64_t b) {
    return std::isnan(scores[a]) ? !std::isnan(scores[b]) : scores[a] > scores[b];
  });
  return order;
}

template <class T>
struct Box {
  T left, top, right, bottom, area;
  explicit Box(const T* at)
      : left(at[0]), top(at[1]), right(at[2]), bottom(at[3]), area((right - left) * (bottom - top)) {}
  // What both cover, of what either covers.
  T overlap(const Box& other) const {
    const T width = std::max(T(0), std::min(right, other.right) - std::max(left, other.left));
    const T height = std::max(T(0), std::min(bottom, other.bottom) - std::max(top, other.top));
    return width * height / (area + other.area - width * height);
  }
};

template <class T>
std::vector<int64_t> surviving(const T* boxes, const T* scores, int64_t n, double threshold) {
  const std::vector<int64_t> order = by_falling_scores(scores, n);
  std::vector<Box<T>> sorted;
  sorted.reserve(order.size());
  for (const int64_t i : order) sorted.emplace_back(boxes + 4 * i);
  std::vector<bool> removed(order.size());
  std::vector<int64_t> kept;
  for (size_t i = 0; i < order.size(); ++i) {
    if (removed[i]) continue;
    kept.push_back(order[i]);
    for (size_t k = i + 1; k < order.size(); ++k) {
      if (!removed[k] && static_cast<double>(sorted[i].overlap(sorted[k])) > threshold) removed[k] = true;
    }
  }
  return kept;
}

struct Nms {
  static constexpr std::string_view schema =
      "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor";
  static Tensor compose(const Tensor& boxes, const Tensor& scores, double threshold) {
    check_boxes(boxes, scores);
    const Tensor b = widened(boxes).contiguous(), s = widened(scores).contiguous();
    std::vector<int64_t> kept;
    dispatch_floating(b.dtype(), "nms",
                      [&]<class T>() { kept = surviving(b.data<T>(), s.data<T>(), boxes.size(0), threshold); });
    return tensor(kept);
  }
};

// -------------------------------------------------------------------------------------------------------- looking into

struct RoiOptions {
  double spatial_scale;
  int64_t height, width, sampling_ratio;  // of what comes out; points for each of its cells, along each side
  bool aligned;
};

// Four numbers around a point weigh as much as it is near to them: along one side of the picture, those at `low` and
// `high` weigh 1 - part and part. What lies outside counts as zeros.
template <class T>
struct Point {
  int64_t low = 0, high = 0;
  T part = 0;
  bool is_inside = false;

  Point(T at, int64_t size) {
    if (!(at >= T(-1) && at <= static_cast<T>(size))) return;
    is_inside = true;
    at = std::max(at, T(0));
    low = static_cast<int64_t>(at);
    high = low + 1;
    if (low >= size - 1) {
      low = high = size - 1;
      at = static_cast<T>(low);
    }
    part = at - static_cast<T>(low);
  }
};

// The points of all cells along one side, cell by cell.
template <class T>
struct Side {
  std::vector<Point<T>> points;
  int64_t in_cell = 0;

  Side(T begin, T end, int64_t cells, int64_t size, const RoiOptions& options) {
    T length = end - begin;
    if (!options.aligned) length = std::max(length, T(1));  // broken boxes are looked at, too
    const T cell = length / static_cast<T>(cells);
    in_cell = options.sampling_ratio > 0 ? options.sampling_ratio : points_in(cell, cells);
    const double all = static_cast<double>(in_cell) * static_cast<double>(cells);
    if (all > static_cast<double>(most)) throw too_many(all);
    points.reserve(static_cast<size_t>(std::max<int64_t>(in_cell * cells, 0)));
    for (int64_t c = 0; c < cells; ++c) {
      for (int64_t i = 0; i < in_cell; ++i) {
        const T at = begin + static_cast<T>(c) * cell +
                     static_cast<T>(static_cast<float>(i) + 0.5f) * cell / static_cast<T>(in_cell);
        points.emplace_back(at, size);
      }
    }
  }

 private:
  static constexpr int64_t most = int64_t{1} << 24;
  static Error too_many(double points) {
    return Error(ErrorKind::limit, "roi_align: a box is so large that it would be looked at in more points than any")
        .found(fmt::format("{} along one side", points));
  }
  static int64_t points_in(T cell, int64_t cells) {
    const double count = std::ceil(static_cast<double>(cell));
    if (!(count * static_cast<double>(cells) <= static_cast<double>(most)))
      throw too_many(count * static_cast<double>(cells));
    return std::max<int64_t>(static_cast<int64_t>(count), 0);
  }
};

// One box: in which picture, and where in it.
template <class T>
struct Region {
  int64_t picture;
  Side<T> down, across;
  T count;

  // box: the number of the picture, left, top, right, bottom
  Region(const T* box, const Tensor& x, const RoiOptions& o)
      : picture(static_cast<int64_t>(box[0])),
        down(edge(box[2], o), edge(box[4], o), o.height, x.size(2), o),
        across(edge(box[1], o), edge(box[3], o), o.width, x.size(3), o),
        count(static_cast<T>(std::max<int64_t>(down.in_cell * across.in_cell, 1))) {
    constexpr double most = 1 << 26;
    const double all = static_cast<double>(down.points.size()) * static_cast<double>(across.points.size());
    if (all <= most) return;
    throw Error(ErrorKind::limit, "roi_align: a box is so large that it would be looked at in more points than any")
        .found(fmt::format("{}", all));
  }

 private:
  static T edge(T at, const RoiOptions& o) {
    return at * static_cast<T>(o.spatial_scale) - (o.aligned ? T(0.5) : T(0));
  }
};

// visit(cell, place in the plane, weight) for all that the cells of a region are made of.
template <class T, class Visit>
void for_each_part(const Region<T>& region, const RoiOptions& o, int64_t width, Visit&& visit) {
  for (int64_t cell = 0; cell < o.height * o.width; ++cell) {
    const Point<T>* down = region.down.points.data() + cell / o.width * region.down.in_cell;
    const Point<T>* across = region.across.points.data() + cell % o.width * region.across.in_cell;
    for (int64_t i = 0; i < region.down.in_cell; ++i) {
      const Point<T>& y = down[i];
      if (!y.is_inside) continue;
      for (int64_t k = 0; k < region.across.in_cell; ++k) {
        const Point<T>& x = across[k];
        if (!x.is_inside) continue;
        visit(cell, y.low * width + x.low, (1 - y.part) * (1 - x.part));
        visit(cell, y.low * width + x.high, (1 - y.part) * x.part);
        visit(cell, y.high * width + x.low, y.part * (1 - x.part));
        visit(cell, y.high * width + x.high, y.part * x.part);
      }
    }
  }
}

// work(region, channel, box) for all channels of all boxes; several threads share the channels of one box, which are
// planes of their own.
template <class T, class Work>
void for_each_plane(const Tensor& x, const Tensor& boxes, const RoiOptions& o, Work&& work) {
  for (int64_t box = 0; box < boxes.size(0); ++box) {
    const Region<T> region(boxes.data<T>() + 5 * box, x, o);
    const auto parts = static_cast<int64_t>(std::min(
        4.0 * static_cast<double>(region.down.points.size()) * static_cast<double>(region.across.points.size()), 1e15));
    const int64_t grain = std::max<int64_t>(kernels::elementwise_grain / std::max<int64_t>(parts, 1), 1);
    kernels::split(x.size(1), grain, [&](int64_t first, int64_t last) {
      for (int64_t channel = first; channel < last; ++channel) work(region, channel, box);
    });
  }
}

void check_regions(const Tensor& x, const Tensor& boxes, const RoiOptions& o) {
  const bool fits = x.dim() == 4 && boxes.dim() == 2 && boxes.size(1) == 5 && x.dtype() == boxes.dtype();
  if (!fits) {
    throw Error(ErrorKind::bad_argument, "roi_align takes pictures and boxes of one dtype")
        .expected("(batch, channels, height, width) and (boxes, 5)")
        .found(fmt::format("{} of sizes {} and {} of sizes {}", name_of(x.dtype()), to_string(x.sizes()),
                           name_of(boxes.dtype()), to_string(boxes.sizes())));
  }
  if (o.height < 0 || o.width < 0 || o.sampling_ratio > (int64_t{1} << 24)) {
    throw Error(ErrorKind::bad_argument, "roi_align: sizes must not be negative, and points not beyond 2^24")
        .found(fmt::format("{} x {} cells of {}^2 points", o.height, o.width, o.sampling_ratio));
  }
  if (boxes.size(0) > 0 && (x.size(2) == 0 || x.size(3) == 0)) {
    throw Error(ErrorKind::bad_argument, "roi_align: there is nothing to look at").found(to_string(x.sizes()));
  }
}

// The numbers of pictures stand in the boxes, as floats.
template <class T>
void check_box(const T* box, int64_t place, int64_t pictures) {
  if (!(box[0] > T(-1) && box[0] < static_cast<T>(pictures))) {
    throw Error(ErrorKind::out_of_range, fmt::format("roi_align: box {} is of a picture that is not there", place))
        .expected(fmt::format("0 to {}", pictures - 1))
        .found(fmt::format("{}", box[0]));
  }
  for (int64_t i = 1; i < 5; ++i) {
    if (std::isfinite(box[i])) continue;
    throw Error(ErrorKind::bad_argument, fmt::format("roi_align: box {} is not finite", place))
        .found(fmt::format("[{}, {}, {}, {}]", box[1], box[2], box[3], box[4]));
  }
}

struct RoiAlign {
  static constexpr std::string_view schema =
      "torchvision::roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, int "
      "sampling_ratio, bool aligned) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor& boxes, double spatial_scale, int64_t height, int64_t width,
                          int64_t sampling_ratio, bool aligned) {
    check_regions(x, boxes, {spatial_scale, height, width, sampling_ratio, aligned});
    return {{boxes.size(0), x.size(1), height, width}, x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& boxes, double spatial_scale, int64_t height, int64_t width,
                      int64_t sampling_ratio, bool aligned, const Tensor& out) {
    const RoiOptions o{spatial_scale, height, width, sampling_ratio, aligned};
    const Tensor in = x.contiguous(), b = boxes.contiguous();
    if (out.numel() == 0) return;
    out.zero_();
    dispatch_floating(x.dtype(), "roi_align", [&]<class T>() {
      for (int64_t i = 0; i < b.size(0); ++i) check_box(b.data<T>() + 5 * i, i, x.size(0));
      const int64_t area = x.size(2) * x.size(3), cells = height * width;
      for_each_plane<T>(in, b, o, [&](const Region<T>& region, int64_t channel, int64_t box) {
        const T* from = in.data<T>() + (region.picture * x.size(1) + channel) * area;
        T* to = out.data<T>() + (box * x.size(1) + channel) * cells;
        for_each_part(region, o, x.size(3), [&](int64_t cell, int64_t at, T weight) { to[cell] += weight * from[at]; });
        for (int64_t cell = 0; cell < cells; ++cell) to[cell] /= region.count;
      });
    });
  }

  static constexpr const char* backward_name = "RoiAlignBackward";
  using Saved = std::tuple<SavedTensor, Dims, RoiOptions>;
  static Saved save(const Tensor& x, const Tensor& boxes, double spatial_scale, int64_t height, int64_t width,
                    int64_t sampling_ratio, bool aligned, const Tensor&) {
    return {SavedTensor::input(boxes), x.sizes(), RoiOptions{spatial_scale, height, width, sampling_ratio, aligned}};
  }
  // Of the boxes there is none, as in torchvision.
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [boxes, sizes, o] = saved;
    const Tensor b = boxes.get().contiguous(), g = gradient.contiguous(), out = zeros(sizes, {gradient.dtype()});
    if (g.numel() == 0) return {out, Tensor()};
    dispatch_floating(g.dtype(), "roi_align", [&]<class T>() {
      const int64_t area = out.size(2) * out.size(3), cells = o.height * o.width;
      for_each_plane<T>(out, b, o, [&](const Region<T>& region, int64_t channel, int64_t box) {
        const T* up = g.data<T>() + (box * out.size(1) + channel) * cells;
        T* to = out.data<T>() + (region.picture * out.size(1) + channel) * area;
        for_each_part(region, o, out.size(3),
                      [&](int64_t cell, int64_t at, T weight) { to[at] += weight * up[cell] / region.count; });
      });
    });
    return {out, Tensor()};
  }
};

}  // namespace

std::span<const okibi::Op> detection_ops() {
  static constexpr okibi::Op rows[] = {entry<Nms>(), entry<RoiAlign>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor nms(const Tensor& boxes, const Tensor& scores, double iou_threshold) {
  return ops::Nms::compose(boxes, scores, iou_threshold);
}
Tensor roi_align(const Tensor& x, const Tensor& boxes, double spatial_scale, int64_t pooled_height,
                 int64_t pooled_width, int64_t sampling_ratio, bool aligned) {
  return ops::call<ops::RoiAlign>(x, boxes, spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned);
}

}  // namespace okibi
