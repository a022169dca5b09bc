#include "io/window.h"

namespace okibi::io {

Window::Window(std::shared_ptr<const Source> whole, uint64_t offset, uint64_t size)
    : whole_(std::move(whole)), offset_(offset), size_(size) {
  check_range(*whole_, offset, size);
}

void Window::read(uint64_t offset, std::span<std::byte> into) const {
  check_range(*this, offset, into.size());
  whole_->read(offset_ + offset, into);
}

void Window::read_many(std::span<const Range> ranges, const Arrived& arrived) const {
  std::vector<Range> moved;
  for (const Range& range : ranges) {
    check_range(*this, range.offset, range.into.size());
    moved.push_back({offset_ + range.offset, range.into});
  }
  whole_->read_many(moved, arrived);
}

std::shared_ptr<std::byte> Window::map(uint64_t offset, uint64_t length) const {
  check_range(*this, offset, length);
  return whole_->map(offset_ + offset, length);
}

}  // namespace okibi::io
