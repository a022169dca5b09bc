// checkpoint/save.h: a Value → a file of some format, wherever its bytes come from.
#pragma once

#include <okibi/checkpoint.h>

#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

// What the options say, or else the name: "model.safetensors" is safetensors.
Format format_for(const std::string& uri, const SaveOptions& options);

// Into one file. Nothing is committed. Error(unsupported) for a format that okibi does not write, or that is a folder.
void save_to(io::Sink& sink, Format format, const Value& value, const SaveOptions& options, const StorageBytes& bytes);

// The file or folder as a whole, committed.
void save_at(const std::string& uri, const Value& value, const SaveOptions& options, const StorageBytes& bytes);

}  // namespace okibi::checkpoint
