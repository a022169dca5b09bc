// checkpoint/formats/boxes.h: boxes of a tensor, as a file claims them.
#pragma once

#include <span>

#include <okibi/dtype.h>

namespace okibi::checkpoint {

struct BoxView {
  std::span<const int64_t> offsets, sizes;
};

// What the boxes of all tensors of a checkpoint may cost beyond what a grid of as many takes: a moment.
struct BoxBudget {
  uint64_t steps = 20'000'000;  // an interval of one box against that of another
};

// Error(bad_file) unless each box lies within `sizes`, and each element lies in exactly one box. A grid, even or not,
// takes n log n; boxes that interlock so that nothing divides them are compared with each other, up to Error(limit).
void check_boxes(const Dims& sizes, std::span<const BoxView> boxes, BoxBudget& budget);

}  // namespace okibi::checkpoint
