// io/temporary_file.h: the file that FileSink writes before it takes the place of the target.
#pragma once

#include <okibi/base.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <memory>
#include <span>
#include <string>

#include "io/system.h"

namespace okibi::io {

// So that a rename in the folder of `target` survives a power cut.
void flush_folder_of(const std::string& target);

// A new file beside `target`, that no other has and that removes itself unless it was moved into place. It is locked
// (flock) as long as this process lives: by that lock, and not by its pid, which a container or another machine may
// use too, another process knows that it is still being written. All errors name `target`.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string target);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const noexcept { return path_; }

  void write(std::span<const std::byte> bytes);
  void flush();           // to the disk
  void replace_target();  // rename: from here on it does not remove itself
  void flush_folder() { flush_folder_of(target_); }

 private:
  std::unique_ptr<Descriptor> create(mode_t mode);
  void take_over_owner_and_mode(const struct stat& replaced);

  std::string target_, folder_, path_;
  pid_t owner_;  // a forked child that unwinds must not remove its parent's file
  std::unique_ptr<Descriptor> file_;
  bool in_place_ = false;
};

// Removes the temporary files for `target` whose writers are gone. What cannot be removed stays.
void remove_stale_files(const std::string& target);

}  // namespace okibi::io
