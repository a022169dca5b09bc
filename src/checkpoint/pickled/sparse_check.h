// checkpoint/sparse_check.h: sparse indices that come from a file.
#pragma once

#include <okibi/tensor.h>

namespace okibi::checkpoint {

// Error(bad_file) unless every index lies within `sizes`. Where PyTorch did not check this, files wrote outside of
// memory (CVE-2025-62164). A meta tensor has none to check.
void check_sparse_indices(const Tensor& indices, const Dims& sizes);

}  // namespace okibi::checkpoint
