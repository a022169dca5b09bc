#pragma once

#include <cstdint>
#include <optional>

#include <okibi/io.h>

namespace okibi::inspect {

// Where the zip archive begins whose last byte is the one before `end`, by what its end records say; nothing where none
// ends there. So files that are several archives, one behind the other (.distcp), are taken apart from their end.
std::optional<uint64_t> begin_of_archive(const io::Source& source, uint64_t end);

}  // namespace okibi::inspect
