// io/window.h: a part of a Source that is read as if it were all of one.
#pragma once

#include <okibi/io.h>

namespace okibi::io {

class Window final : public Source {
 public:
  // Error(bad_file) unless [offset, offset + size) lies within the source.
  Window(std::shared_ptr<const Source> whole, uint64_t offset, uint64_t size);

  uint64_t size() const override { return size_; }
  std::string name() const override { return whole_->name(); }
  void read(uint64_t offset, std::span<std::byte> into) const override;
  void read_many(std::span<const Range> ranges, const Arrived& arrived = {}) const override;
  std::shared_ptr<std::byte> map(uint64_t offset, uint64_t length) const override;

 private:
  std::shared_ptr<const Source> whole_;
  uint64_t offset_, size_;
};

}  // namespace okibi::io
