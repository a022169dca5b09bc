// checkpoint/storages.h: the bytes of an opened file → tensors in memory.
#pragma once

#include <deque>
#include <unordered_map>

#include "checkpoint/bulk_read.h"
#include "checkpoint/opened_file.h"
#include "tensor/byte_order.h"

namespace okibi::checkpoint {

// Storages that are read, or mapped, as a whole. Memory is taken when a tensor is made; the bytes come all together
// with read_now().
class WholeStorages final : public TensorMaker {
 public:
  // Both references must outlive this.
  WholeStorages(const OpenedFile& file, const LoadOptions& options) : file_(file), options_(options) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override;
  Tensor assemble(const Assembly& assembly) override;
  void read_now() override;

 private:
  struct Entry {
    std::shared_ptr<Storage> storage;
    size_t unit = 0;  // see swap_unit
    bool swapped = false;
    bool is_of_bools = false;
  };
  // A piece that does not lie in one run in the whole: it is read by itself, and copied.
  struct Copy {
    Tensor to;
    PlacedTensor from;
    uint64_t nbytes = 0;  // of its storage
  };
  std::shared_ptr<Storage> allocate(const StorageRef& ref, const Extent& extent);
  std::shared_ptr<Storage> map(const StorageRef& ref, const Extent& extent);
  std::shared_ptr<Storage> inflate(const Extent& extent, const Device& device);
  void check_pieces(const Assembly& assembly) const;
  void check_mapped();
  void mend_bools();
  void add_piece(const Assembly& assembly, const Assembly::Box& box, const Tensor& whole);
  void read_waiting(uint64_t done, uint64_t total);
  std::span<const Copy> next_wave(std::span<const Copy> copies) const;
  void copy_wave(std::span<const Copy> wave, uint64_t done, uint64_t total);

  const OpenedFile& file_;
  const LoadOptions& options_;
  KeyTable<Entry> by_key_;
  std::vector<RecordRead> waiting_;                // allocated, not yet read
  std::vector<RecordRead> mapped_;                 // not yet checked
  std::vector<std::shared_ptr<Storage>> of_bool_;  // not yet looked at
  std::vector<Entry> to_swap_;
  std::vector<Copy> to_copy_;
  std::unordered_map<const io::Source*, std::shared_ptr<std::byte>> mappings_;  // null: cannot be mapped
};

// The part of a tensor that a box of it is.
Tensor view_of(const Tensor& whole, const Assembly::Box& box);

}  // namespace okibi::checkpoint
