// checkpoint/in_file.h: every error of reading names the file.
#pragma once

#include <algorithm>
#include <utility>

#include <okibi/io.h>

namespace okibi::checkpoint {

// Runs `work`; an Error that leaves it has the file's name added, unless a lower level named it already.
template <class Work>
decltype(auto) in_file(const std::string& name, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    const bool is_named = std::ranges::any_of(error.places(), [](const auto& place) { return place.first.empty(); });
    if (!is_named) error.at("", name);
    throw;
  }
}
template <class Work>
decltype(auto) in_file(const io::Source& file, Work&& work) {
  return in_file(file.name(), std::forward<Work>(work));
}

// Runs `work`, which opens a file that another one of the checkpoint names; where it is not there, the Error says so, and
// what can be done. The program says its own words for the function.
template <class Work>
decltype(auto) in_part_of(const std::string& checkpoint, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    error.hint("The checkpoint has it as one of its files: copy it as well, or get back what is in the others with "
               "okibi::inspect::rescue().");
    error.at("checkpoint", checkpoint);
    throw;
  }
}

}  // namespace okibi::checkpoint
