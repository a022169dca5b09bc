#include "inspect/bytes.h"

#include <algorithm>

#include "base/crc32.h"
#include "io/window.h"

namespace okibi::inspect {

std::vector<std::byte> read_bytes(const io::Source& source, uint64_t begin, uint64_t end) {
  std::vector<std::byte> bytes(end - begin);
  source.read(begin, bytes);
  return bytes;
}

std::string read_head(const io::Source& source, uint64_t most) {
  return std::string(as_text(read_bytes(source, 0, std::min(source.size(), most))));
}

std::shared_ptr<const io::Source> part_of(std::shared_ptr<const io::Source> whole, uint64_t begin, uint64_t end) {
  return std::make_shared<const io::Window>(std::move(whole), begin, end - begin);
}

uint32_t crc32_of(const io::Source& source, uint64_t begin, uint64_t end,
                  const std::function<void(uint64_t bytes)>& passed) {
  constexpr uint64_t block = 1 << 20;
  uint32_t crc = 0;
  for (uint64_t at = begin; at < end; at += block) {
    const auto bytes = read_bytes(source, at, std::min(end, at + block));
    crc = extend_crc32(crc, bytes);
    if (passed) passed(bytes.size());
  }
  return crc;
}

}  // namespace okibi::inspect
