#include "store/local_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "io/system.h"

namespace okibi::store {
namespace {

namespace fs = std::filesystem;

void make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw io::system_error(error.value(), "cannot make the folder", path);
}

}  // namespace

bool is_local_folder(const std::string& path) {
  struct stat facts = {};
  return path.find('\0') == path.npos && ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

LocalFolder::LocalFolder(std::string path) : path_(std::move(path)) {
  io::check_path(path_);
  struct stat facts = {};
  if (::stat(path_.c_str(), &facts) != 0 || S_ISDIR(facts.st_mode)) return;
  throw Error(ErrorKind::bad_argument, "is a file, not a folder").hint("Give the path of a folder.").at("", path_);
}

std::string LocalFolder::path_of(const std::string& file) const {
  return path_.ends_with('/') ? path_ + file : path_ + "/" + file;
}

std::vector<std::string> LocalFolder::names() const {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;  // a link that leads nowhere is no file
    if (at->is_regular_file(unknown)) found.push_back(at->path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw io::system_error(error.value(), "cannot list the folder", path_);
  }
  std::ranges::sort(found);
  return found;
}

bool LocalFolder::has_folders() const {
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;
    if (at->is_directory(unknown)) return true;
  }
  return false;
}

bool LocalFolder::find(const std::string& file) const {
  struct stat facts = {};
  return ::lstat(path_of(file).c_str(), &facts) == 0;
}

std::shared_ptr<const io::Source> LocalFolder::open_file(const std::string& file) const {
  return std::make_shared<io::FileSource>(path_of(file));
}

std::unique_ptr<io::Sink> LocalFolder::create_file(const std::string& file) const {
  const std::string path = path_of(file);
  make_folders(fs::path(path).parent_path().string());
  return std::make_unique<io::FileSink>(path);
}

void LocalFolder::remove_file(const std::string& file) const {
  const std::string path = path_of(file);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
  throw io::system_error(errno, "cannot remove the file", path);
}

}  // namespace okibi::store
