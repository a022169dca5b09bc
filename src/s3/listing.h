// s3/listing.h: what there is in a bucket.
#pragma once

#include "s3/session.h"

namespace okibi::s3 {

// All keys under a prefix, page by page. `most`: no more than so many keys and prefixes are asked for.
S3Listing list_objects(Session& session, const std::string& bucket, const std::string& prefix,
                       const std::string& delimiter, size_t most = SIZE_MAX);

std::vector<S3Upload> list_uploads(Session& session, const std::string& bucket, const std::string& prefix);

}  // namespace okibi::s3
