// s3/part.h: a part of an upload, from its first byte on.
#pragma once

#include <cstdint>
#include <memory>

#include "s3/body.h"

namespace okibi::s3 {

// Bytes of its own, and bytes that it was lent and does not copy. Each byte goes through the CRC-32 once, when it
// comes.
class Part {
 public:
  Part() = default;
  explicit Part(size_t capacity);

  size_t capacity() const noexcept { return capacity_; }
  size_t size() const noexcept { return body_.size(); }
  size_t room() const noexcept { return capacity_ - size(); }
  size_t own() const noexcept { return own_; }  // bytes that take memory here
  const Body& body() const noexcept { return body_; }
  uint32_t crc32() const noexcept { return crc_; }  // of all of it

  // At most room() bytes. borrow and copy_summed give their own CRC-32.
  void copy(Body::Piece bytes);
  uint32_t copy_summed(Body::Piece bytes);
  uint32_t borrow(Body::Piece bytes, const std::shared_ptr<const void>& owner);

  Body::Piece keep();  // copies what it was lent; the whole of it
  void clear();        // its memory stays

 private:
  void take(Body::Piece bytes);
  uint32_t sum(Body::Piece bytes);

  std::unique_ptr<std::byte[]> memory_;  // of capacity_ bytes; the system gives it when it is written to
  size_t capacity_ = 0, own_ = 0;
  uint32_t crc_ = 0;
  Body body_;
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace okibi::s3
