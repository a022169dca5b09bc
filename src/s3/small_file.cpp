#include "s3/small_file.h"

#include <okibi/io.h>

#include <filesystem>

namespace okibi::s3 {

std::optional<std::string> read_small_file(const std::string& path) {
  std::error_code failure;
  if (!std::filesystem::exists(path, failure) && !failure) return std::nullopt;
  const io::FileSource file(path);
  if (file.size() > max_small_file)
    throw Error(ErrorKind::limit, "the file is too large to hold settings or keys")
        .expected(std::to_string(max_small_file) + " bytes at most")
        .found(file.size())
        .at("", path);
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace okibi::s3
