// checkpoint/formats/parts.h: what the formats have in common that are made of several files, or of files in a file.
#pragma once

#include <map>

#include "checkpoint/opened_file.h"

namespace okibi::checkpoint {

// Files that were opened by formats of their own. The storages of each get its name in front of their keys, so that
// those of all of them are told apart: "model-00001-of-00002.safetensors/embed.weight".
class Parts {
 public:
  void add(std::string name, std::unique_ptr<const OpenedFile> file);  // a name without '/', used once

  bool has(std::string_view name) const { return files_.contains(name); }
  Value object_of(const std::string& name, TensorMaker& tensors) const;
  bool holds(const StorageRef& storage) const { return part_of(storage) != nullptr; }
  Extent extent_of(const StorageRef& storage) const;
  uint64_t index_bytes() const noexcept { return index_bytes_; }

 private:
  const OpenedFile* part_of(const StorageRef& storage) const;

  std::map<std::string, std::unique_ptr<const OpenedFile>, std::less<>> files_;
  uint64_t index_bytes_ = 0;
};

}  // namespace okibi::checkpoint
