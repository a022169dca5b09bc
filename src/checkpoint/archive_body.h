// checkpoint/archive_body.h: what an Archive is a handle of.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <okibi/checkpoint.h>
#include <okibi/zip.h>

#include "checkpoint/pickled/resolve.h"

namespace okibi {

// How a tensor of the skeleton lies in the file.
struct PlacedTensor {
  checkpoint::StorageRef storage;
  checkpoint::TensorSpec spec;
};

// The deflated record that was read last.
class LastInflated {
 public:
  std::shared_ptr<const std::vector<std::byte>> get(const zip::Reader& records, const zip::Record& record);

 private:
  std::mutex mutex_;
  const zip::Record* record_ = nullptr;
  std::shared_ptr<const std::vector<std::byte>> bytes_;
};

// Immutable once made; any number of threads read.
struct ArchiveBody {
  ArchiveBody(std::shared_ptr<const io::Source> file, const LoadOptions& load_options);

  const PlacedTensor* placed(const Tensor& in_skeleton) const noexcept;
  const io::Source& file() const noexcept { return records.source(); }

  LoadOptions options;
  zip::Reader records;
  bool swapped = false;  // of the other byte order
  std::string format = "torch-zip";
  std::unordered_map<const TensorBody*, PlacedTensor> places;
  Value skeleton;
  std::vector<TensorEntry> entries;
  std::vector<Tensor> tensors;                           // of the skeleton: one for each entry
  std::unordered_map<std::string_view, size_t> by_name;  // views into entries
  std::unordered_map<const TensorBody*, size_t> by_body;
  // Parts of a deflated record come from all of it, which is kept for the next tensor.
  mutable LastInflated last_inflated;
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
// Names that repeat long keys to more than the pickle's own size, or thereabouts, are Error(limit).
std::vector<NamedTensor> list_tensors(const Value& root, uint64_t pickle_bytes);

// The elements of a placed tensor that `spec` picks, in storage of their own. Reads only the bytes between the first of
// them and the last.
Tensor read_elements(const ArchiveBody& archive, const StorageRef& storage, const TensorSpec& spec);

}  // namespace okibi::checkpoint
