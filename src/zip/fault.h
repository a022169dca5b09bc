// zip/fault.h: the errors of a bad archive, each with its file, record and offset.
#pragma once

#include <okibi/io.h>

#include <string>
#include <string_view>

namespace okibi::zip {

// Error(bad_file) at an offset of the archive. The caller may add more, and throws it.
Error fault_at(const io::Source& source, uint64_t offset, std::string sentence);

// The same about one record.
Error fault_in(const io::Source& source, std::string_view record, uint64_t offset, std::string sentence,
               ErrorKind kind = ErrorKind::bad_file);

}  // namespace okibi::zip
