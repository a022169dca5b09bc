// Every entry of a safetensors header, where the loader stops at the first bad one.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

#include "checkpoint/formats/safetensors_header.h"
#include "inspect/bytes.h"
#include "inspect/verify/checks.h"

namespace okibi::inspect {
namespace {

using nlohmann::json;

const checkpoint::SafetensorsDType* dtype_of(const json& tensor) {
  const auto all = checkpoint::safetensors_dtypes();
  const auto found = std::ranges::find(all, tensor["dtype"].get<std::string>(), &checkpoint::SafetensorsDType::name);
  return found == all.end() ? nullptr : &*found;
}

struct Run {
  uint64_t begin = 0, end = 0;
  std::string name;
};

bool is_count(const json& value) { return value.is_number_unsigned(); }

std::optional<uint64_t> nbytes_of(const json& tensor) {
  uint64_t count = dtype_of(tensor)->bits;
  for (const json& size : tensor["shape"]) {
    const auto factor = size.get<uint64_t>();
    if (factor != 0 && count > std::numeric_limits<uint64_t>::max() / factor) return std::nullopt;
    count *= factor;
  }
  return count / 8;
}

// What is wrong with one entry, or "" and its run.
std::string check_entry(const json& tensor, uint64_t size, Run& run) {
  const bool complete = tensor.is_object() && tensor.contains("dtype") && tensor["dtype"].is_string() &&
                        tensor.contains("shape") && tensor["shape"].is_array() &&
                        std::ranges::all_of(tensor["shape"], is_count) && tensor.contains("data_offsets") &&
                        tensor["data_offsets"].is_array() && tensor["data_offsets"].size() == 2 &&
                        std::ranges::all_of(tensor["data_offsets"], is_count);
  if (!complete) return "the entry has no dtype, shape and data_offsets as it must";
  if (!dtype_of(tensor)) return "the dtype is unknown";
  run.begin = tensor["data_offsets"][0].get<uint64_t>(), run.end = tensor["data_offsets"][1].get<uint64_t>();
  if (run.begin > run.end || run.end > size)
    return fmt::format("the tensor lies at {} to {} of {} bytes", run.begin, run.end, size);
  if (nbytes_of(tensor) != run.end - run.begin)
    return fmt::format("shape and dtype do not come to the {} bytes given", run.end - run.begin);
  return "";
}

void check_cover(Verifier& verifier, std::vector<Run> runs, uint64_t size, uint64_t data) {
  std::ranges::sort(runs, {}, [](const Run& run) { return std::pair(run.begin, run.end); });
  uint64_t at = 0;
  for (const Run& run : runs) {
    if (run.begin < at) verifier.add(run.name, data + run.begin, "the tensor overlaps the one before");
    if (run.begin > at)
      verifier.add(run.name, data + at, fmt::format("{} bytes before it belong to no tensor", run.begin - at));
    at = std::max(at, run.end);
  }
  if (at < size) verifier.add("", data + at, fmt::format("{} bytes behind the last tensor belong to none", size - at));
}

}  // namespace

void verify_safetensors(Verifier& verifier, const SourcePtr& source) {
  const uint64_t length = load_le<uint64_t>(read_bytes(*source, 0, 8).data());
  if (length > verifier.options.limits.max_header_bytes || length > source->size() - 8)
    return verifier.add("", 0, fmt::format("the header would have {} bytes, of a file of {}", length, source->size()));
  const auto bytes = read_bytes(*source, 8, 8 + length);
  const json header = json::parse(as_text(bytes), nullptr, false);
  if (!header.is_object()) return verifier.add("", 8, "the header is no JSON object");
  const uint64_t data = 8 + length, size = source->size() - data;
  std::vector<Run> runs;
  for (const auto& [name, tensor] : header.items()) {
    if (name == checkpoint::safetensors_metadata) continue;
    Run run{.name = name};
    const std::string problem = check_entry(tensor, size, run);
    problem.empty() ? runs.push_back(run) : verifier.add(name, std::nullopt, problem);
  }
  check_cover(verifier, std::move(runs), size, data);
}

}  // namespace okibi::inspect
