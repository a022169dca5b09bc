// checkpoint/storages.h: the records data/<key> of a torch zip archive → storages in memory.
#pragma once

#include <unordered_map>

#include <okibi/zip.h>

#include "checkpoint/bulk_read.h"
#include "checkpoint/pickled/resolve.h"

namespace okibi::checkpoint {

// The record of a storage. Error(bad_file) when it is missing, or not exactly as long as the pickle says: PyTorch
// before 2.10 believed the pickle, and read beyond the record.
const zip::Record& record_of(const zip::Reader& records, const StorageRef& storage);

// The size of the pieces whose bytes turn around in a file of the other byte order: an element, or half a complex one.
size_t swap_unit(DType dtype);
void swap_bytes(std::span<std::byte> bytes, size_t unit);

// Storages that are read, or mapped, as a whole. Memory is taken when a tensor is made; the bytes come all together
// with read_now().
class WholeStorages final : public TensorMaker {
 public:
  // `swapped`: the file is of the other byte order. Both references must outlive this.
  WholeStorages(const zip::Reader& records, const LoadOptions& options, bool swapped)
      : records_(records), options_(options), swapped_(swapped) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override;
  void read_now() override;

 private:
  struct Entry {
    std::shared_ptr<Storage> storage;
    size_t unit = 0;  // see swap_unit
  };
  std::shared_ptr<Storage> allocate(const StorageRef& ref);
  std::shared_ptr<Storage> map(const zip::Record& record, const Device& device);
  std::shared_ptr<Storage> inflate(const zip::Record& record, const Device& device);

  const zip::Reader& records_;
  const LoadOptions& options_;
  const bool swapped_;
  std::unordered_map<std::string, Entry> by_key_;
  std::vector<RecordRead> waiting_;     // allocated, not yet read
  std::vector<std::string> to_swap_;    // keys
  std::shared_ptr<std::byte> mapping_;  // of the whole file
  bool cannot_map_ = false;
};

}  // namespace okibi::checkpoint
