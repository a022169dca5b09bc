#include "checkpoint/formats/boxes.h"

#include <fmt/format.h>
#include <okibi/base.h>

#include <algorithm>
#include <vector>

namespace okibi::checkpoint {
namespace {

std::string text_of(const BoxView& box) {
  return fmt::format("{} at {}", to_string(Dims(box.sizes)), to_string(Dims(box.offsets)));
}

// Within the tensor, so that ends cannot overflow afterwards.
void check_within(const Dims& sizes, const BoxView& box) {
  bool is_within = box.offsets.size() == sizes.size() && box.sizes.size() == sizes.size();
  for (size_t dim = 0; is_within && dim < sizes.size(); ++dim) {
    const int64_t offset = box.offsets[dim], size = box.sizes[dim];
    is_within = offset >= 0 && size >= 0 && offset <= sizes[dim] && size <= sizes[dim] - offset;
  }
  if (is_within) return;
  throw Error(ErrorKind::bad_file, "a chunk lies outside its tensor")
      .expected(fmt::format("within {}", to_string(sizes)))
      .found(text_of(box));
}

// Proves boxes disjoint by dividing them: along one dimension they fall into groups whose intervals do not meet, each
// group is divided along the next one, and so on around, until groups of one are left or no dimension divides a group.
class Divider {
 public:
  Divider(size_t dims, std::span<const BoxView> boxes, BoxBudget& budget)
      : dims_(dims), boxes_(boxes.begin(), boxes.end()), budget_(budget) {
    budget_.steps += most_of_a_grid * (1 + dims_) * boxes_.size();
  }
  void run();

 private:
  // boxes_[begin, end), which the last `failed` dimensions could not divide.
  struct Group {
    size_t begin, end, dim, failed;
  };
  void divide(const Group& group);
  void compare_all(const Group& group);
  void spend(uint64_t steps);
  static constexpr uint64_t most_of_a_grid = 64;  // steps for each dimension of each box
  static bool meet(const BoxView& a, const BoxView& b);

  size_t dims_;
  std::vector<BoxView> boxes_;
  std::vector<Group> waiting_;
  BoxBudget& budget_;
};

void Divider::run() {
  waiting_.push_back({0, boxes_.size(), 0, 0});
  while (!waiting_.empty()) {
    const Group group = waiting_.back();
    waiting_.pop_back();
    if (group.end - group.begin < 2) continue;
    if (group.failed == dims_) {
      compare_all(group);
    } else {
      divide(group);
    }
  }
}

void Divider::divide(const Group& group) {
  const size_t dim = group.dim;
  spend(8 * (group.end - group.begin));
  std::sort(boxes_.begin() + group.begin, boxes_.begin() + group.end,
            [dim](const BoxView& a, const BoxView& b) { return a.offsets[dim] < b.offsets[dim]; });
  const size_t next = (dim + 1) % dims_;
  size_t begin = group.begin;
  int64_t reached = boxes_[begin].offsets[dim] + boxes_[begin].sizes[dim];
  for (size_t i = begin + 1; i < group.end; ++i) {
    if (boxes_[i].offsets[dim] >= reached) {
      waiting_.push_back({begin, i, next, 0});
      begin = i;
    }
    reached = std::max(reached, boxes_[i].offsets[dim] + boxes_[i].sizes[dim]);
  }
  waiting_.push_back({begin, group.end, next, begin == group.begin ? group.failed + 1 : 0});
}

bool Divider::meet(const BoxView& a, const BoxView& b) {
  for (size_t dim = 0; dim < a.sizes.size(); ++dim) {
    if (a.offsets[dim] >= b.offsets[dim] + b.sizes[dim] || b.offsets[dim] >= a.offsets[dim] + a.sizes[dim])
      return false;
  }
  return true;
}

void Divider::compare_all(const Group& group) {
  for (size_t i = group.begin; i < group.end; ++i) {
    spend(dims_ * (group.end - i));
    for (size_t j = i + 1; j < group.end; ++j) {
      if (!meet(boxes_[i], boxes_[j])) continue;
      throw Error(ErrorKind::bad_file, "two chunks of a tensor overlap")
          .found(fmt::format("{} and {}", text_of(boxes_[i]), text_of(boxes_[j])));
    }
  }
}

void Divider::spend(uint64_t steps) {
  if (steps > budget_.steps) {
    throw Error(ErrorKind::limit, "the chunks of a tensor interlock, and are too many to compare")
        .found(fmt::format("{} chunks", boxes_.size()));
  }
  budget_.steps -= steps;
}

}  // namespace

void check_boxes(const Dims& sizes, std::span<const BoxView> boxes, BoxBudget& budget) {
  const auto whole = static_cast<uint64_t>(numel_of(sizes));
  uint64_t covered = 0;
  for (const BoxView& box : boxes) {
    check_within(sizes, box);
    covered = checked_add(covered, static_cast<uint64_t>(numel_of(Dims(box.sizes))), "the elements of chunks");
  }
  if (sizes.empty() ? boxes.size() > 1 : false) {
    throw Error(ErrorKind::bad_file, "a tensor of one element lies in several chunks").found(boxes.size());
  }
  if (!sizes.empty()) Divider(sizes.size(), boxes, budget).run();
  if (covered == whole) return;  // disjoint, and as many as all
  throw Error(ErrorKind::bad_file, "the chunks of a tensor leave holes")
      .expected(fmt::format("{} elements", whole))
      .found(fmt::format("{} in {} chunks", covered, boxes.size()))
      .hint("A rank's part of the checkpoint is missing.");
}

}  // namespace okibi::checkpoint
