// checkpoint/archive_body.h: what an Archive is a handle of.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <okibi/checkpoint.h>

#include "base/keyed_hash.h"
#include "checkpoint/opened_file.h"
#include "checkpoint/place_reader.h"

namespace okibi {

// Immutable once made; any number of threads read.
struct ArchiveBody {
  ArchiveBody(std::unique_ptr<const checkpoint::OpenedFile> opened, const LoadOptions& load_options);

  const checkpoint::Place* place_of(const Tensor& in_skeleton) const noexcept;

  LoadOptions options;
  std::unique_ptr<const checkpoint::OpenedFile> file;
  checkpoint::PlaceReader reader;
  std::unordered_map<const TensorBody*, checkpoint::Place> places;
  Value skeleton;
  std::vector<TensorEntry> entries;
  std::vector<Tensor> tensors;                 // of the skeleton: one for each entry
  KeyedMap<std::string_view, size_t> by_name;  // views into entries
  std::unordered_map<const TensorBody*, size_t> by_body;
};

}  // namespace okibi

namespace okibi::checkpoint {

// A tensor of the skeleton, and where it was met.
struct NamedTensor {
  std::string name;
  std::vector<Value> path;
  Tensor tensor;
};

// All tensors that can be reached from `root`, in the order of the object. A container in several places is walked
// once; a tensor in several places is listed at each. Iterative, safe on cycles.
// Names that repeat long keys to more than the index's own size, or thereabouts, are Error(limit).
std::vector<NamedTensor> list_tensors(const Value& root, uint64_t index_bytes);

}  // namespace okibi::checkpoint
