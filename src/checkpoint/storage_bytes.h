// checkpoint/storage_bytes.h: where a writer gets the bytes of storages from. Mostly they are in memory; convert()
// reads them from another file, piece by piece, so that a checkpoint larger than memory can be written.
#pragma once

#include <functional>
#include <span>

#include <okibi/tensor.h>

namespace okibi::checkpoint {

class StorageBytes {
 public:
  using Take = std::function<void(std::span<const std::byte>)>;

  StorageBytes() = default;
  StorageBytes(const StorageBytes&) = delete;
  StorageBytes& operator=(const StorageBytes&) = delete;
  virtual ~StorageBytes() = default;

  // Whether what read() hands on stays where it is for as long as its storage lives. Here: it does.
  virtual bool lie_still() const { return true; }

  // Hands bytes [begin, begin + size) of the storage to `take`, in order, in one piece or several. Here: from memory.
  virtual void read(const Storage& storage, uint64_t begin, uint64_t size, const Take& take) const {
    take({storage.data() + begin, size});
  }
};

}  // namespace okibi::checkpoint
