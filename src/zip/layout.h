// zip/layout.h: the fixed parts of a zip archive, as PKWARE's APPNOTE 6.3.10 numbers them. All integers are
// little-endian.
#pragma once

#include <cstdint>

namespace okibi::zip {

// Signatures (4.3): "PK" and two bytes.
constexpr uint32_t local_signature = 0x04034b50;
constexpr uint32_t descriptor_signature = 0x08074b50;
constexpr uint32_t directory_signature = 0x02014b50;
constexpr uint32_t end64_signature = 0x06064b50;
constexpr uint32_t locator_signature = 0x07064b50;
constexpr uint32_t end_signature = 0x06054b50;

// Lengths of the fixed parts, signature included.
constexpr uint64_t local_length = 30;      // 4.3.7; name and extra fields follow
constexpr uint64_t directory_length = 46;  // 4.3.12; name, extra fields and comment follow
constexpr uint64_t end64_length = 56;      // 4.3.14
constexpr uint64_t locator_length = 20;    // 4.3.15
constexpr uint64_t end_length = 22;        // 4.3.16; a comment of up to 65,535 bytes may follow
constexpr uint64_t longest_descriptor = 24;

// General purpose flags (4.4.4).
constexpr uint16_t flag_encrypted = 0x0001;
constexpr uint16_t flag_deflate_level = 0x0006;  // two bits that tell how hard the compressor tried
constexpr uint16_t flag_descriptor = 0x0008;     // sizes and CRC follow the data
constexpr uint16_t flag_utf8 = 0x0800;

constexpr uint16_t method_stored = 0;
constexpr uint16_t method_deflated = 8;

constexpr uint16_t extra_zip64 = 0x0001;    // 4.5.3
constexpr uint16_t extra_padding = 0x4246;  // "FB": PyTorch's own

// A size, offset or count that does not fit holds this instead, and the value stands in a zip64 field.
constexpr uint32_t marker32 = 0xffffffff;
constexpr uint16_t marker16 = 0xffff;

}  // namespace okibi::zip
