#include "inspect/scan/part.h"

#include <algorithm>

namespace okibi::inspect {

std::string join(const std::string& where, const std::string& name) {
  if (where.empty() || name.empty()) return where + name;
  return where + " > " + name;
}

void PartSource::read(uint64_t offset, std::span<std::byte> into) const {
  io::check_range(*this, offset, into.size());
  whole_->read(begin_ + offset, into);
}

std::vector<std::byte> read_bytes(const io::Source& source, uint64_t begin, uint64_t end) {
  std::vector<std::byte> bytes(end - begin);
  source.read(begin, bytes);
  return bytes;
}

std::string read_head(const io::Source& source, uint64_t most) {
  return std::string(as_text(read_bytes(source, 0, std::min(source.size(), most))));
}

}  // namespace okibi::inspect
