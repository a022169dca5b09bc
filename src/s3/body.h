// s3/body.h: what a request carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace okibi::s3 {

// Pieces of memory, one after the other, as one block of bytes. They are not kept alive.
class Body {
 public:
  using Piece = std::span<const std::byte>;

  Body() = default;
  Body(Piece whole) { add(whole); }  // NOLINT(google-explicit-constructor): mostly it is one

  void add(Piece piece);
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }

  // Fills `into` from `offset` on; returns how many bytes there were.
  size_t copy(size_t offset, std::span<std::byte> into) const;

 private:
  std::vector<Piece> pieces_;  // none empty
  size_t size_ = 0;
};

}  // namespace okibi::s3
