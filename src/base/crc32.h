// base/crc32.h: the CRC-32 of zip (APPNOTE 4.4.7), gzip and S3: polynomial 0x04C11DB7, reflected. By ISA-L, which uses
// the widest carry-less multiplication that the processor has (with VPCLMULQDQ some four times libdeflate 1.14's
// speed).
#pragma once

#include <cstdint>
#include <span>

namespace okibi {

// Of all bytes so far, given that of those before; 0 is that of none.
uint32_t extend_crc32(uint32_t before, std::span<const std::byte> bytes) noexcept;

// Of two stretches in a row, given those of each; the bytes are not needed, only how many the second has.
uint32_t join_crc32(uint32_t first, uint32_t second, uint64_t second_size) noexcept;

}  // namespace okibi
