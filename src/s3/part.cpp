#include "s3/part.h"

#include <algorithm>
#include <cstring>

#include "base/crc32.h"

namespace okibi::s3 {

Part::Part(size_t capacity) : memory_(std::make_unique_for_overwrite<std::byte[]>(capacity)), capacity_(capacity) {}

void Part::copy(Body::Piece bytes) {
  crc_ = extend_crc32(crc_, bytes);
  take(bytes);
}

uint32_t Part::copy_summed(Body::Piece bytes) {
  const uint32_t crc = sum(bytes);
  take(bytes);
  return crc;
}

void Part::take(Body::Piece bytes) {
  std::byte* const place = memory_.get() + own_;
  std::copy_n(bytes.data(), bytes.size(), place);
  own_ += bytes.size();
  body_.add({place, bytes.size()});
}

uint32_t Part::sum(Body::Piece bytes) {
  const uint32_t crc = extend_crc32(0, bytes);
  crc_ = join_crc32(crc_, crc, bytes.size());
  return crc;
}

uint32_t Part::borrow(Body::Piece bytes, const std::shared_ptr<const void>& owner) {
  const uint32_t crc = sum(bytes);
  body_.add(bytes);
  if (owners_.empty() || owners_.back() != owner) owners_.push_back(owner);
  return crc;
}

// Its own bytes only ever move to the right, so from the last piece to the first none is overwritten before it moved.
Body::Piece Part::keep() {
  std::byte* end = memory_.get() + size();
  for (auto piece = body_.pieces().rbegin(); piece != body_.pieces().rend(); ++piece) {
    std::memmove(end -= piece->size(), piece->data(), piece->size());
  }
  own_ = size();
  const Body::Piece whole{memory_.get(), own_};
  body_ = Body(whole);
  owners_.clear();
  return whole;
}

void Part::clear() {
  own_ = 0;
  crc_ = 0;
  body_ = {};
  owners_.clear();
}

}  // namespace okibi::s3
