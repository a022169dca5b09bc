// checkpoint/pickled/storage_ref.h: which bytes a pickle asks for.
#pragma once

#include <string>

#include <okibi/pickle.h>

#include "checkpoint/pickled/globals.h"
#include "checkpoint/pickled/key_table.h"

namespace okibi::checkpoint {

// A persistent id of torch.save: ("storage", torch.FloatStorage, "0", "cpu", 12).
struct StorageRef {
  std::string key;       // of the record: data/<key>
  std::string location;  // "cpu", "cuda:0": a tag
  DType dtype = DType::uint8;
  bool untyped = false;  // UntypedStorage: dtype is uint8 here, and the tensor names its own
  int64_t numel = 0;     // elements of dtype
  uint64_t nbytes = 0;
};

// The part of a storage that a persistent id means; see storage_view.h.
struct StorageView {
  int64_t offset = 0, numel = 0;  // in elements of the storage
};

// The storages of one pickle. The same key must always mean the same bytes: Error(bad_file) where it does not, or where
// a persistent id is none of torch.save's.
class StorageRefs {
 public:
  StorageRefs(const pickle::Graph& graph, const Globals& globals) : graph_(graph), globals_(globals) {}
  const StorageRef& of(pickle::NodeId persistent);
  StorageView view_of(pickle::NodeId persistent);

 private:
  StorageRef parse(pickle::NodeId persistent) const;

  const pickle::Graph& graph_;
  const Globals& globals_;
  KeyTable<StorageRef> by_key_;
};

}  // namespace okibi::checkpoint
