#include "s3/part.h"

#include <algorithm>
#include <cstring>

namespace okibi::s3 {

Part::Part(size_t capacity) : memory_(std::make_unique_for_overwrite<std::byte[]>(capacity)), capacity_(capacity) {}

void Part::copy(Body::Piece bytes) {
  std::byte* const place = memory_.get() + own_;
  std::copy_n(bytes.data(), bytes.size(), place);
  own_ += bytes.size();
  body_.add({place, bytes.size()});
}

void Part::borrow(Body::Piece bytes, const std::shared_ptr<const void>& owner) {
  body_.add(bytes);
  if (owners_.empty() || owners_.back() != owner) owners_.push_back(owner);
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
  body_ = {};
  owners_.clear();
}

}  // namespace okibi::s3
