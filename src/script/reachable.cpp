#include "script/reachable.h"

#include <algorithm>

namespace okibi::script {
namespace {

// Those that are found last come last.
std::vector<Object> walk(const Value& root, Reach& reach) {
  std::vector<Value> waiting = {root};
  std::vector<Object> objects;
  const auto add_all = [&](const auto& values) { waiting.insert(waiting.end(), values.begin(), values.end()); };
  while (!waiting.empty()) {
    const Value value = std::move(waiting.back());
    waiting.pop_back();
    if (value.is_tensor()) reach.storages.insert(value.to_tensor().storage().get());
    const bool holds = value.is_object() || value.is_list() || value.is_tuple() || value.is_dict();
    if (!holds || !reach.holders.insert(value.identity()).second) continue;
    reach.holds_changeable |= !value.is_tuple();
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

void add_reachable(const Value& value, Reach& reach) { walk(value, reach); }

bool is_changeable(const Value& value) {
  if (!value.is_tuple()) return value.is_list() || value.is_dict() || value.is_object();
  Reach reach;
  add_reachable(value, reach);
  return reach.holds_changeable;
}

std::vector<Object> objects_in(const Value& value) {
  Reach reach;
  std::vector<Object> objects = walk(value, reach);
  std::ranges::reverse(objects);
  return objects;
}

}  // namespace okibi::script
