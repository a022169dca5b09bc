// script/sources.h: the source of a program's classes and functions, by their qualified names. A file is parsed when
// something in it is asked for.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/zip.h>

#include "base/keyed_hash.h"
#include "script/syntax/tree.h"

namespace okibi::script {

// A file that was parsed, and where in it stands what.
struct SourceFile {
  std::string record;     // "code/__torch__/torch/nn.py"
  std::string qualifier;  // "__torch__.torch.nn": what its names begin with
  File file;
  KeyedMap<std::string, const Class*> classes;
  KeyedMap<std::string, const Function*> functions;
};

// For one thread at a time.
class Sources {
 public:
  // Error(limit) when the sources together are longer than Limits::max_script_bytes.
  Sources(const zip::Reader& records, const Limits& limits);

  const std::vector<std::string>& qualifiers() const noexcept { return qualifiers_; }  // of all files, sorted

  uint64_t bytes() const noexcept { return bytes_; }  // of all of them

  // By qualifier: nullptr where there is no such file. Error(bad_file) with the record where its source is none.
  const SourceFile* file(std::string_view qualifier);
  // By qualified name ("__torch__.torch.nn.Linear"): nullptr where there is none.
  const Class* find_class(std::string_view name);
  const Function* find_function(std::string_view name);
  const SourceFile* file_of(std::string_view name);  // in which the name would stand

 private:
  std::unique_ptr<const SourceFile> parse(const std::string& qualifier) const;

  const zip::Reader& records_;
  const Limits limits_;
  std::vector<std::string> qualifiers_;
  uint64_t bytes_ = 0;
  KeyedMap<std::string, std::unique_ptr<const SourceFile>> files_;
};

}  // namespace okibi::script
