// s3/secrets.h: what no message may repeat.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace okibi::s3 {

// Each secret in it replaced, in whatever case it stands there: services repeat what they were sent in what they say of
// it.
std::string without_secrets(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace okibi::s3
