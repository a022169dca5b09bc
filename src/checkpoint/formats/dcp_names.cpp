#include "checkpoint/formats/dcp_names.h"

#include <fmt/format.h>

#include <charconv>

namespace okibi::checkpoint {
namespace {

constexpr std::string_view prefix = "__", part_suffix = ".distcp";

std::optional<uint64_t> number_of(std::string_view digits) {
  uint64_t number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// What stands between "__" and the suffix.
std::optional<std::string_view> middle_of(std::string_view file, std::string_view suffix) {
  if (!file.starts_with(prefix) || !file.ends_with(suffix) || file.size() < prefix.size() + suffix.size()) {
    return std::nullopt;
  }
  return file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
}

}  // namespace

std::optional<uint64_t> rank_of_dcp_metadata(std::string_view file) {
  const auto digits = middle_of(file, dcp_metadata_name);
  return digits ? number_of(*digits) : std::nullopt;
}

std::optional<uint64_t> rank_of_dcp_part(std::string_view file) {
  const auto middle = middle_of(file, part_suffix);
  if (!middle) return std::nullopt;
  const size_t line = middle->find('_');
  if (line == middle->npos || !number_of(middle->substr(line + 1))) return std::nullopt;
  return number_of(middle->substr(0, line));
}

std::string dcp_part_name(uint64_t rank, uint64_t number) {
  return fmt::format("{}{}_{}{}", prefix, rank, number, part_suffix);
}

}  // namespace okibi::checkpoint
