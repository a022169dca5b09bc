#include "inspect/error_text.h"

namespace okibi::inspect {

std::string text_without_file(const Error& error) {
  std::string places;
  for (const auto& [name, value] : error.places()) {  // innermost first
    if (!name.empty()) places = name + ' ' + printable(value, 400) + (places.empty() ? "" : ", ") + places;
  }
  return places.empty() ? error.sentence() : places + ": " + error.sentence();
}

}  // namespace okibi::inspect
