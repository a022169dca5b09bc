// checkpoint/looks_like.h: what a file is that is no zip archive.
#pragma once

#include <okibi/io.h>

namespace okibi::checkpoint {

// For files that were cut where that leaves something. The program says its own words for the function.
inline constexpr std::string_view cut_hint =
    "It was cut short: copy it again, or get back what is whole with okibi::inspect::rescue().";

// Throws Error(unsupported) for formats that hold tensors, and Error(bad_file) for the rest, saying what the file looks
// like and what to do. From its first bytes alone.
[[noreturn]] void throw_no_checkpoint(const io::Source& source);

}  // namespace okibi::checkpoint
