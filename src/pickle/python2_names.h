// What Python 2 and Python 3 call the same class: pickles of protocols 0 to 2 hold Python 2's names.
#pragma once

#include <string_view>

namespace okibi::pickle {

struct GlobalName {
  std::string_view module;
  std::string_view name;
  bool operator==(const GlobalName&) const = default;
};

GlobalName to_python3(GlobalName python2);
GlobalName to_python2(GlobalName python3);

}  // namespace okibi::pickle
