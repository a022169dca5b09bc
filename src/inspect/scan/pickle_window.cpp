#include "inspect/scan/pickle_window.h"

#include <algorithm>

namespace okibi::inspect {

PickleNames PickleWindow::names_at(uint64_t offset) {
  const uint64_t left = source_.size() - offset;
  for (uint64_t length = 1 << 16;; length *= 8) {
    const auto bytes = from(offset, std::min(length, left));
    PickleNames names = read_names(bytes);
    if (names.end != PickleEnd::ran_out || bytes.size() == left) return names;
    if (length > most_) throw Error(ErrorKind::limit, "a pickle is longer than Limits::max_pickle_bytes allows");
  }
}

std::span<const std::byte> PickleWindow::from(uint64_t offset, uint64_t length) {
  if (offset < begin_ || offset + length > begin_ + bytes_.size()) {
    bytes_ = read_bytes(source_, offset, std::min(source_.size(), offset + std::max<uint64_t>(length, 1 << 20)));
    begin_ = offset;
  }
  return std::span(bytes_).subspan(offset - begin_);
}

}  // namespace okibi::inspect
