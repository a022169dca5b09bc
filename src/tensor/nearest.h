// Which names someone may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace okibi {

// Up to three of `names`, nearest first: a few letters differ, or only the prefix does ("module.fc.weight" for
// "fc.weight"). Empty when none is near.
std::vector<std::string_view> nearest_names(std::string_view wanted, const std::vector<std::string_view>& names);

// "Did you mean 'a' or 'b'?"; "" for none.
std::string did_you_mean(const std::vector<std::string_view>& names);

}  // namespace okibi
