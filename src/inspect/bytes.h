// inspect/bytes.h: bytes of a source, for whoever looks at files that other code may refuse.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <okibi/io.h>

namespace okibi::inspect {

std::vector<std::byte> read_bytes(const io::Source& source, uint64_t begin, uint64_t end);
std::string read_head(const io::Source& source, uint64_t most);
// [begin, end) as a source of its own.
std::shared_ptr<const io::Source> part_of(std::shared_ptr<const io::Source> whole, uint64_t begin, uint64_t end);

// Of [begin, end), read piece by piece; `passed` is told how long each was, and may throw.
uint32_t crc32_of(const io::Source& source, uint64_t begin, uint64_t end,
                  const std::function<void(uint64_t bytes)>& passed = {});

}  // namespace okibi::inspect
