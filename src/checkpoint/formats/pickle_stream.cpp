#include "checkpoint/formats/pickle_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "pickle/reach.h"

namespace okibi::checkpoint {
namespace {

constexpr uint64_t least_window = uint64_t{64} << 10;

}  // namespace

void PickleStream::check_left(uint64_t count, std::string_view what) const {
  if (count <= left()) return;
  throw Error(ErrorKind::bad_file, fmt::format("the file ends within {}", what))
      .expected(fmt::format("at least {} more bytes", count))
      .found(left())
      .hint("It was cut short or damaged; copy it again.")
      .at("offset", offset_);
}

// At least `count` bytes from here on, of those that are left, and what else the window has.
std::span<const std::byte> PickleStream::peek(uint64_t count) {
  const bool is_inside = offset_ >= window_begin_ && offset_ - window_begin_ <= window_.size();
  const uint64_t keep = is_inside ? window_.size() - (offset_ - window_begin_) : 0;
  if (keep < count || !is_inside) {
    window_.erase(window_.begin(), window_.end() - static_cast<ptrdiff_t>(keep));
    window_.resize(std::min(left(), std::max(count, least_window)));
    window_begin_ = offset_;
    source_.read(offset_ + keep, std::span(window_).subspan(keep));
  }
  return std::span(window_).subspan(offset_ - window_begin_);
}

std::span<const std::byte> PickleStream::bytes(uint64_t count, std::string_view what) {
  check_left(count, what);
  const auto found = peek(count).first(count);
  offset_ += count;
  return found;
}

void PickleStream::skip(uint64_t count, std::string_view what) {
  check_left(count, what);
  offset_ += count;
}

pickle::Graph PickleStream::next(std::string_view what) {
  const uint64_t begin = offset_;
  try {
    return decode_next();
  } catch (Error& error) {
    error.at("the pickle of " + std::string(what) + ", which begins at offset", begin);
    throw;
  }
}

// The window doubles until it holds the pickle to its STOP. What claims more than there is, is refused unread.
pickle::Graph PickleStream::decode_next() {
  for (uint64_t wanted = 1;;) {
    const auto begun = peek(std::min(wanted, left()));
    const pickle::Reach reach = pickle::reach_of(begun);
    if (reach.bytes > limits_.max_pickle_bytes) {
      throw Error(ErrorKind::limit, "the pickle is longer than Limits::max_pickle_bytes allows");
    }
    if (reach.is_whole) {
      offset_ += reach.bytes;
      return pickle::decode(begun.first(reach.bytes), limits_);
    }
    check_left(reach.bytes, "a pickle");
    wanted = std::max(reach.bytes, 2 * uint64_t{begun.size()});
  }
}

}  // namespace okibi::checkpoint
