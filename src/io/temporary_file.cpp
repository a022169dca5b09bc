#include "io/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <random>

namespace okibi::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t longest_stem = 200;                   // of the 255 bytes that a file name may have
constexpr uint64_t largest_write = uint64_t{1} << 30;  // Linux writes at most 2 GiB less a page at once

constexpr size_t random_letters = 16;

// What the names of all temporary files for `target` begin with.
std::string prefix_for(const fs::path& target) {
  return fmt::format(".{}.okibi-", target.filename().string().substr(0, longest_stem));
}

std::string new_path_for(const fs::path& target) {
  std::random_device random;
  const auto name = fmt::format("{}{}-{:08x}{:08x}", prefix_for(target), ::getpid(), random(), random());
  return (target.parent_path() / name).string();
}

// A user's own file may begin so, too, and stays.
bool is_temporary(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const size_t hyphen = std::min(name.find('-'), name.size());
  const auto is_decimal = [](char letter) { return letter >= '0' && letter <= '9'; };
  const auto is_hex = [&](char letter) { return is_decimal(letter) || (letter >= 'a' && letter <= 'f'); };
  return hyphen > 0 && name.size() == hyphen + 1 + random_letters &&
         std::ranges::all_of(name.substr(0, hyphen), is_decimal) &&
         std::ranges::all_of(name.substr(hyphen + 1), is_hex);
}

bool has_a_name(int descriptor) {
  struct stat facts = {};
  return ::fstat(descriptor, &facts) == 0 && facts.st_nlink > 0;
}

std::optional<struct stat> facts_of(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return facts;
}

// Under the lock: its writer, if it has only just begun, then sees that its file is gone, and makes another.
void remove_if_abandoned(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const bool abandoned = file.is_open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0;
  if (abandoned) ::unlink(path.c_str());
}

}  // namespace

TemporaryFile::TemporaryFile(std::string target)
    : target_(std::move(target)), folder_(fs::path(target_).parent_path().string()), owner_(::getpid()) {
  const auto replaced = facts_of(target_);
  // Between creating and locking it, another process may take the file for an abandoned one. Then it has no name any
  // more, and a second attempt is made.
  do {
    path_ = new_path_for(target_);
    file_ = create(replaced ? 0600 : 0666);  // nobody may look into it who might not look into the old one
    retried([&] { return ::flock(file_->number(), LOCK_EX); });  // a file system without locks: nobody removes it then
  } while (!has_a_name(file_->number()));
  if (replaced) take_over_owner_and_mode(*replaced);
}

TemporaryFile::~TemporaryFile() {
  if (!in_place_ && owner_ == ::getpid()) ::unlink(path_.c_str());
}

std::unique_ptr<Descriptor> TemporaryFile::create(mode_t mode) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const int number = retried([&] { return ::open(path_.c_str(), flags, mode); });
  if (number < 0) throw system_error(errno, fmt::format("cannot write in the folder {}", folder_), target_);
  return std::make_unique<Descriptor>(number);
}

void TemporaryFile::take_over_owner_and_mode(const struct stat& replaced) {
  // Only the superuser may give files away; others keep what they write, as they would after a plain copy.
  const bool given = ::fchown(file_->number(), replaced.st_uid, replaced.st_gid) == 0;
  const mode_t mode = replaced.st_mode & (given ? 07777 : 0777);
  if (::fchmod(file_->number(), mode) == 0) return;
  const int code = errno;
  ::unlink(path_.c_str());  // called by the constructor: no destructor will
  throw system_error(code, "cannot keep the file's permissions", target_);
}

void TemporaryFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t wanted = std::min<uint64_t>(bytes.size(), largest_write);
    const ssize_t written = retried([&] { return ::write(file_->number(), bytes.data(), wanted); });
    if (written < 0) throw system_error(errno, "cannot write the file", target_);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void TemporaryFile::flush() {
  if (retried([&] { return ::fsync(file_->number()); }) == 0) return;
  throw system_error(errno, "cannot flush the file to the disk", target_);
}

void TemporaryFile::replace_target() {
  if (::rename(path_.c_str(), target_.c_str()) != 0) {
    throw system_error(errno, fmt::format("cannot rename {} to it", path_), target_);
  }
  in_place_ = true;
}

void flush_folder_of(const std::string& target) {
  const std::string path = fs::path(target).parent_path().string();
  const Descriptor folder(retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!folder.is_open() && errno == EACCES) return;  // may be written and not read: nothing more can be done
  const bool flushed = folder.is_open() && retried([&] { return ::fsync(folder.number()); }) == 0;
  if (flushed || errno == EINVAL) return;  // EINVAL: the file system knows no flushing of folders
  throw system_error(errno, fmt::format("was replaced, but the folder {} cannot be flushed to the disk", path), target);
}

void remove_stale_files(const std::string& target) {
  const std::string prefix = prefix_for(target);
  std::error_code error;  // a folder that cannot be listed keeps what is in it
  fs::directory_iterator entries(fs::path(target).parent_path(), error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (is_temporary(entries->path().filename().string(), prefix)) remove_if_abandoned(entries->path());
  }
}

}  // namespace okibi::io
