// checkpoint/build.h: a Value → what its pickle says.
#pragma once

#include <memory>
#include <vector>

#include <okibi/pickle.h>
#include <okibi/value.h>

#include "checkpoint/pickled/tensor_nodes.h"

namespace okibi::checkpoint {

struct Built {
  pickle::Graph graph;
  std::vector<std::shared_ptr<Storage>> storages;  // the one with key "0", "1" …
  std::vector<int64_t> numels;                     // of each, as its persistent id says
};

// As torch.save: keys count up in the order in which storages are met; what is one Value is one node. Iterative.
// Error(unsupported) for what PyTorch could not load, with the place in the value.
Built build(const Value& value, const std::stop_token& stop, StorageIds ids = StorageIds::of_zip);

}  // namespace okibi::checkpoint
