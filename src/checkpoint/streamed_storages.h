// checkpoint/streamed_storages.h: tensors of an opened file that are never in memory. They have a geometry over
// storages with a length and no bytes; a writer that wants the bytes reads them from the file, piece by piece. This is
// how a checkpoint that is larger than memory is converted.
#pragma once

#include <optional>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "checkpoint/place_reader.h"
#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

class StreamedStorages final : public TensorMaker, public StorageBytes {
 public:
  // With a `dtype`, floating-point tensors that have dimensions are cast to it on the way. Both references must outlive
  // this.
  StreamedStorages(const OpenedFile& file, const LoadOptions& options, std::optional<DType> dtype = {})
      : file_(file), options_(options), dtype_(dtype), reader_(file, options) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override;
  Tensor assemble(const Assembly& assembly) override;
  bool has_numbers() const override { return false; }
  Tensor with_numbers(const Tensor& tensor) override;

  // Of a storage that was made here, or of any that lies in memory. A record that is read from its begin to its end has
  // its CRC-32 checked, where there is one and the options want that.
  void read(const Storage& storage, uint64_t begin, uint64_t size, const Take& take) const override;
  bool lie_still() const override { return false; }

 private:
  // What stands behind a storage with no bytes.
  struct Lent {
    std::shared_ptr<Storage> storage;
    Place place;
    DType from = DType::uint8, to = DType::uint8;  // of its elements in the file, and as it is lent
  };
  Lent& lend(const StorageRef& ref, const TensorSpec& spec);
  DType target_of(DType dtype, const Dims& sizes) const;
  void read_stored(const Lent& lent, uint64_t begin, uint64_t size, const Take& take) const;
  void read_extent(const StorageRef& ref, const Lent& lent, uint64_t begin, uint64_t size, const Take& take) const;
  void read_assembly(const Assembly& assembly, uint64_t begin, uint64_t size, const Take& take) const;

  const OpenedFile& file_;
  const LoadOptions& options_;
  const std::optional<DType> dtype_;
  PlaceReader reader_;
  mutable DeflatedParts deflated_{DeflatedParts::Again::bounded};
  KeyedMap<std::string, Lent> by_key_;
  std::unordered_map<const Storage*, Lent> by_storage_;
};

}  // namespace okibi::checkpoint
