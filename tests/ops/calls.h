// Operators of the table, called by their names, as programs call them.
#pragma once

#include <okibi/op_table.h>

#include <string>
#include <string_view>
#include <vector>

namespace okibi::testing_help {

inline Value call(std::string_view name, const std::vector<Value>& arguments) { return find_op(name)->call(arguments); }
inline Tensor computed(std::string_view name, const std::vector<Value>& arguments) {
  return call(name, arguments).to_tensor();
}

// What the Error says that the call throws.
inline std::string problem_of(std::string_view name, const std::vector<Value>& arguments) {
  try {
    call(name, arguments);
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace okibi::testing_help
