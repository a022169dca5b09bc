#include "base/crc32.h"

#include <isa-l/crc.h>
#include <zlib.h>

namespace okibi {

uint32_t extend_crc32(uint32_t before, std::span<const std::byte> bytes) noexcept {
  return crc32_gzip_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

uint32_t join_crc32(uint32_t first, uint32_t second, uint64_t second_size) noexcept {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_size)));
}

}  // namespace okibi
