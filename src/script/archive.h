// script/archive.h: a TorchScript program in its archive:
//
//   <root>/version        the format: 1 to 10
//   <root>/data.pkl       the module, of a class __torch__.…, with its attributes
//   <root>/data/<key>     the bytes of their tensors
//   <root>/code/….py      the source of the classes and functions
//   <root>/constants.pkl  a tuple: what the source calls CONSTANTS.c0, CONSTANTS.c1 …
//   <root>/extra/<name>   files that whoever saved it added
#pragma once

#include <memory>
#include <optional>

#include <okibi/checkpoint.h>
#include <okibi/zip.h>

#include "script/sources.h"

namespace okibi::script {

inline constexpr std::string_view extra_folder = "extra/";

class ScriptArchive {
 public:
  // Error(unsupported) that says what the file is, where it is no program. With `mmap`, its tensors are mapped, and
  // checked.
  ScriptArchive(std::shared_ptr<const io::Source> file, const Limits& limits, bool mmap = false);
  // A program whose module lies in memory: of the file nothing but the version, the source and the constants is read.
  ScriptArchive(std::shared_ptr<const io::Source> file, const Object& root, const Limits& limits);
  ScriptArchive(const ScriptArchive&) = delete;
  ScriptArchive& operator=(const ScriptArchive&) = delete;

  std::string name() const { return records_.source().name(); }
  // Error(io) where its tensors are mapped and somebody has written to the file since.
  void check_unchanged() const {
    if (options_.mmap) file_->check_unchanged();
  }
  int64_t version() const noexcept { return version_; }
  const zip::Reader& records() const noexcept { return records_; }
  Sources& sources() noexcept { return sources_; }
  std::vector<Value> constants() const;  // read each time
  Value root() const;                    // the module with its tensors; read each time
  const std::string& root_class() const noexcept { return root_class_; }
  std::vector<std::pair<std::string, uint64_t>> extra_files() const;  // names and sizes

 private:
  const std::shared_ptr<const io::Source> file_;
  const LoadOptions options_;
  const std::optional<Object> root_;
  const std::string root_class_;
  const zip::Reader records_;
  const int64_t version_;
  Sources sources_;
};

// The same of a path or URI.
std::unique_ptr<ScriptArchive> open_script(const std::string& uri, const Limits& limits);

}  // namespace okibi::script
