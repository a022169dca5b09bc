// checkpoint/formats/torch_legacy.h: what torch.save wrote from 0.1.10 to 1.5, and writes still when it is told to
// (_use_new_zipfile_serialization=False): five pickles, one after another, and then the storages.
//
//   119547037146038801333356     a magic number
//   1001                         the version of the protocol
//   {"protocol_version": …}      the machine that wrote it; nobody needs it: numbers are little-endian always
//   the object                   each storage in it is a persistent id with a key
//   ["94…", "94…"]               the keys, in the order of what follows
//   i64 numel, then so many elements: of each storage, with nothing between them and nothing aligned
#pragma once

#include "checkpoint/opened_file.h"
#include "checkpoint/storage_bytes.h"

namespace okibi::checkpoint {

bool is_torch_legacy(const io::Source& source);
std::unique_ptr<const OpenedFile> open_torch_legacy(std::shared_ptr<const io::Source> source,
                                                    const LoadOptions& options,
                                                    Missing missing = Missing::refused);
void save_torch_legacy(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes);

// What the first two pickles say.
inline constexpr std::string_view legacy_magic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};  // little-endian
inline constexpr int64_t legacy_version = 1001;

}  // namespace okibi::checkpoint
