// checkpoint/formats/dcp.h: the folders of torch.distributed.checkpoint. What lies in one:
//
//   .metadata               a pickle: the tensors with the boxes that they were cut into, and where each part lies;
//   __<rank>.metadata       instead of it, where the ranks did not speak to each other: what that rank saved
//   __<rank>_<n>.distcp     parts, one after the other, each a whole zip archive of torch.save
//
// A part is a box of a tensor, or a leaf of the object that is no tensor. PyTorch unpickles .metadata and runs what it
// says; here it is read as what it describes.
#pragma once

#include "checkpoint/opened_file.h"
#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

bool is_dcp(const store::Folder& folder);
bool has_dcp_parts(const store::Folder& folder);  // whether or not there is something that says what they are
std::unique_ptr<const OpenedFile> open_dcp(std::shared_ptr<const store::Folder> folder, const LoadOptions& options,
                                           Missing missing = Missing::refused);

// One rank's checkpoint. The parts come first, in a file of a name that is not taken; then .metadata is put in place;
// then the parts of a checkpoint that was there before go. A crash leaves the old one or the new one, whole.
void save_dcp(const Value& value, const std::string& uri, const SaveOptions& options, const StorageBytes& bytes);

}  // namespace okibi::checkpoint
