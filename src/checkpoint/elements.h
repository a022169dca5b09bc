// checkpoint/elements.h: a strided tensor → its elements in row-major order, wherever the bytes of its storage lie.
#pragma once

#include <okibi/tensor.h>

#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

// Hands nbytes() bytes to `take`, in pieces. A contiguous tensor's come straight from its storage; of others, bounded
// parts are gathered one after the other, so that memory does not grow with the tensor.
void read_elements(const Tensor& tensor, const StorageBytes& bytes, const StorageBytes::Take& take);

}  // namespace okibi::checkpoint
