#include <okibi/io.h>

#include <cstring>

namespace okibi::io {

Buffer::Buffer(std::vector<std::byte> bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {}

Buffer::Buffer(std::span<const std::byte> bytes, std::string name)
    : bytes_(bytes.begin(), bytes.end()), name_(std::move(name)) {}

void Buffer::read(uint64_t offset, std::span<std::byte> into) const {
  check_range(*this, offset, into.size());
  if (!into.empty()) std::memcpy(into.data(), bytes_.data() + offset, into.size());
}

void Buffer::write(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

}  // namespace okibi::io
