#pragma once

#include <string>

#include <okibi/base.h>

namespace okibi::inspect {

// The sentence of an error with its places, but for the file, which the reader of a report knows.
std::string text_without_file(const Error& error);

}  // namespace okibi::inspect
