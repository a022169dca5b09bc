// C++ types by the names that their programmers gave them.
#pragma once

#include <string>
#include <typeinfo>

namespace okibi::nn {

std::string full_type_name(const std::type_info& type);   // "okibi::nn::Linear"
std::string short_type_name(const std::type_info& type);  // "Linear"

}  // namespace okibi::nn
