#include "optim/sparse_rows.h"

namespace okibi::optim {

void check_rows(const int64_t* rows, int64_t count, int64_t below) {
  for (int64_t i = 0; i < count; ++i) {
    if (rows[i] >= 0 && rows[i] < below) continue;
    throw Error(ErrorKind::bad_argument, "a row lies outside its parameter")
        .at("entry", static_cast<uint64_t>(i))
        .expected("a row below " + std::to_string(below))
        .found(std::to_string(rows[i]));
  }
}

SparseGradient::SparseGradient(const Tensor& gradient)
    : indices(gradient.indices().contiguous()), values(gradient.values().contiguous()), count(indices.size(1)) {
  if (indices.size(0) != 1) {
    throw Error(ErrorKind::unsupported, "okibi's optimizers take gradients that are sparse in their rows alone")
        .expected("indices of sizes [1, n]")
        .found(to_string(indices.sizes()));
  }
  width = count > 0 ? values.numel() / count : 0;
  check_rows(rows(), count, gradient.size(0));
}

}  // namespace okibi::optim
