// checkpoint/formats/dcp_parts.h: the archives that lie one after the other in the files of a DCP folder.
#pragma once

#include <mutex>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "checkpoint/formats/dcp_metadata.h"
#include "checkpoint/opened_file.h"
#include "store/open_files.h"

namespace okibi::checkpoint {

// A part has a number. A storage in it has the key "<number>/<its key there>". Once all are added and checked, any
// number of threads may use it.
class DcpParts {
 public:
  DcpParts(std::shared_ptr<const store::Folder> folder, const LoadOptions& options, Missing missing)
      : files_(folder), folder_name_(folder->name()), options_(options), missing_(missing) {}

  // A chunk of an item, or the item where it is no tensor. Both must outlive this.
  size_t add(const DcpItem& item, const DcpChunk* chunk = nullptr);
  // Every part lies within its file, and no two of them share a byte: memory is taken by what is there. Opens each file
  // once. With Missing::left_out, parts that are not there are not opened.
  void check();

  // The one tensor that a part is: as the metadata says, stored once, in bytes of its own. Remembered.
  PlacedTensor tensor(size_t part) const;
  void open_tensors(std::span<const size_t> parts) const;  // several at once, to have them remembered
  // What parts are that are no tensors, or None for what may be missing and is; those are read several at once.
  std::vector<Value> objects(std::span<const size_t> parts, TensorMaker& tensors) const;

  Extent extent_of(const StorageRef& storage) const;

 private:
  class Taker;
  class Renamer;
  struct Part {
    const DcpItem* item;
    const DcpChunk* chunk;  // null: the item is no tensor
    std::shared_ptr<const io::Source> file = {};

    const DcpExtent& extent() const { return chunk ? chunk->extent : item->extent; }
    uint64_t least() const;     // as many bytes of elements lie in it
    std::string label() const;  // "weight [0, 4]"
  };
  void check_within(Part& part);
  void check_disjoint() const;
  void check_box(const Part& part, const PlacedTensor& placed) const;
  Value object_in(size_t part, const OpenedFile& archive, TensorMaker& tensors) const;
  std::unique_ptr<const OpenedFile> open(size_t part) const;
  StorageRef remember(size_t part, const OpenedFile& archive, const StorageRef& storage) const;
  template <class Work>
  decltype(auto) in_part(size_t part, Work&& work) const;

  mutable store::OpenFiles files_;
  std::string folder_name_;
  const LoadOptions options_;
  const Missing missing_;
  std::vector<Part> parts_;

  struct Stored {
    zip::Record record;  // its offset counts in the file
    const io::Source* file;
    bool swapped;
  };
  mutable std::mutex mutex_;
  mutable KeyedMap<std::string, Stored> storages_;            // by key; what is in stays where it is
  mutable std::unordered_map<size_t, PlacedTensor> tensors_;  // by part
};

}  // namespace okibi::checkpoint
