#include <fcntl.h>
#include <fmt/format.h>
#include <okibi/io.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "io/system.h"

namespace okibi::io {
namespace {

constexpr uint64_t largest_read = uint64_t{1} << 30;  // Linux reads at most 2 GiB less a page at once

Error shrank(const std::string& path, uint64_t expected, uint64_t found) {
  return Error(ErrorKind::io, "the file shrank while it was read")
      .expected(fmt::format("{} bytes", expected))
      .found(fmt::format("{}", found))
      .hint("Something else writes to it: wait until that has ended, and try again.")
      .at("", path);
}

struct stat facts_of(int descriptor, const std::string& path) {
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0) throw system_error(errno, "cannot look at the file", path);
  return facts;
}

int64_t time_written(const struct stat& facts) {
  return int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
}

uint64_t size_of(int descriptor, const std::string& path) {
  const struct stat facts = facts_of(descriptor, path);
  if (S_ISREG(facts.st_mode)) return static_cast<uint64_t>(facts.st_size);
  throw Error(ErrorKind::bad_argument, S_ISDIR(facts.st_mode)
                                           ? "is a folder, not a file"
                                           : "is a device or a pipe, which cannot be read at offsets")
      .hint("Give the path of a file.")
      .at("", path);
}

}  // namespace

FileSource::FileSource(const std::string& path) : path_(path) {
  check_path(path);
  // O_NONBLOCK: opening a pipe must not wait for its writer, only to be refused then.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Descriptor file(retried([&] { return ::open(path.c_str(), flags); }));
  if (!file.is_open()) throw system_error(errno, "cannot open the file", path);
  size_ = size_of(file.number(), path);
  written_ = time_written(facts_of(file.number(), path));
  descriptor_ = file.release();
}

FileSource::~FileSource() { ::close(descriptor_); }

void FileSource::read(uint64_t offset, std::span<std::byte> into) const {
  check_range(*this, offset, into.size());
  while (!into.empty()) {
    const size_t wanted = std::min<uint64_t>(into.size(), largest_read);
    const ssize_t got = retried([&] { return ::pread(descriptor_, into.data(), wanted, static_cast<off_t>(offset)); });
    if (got < 0) throw system_error(errno, fmt::format("cannot read {} bytes at offset {}", wanted, offset), path_);
    if (got == 0) throw shrank(path_, size_, offset);
    into = into.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
}

void FileSource::check_unchanged() const {
  const struct stat now = facts_of(descriptor_, path_);
  if (static_cast<uint64_t>(now.st_size) == size_ && time_written(now) == written_) return;
  throw Error(ErrorKind::io, "somebody has written to the file since it was opened")
      .hint("Open it again. Put another file in its place by renaming (mv), not by writing into it.")
      .at("", path_);
}

std::shared_ptr<std::byte> FileSource::map(uint64_t offset, uint64_t length) const {
  check_range(*this, offset, length);
  if (length == 0) return nullptr;
  // Touching a page beyond the end of a file is a signal that kills, not an error: look again how long it is.
  if (const uint64_t now = size_of(descriptor_, path_); now < size_) throw shrank(path_, size_, now);
  const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t before = offset % page;
  const size_t mapped = length + before;
  // MAP_NORESERVE: a private mapping of a file larger than memory is fine as long as few of its pages are written.
  void* base = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor_,
                      static_cast<off_t>(offset - before));
  if (base == MAP_FAILED) {
    throw system_error(errno, fmt::format("cannot map {} bytes at offset {}", length, offset), path_);
  }
  return {static_cast<std::byte*>(base) + before, [base, mapped](std::byte*) { ::munmap(base, mapped); }};
}

}  // namespace okibi::io
