// s3/listing.h: what there is in a bucket.
#pragma once

#include <map>

#include "s3/multipart.h"

namespace okibi::s3 {

// All keys under a prefix, page by page. `most`: no more than so many keys and prefixes are asked for.
S3Listing list_objects(Session& session, const std::string& bucket, const std::string& prefix,
                       const std::string& delimiter, size_t most = SIZE_MAX);

// Whether there are keys with a further "/" behind the prefix. Nothing of the list is kept.
bool has_folders(Session& session, const S3Uri& prefix);

std::vector<S3Upload> list_uploads(Session& session, const std::string& bucket, const std::string& prefix);

// Parts of an unfinished upload that the store has, by their number. nullopt: it was not begun with a CRC-32 of the
// whole object, and would not be completed with one.
std::optional<std::map<size_t, StoredPart>> list_parts(Session& session, const UploadPlace& upload);

}  // namespace okibi::s3
