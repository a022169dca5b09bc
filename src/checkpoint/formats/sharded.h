// checkpoint/formats/sharded.h: checkpoints in several files beside an index, as Hugging Face lays them out:
//
//   model-00001-of-00002.safetensors    or pytorch_model-00001-of-00002.bin: whole files of their own format
//   model-00002-of-00002.safetensors
//   model.safetensors.index.json        {"metadata": {"total_size": 628}, "weight_map": {"w": "model-00001-of-…"}}
//
// The object is an OrderedDict: name → tensor, in the order of the index. The index decides: a tensor of a file that it
// does not name is left out, and one that it names must be in the file it says. Files are looked for in the index's own
// folder, by plain names. A symbolic link there is followed, since the cache of Hugging Face is made of links.
#pragma once

#include <okibi/store.h>

#include "checkpoint/opened_file.h"
#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

// Is it JSON? Whether it is an index shows when it is opened.
bool is_shard_index(const io::Source& source);

// The shards of an index that lies in `folder`.
std::unique_ptr<const OpenedFile> open_sharded(const store::Folder& folder, std::shared_ptr<const io::Source> index,
                                               const LoadOptions& options, Missing missing = Missing::refused);

// An index of which nobody knows in which folder it lies: Error(unsupported).
std::unique_ptr<const OpenedFile> refuse_index_alone(std::shared_ptr<const io::Source> index,
                                                     const LoadOptions& options);

// The name that the weights have in a folder of Hugging Face's libraries, or that of their index; "" when there is
// none.
std::string weights_in(const store::Folder& folder);

// A folder and a name in it: {"runs", "model.pth"} of "runs/model.pth".
struct Location {
  std::string folder, file;
};
Location location_of(const std::string& uri);

// Shards of at most SaveOptions::shard_size bytes, unless one tensor is larger, and their index; one shard is a file
// without index. Split and named as huggingface_hub does. `uri` is the folder, or in it the index, or the file that the
// weights would be if they were one: "out", "out/model.safetensors.index.json", "out/model.safetensors". Each file
// appears whole, the index after all that it names.
void save_sharded(const Value& value, const std::string& uri, const SaveOptions& options, const StorageBytes& bytes);

}  // namespace okibi::checkpoint
