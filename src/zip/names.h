// zip/names.h: which names records may have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace okibi::zip {

// What is wrong with the path of a record, as words that follow "the name", or "" when nothing is. A good path is
// valid UTF-8, relative, and made of parts that are neither empty nor "." nor "..", joined by '/'.
std::string_view fault_of(std::string_view path);

// PyTorch looks records up without regard to the case of ASCII letters. So names that differ by it alone are the same.
std::string lower_case(std::string_view name);
uint64_t hash_ignoring_case(std::string_view name);  // for sorting and finding; anybody can make names that share one
bool same_ignoring_case(std::string_view a, std::string_view b);
bool less_ignoring_case(std::string_view a, std::string_view b);

}  // namespace okibi::zip
