#include "pickle/output.h"

namespace okibi::pickle {

void Output::raw(std::span<const std::byte> bytes) {
  if (gathered_.size() + bytes.size() > full) flush();
  if (bytes.size() > full) return sink_.write(bytes);
  gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
}

void Output::flush() {
  if (!gathered_.empty()) sink_.write(gathered_);
  gathered_.clear();
}

}  // namespace okibi::pickle
