// checkpoint/formats/torch_tar_tables.h: the tables in a tar archive of torch.save. See torch_tar.h.
#pragma once

#include <optional>

#include <okibi/zip.h>

#include "base/keyed_hash.h"
#include "checkpoint/formats/tar.h"
#include "checkpoint/pickled/storage_ref.h"

namespace okibi::checkpoint {

// An address in the program that wrote the file; it names a tensor or a storage.
using TarKey = int64_t;

struct ClassName {
  std::string module, name;  // "torch", "FloatStorage"
};

struct TarStorage {
  ClassName python_class = {};
  std::string location = {};
  int64_t numel = 0;
  zip::Record record = {};  // its bytes
};

struct TarView {
  TarKey root = 0;
  StorageView part = {};
};

struct TarTensor {
  ClassName python_class = {};
  std::optional<TarKey> storage = {};  // of a storage or of a view; none where the tensor has no elements
  int64_t storage_offset = 0;
  Dims sizes = {}, strides = {};
};

struct TarTables {
  KeyedMap<TarKey, TarStorage> storages;
  KeyedMap<TarKey, TarView> views;
  KeyedMap<TarKey, TarTensor> tensors;
};

// Error(bad_file) for a key that stands there twice, for storages that do not fit their member, and for bytes too many.
TarTables read_tar_tables(const io::Source& source, const TarMember& storages, const TarMember& tensors,
                          const Limits& limits);

// The key that a number, or a text of digits, says; nothing where it is neither.
std::optional<TarKey> tar_key(const pickle::Graph& graph, pickle::NodeId id);

}  // namespace okibi::checkpoint
