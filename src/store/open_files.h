// store/open_files.h: many files of one folder, of which only some are open at a time.
#pragma once

#include <deque>
#include <mutex>

#include <okibi/store.h>

#include "base/keyed_hash.h"

namespace okibi::store {

// A checkpoint of a thousand ranks has more files than a process may have open. Thread-safe.
class OpenFiles {
 public:
  explicit OpenFiles(std::shared_ptr<const Folder> folder, size_t most = 64)
      : folder_(std::move(folder)), most_(most) {}

  // A source that opens its file when it is read, and again when others took its place meanwhile: Error(io) if the file
  // has another length then. It must not outlive this. The same name gives the same source.
  std::shared_ptr<const io::Source> source(const std::string& file);

 private:
  class Reopened;
  std::shared_ptr<const io::Source> open(const std::string& file);

  std::shared_ptr<const Folder> folder_;
  size_t most_;
  std::mutex mutex_;
  KeyedMap<std::string, std::shared_ptr<const io::Source>> sources_;  // Reopened ones
  KeyedMap<std::string, std::shared_ptr<const io::Source>> open_;
  std::deque<std::string> order_;  // of open_: the first goes first
};

}  // namespace okibi::store
