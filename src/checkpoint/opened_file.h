// checkpoint/opened_file.h: what all formats have in common. A format's reader says what the object is and where the
// bytes of its tensors lie; load(), open() and convert() are written once, over that.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/checkpoint.h>
#include <okibi/store.h>
#include <okibi/zip.h>

#include "checkpoint/pickled/resolve.h"

namespace okibi::checkpoint {

// Where the bytes of a storage lie: a named range of some source, perhaps deflated, perhaps with a CRC-32. Formats that
// are no zip archives describe their ranges with the same Record. Lives as long as the OpenedFile does.
struct Extent {
  const io::Source* source = nullptr;
  const zip::Record* record = nullptr;
  bool swapped = false;  // of the other byte order than this machine
};

// How a tensor lies in a storage of the file.
struct PlacedTensor {
  StorageRef storage;
  TensorSpec spec;
};

// A file (or a folder of files) of which the index was read and checked. Immutable; any number of threads read.
class OpenedFile {
 public:
  virtual ~OpenedFile() = default;
  OpenedFile() = default;
  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;

  virtual Format format() const noexcept = 0;
  virtual std::string name() const = 0;  // the path or URI, for messages

  // The object. Its tensors are made by `tensors`, which must outlive what it made them with. May be called again.
  virtual Value object(TensorMaker& tensors) const = 0;
  // How long the index is (a pickle, a JSON header): what is printed of a file stays in proportion to that.
  virtual uint64_t index_bytes() const noexcept = 0;

  // The bytes of a storage that `object` named. Error(bad_file) when they are missing, or not as many as it said.
  virtual Extent extent_of(const StorageRef& storage) const = 0;
  // What load_state_dict() makes of the object.
  virtual StateDict state_dict_of(const Value& object) const;
  // A part of an Assembly, by its name: of the sizes of its box and the dtype of the Assembly, which is checked. Only
  // sharded formats have them.
  virtual PlacedTensor piece(const std::string& name) const;
};

// Of a damaged checkpoint: whether what is missing is an error, or one only when its extent or piece is asked for.
enum class Missing : uint8_t { refused, left_out };

// All bytes of an extent, inflated where it is deflated, and its CRC-32 checked. Memory grows with what is there.
std::vector<std::byte> read_whole(const Extent& extent);

// The formats by how a file begins, and folders by what lies in them. Error(unsupported) or Error(bad_file) that says
// what the file is instead of a checkpoint.
std::unique_ptr<const OpenedFile> open_file(std::shared_ptr<const io::Source> source, const LoadOptions& options);
std::unique_ptr<const OpenedFile> open_file(const std::string& uri, const LoadOptions& options);

// Error(bad_file) where a folder is no checkpoint, not even a damaged one.
void require_checkpoint(const store::Folder& folder);

// What is left of a file that was cut, or of a folder that lacks files, with Missing::left_out. Error(unsupported) for
// formats that have their index at the end.
std::unique_ptr<const OpenedFile> open_remains(std::shared_ptr<const io::Source> source, const LoadOptions& options);
std::unique_ptr<const OpenedFile> open_remains(const std::string& uri, const LoadOptions& options);

}  // namespace okibi::checkpoint
