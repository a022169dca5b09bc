#pragma once

#include <okibi/tabular.h>

#include <string>
#include <string_view>

namespace okibi::tabular {

// The table of a text, as if it were the file people.csv.
inline Table table_of(std::string_view text) { return read_csv(io::Buffer(as_bytes(text), "people.csv")); }

}  // namespace okibi::tabular
