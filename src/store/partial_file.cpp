#include "store/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/crc32.h"
#include "io/temporary_file.h"
#include "store/resumable.h"

namespace okibi::store {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t flushed_together = uint64_t{64} << 20;
constexpr size_t read_together = size_t{1} << 20;

// FNV-1a (Fowler, Noll, Vo): it tells versions apart, nobody gains by a collision in a folder of his own.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return hash;
}

std::string part_path(const fs::path& target, const std::string& identity) {
  const std::string name = target.filename().string().substr(0, 200);
  return (target.parent_path() / fmt::format(".{}.okibi_part-{:016x}", name, hash_of(identity))).string();
}

}  // namespace

Versioned::~Versioned() = default;
Resumable::~Resumable() = default;

PartialFile::PartialFile(const std::string& path, const std::string& identity)
    : path_(path), target_(fs::absolute(path).string()), part_(part_path(target_, identity)) {
  static_cast<void>(io::FileSink(path));  // whether there may be a file of that name shows now
  // Between opening and locking it, the one who wrote it may have put it in its place. Then there is none any more.
  do {
    file_ = std::make_unique<io::Descriptor>(
        io::retried([&] { return ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666); }));
    if (!file_->is_open()) throw io::system_error(errno, "cannot write the file", part_);
    lock();
  } while (!is_at_its_name());
  struct stat facts = {};
  if (::fstat(file_->number(), &facts) != 0) throw io::system_error(errno, "cannot look at the file", part_);
  cut_at(static_cast<uint64_t>(facts.st_size) / flushed_together * flushed_together);
}

// Another name of it would be another file's, whose bytes are not ours to change.
bool PartialFile::is_at_its_name() const {
  struct stat opened = {}, named = {};
  if (::fstat(file_->number(), &opened) != 0) throw io::system_error(errno, "cannot look at the file", part_);
  if (opened.st_nlink > 1) {
    throw Error(ErrorKind::bad_argument, "what an earlier copy left has a second name, and is not touched")
        .hint("Remove it, and copy again.")
        .at("", part_);
  }
  return ::lstat(part_.c_str(), &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// One of which nothing is worth keeping is not kept.
PartialFile::~PartialFile() {
  if (!is_in_place_ && position_ == 0) ::unlink(part_.c_str());
}

void PartialFile::cut_at(uint64_t size) {
  position_ = flushed_ = size;
  if (::ftruncate(file_->number(), static_cast<off_t>(size)) != 0 ||
      ::lseek(file_->number(), static_cast<off_t>(size), SEEK_SET) < 0) {
    throw io::system_error(errno, "cannot go on with the file", part_);
  }
}

void PartialFile::clear() { cut_at(0); }

void PartialFile::lock() {
  if (::flock(file_->number(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  throw Error(ErrorKind::bad_argument, "another program is copying to the same file now").at("", path_);
}

void PartialFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const uint64_t room = flushed_ + flushed_together - position_;
    const auto part = bytes.first(std::min<uint64_t>(bytes.size(), room));
    const ssize_t written = io::retried([&] { return ::write(file_->number(), part.data(), part.size()); });
    if (written < 0) throw io::system_error(errno, "cannot write the file", part_);
    position_ += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
    if (position_ == flushed_ + flushed_together) flush();
  }
}

void PartialFile::flush() {
  if (io::retried([&] { return ::fdatasync(file_->number()); }) != 0) {
    throw io::system_error(errno, "cannot flush the file to the disk", part_);
  }
  flushed_ = position_;
}

uint32_t PartialFile::crc32() const {
  uint32_t crc = 0;
  std::vector<std::byte> piece(read_together);
  for (uint64_t at = 0; at < position_;) {
    const size_t wanted = std::min<uint64_t>(piece.size(), position_ - at);
    const ssize_t count =
        io::retried([&] { return ::pread(file_->number(), piece.data(), wanted, static_cast<off_t>(at)); });
    if (count < 0) throw io::system_error(errno, "cannot read the file", part_);
    if (count == 0) throw Error(ErrorKind::io, "was cut while it was written").at("", part_);
    crc = extend_crc32(crc, std::span(piece).first(static_cast<size_t>(count)));
    at += static_cast<uint64_t>(count);
  }
  return crc;
}

void PartialFile::commit() {
  if (io::retried([&] { return ::fsync(file_->number()); }) != 0) {
    throw io::system_error(errno, "cannot flush the file to the disk", part_);
  }
  if (::rename(part_.c_str(), target_.c_str()) != 0)
    throw io::system_error(errno, "cannot put the file in place", path_);
  is_in_place_ = true;
  io::flush_folder_of(target_);
}

}  // namespace okibi::store
