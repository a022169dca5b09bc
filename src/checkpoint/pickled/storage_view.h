// checkpoint/pickled/storage_view.h: before PyTorch 0.4 a storage could be a view of another one, and files kept that:
// a sixth item of the persistent id, (key of the view, offset, numel), or None. Everywhere else a tensor lies in the
// whole storage.
#pragma once

#include "checkpoint/pickled/resolve.h"

namespace okibi::checkpoint {

// A tensor within a view of the storage → the same within the storage, which both then share. Error(bad_file) for one
// that leaves the view.
TensorSpec within(const StorageView& view, const StorageRef& storage, TensorSpec spec);

}  // namespace okibi::checkpoint
