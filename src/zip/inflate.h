// zip/inflate.h: deflated records.
#pragma once

#include <okibi/zip.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace okibi::zip {

// Inflates `deflated` into exactly `into`. False when it is damaged, or gives more or fewer bytes.
bool inflate_into(std::span<const std::byte> deflated, std::span<std::byte> into);

// Inflates `deflated`, which claims to give `size` bytes. Memory grows with what is really there, not with the claim.
// Nothing when it is damaged or the claim is false.
std::optional<std::vector<std::byte>> inflate(std::span<const std::byte> deflated, size_t size);

Error bad_deflate(const io::Source& source, const Record& record);

}  // namespace okibi::zip
