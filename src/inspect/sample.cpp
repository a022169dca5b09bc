#include "inspect/sample.h"

#include <algorithm>

#include <fmt/format.h>

#include "inspect/pieces.h"
#include "tensor/element.h"

namespace okibi::inspect {
namespace {

constexpr int64_t shown = 4;
constexpr uint64_t most_bytes = 1 << 20;  // read for the sake of a few numbers

// The beginning of the tensor, by as little reading as its shape permits; undefined where that is much.
Tensor beginning_of(const LazyTensor& lazy) {
  const TensorEntry& entry = lazy.entry();
  if (entry.nbytes <= most_bytes) return lazy.load();
  const int64_t rows = entry.sizes[0];
  return entry.nbytes / static_cast<uint64_t>(rows) <= most_bytes ? lazy.rows(0, 1) : Tensor();
}

bool is_shown(const TensorEntry& entry) {
  const bool is_small = entry.nbytes <= most_bytes;  // no part of these is read
  if (entry.device.type() == "meta" || entry.nbytes == 0 || entry.layout == Layout::nested) return false;
  if (entry.layout != Layout::strided || is_dequantised(entry))
    return is_small && (is_dequantised(entry) || has_element_type(entry.dtype));
  return has_element_type(entry.dtype);
}

}  // namespace

std::string sample_text(const Archive& archive, const Tensor& in_skeleton) {
  const TensorEntry* entry = archive.entry_of(in_skeleton);
  if (!entry || !is_shown(*entry)) return {};
  const Tensor read = beginning_of(archive.tensor(*entry));
  if (!read.defined()) return {};
  const Tensor begin = numbers_of(read);
  const Tensor few = begin.flatten().slice(0, 0, shown);
  const std::string printed =
      to_string(few.to(is_floating_point(few.dtype()) && few.dtype() != float64 ? float32 : few.dtype()).detach());
  const size_t open = printed.find('['), close = printed.find(']');
  if (open == std::string::npos || close == std::string::npos) return {};
  const bool more = entry->layout == Layout::strided ? in_skeleton.numel() > few.numel() : begin.numel() > few.numel();
  return fmt::format("  {}{}", printed.substr(open + 1, close - open - 1), more ? ", …" : "");
}

}  // namespace okibi::inspect
