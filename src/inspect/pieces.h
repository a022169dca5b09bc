// inspect/pieces.h: a tensor of a file, piece by piece.
#pragma once

#include <functional>

#include <okibi/checkpoint.h>

namespace okibi::inspect {

// How a tensor is cut into pieces that take little memory: [begin, end) along one dimension at a time.
struct Cut {
  int64_t dim = 0;
  int64_t step = 0;  // 0: not at all
};

// Along the dimension with the largest stride, so that each piece lies together in the file.
Cut cut_of(const TensorEntry& entry);

// Elements of some tensor in row-major order, in memory. Gives empty for what has no bytes.
using TakePiece = std::function<void(const Tensor& piece)>;
void for_each_piece(const LazyTensor& tensor, const std::stop_token& stop, const TakePiece& take);

// Whether its numbers are those that quantised integers stand for. Several to a byte are not looked at.
bool is_dequantised(const TensorEntry& entry);
// The numbers of a tensor in memory: of a sparse one its values, of a quantised one what they stand for.
Tensor numbers_of(const Tensor& tensor);

// False for what has no elements of its own to read: meta tensors, and views that show few numbers very often, so that
// reading them all would take forever.
bool has_readable_elements(const TensorEntry& entry);

}  // namespace okibi::inspect
