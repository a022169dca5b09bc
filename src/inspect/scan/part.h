// inspect/scan/part.h: something to look at: a file, a record, or a run of bytes in one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inspect/bytes.h"

namespace okibi::inspect {

// What is expected of the bytes, which decides what is a problem. Whatever the role, every global found is told.
enum class Role : uint8_t {
  file,      // must be a file that can hold tensors
  record,    // of an archive or a folder: may be text, too
  pickle,    // must be one or more pickles to the last byte
  fragment,  // of something damaged, which was told already
  inner,     // bytes in a pickle that begin like another
};

struct Part {
  std::shared_ptr<const io::Source> bytes;
  std::string where;  // "" for the file itself
  Role role = Role::file;
  unsigned depth = 0;  // how many archives and pickles it lies in
};

std::string join(const std::string& where, const std::string& name);  // "a.zip > data.pkl"

}  // namespace okibi::inspect
