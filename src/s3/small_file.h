// s3/small_file.h: files of settings, keys and tokens, which other programs write.
#pragma once

#include <optional>
#include <string>

namespace okibi::s3 {

constexpr size_t max_small_file = size_t{1} << 20;

// Its whole text, or nullopt where there is no such file. Error for one that cannot be read, or is larger than
// max_small_file.
std::optional<std::string> read_small_file(const std::string& path);

}  // namespace okibi::s3
