#include "io/system.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace okibi::io {
namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::no_permission;
    default:
      return ErrorKind::io;
  }
}

std::string_view hint_for(int code) {
  switch (code) {
    case ENOENT:
      return "Look for a misspelt name or folder.";
    case ENOSPC:
      return "The disk is full: free some space on it, or write elsewhere.";
    case EDQUOT:
      return "Your disk quota is used up: remove something, or write elsewhere.";
    case EFBIG:
      return "A limit on the size of files was reached: raise it (ulimit -f), or write to another file system.";
    case EROFS:
      return "The file system is mounted read-only: write elsewhere.";
    case EMFILE:
    case ENFILE:
      return "Too many files are open: raise the limit (ulimit -n), or open fewer at once.";
    case EIO:
      return "The disk or the network behind it fails: look into the system's log.";
    default:
      return "";
  }
}

}  // namespace

Error system_error(int code, std::string_view doing, const std::string& path) {
  return Error(kind_of(code), fmt::format("{}: {}", doing, std::generic_category().message(code)))
      .hint(hint_for(code))
      .at("", path);
}

void check_path(const std::string& path) {
  if (path.empty()) throw Error(ErrorKind::bad_argument, "the path of the file is empty");
  if (path.find('\0') == std::string::npos) return;
  throw Error(ErrorKind::bad_argument, "the path of the file holds a NUL character")
      .at("", path.substr(0, path.find('\0')));
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);  // what had to reach the disk was flushed before, and checked then
}

}  // namespace okibi::io
