#include <fcntl.h>
#include <fmt/format.h>
#include <okibi/io.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "io/system.h"
#include "io/temporary_file.h"

namespace okibi::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t buffer_size = size_t{256} << 10;  // small writes are gathered, larger ones go out from where they lie
constexpr int most_links = 40;                     // as the system itself follows at most

bool is_link(const fs::path& path) {
  struct stat facts = {};
  return ::lstat(path.c_str(), &facts) == 0 && S_ISLNK(facts.st_mode);
}

// The absolute path of what is replaced: links are followed to their end, also where nothing is there yet.
std::string resolve(const std::string& path) {
  std::error_code error;
  fs::path target = fs::absolute(path, error);
  for (int hops = 0; !error && is_link(target); ++hops) {
    if (hops == most_links) throw system_error(ELOOP, "cannot follow its symbolic links", path);
    target = target.parent_path() / fs::read_symlink(target, error);
  }
  if (error) throw system_error(error.value(), "cannot find the file", path);
  return target.string();
}

[[noreturn]] void throw_not_replaceable(const std::string& path, std::string_view what) {
  throw Error(ErrorKind::bad_argument, fmt::format("is {}; okibi writes a file whole and then puts it in place", what))
      .hint("Give the path of a file.")
      .at("", path);
}

// Renaming would happily replace what a plain write could not: a device, or a file that its owner protected.
void check_replaceable(const std::string& target, const std::string& path) {
  struct stat facts = {};
  if (fs::path(target).filename().empty()) throw_not_replaceable(path, "a folder");
  if (::stat(target.c_str(), &facts) != 0) return;  // nothing is there, or what is wrong shows in the next step
  if (S_ISDIR(facts.st_mode)) throw_not_replaceable(path, "a folder");
  if (!S_ISREG(facts.st_mode)) throw_not_replaceable(path, "a device or a pipe");
  if (::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) == 0) return;
  throw system_error(errno, "cannot replace the file", path);
}

}  // namespace

FileSink::FileSink(const std::string& path) : path_(path) {
  check_path(path);
  target_ = resolve(path);
  check_replaceable(target_, path);
  remove_stale_files(target_);
  file_ = std::make_unique<TemporaryFile>(target_);
  buffer_.reserve(buffer_size);
}

FileSink::~FileSink() = default;  // a temporary file that is not in place removes itself

void FileSink::check_open() const {
  if (state_ == State::open) return;
  throw Error(ErrorKind::bad_argument, state_ == State::failed ? "an earlier write failed, so the file is not whole"
                                                               : "the file was committed and cannot be written to")
      .hint("Write it anew.")
      .at("", path_);
}

void FileSink::write(std::span<const std::byte> bytes) {
  check_open();
  if (buffer_.size() + bytes.size() > buffer_size) {
    write_through(buffer_);
    buffer_.clear();
  }
  if (bytes.size() >= buffer_size) {
    write_through(bytes);
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  position_ += bytes.size();
}

void FileSink::write_through(std::span<const std::byte> bytes) {
  state_ = State::failed;  // until it has succeeded
  file_->write(bytes);
  state_ = State::open;
}

void FileSink::commit() {
  check_open();
  write_through(buffer_);
  state_ = State::failed;
  file_->flush();
  file_->replace_target();
  state_ = State::committed;
  file_->flush_folder();
  file_.reset();
}

}  // namespace okibi::io
