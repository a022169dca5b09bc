// store/signed_url.h: URLs that are as good as a key.
#pragma once

#include <string>

namespace okibi::store {

// Whether what stands in the query of a URL lets whoever has it in: a signature (of S3, Google, Azure, CloudFront), or
// a token by another name. Such a URL is kept in no file.
bool holds_signature(const std::string& uri);

}  // namespace okibi::store
