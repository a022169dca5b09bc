// store/content_check.h: whether the bytes that were read are those that their store keeps.
#pragma once

#include <optional>
#include <span>

#include <okibi/io.h>

namespace okibi::store {

class PartialFile;

// Compares what is read from a source, from its first byte to its last, with the CRC-32 that its store keeps of it.
// Where it keeps none, nothing is computed and all is taken to be right.
class ContentCheck {
 public:
  explicit ContentCheck(const io::Source& from);          // may ask the store
  ContentCheck(const io::Source& from, io::Sink& begun);  // of which an earlier copy may have written a part

  void add(std::span<const std::byte> bytes);
  void compare();  // Error(io): then that part is gone, so that the next copy begins anew

 private:
  const io::Source& from_;
  PartialFile* partial_ = nullptr;
  std::optional<uint32_t> kept_;
  uint32_t found_ = 0;
};

}  // namespace okibi::store
