#include "zip/inflated.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "base/crc32.h"
#include "zip/fault.h"
#include "zip/inflate.h"

namespace okibi::zip {
namespace {

constexpr uint64_t window_bytes = uint64_t{256} << 10;
constexpr uint64_t most_at_once = uint64_t{1} << 20;  // so that the CRC-32 finds the bytes in the cache

}  // namespace

Inflated::Inflated(const io::Source& source, const Record& record)
    : source_(source), record_(record), stream_(std::make_unique<z_stream>()) {
  *stream_ = {};
  if (inflateInit2(stream_.get(), -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

Inflated::~Inflated() { inflateEnd(stream_.get()); }

void Inflated::read(std::span<std::byte> into) {
  while (!into.empty()) {
    const auto piece = into.first(std::min<uint64_t>(into.size(), most_at_once));
    fill(piece);
    crc_ = extend_crc32(crc_, piece);
    position_ += piece.size();
    into = into.subspan(piece.size());
  }
  if (position_ == record_.size) check_end();
}

void Inflated::fill(std::span<std::byte> into) {
  stream_->next_out = reinterpret_cast<Bytef*>(into.data());
  stream_->avail_out = static_cast<uInt>(into.size());
  while (stream_->avail_out > 0) {
    if (ended_) throw bad_deflate(source_, record_);
    if (stream_->avail_in == 0) refill();
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    const bool is_stuck = result == Z_BUF_ERROR && taken_ == record_.stored_size;
    if (is_stuck || (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)) {
      throw bad_deflate(source_, record_);
    }
  }
}

void Inflated::refill() {
  window_.resize(std::min(window_bytes, record_.stored_size - taken_));
  source_.read(record_.offset + taken_, window_);
  taken_ += window_.size();
  stream_->next_in = reinterpret_cast<Bytef*>(window_.data());
  stream_->avail_in = static_cast<uInt>(window_.size());
}

// The mark of the end may still be to come, but no byte; and what follows it would be hidden from everybody.
void Inflated::check_end() {
  Bytef one_more = 0;
  stream_->next_out = &one_more;
  stream_->avail_out = 1;
  while (!ended_) {
    if (stream_->avail_in == 0) refill();
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    const bool is_stuck = result != Z_OK && !ended_ && (result != Z_BUF_ERROR || taken_ == record_.stored_size);
    if (is_stuck || stream_->avail_out == 0) throw bad_deflate(source_, record_);
  }
  if (stream_->avail_in > 0 || taken_ < record_.stored_size) throw bad_deflate(source_, record_);
  check_crc(source_, record_, crc_);
}

}  // namespace okibi::zip
