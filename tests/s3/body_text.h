// What a Body holds, as a string.
#pragma once

#include <string>

#include "s3/body.h"

namespace okibi::s3::testing_help {

inline std::string text_of(const Body& body) {
  std::string text(body.size(), '\0');
  body.copy(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace okibi::s3::testing_help
