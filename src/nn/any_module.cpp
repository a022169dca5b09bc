#include <fmt/format.h>

#include "nn/module_state.h"
#include "nn/type_name.h"

namespace okibi::nn {
namespace detail {

void throw_no_forward(const std::string& python_class) {
  throw Error(ErrorKind::unsupported,
              fmt::format("Module [{}] is missing the required \"forward\" function", python_class))
      .hint("Give the C++ class one public, not overloaded member function forward.");
}

void check_argument_count(const std::string& python_class, size_t expected, size_t found) {
  if (expected == found) return;
  throw Error(ErrorKind::bad_argument, fmt::format("forward of {} takes another number of arguments", python_class))
      .expected(uint64_t{expected})
      .found(uint64_t{found});
}

}  // namespace detail

void AnyModule::throw_not_a(const std::type_info& type) const {
  throw Error(ErrorKind::bad_argument, "the module is of another C++ type")
      .expected(full_type_name(type))
      .found(full_type_name(holder_->type()));
}

}  // namespace okibi::nn
