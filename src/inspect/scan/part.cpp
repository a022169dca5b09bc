#include "inspect/scan/part.h"

namespace okibi::inspect {

std::string join(const std::string& where, const std::string& name) {
  if (where.empty() || name.empty()) return where + name;
  return where + " > " + name;
}

}  // namespace okibi::inspect
