// checkpoint/looks_like.h: what a file is that is no zip archive.
#pragma once

#include <okibi/io.h>

namespace okibi::checkpoint {

// Throws Error(unsupported) for formats that hold tensors, and Error(bad_file) for the rest, saying what the file looks
// like and what to do. From its first bytes alone.
[[noreturn]] void throw_no_checkpoint(const io::Source& source);

}  // namespace okibi::checkpoint
