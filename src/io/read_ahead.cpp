#include "io/read_ahead.h"

#include <algorithm>

namespace okibi::io {
namespace {

constexpr uint64_t not_worth_a_thread = uint64_t{1} << 20;

}  // namespace

ReadAhead::ReadAhead(const Source& source, uint64_t begin, uint64_t size, uint64_t piece_bytes)
    : source_(source), offset_(begin), left_(size), piece_bytes_(piece_bytes) {
  next_ = start();
}

std::span<std::byte> ReadAhead::next() {
  const std::span<std::byte> piece = next_.get();
  next_ = start();
  return piece;
}

std::future<std::span<std::byte>> ReadAhead::start() {
  turn_ = !turn_;
  auto& buffer = buffers_[turn_];
  buffer.resize(std::min(left_, piece_bytes_));
  const uint64_t offset = offset_;
  offset_ += buffer.size(), left_ -= buffer.size();
  const auto how = buffer.size() > not_worth_a_thread ? std::launch::async : std::launch::deferred;
  return std::async(how, [this, &buffer, offset]() -> std::span<std::byte> {
    source_.read(offset, buffer);
    return buffer;
  });
}

}  // namespace okibi::io
