#include "s3/body.h"

#include <algorithm>
#include <cstring>

namespace okibi::s3 {

// What goes on where the last one ends is the same piece.
void Body::add(Piece piece) {
  if (piece.empty()) return;
  size_ += piece.size();
  const bool goes_on = !pieces_.empty() && pieces_.back().data() + pieces_.back().size() == piece.data();
  if (!goes_on) return pieces_.push_back(piece);
  pieces_.back() = {pieces_.back().data(), pieces_.back().size() + piece.size()};
}

size_t Body::copy(size_t offset, std::span<std::byte> into) const {
  size_t copied = 0;
  for (const Piece& piece : pieces_) {
    const size_t skipped = std::min(offset, piece.size());
    offset -= skipped;
    const size_t size = std::min(piece.size() - skipped, into.size() - copied);
    std::copy_n(piece.data() + skipped, size, into.data() + copied);
    copied += size;
    if (copied == into.size()) break;
  }
  return copied;
}

}  // namespace okibi::s3
