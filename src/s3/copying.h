// s3/copying.h: copies within the store.
#pragma once

#include "s3/session.h"

namespace okibi::s3 {

// The version of `from` that is there now; its metadata go along. `largest_at_once`: in parts above it.
S3Object copy_object(Session& session, const S3Uri& from, const S3Uri& to, uint64_t largest_at_once);

}  // namespace okibi::s3
