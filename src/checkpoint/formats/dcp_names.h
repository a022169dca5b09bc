// checkpoint/formats/dcp_names.h: the names of the files in a DCP folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace okibi::checkpoint {

inline constexpr std::string_view dcp_metadata_name = ".metadata";

std::optional<uint64_t> rank_of_dcp_metadata(std::string_view file);  // 12 for "__12.metadata"
std::optional<uint64_t> rank_of_dcp_part(std::string_view file);      // 12 for "__12_0.distcp"
std::string dcp_part_name(uint64_t rank, uint64_t number);

}  // namespace okibi::checkpoint
