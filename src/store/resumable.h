// store/resumable.h: copies that go on where an earlier one stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace okibi::store {

// A Source of which something tells whether its bytes are those that were there before, and that were meant.
class Versioned {
 public:
  virtual ~Versioned();
  virtual std::string version() const = 0;            // an ETag, say; empty: nothing tells
  virtual std::optional<uint32_t> crc32() const = 0;  // of all bytes, as the store keeps it; asks the store
};

// A Sink that an earlier writer of the same place may have left something to.
class Resumable {
 public:
  virtual ~Resumable();
  // Before the first write. What is there already and is the same is not sent again, and what this writer sends stays
  // for the next one, should this one not commit.
  virtual void resume() = 0;
};

}  // namespace okibi::store
