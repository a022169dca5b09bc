#include "inspect/repeats.h"

namespace okibi::inspect {
namespace {

constexpr size_t usual_depth = 16;
constexpr uint64_t node_bytes = 64;

// The longest that is printed for the value alone.
uint64_t bytes_of(const Value& value) {
  if (value.is_tensor()) return 8 * node_bytes;
  if (value.is_string()) return value.to_string().size();
  return value.kind() == ValueKind::bytes ? 2 * value.size() : 0;
}

}  // namespace

bool Repeats::enter(const Value& value, size_t depth) {
  const bool is_new = !value.identity() || seen_.insert(value.identity()).second;
  if (inside_ > 0 || !is_new) ++inside_;
  uint64_t cost = depth > usual_depth ? 4 * depth : 0;
  if (inside_ > 0) cost += node_bytes + 4 * depth + bytes_of(value);
  spent_ |= cost > left_;
  if (spent_) return false;
  left_ -= cost;
  return true;
}

}  // namespace okibi::inspect
