// store/remote.h: the schemes of object storage and the web.
#pragma once

#include <okibi/store.h>

namespace okibi::store {

// s3://, http:// and https://, by libokibi_s3, which is opened when the first such URI is met: programs that read files
// start without it. Error(unsupported) where it is not installed.
void add_remote_schemes(Store& store);

}  // namespace okibi::store
