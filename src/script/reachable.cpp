#include "script/reachable.h"

#include <algorithm>

namespace okibi::script {
namespace {

// Those that are found last come last.
std::vector<Object> walk(const Value& root, std::unordered_set<const void*>& seen) {
  std::vector<Value> waiting = {root};
  std::vector<Object> objects;
  const auto add_all = [&](const auto& values) { waiting.insert(waiting.end(), values.begin(), values.end()); };
  while (!waiting.empty()) {
    const Value value = std::move(waiting.back());
    waiting.pop_back();
    const bool holds = value.is_object() || value.is_list() || value.is_tuple() || value.is_dict();
    if (!holds || !seen.insert(value.identity()).second) continue;
    if (value.is_list()) add_all(value.to_list().items());
    if (value.is_tuple()) add_all(value.to_tuple().items());
    if (value.is_dict()) {
      for (const auto& [key, item] : value.to_dict()) waiting.push_back(item);
    }
    if (!value.is_object()) continue;
    objects.push_back(value.to_object());
    waiting.push_back(objects.back().parts().state);
  }
  return objects;
}

}  // namespace

void add_reachable(const Value& value, std::unordered_set<const void*>& seen) { walk(value, seen); }

std::vector<Object> objects_in(const Value& value) {
  std::unordered_set<const void*> seen;
  std::vector<Object> objects = walk(value, seen);
  std::ranges::reverse(objects);
  return objects;
}

}  // namespace okibi::script
