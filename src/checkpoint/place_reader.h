// checkpoint/place_reader.h: tensors out of an opened file, one at a time or a part of one, each when it is asked for.
#pragma once

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

#include "checkpoint/deflated_parts.h"
#include "checkpoint/opened_file.h"

namespace okibi::checkpoint {

// How a tensor lies in the file: in one storage, or in pieces of several.
using Place = std::variant<PlacedTensor, Assembly>;

// A part of a tensor: [begin, end) of one dimension, as numbers that lie within it.
struct Slice {
  size_t dim = 0;
  int64_t begin = 0, end = 0;

  int64_t size() const noexcept { return std::max<int64_t>(end - begin, 0); }
};

// With Python's rules for the dimension and the ends.
Slice slice_of(const Dims& sizes, int64_t dim, int64_t begin, int64_t end);

// Any number of threads may read.
class PlaceReader {
 public:
  // Both references must outlive this.
  PlaceReader(const OpenedFile& file, const LoadOptions& options) : file_(file), options_(options) {}

  // The tensor's elements, in storage of their own. Reads only the bytes between the first of them and the last, and of
  // an assembly only what the slice needs.
  Tensor read(const Place& place) const;
  Tensor read(const Place& place, const Slice& slice) const;

 private:
  Tensor read_elements(const StorageRef& storage, const TensorSpec& spec) const;
  std::shared_ptr<Storage> read_bytes(const StorageRef& storage, uint64_t begin, uint64_t size) const;
  Tensor read_slice(const PlacedTensor& place, const Slice& slice) const;
  Tensor read_slice(const Assembly& assembly, const Slice& slice) const;
  void read_box(const Assembly::Box& box, const Slice& slice, const Tensor& into) const;
  Tensor read_whole(const PlacedTensor& place) const { return read_elements(place.storage, place.spec); }
  Tensor read_whole(const Assembly& assembly) const;

  const OpenedFile& file_;
  const LoadOptions& options_;
  mutable DeflatedParts deflated_;
};

}  // namespace okibi::checkpoint
