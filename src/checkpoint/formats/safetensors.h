// checkpoint/formats/safetensors.h: named tensors behind a header in JSON; see safetensors_header.h.
//
// The object is an OrderedDict, as a state_dict is: name → tensor, in the order of the bytes, which is the order that
// safetensors.torch.load_file gives. `__metadata__`, where there is one, is an attribute of the dict, so that saving
// again keeps it (a .pth file holds it, too).
#pragma once

#include "checkpoint/formats/named_tensors.h"
#include "checkpoint/formats/safetensors_header.h"
#include "checkpoint/opened_file.h"
#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

std::unique_ptr<const OpenedFile> open_safetensors(std::shared_ptr<const io::Source> source,
                                                   const LoadOptions& options,
                                                   Missing missing = Missing::refused);

using SafetensorsMetadata = std::vector<std::pair<std::string, std::string>>;

// Dicts in dicts become names joined by '.'. Tensors that share bytes are written for each name, views as they are
// seen. Error(unsupported) lists what is no tensor, or of a dtype or layout that safetensors cannot hold.
void save_safetensors(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes);
void save_safetensors(NamedTensors tensors, const SafetensorsMetadata& metadata, io::Sink& sink,
                      const SaveOptions& options, const StorageBytes& bytes);

// What the caller says of the file, or else what the file said that the value was loaded from.
SafetensorsMetadata metadata_for(const Value& value, const SaveOptions& options);

// Error(unsupported) naming the tensor, unless safetensors can hold it.
void check_safetensors(const NamedTensors& tensors);

}  // namespace okibi::checkpoint
