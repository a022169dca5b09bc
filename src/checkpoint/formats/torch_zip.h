// checkpoint/formats/torch_zip.h: the zip archives of torch.save since 1.4. Their layout:
//
//   <root>/data.pkl          the object; each storage in it is a persistent id with a key
//   <root>/.format_version   "1"   (since 2.7)
//   <root>/.storage_alignment  "64"  (since 2.7)
//   <root>/byteorder         "little" or "big"; missing means little
//   <root>/data/<key>        the bytes of each storage
//   <root>/version           "3\n"
//   <root>/.data/serialization_id
#pragma once

#include <okibi/zip.h>

#include "checkpoint/opened_file.h"
#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

std::unique_ptr<const OpenedFile> open_torch_zip(zip::Reader records, const LoadOptions& options);
void save_torch_zip(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes);

// data/0, data/1 …, each from where it lies.
void write_storages(zip::Writer& archive, std::span<const std::shared_ptr<Storage>> storages,
                    const SaveOptions& options, const StorageBytes& bytes);

}  // namespace okibi::checkpoint
