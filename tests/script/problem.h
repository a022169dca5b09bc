// What an Error says.
#pragma once

#include <okibi/base.h>

#include <functional>
#include <string>

namespace okibi::testing_help {

inline std::string problem_of(const std::function<void()>& work) {
  try {
    work();
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace okibi::testing_help
